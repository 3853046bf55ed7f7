"""Every element of a diagram in the pure machine, saved and loaded at every step (`token_runs`).

Where the stock library can run the same diagram, seeded choices drive both and every step must
look the same (`compare`). Timers are left out of that: the library reads the clock, we never do.
"""

from datetime import UTC, datetime, timedelta

import pytest
from bpmn_drawing import Drawing, again, each, event, line, timer, two_node_loop
from token_runs import NOW, Run, Stock, compare, prepared

from engine import machine, program
from engine.environment import ListUnclear
from engine.failure import BudgetExceeded, StepFailed
from engine.machine import NotWaiting
from engine.state import VariablesRefused
from engine.workflow import TimerUnclear

YES_NO = [{"ok": True}, {"ok": False}]


# gateways ----------------------------------------------------------------------------------------


def choice() -> bytes:
    drawing = Drawing().start().user("ask", "yes", "no").xor("g", default="d").end()
    drawing.chain("s", "ask", "g").flow("g", "yes", "ok = true")
    return drawing.flow("g", "no", identity="d").flow("yes", "e").flow("no", "ask").xml()


def fork(*branches: str) -> bytes:
    drawing = Drawing().start().both("split", "join").user(*branches, "after").end()
    drawing.chain("s", "split")
    for branch in branches:
        drawing.chain("split", branch, "join")
    return drawing.chain("join", "after", "e").xml()


def inclusive() -> bytes:
    drawing = Drawing().start().user("ask", "a", "b", "c", "after").some("g", default="d").some("j")
    drawing.end().chain("s", "ask", "g").flow("g", "a", "n > 1").flow("g", "b", "n > 2")
    drawing.flow("g", "c", identity="d").flow("a", "j").flow("b", "j").flow("c", "j")
    return drawing.chain("j", "after", "e").xml()


def test_exclusive_gateway_takes_one_way_and_its_default() -> None:
    run = Run(choice())
    assert run.at == ["ask"]
    assert run.do("ask", ok=False).at == ["no"]
    assert run.do("no").do("ask", ok=True).at == ["yes"]
    assert run.step.passed == ["g"]
    assert run.do("yes").done
    assert run.at == []


def test_condition_that_is_null_takes_the_default() -> None:
    assert Run(choice()).do("ask").at == ["no"]


def test_exclusive_gateway_without_a_way_out_is_a_clear_error() -> None:
    drawing = Drawing().start().user("ask", "a", "b").xor("g").end().chain("s", "ask", "g")
    drawing.flow("g", "a", "x = 1").flow("g", "b", "x = 2").flow("a", "e").flow("b", "e")
    run = Run(drawing.xml())
    before = run.step.state
    with pytest.raises(StepFailed) as stopped:
        run.do("ask", x=3)
    assert "«g»" in stopped.value.text("vi")
    assert run.step.state == before
    assert run.do("ask", x=2).at == ["b"]


def test_parallel_gateway_waits_for_all() -> None:
    run = Run(fork("a", "b", "c"))
    assert run.at == ["a", "b", "c"]
    assert run.do("b", "a").at == ["c"]
    assert not run.done
    assert run.do("c").at == ["after"]
    assert run.do("after").done


@pytest.mark.parametrize(("n", "open_"), [(0, ["c"]), (2, ["a"]), (3, ["a", "b"])])
def test_inclusive_gateway_joins_what_it_split(n: int, open_: list[str]) -> None:
    run = Run(inclusive()).do("ask", n=n)
    assert run.at == open_
    run.do(*open_[:-1])
    assert run.at == open_[-1:]
    assert run.do(open_[-1]).at == ["after"]
    assert run.do("after").done


def test_several_flows_from_a_task_split() -> None:
    drawing = Drawing().start().user("a", "b", "c").end().end("e2")
    drawing.chain("s", "a", "b", "e").chain("a", "c", "e2")
    run = Run(drawing.xml()).do("a")
    assert run.at == ["b", "c"]
    assert not run.do("b").done
    assert run.do("c").done


@pytest.mark.parametrize(("n", "open_"), [(0, ["d"]), (1, ["b"]), (5, ["b", "c"])])
def test_conditional_and_default_flows_from_a_task(n: int, open_: list[str]) -> None:
    drawing = Drawing().start().user("a", default="dd").user("b", "c", "d").end()
    drawing.flow("s", "a").flow("a", "b", "n > 0").flow("a", "c", "n > 3")
    drawing.flow("a", "d", identity="dd").flow("b", "e").flow("c", "e").flow("d", "e")
    assert Run(drawing.xml()).do("a", n=n).at == open_


def test_unconditional_flow_beside_a_conditional_one_is_always_taken() -> None:
    drawing = Drawing().start().user("a", "b", "c").end()
    drawing.flow("s", "a").flow("a", "b", "n > 0").flow("a", "c").flow("b", "e").flow("c", "e")
    assert Run(drawing.xml()).do("a", n=0).at == ["c"]
    assert Run(drawing.xml()).do("a", n=1).at == ["b", "c"]


def test_parallel_gateways_in_a_loop_stay_small() -> None:
    drawing = Drawing().start().both("split", "join").user("a", "b", "ask").xor("g", default="d")
    drawing.end().chain("s", "split", "a", "join", "ask", "g").chain("split", "b", "join")
    run = Run(drawing.flow("g", "split", "ok = true").flow("g", "e", identity="d").xml())
    sizes = []
    for _ in range(30):
        assert run.at == ["a", "b"]
        run.do("a", "b").do("ask", ok=True)
        sizes.append(len(run.load().tasks))
    assert max(sizes[3:]) <= sizes[3]
    assert run.do("b", "a").do("ask", ok=False).done


# sub-processes -----------------------------------------------------------------------------------


def nested() -> Drawing:
    deep = Drawing("deep").start("ds").user("du").end("de").chain("ds", "du", "de")
    middle = Drawing("middle").start("ms").user("mu").sub("deep", deep).end("me")
    return middle.chain("ms", "mu", "deep", "me")


def test_sub_process_in_a_sub_process() -> None:
    drawing = Drawing().start().sub("m", nested()).user("after").end().chain("s", "m", "after", "e")
    run = Run(drawing.xml(), who="x")
    assert run.do("mu", seen=1).at == ["du"]
    assert sorted(run.step.standing) == ["deep", "du", "m"]
    assert run.do("du").at == ["after"]
    assert run.seen() == [("after", '{"seen":1,"who":"x"}')]
    assert len(run.load().subprocesses) == 0
    assert run.do("after").done


def called() -> bytes:
    part = Drawing("part").start("ps").user("pu").end("pe").chain("ps", "pu", "pe")
    drawing = Drawing().start().node("callActivity", "c", calledElement="part").user("after").end()
    return drawing.chain("s", "c", "after", "e").xml(after=part.process())


def test_call_activity_within_the_file() -> None:
    run = Run(called(), n=1)
    assert run.at == ["pu"]
    assert run.do("pu", answer="x").seen() == [("after", '{"answer":"x","n":1}')]
    assert run.do("after").done


# multi-instance and loops ------------------------------------------------------------------------


def spread(*, sequential: bool = False, until: str = "") -> bytes:
    """A return edge leads through the multi-instance again."""
    marks = each("xs", "x", sequential=sequential, until=until)
    drawing = Drawing().start().user("m", inner=marks).user("ask").xor("g", default="d").end()
    drawing.chain("s", "m", "ask", "g").flow("g", "m", "ok = true")
    return drawing.flow("g", "e", identity="d").xml()


def test_parallel_instances_in_any_order() -> None:
    run = Run(spread(), xs=["p", "q", "r"])
    assert run.seen() == [("m", f'{{"x":"{x}","xs":["p","q","r"]}}') for x in "pqr"]
    for x in "rpq":
        run.complete(run.item("m", x=x), **{f"said_{x}": True})
    assert run.seen() == [("ask", '{"said_p":true,"said_q":true,"said_r":true,"xs":["p","q","r"]}')]


def test_sequential_instances_in_order() -> None:
    run = Run(spread(sequential=True), xs=[1, 2, 3])
    for x in (1, 2, 3):
        assert [o.variables["x"] for o in run.open.values()] == [x]
        run.do("m")
    assert run.at == ["ask"]


@pytest.mark.parametrize("sequential", [False, True])
def test_empty_list_passes(sequential: bool) -> None:
    assert Run(spread(sequential=sequential), xs=[]).at == ["ask"]


@pytest.mark.parametrize("sequential", [False, True])
def test_multi_instance_entered_again_after_a_return(sequential: bool) -> None:
    """The stock library says "input item already exists" at the second visit."""
    run = Run(spread(sequential=sequential), xs=["p", "q"])
    for wanted in (["a", "b", "c"], [], ["d"]):
        while "m" in run.at:
            run.do("m")
        run.do("ask", ok=True, xs=wanted)
        if not wanted:
            run.do("ask", ok=True, xs=["z"])
            run.do("m").do("ask", ok=True, xs=wanted)
            assert run.at == ["ask"]
            continue
        seen = {o.variables["x"] for o in run.open.values()}
        assert seen == set(wanted[:1] if sequential else wanted)
    while "m" in run.at:
        run.do("m")
    assert run.do("ask", ok=False).done


@pytest.mark.parametrize("sequential", [False, True])
def test_stock_library_refuses_the_second_visit(sequential: bool) -> None:
    stock = Stock(spread(sequential=sequential), xs=["p"])
    stock.complete(*stock.seen()[0])
    with pytest.raises(Exception, match="already exists"):
        stock.complete(*stock.seen()[0], ok=True)


@pytest.mark.parametrize("sequential", [False, True])
def test_completion_condition_ends_it_early(sequential: bool) -> None:
    run = Run(spread(sequential=sequential, until="enough = true"), xs=[1, 2, 3])
    run.do("m", enough=False)
    assert run.at == ["m"] * (1 if sequential else 2)
    run.do("m", enough=True)
    assert run.at == ["ask"]
    assert len(run.step.closed) == (1 if sequential else 2)


@pytest.mark.parametrize("sequential", [False, True])
@pytest.mark.parametrize(
    "xs", ["text", None, 3, {"a": 1}, [1, None], list(range(501))],
    ids=["text", "null", "number", "object", "gap", "501"],
)  # fmt: skip
def test_what_is_no_list_is_refused(sequential: bool, xs: object) -> None:
    with pytest.raises(ListUnclear) as refused:
        Run(spread(sequential=sequential), xs=xs)
    assert "«xs»" in refused.value.text("vi")


def test_missing_list_is_refused_and_nothing_moves() -> None:
    drawing = Drawing().start().user("a").user("m", inner=each("xs", "x")).end()
    run = Run(drawing.chain("s", "a", "m", "e").xml())
    before = run.step.state
    with pytest.raises(ListUnclear):
        run.do("a")
    assert run.step.state == before
    assert run.do("a", xs=[1]).at == ["m"]


def test_five_hundred_instances() -> None:
    run = Run(spread(), xs=list(range(500)))
    assert len(run.at) == 500


def test_sub_process_for_each_of_a_list() -> None:
    inside = Drawing("i").start("is").user("one", "two").end("ie").chain("is", "one", "two", "ie")
    drawing = Drawing().start().sub("m", inside, each("xs", "x")).user("after").end()
    run = Run(drawing.chain("s", "m", "after", "e").xml(), xs=["p", "q"])
    run.complete(run.item("one", x="q"))
    assert run.at == ["one", "two"]
    assert run.open[run.item("two")].variables["x"] == "q"
    run.do("two").do("one").do("two")
    assert run.at == ["after"]
    assert len(run.load().subprocesses) == 0
    assert run.do("after").done


@pytest.mark.parametrize("before", [False, True])
def test_standard_loop(before: bool) -> None:
    drawing = Drawing().start().user("a", inner=again("more = true", 4, before=before)).end()
    run = Run(drawing.chain("s", "a", "e").xml(), more=True)
    for _ in range(2):
        run.do("a", more=True)
    assert run.at == ["a"]
    assert run.do("a", more=False).done
    run = Run(drawing.xml(), more=True)
    for _ in range(4):
        run.do("a")
    assert run.done


def test_standard_loop_tested_before_may_pass_at_once() -> None:
    drawing = Drawing().start().user("a", inner=again("more = true", before=True)).end()
    assert Run(drawing.chain("s", "a", "e").xml(), more=False).done


# timers ------------------------------------------------------------------------------------------


def watched(definition: str, *, interrupting: bool) -> bytes:
    drawing = Drawing().start().user("u").boundary("b", "u", definition, interrupting=interrupting)
    drawing.user("late").end().end("e2")
    return drawing.chain("s", "u", "e").chain("b", "late", "e2").xml()


def test_interrupting_timer() -> None:
    run = Run(watched(timer("Duration", "P3D"), interrupting=True))
    (waiting,) = run.waiting.values()
    assert (waiting.kind, waiting.due_at) == ("timer", NOW + timedelta(days=3))
    gone = run.item("u")
    run.fire("b")
    assert run.at == ["late"]
    assert run.step.closed == [gone]
    with pytest.raises(NotWaiting):
        run.complete(gone)
    assert run.do("late").done


def test_timer_that_does_not_interrupt() -> None:
    run = Run(watched(timer("Duration", "PT4H"), interrupting=False)).fire("b")
    assert (run.at, run.events) == (["late", "u"], [])
    assert not run.do("u").done
    assert run.do("late").done


def test_completing_the_step_ends_its_timer() -> None:
    run = Run(watched(timer("Duration", "PT4H"), interrupting=True))
    (waiting,) = run.waiting
    assert run.do("u").done
    assert run.step.unsubscribed == [waiting]
    with pytest.raises(NotWaiting):
        machine.fire(run.program, run.bytes, waiting, NOW)


def test_repeating_timer() -> None:
    run = Run(watched(timer("Cycle", "R3/PT1H"), interrupting=False))
    for count in range(3):
        (waiting,) = run.waiting.values()
        assert waiting.due_at == NOW + timedelta(hours=count + 1)
        run.fire("b")
        assert run.at == ["late"] * (count + 1) + ["u"]
    assert not run.waiting
    run.do("late", "u", "late")
    assert not run.done
    assert run.do("late").done


def test_repeating_timer_is_subscribed_anew_only_when_it_moves() -> None:
    drawing = Drawing().start().both("f").user("u", "other").end().end("e2").end("e3")
    drawing.boundary("b", "u", timer("Cycle", "R/P1D"), interrupting=False).user("late")
    drawing.chain("s", "f", "u", "e").chain("f", "other", "e2").chain("b", "late", "e3")
    run = Run(drawing.xml()).do("other")
    assert (run.step.subscribed, run.step.unsubscribed) == ([], [])
    run.fire("b")
    assert [w.task_id for w in run.step.subscribed] == run.step.unsubscribed


def test_repeating_timer_that_interrupts_does_so_once() -> None:
    """The stock library sends a token each time and ends the step only at the last."""
    run = Run(watched(timer("Cycle", "R3/PT1H"), interrupting=True)).fire("b")
    assert (run.at, run.events) == (["late"], [])
    assert run.do("late").done


@pytest.mark.parametrize(
    ("text", "variables", "due"),
    [
        ("2026-05-04T08:00:00+07:00", {}, datetime(2026, 5, 4, 1, tzinfo=UTC)),
        ("2026-05-04T08:00", {}, datetime(2026, 5, 4, 1, tzinfo=UTC)),
        (
            "=deadline",
            {"deadline": "2026-05-04T08:00:00+07:00"},
            datetime(2026, 5, 4, 1, tzinfo=UTC),
        ),
        ("=deadline", {"deadline": "2026-05-04"}, datetime(2026, 5, 3, 17, tzinfo=UTC)),
        ('=now() + duration("P1D")', {}, NOW + timedelta(days=1)),
    ],
)
def test_date_timer(text: str, variables: dict, due: datetime) -> None:
    drawing = Drawing().start().node("intermediateCatchEvent", "t", timer("Date", text)).end()
    run = Run(drawing.chain("s", "t", "e").xml(), **variables)
    assert [w.due_at for w in run.waiting.values()] == [due]
    assert run.fire("t").done


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Date", None),
        ("Date", "mai"),
        ("Duration", 5),
        ("Cycle", "R2/P"),
        ("Duration", "P999999999Y"),
        ("Duration", "P101Y"),
        ("Cycle", "R2/P99999999M"),
    ],
)
def test_timer_without_a_moment_is_a_clear_error(kind: str, value: object) -> None:
    xml = watched(timer(kind, "=when"), interrupting=False)
    with pytest.raises(TimerUnclear) as refused:
        Run(xml, when=value)
    assert "Hẹn giờ" in refused.value.text("vi")


def test_the_clock_fires_nothing() -> None:
    """A token that waited for a hundred years still waits for the command."""
    drawing = Drawing().start().both("f").user("u").end().end("e2")
    drawing.node("intermediateCatchEvent", "t", timer("Duration", "PT1S"))
    drawing.chain("s", "f", "u", "e").chain("f", "t", "e2")
    run = Run(drawing.xml())
    run.now = NOW + timedelta(days=36_525)
    assert run.do("u").events == ["t"]
    assert not run.done


# messages, signals, errors, escalations ----------------------------------------------------------

MESSAGES = '<bpmn:message id="M" name="reply"/><bpmn:signal id="S" name="alarm"/>'
ERRORS = (
    '<bpmn:error id="E" name="bad" errorCode="bad"/>'
    '<bpmn:escalation id="X" name="up" escalationCode="up"/>'
)
MESSAGE, SIGNAL = event("message", messageRef="M"), event("signal", signalRef="S")
ERROR, ESCALATION = event("error", errorRef="E"), event("escalation", escalationRef="X")


@pytest.mark.parametrize(
    ("kind", "name", "definition"), [("message", "reply", MESSAGE), ("signal", "alarm", SIGNAL)]
)
class TestMessagesAndSignals:
    def test_catch(self, kind: str, name: str, definition: str) -> None:
        drawing = Drawing().start().node("intermediateCatchEvent", "c", definition).user("u").end()
        run = Run(drawing.chain("s", "c", "u", "e").xml(MESSAGES))
        assert [(w.kind, w.name, w.due_at) for w in run.waiting.values()] == [(kind, name, None)]
        with pytest.raises(NotWaiting):
            run.deliver(kind, "something else")
        with pytest.raises(NotWaiting):
            run.deliver("signal" if kind == "message" else "message", name)
        run.deliver(kind, name, number=7)
        assert run.seen() == [("u", '{"number":7}')]
        with pytest.raises(NotWaiting):
            run.deliver(kind, name)

    def test_throw_and_end(self, kind: str, name: str, definition: str) -> None:
        drawing = Drawing().start().node("intermediateThrowEvent", "t", definition).user("u")
        run = Run(drawing.end("e", definition).chain("s", "t", "u", "e").xml(MESSAGES), n=1)
        assert [(t.kind, t.name, t.payload) for t in run.thrown] == [(kind, name, {"n": 1})]
        run.do("u", n=2)
        assert run.done
        assert run.thrown[1].payload == {"n": 2}

    @pytest.mark.parametrize("interrupting", [True, False])
    def test_boundary(self, kind: str, name: str, definition: str, interrupting: bool) -> None:
        xml = watched(definition, interrupting=interrupting).replace(
            b"<bpmn:process", MESSAGES.encode() + b"<bpmn:process", 1
        )
        run = Run(xml).deliver(kind, name, why="x")
        assert run.at == (["late"] if interrupting else ["late", "u"])
        assert run.open[run.item("late")].variables == {"why": "x"}
        while not run.done:
            run.do(run.at[0])

    def test_one_branch_wakes_the_other(self, kind: str, name: str, definition: str) -> None:
        drawing = Drawing().start().both("f").end().end("e2").user("a", "b")
        drawing.node("intermediateCatchEvent", "c", definition)
        drawing.node("intermediateThrowEvent", "t", definition)
        drawing.chain("s", "f", "a", "t", "e").chain("f", "c", "b", "e2")
        run = Run(drawing.xml(MESSAGES))
        assert run.do("a").at == ["b"]
        assert run.thrown == []


def test_receive_and_send_task() -> None:
    drawing = Drawing().start().node("receiveTask", "r", messageRef="M").end()
    drawing.node("sendTask", "t", messageRef="M")
    run = Run(drawing.chain("s", "t", "r", "e").xml(MESSAGES))
    assert [t.name for t in run.thrown] == ["reply"]
    assert run.deliver("message", "reply").done


def test_message_start() -> None:
    drawing = Drawing().start("s", MESSAGE).user("u").end().chain("s", "u", "e")
    run = Run(drawing.xml(MESSAGES))
    assert (run.at, run.events) == ([], ["s"])
    assert run.deliver("message", "reply", a=1).at == ["u"]


@pytest.mark.parametrize("caught", [ERROR, event("error")], ids=["its code", "any"])
def test_error_ends_the_sub_process(caught: str) -> None:
    inside = Drawing("i").start("is").both("if").user("iu", "other").end("ie", ERROR).end("ie2")
    inside.chain("is", "if", "iu", "ie").chain("if", "other", "ie2")
    drawing = Drawing().start().sub("i", inside).boundary("b", "i", caught).user("mend").end()
    run = Run(drawing.chain("s", "i", "e").chain("b", "mend", "e").xml(ERRORS))
    assert (run.at, run.events) == (["iu", "other"], [])
    assert run.do("iu").at == ["mend"]
    assert run.do("mend").done


@pytest.mark.parametrize("interrupting", [True, False])
def test_escalation(interrupting: bool) -> None:
    inside = Drawing("i").start("is").user("a", "b").end("ie")
    inside.node("intermediateThrowEvent", "up", ESCALATION).chain("is", "a", "up", "b", "ie")
    drawing = Drawing().start().sub("i", inside).user("told").end()
    drawing.boundary("x", "i", ESCALATION, interrupting=interrupting)
    run = Run(drawing.chain("s", "i", "e").chain("x", "told", "e").xml(ERRORS)).do("a")
    assert run.at == (["told"] if interrupting else ["b", "told"])
    while not run.done:
        run.do(run.at[0])


def test_escalation_end_nobody_catches_just_ends() -> None:
    assert (
        Run(line("u").xml(ERRORS).replace(b'id="e"></', f'id="e">{ESCALATION}</'.encode()))
        .do("u")
        .done
    )


def test_terminate_ends_everything() -> None:
    drawing = Drawing().start().both("f").user("a", "b").end("e", event("terminate")).end("e2")
    run = Run(drawing.chain("s", "f", "a", "e").chain("f", "b", "e2").xml())
    gone = run.item("b")
    assert run.do("a").done
    assert gone in run.step.closed
    assert (run.at, run.step.standing) == ([], [])


def test_terminate_within_a_sub_process_ends_only_that() -> None:
    inside = Drawing("i").start("is").both("if").user("a", "b").end("ie", event("terminate"))
    inside.end("ie2").chain("is", "if", "a", "ie").chain("if", "b", "ie2")
    drawing = Drawing().start().sub("i", inside).user("after").end().chain("s", "i", "after", "e")
    run = Run(drawing.xml()).do("a")
    assert run.at == ["after"]
    assert run.do("after").done


def test_link_is_a_flow() -> None:
    link = event("link", name="later")
    drawing = Drawing().start().user("a", "b").end()
    drawing.node("intermediateThrowEvent", "lt", link).node("intermediateCatchEvent", "lc", link)
    run = Run(drawing.chain("s", "a", "lt").chain("lc", "b", "e").xml())
    assert run.do("a").at == ["b"]
    assert run.do("b").done


# steps of the machine, scripts, cancelling -------------------------------------------------------


def test_service_task_waits_like_an_officers_step() -> None:
    drawing = Drawing().start().node("serviceTask", "seal", congvan__verb="seal").user("u").end()
    run = Run(drawing.chain("s", "seal", "u", "e").xml())
    (opened,) = run.open.values()
    assert opened.node.is_machine
    assert opened.node.kind == "serviceTask"
    assert run.do("seal").at == ["u"]


def test_script_gives_plain_values() -> None:
    text = 'a = 1.5\nb = 4 / 2\nc = date("2026-01-02")\nd = duration("P1D")\nf = [0.1, {x: 2}]'
    drawing = Drawing().start().script("x", text).user("u").end().chain("s", "x", "u", "e")
    (opened,) = Run(drawing.xml()).open.values()
    assert opened.variables == {
        "a": 1.5, "b": 2, "c": "2026-01-02", "d": "P1D", "f": [0.1, {"x": 2}],
    }  # fmt: skip
    assert type(opened.variables["b"]) is int


def test_cancel_withdraws_everything() -> None:
    inside = Drawing("i").start("is").user("iu").end("ie").chain("is", "iu", "ie")
    drawing = Drawing().start().both("f").user("a").sub("i", inside).end().end("e2")
    drawing.boundary("b", "a", timer("Duration", "P1D")).chain("b", "e2")
    run = Run(drawing.chain("s", "f", "a", "e").chain("f", "i", "e2").xml())
    step = machine.cancel(run.program, run.bytes, NOW)
    assert set(step.closed) == set(run.open)
    assert set(step.unsubscribed) == set(run.waiting)
    assert (step.completed, step.standing) == (True, [])


def test_standing_tells_where_tokens_are() -> None:
    run = Run(fork("a", "b")).do("a")
    seen = machine.look(run.program, run.bytes, NOW)
    assert sorted(seen.standing) == sorted(run.step.standing)
    assert {o.task_id for o in seen.opened} == set(run.open)
    assert {w.task_id for w in seen.subscribed} == set(run.waiting)
    assert "b" in run.step.standing


# bounds ------------------------------------------------------------------------------------------


def test_endless_run_exceeds_its_budget() -> None:
    """The linter refuses such a diagram; here its program is built past it."""
    from engine import diagram, normalise

    drawing = Drawing().start().user("u").script("x", "n = n + 1").xor("g", default="d").end()
    drawing.chain("s", "u", "x", "g").flow("g", "x", "n > 0").flow("g", "e", identity="d")
    normalised, _ = normalise.normalise(diagram.read(drawing.xml()))
    built = program.restore(program.build(normalised)[0])
    state = machine.start(built, {"n": 0}, NOW)
    (item,) = state.opened
    with pytest.raises(BudgetExceeded):
        machine.complete(built, state.state, item.task_id, {}, NOW)
    assert machine.complete(built, state.state, item.task_id, {"n": -5}, NOW).completed


@pytest.mark.parametrize(
    "variables",
    [
        {"x": "a" * 16_400}, {"x": "\x00"}, {"a\x00": 1}, {"x": 2**70}, {"x": {1, 2}},
        {"x": "\ud800"}, {1: 2},
    ],
    ids=["long", "NUL", "NUL in a name", "huge", "set", "half a character", "number as name"],
)  # fmt: skip
def test_variables_that_are_refused(variables: dict) -> None:
    run = Run(line("u").xml())
    before = run.step.state
    with pytest.raises(VariablesRefused):
        machine.complete(run.program, before, run.item("u"), variables, NOW)
    assert run.do("u", x="\\u0000 là sáu ký tự").done


def test_variables_cannot_grow_step_by_step() -> None:
    run = Run(two_node_loop())
    run.do("a", again=True, x="a" * 9_000)
    with pytest.raises(VariablesRefused):
        run.do("a", again=True, y="a" * 9_000)


# the same as the stock library -------------------------------------------------------------------


def _plain_mi() -> bytes:
    drawing = Drawing().start().user("m", inner=each("xs")).user("after").end()
    return drawing.chain("s", "m", "after", "e").xml()


@pytest.mark.parametrize(
    ("xml", "choices", "variables"),
    [
        (choice(), YES_NO, {}),
        (fork("a", "b", "c"), [{"v": 1}, {"v": True}, {"w": [1, 2]}], {}),
        (inclusive(), [{}, {"v": 1}], {"n": 3}),
        (two_node_loop(), [{"again": True}, {"again": 1}, {"again": False}], {}),
        (called(), [{"x": 1.0}, {"x": 1}, {"x": True}], {"n": 1}),
        (_plain_mi(), [{"v": 1}, {"w": 2}], {"xs": [1, 2, 3]}),
        (line("a", "b").xml(), [{"v": {"a": [1]}}, {"v": {"a": [2, 3]}}], {}),
        (Drawing().start().sub("m", nested()).end().chain("s", "m", "e").xml(), YES_NO, {}),
    ],
    ids=["xor", "and", "or", "loop", "call", "instances", "line", "nested"],
)  # fmt: skip
@pytest.mark.parametrize("seed", range(4))
def test_same_as_the_stock_library(
    xml: bytes, choices: list[dict], variables: dict, seed: int
) -> None:
    prepared(xml)
    assert compare(xml, choices, seed, **variables) >= 1
