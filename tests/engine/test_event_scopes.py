"""Who catches an event and how often: edges, event sub-processes, conditions; nothing else moves."""

import pytest
from bpmn_drawing import Drawing, each, event, timer
from conformance import (
    BAD,
    DAY,
    DEFINED,
    ERROR,
    ESCALATION,
    MESSAGE,
    RECALL,
    around,
    at_edge,
    first_of,
    handler,
    inside,
    watched,
)
from token_runs import NOW, Run

from engine import definition, machine, program
from engine.failure import BudgetExceeded
from engine.machine import NotWaiting


def codes(xml: bytes) -> set[str]:
    return {f.code for f in definition.prepare(xml).findings if f.is_error}


# errors and escalations go outwards --------------------------------------------------------------


def neighbours(definition_: str) -> bytes:
    """Two sub-processes side by side, each with the same event at its edge."""
    drawing = Drawing().start().both("f").end().end("e2").end("e3").end("e4")
    for name in "ab":
        part = Drawing(name).start(f"{name}s").user(f"{name}u").xor(f"{name}g", default=f"{name}d")
        part.end(f"{name}e", definition_).end(f"{name}e2").chain(f"{name}s", f"{name}u", f"{name}g")
        part.flow(f"{name}g", f"{name}e", "fails = true")
        drawing.sub(name, part.flow(f"{name}g", f"{name}e2", identity=f"{name}d"))
        drawing.boundary(f"{name}x", name, definition_).user(f"{name}h")
    drawing.chain("s", "f", "a", "e").chain("f", "b", "e2")
    return drawing.chain("ax", "ah", "e3").chain("bx", "bh", "e4").xml(DEFINED)


@pytest.mark.parametrize("thrown", [ERROR, ESCALATION], ids=["error", "escalation"])
def test_what_is_thrown_wakes_no_neighbour(thrown: str) -> None:
    """The stock library gives it to every edge of the process."""
    run = Run(neighbours(thrown)).do("au", fails=True)
    assert run.at == ["ah", "bu"]
    assert run.do("bu", fails=True).at == ["ah", "bh"]
    assert run.do("ah", "bh").done


def test_error_of_one_of_a_list_ends_the_whole_step() -> None:
    drawing = Drawing().start().sub("i", inside("one", end=ERROR), each("xs", "x")).user("mend")
    drawing.boundary("b", "i", ERROR).end().end("e2").chain("s", "i", "e").chain("b", "mend", "e2")
    run = Run(drawing.xml(DEFINED), xs=[1, 2, 3])
    gone = set(run.open)
    run.complete(run.item("one", x=2), fails=True)
    assert run.at == ["mend"]
    assert set(run.step.closed) == gone
    assert run.open[run.item("mend")].variables["x"] == 2
    assert len(run.load().subprocesses) == 0
    assert run.do("mend").done


def test_handler_that_names_the_code_goes_before_the_one_that_takes_any() -> None:
    drawing = Drawing().start().sub("i", inside("one", end=ERROR)).user("any", "named").end()
    drawing.boundary("b1", "i", event("error")).boundary("b2", "i", ERROR)
    drawing.chain("s", "i", "e").chain("b1", "any", "e").chain("b2", "named", "e")
    assert Run(drawing.xml(DEFINED)).do("one", fails=True).at == ["named"]


def test_error_no_inner_scope_catches_goes_further_out() -> None:
    middle = Drawing("m").start("ms").sub("i", inside("one", end=ERROR)).end("me")
    drawing = Drawing().start().sub("m", middle.chain("ms", "i", "me")).user("mend").end()
    drawing.boundary("b", "m", ERROR).chain("s", "m", "e").chain("b", "mend", "e")
    assert Run(drawing.xml(DEFINED)).do("one", fails=True).at == ["mend"]


def test_error_of_a_called_process_reaches_its_caller() -> None:
    part = Drawing("part").start("ps").user("pu").end("pe", ERROR).chain("ps", "pu", "pe")
    drawing = Drawing().start().node("callActivity", "c", calledElement="part").user("mend").end()
    drawing.boundary("b", "c", ERROR).chain("s", "c", "e").chain("b", "mend", "e")
    assert Run(drawing.xml(DEFINED, part.process())).do("pu", why="x").seen() == [
        ("mend", '{"why":"x"}')
    ]


def test_error_of_a_handler_is_not_caught_by_its_own_scope() -> None:
    bad_handler = Drawing("h").node("startEvent", "hs", ERROR).user("hu").end("he", ERROR)
    drawing = Drawing().start().user("a").end("e", ERROR).chain("s", "a", "e")
    drawing.sub("h", bad_handler.chain("hs", "hu", "he"), triggeredByEvent="true")
    run = Run(drawing.xml(DEFINED)).do("a")
    assert run.at == ["hu"]
    assert run.do("hu").done


# events that do not interrupt --------------------------------------------------------------------


def test_each_time_it_happens_what_follows_has_its_own_payload() -> None:
    run = Run(at_edge(MESSAGE, interrupting=False))
    (waiting,) = run.waiting
    for count in range(3):
        run.deliver("message", "reply", n=count)
        assert (run.step.subscribed, run.step.unsubscribed) == ([], [])
    assert [o.variables for o in run.open.values() if o.node.id == "late"] == [
        {"n": 0}, {"n": 1}, {"n": 2},
    ]  # fmt: skip
    assert run.do("u").step.unsubscribed == [waiting]
    with pytest.raises(NotWaiting):
        run.deliver("message", "reply")


def test_what_a_repeating_timer_began_outlives_its_step() -> None:
    """The library drops it when it withdraws the timer."""
    run = Run(at_edge(timer("Cycle", "R/P1D"), interrupting=False)).fire("b").fire("b")
    run.do("u")
    assert run.at == ["late", "late"]
    assert run.step.closed == [i for i in run.step.closed if i not in run.open]
    assert run.do("late", "late").done


@pytest.mark.parametrize(
    "xml", [at_edge(MESSAGE, interrupting=False), watched(MESSAGE, interrupting=False)],
    ids=["edge", "event sub-process"],
)  # fmt: skip
def test_state_stays_small_however_often_it_happens(xml: bytes) -> None:
    run, sizes = Run(xml), []
    step = "late" if b'"late"' in xml else "hu"
    for count in range(12):
        run.deliver("message", "reply", n=count).do(step)
        sizes.append(len(list(run.load().everywhere())))
    assert max(sizes) == sizes[2]


def test_what_its_ways_decided_is_all_there_at_the_end() -> None:
    scope = inside("one")
    scope.sub("h", handler(MESSAGE, interrupting=False), triggeredByEvent="true")
    drawing = Drawing().start().sub("i", scope).user("after").end().chain("s", "i", "after", "e")
    run = Run(drawing.xml(DEFINED), first=0)
    for name in ("p", "q", "r"):
        run.deliver("message", "reply", **{name: 1, "last": name}).do("hu", **{f"said_{name}": 2})
    run.do("one", own=True)
    assert run.seen() == [
        ("after", '{"first":0,"last":"r","own":true,"p":1,"q":1,"r":1,"said_p":2,"said_q":2,"said_r":2}')
    ]  # fmt: skip


# event sub-processes -----------------------------------------------------------------------------


def both_kinds() -> bytes:
    drawing = Drawing().start().user("a", "b").end().chain("s", "a", "b", "e")
    drawing.sub("h", handler(MESSAGE, interrupting=False), triggeredByEvent="true")
    drawing.sub("k", handler(RECALL, interrupting=True, name="k"), triggeredByEvent="true")
    return drawing.xml(DEFINED)


def test_interrupting_one_ends_the_scope_with_what_the_others_began() -> None:
    run = Run(both_kinds()).deliver("message", "reply").do("a", v=5)
    assert run.at == ["b", "hu"]
    run.deliver("message", "recall", why="sai")
    assert run.seen() == [("ku", '{"v":5,"why":"sai"}')]
    assert run.waiting == {}
    assert run.do("ku").done


def test_scope_of_a_sub_process_for_each_of_a_list() -> None:
    """One of the list is interrupted, the other goes on; both lead out of the sub-process."""
    scope = inside("one", "two")
    stop = event("conditional", "<bpmn:condition>bad = x</bpmn:condition>")
    scope.sub("h", handler(stop, interrupting=True), triggeredByEvent="true")
    drawing = Drawing().start().sub("i", scope, each("xs", "x")).user("after").end()
    run = Run(drawing.chain("s", "i", "after", "e").xml(DEFINED), xs=["p", "q"])
    run.complete(run.item("one", x="p"), bad="p")
    assert sorted(run.at) == ["hu", "one"]
    assert run.open[run.item("hu")].variables["x"] == "p"
    run.do("one").do("two")
    assert run.at == ["hu"]
    assert run.do("hu").at == ["after"]
    assert len(run.load().subprocesses) == 0


def test_event_sub_process_in_an_event_sub_process() -> None:
    inner = handler(MESSAGE, interrupting=True)
    inner.sub("k", handler(RECALL, interrupting=True, name="k"), triggeredByEvent="true")
    drawing = Drawing().start().user("a").end().chain("s", "a", "e")
    drawing.sub("h", inner, triggeredByEvent="true")
    run = Run(drawing.xml(DEFINED))
    assert run.events == ["hs"]
    assert run.deliver("message", "reply").events == ["ks"]
    assert run.deliver("message", "recall").at == ["ku"]
    assert run.do("ku").done


def test_drawn_ids_are_kept_and_every_rewrite_is_reported() -> None:
    found = definition.prepare(both_kinds())
    assert {f.element for f in found.findings if f.code == "rewritten"} == {"h", "k"}
    nodes = program.restore(found.specs).nodes
    assert set(nodes) == set(found.model.nodes)
    assert definition.prepare(both_kinds()).normalised == found.normalised
    assert b"cv.scope.p.ends" in found.normalised  # a later version finds the same names


def test_start_is_passed_and_the_rest_stands() -> None:
    run = Run(both_kinds())
    assert run.step.standing == ["a"]
    run.deliver("message", "recall")
    assert run.step.passed == ["ks"]
    assert run.step.standing == ["k", "ku"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda x: x.replace(b"<bpmn:messageEventDefinition", b"<bpmn:terminateEventDefinition")
         .replace(b"messageEventDefinition>", b"terminateEventDefinition>")
         .replace(b' messageRef="M"', b""), "event-place"),
        (lambda x: x.replace(MESSAGE.encode(), b""), "event-start"),
        (lambda x: x.replace(b'sourceRef="a" targetRef="b"', b'sourceRef="a" targetRef="h"'),
         "event-flow"),
        (lambda x: x.replace(b'<bpmn:startEvent id="hs"', b'<bpmn:standardLoopCharacteristics '
                             b'loopMaximum="2"/><bpmn:startEvent id="hs"'), "event-loop"),
    ],
    ids=["kind", "no event", "flow", "loop"],
)  # fmt: skip
def test_event_sub_process_drawn_wrong_is_refused(change: object, code: str) -> None:
    xml = watched(MESSAGE, interrupting=True)
    assert codes(xml) == set()
    assert code in codes(change(xml))  # type: ignore[operator]


# event-based gateways ----------------------------------------------------------------------------


def test_the_first_event_withdraws_the_others() -> None:
    run = Run(first_of())
    assert run.events == ["m", "n", "r", "t", "t2"]
    assert run.step.standing == ["g"]
    gone = {w.task_id for w in run.waiting.values() if w.node_id != "t"}
    run.fire("t")
    assert gone <= set(run.step.unsubscribed)
    assert (run.at, run.events) == (["tu"], [])
    with pytest.raises(NotWaiting):
        run.deliver("message", "reply")


def test_gateway_passed_again_waits_again() -> None:
    drawing = Drawing().start().node("eventBasedGateway", "g").user("ask").xor("x", default="d")
    drawing.node("intermediateCatchEvent", "m", MESSAGE).node("intermediateCatchEvent", "t", DAY)
    drawing.end().chain("s", "g", "m", "ask", "x").chain("g", "t", "e").flow(
        "x", "g", "again = true"
    )
    run = Run(drawing.flow("x", "e", identity="d").xml(DEFINED))
    sizes = []
    for count in range(8):
        run.deliver("message", "reply", n=count).do("ask", again=True)
        sizes.append(len(run.load().tasks))
    assert max(sizes[2:]) == sizes[2]
    assert run.fire("t").done


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.user("u").chain("g", "u", "e"),
        lambda d: d.user("u").chain("g", "m2", "e").node("intermediateCatchEvent", "m2", MESSAGE)
        .flow("u", "m2").flow("s", "u"),
        lambda d: d.node("receiveTask", "r", messageRef="M").chain("g", "r", "e")
        .boundary("b", "r", DAY).flow("b", "e"),
    ],
    ids=["a step", "entered from elsewhere", "an edge"],
)  # fmt: skip
def test_what_may_stand_behind_the_gateway(change: object) -> None:
    drawing = Drawing().start().node("eventBasedGateway", "g").end()
    drawing.node("intermediateCatchEvent", "m", MESSAGE).chain("s", "g", "m", "e")
    assert codes(drawing.xml(DEFINED)) == set()
    change(drawing)  # type: ignore[operator]
    assert codes(drawing.xml(DEFINED)) == {"behind-gateway"}


@pytest.mark.parametrize("sequential", [False, True])
def test_step_for_each_of_a_list_right_behind_an_event(sequential: bool) -> None:
    """The library may not add instances to a step that was only foreseen."""
    marks = each("xs", "x", sequential=sequential)
    drawing = Drawing().start().user("u").boundary("b", "u", MESSAGE).user("m", inner=marks).end()
    run = Run(drawing.chain("s", "u", "e").chain("b", "m", "e").xml(DEFINED), xs=[1, 2])
    run.deliver("message", "reply")
    assert run.at == (["m"] if sequential else ["m", "m"])
    assert run.do("m").do("m").done
    drawing = (
        Drawing().start().node("eventBasedGateway", "g").user("m", inner=marks).user("z").end()
    )
    drawing.node("intermediateCatchEvent", "c", MESSAGE).node("intermediateCatchEvent", "t", DAY)
    run = Run(drawing.chain("s", "g", "c", "m", "z", "e").chain("g", "t", "e").xml(DEFINED), xs=[1])
    assert run.deliver("message", "reply").do("m").do("z").done


# conditions --------------------------------------------------------------------------------------


def test_condition_sees_what_any_branch_decided() -> None:
    both = event("conditional", "<bpmn:condition>p = 1 and q = 2</bpmn:condition>")
    drawing = Drawing().start().both("f").user("a", "b", "c").end().end("e2").end("e3")
    drawing.node("intermediateCatchEvent", "x", both)
    drawing.chain("s", "f", "a", "e").chain("f", "b", "e2").chain("f", "x", "c", "e3")
    run = Run(drawing.xml(), p=0)
    assert run.do("a", p=1).at == ["b"]
    assert run.do("b", q=2).at == ["c"]
    assert run.open[run.item("c")].variables == {"p": 0}  # its own course, as every branch's


def test_condition_looks_when_an_event_came_too() -> None:
    drawing = Drawing().start().both("f").user("c").end().end("e2")
    drawing.node("intermediateCatchEvent", "m", MESSAGE).user("u")
    drawing.node("intermediateCatchEvent", "x", BAD)
    drawing.chain("s", "f", "m", "u", "e").chain("f", "x", "c", "e2")
    assert Run(drawing.xml(DEFINED)).deliver("message", "reply", bad=True).at == ["c", "u"]


@pytest.mark.parametrize("value", [False, None, "true", 1], ids=str)
def test_only_true_is_true(value: object) -> None:
    bare = event("conditional", "<bpmn:condition>bad</bpmn:condition>")
    assert Run(around(inside("one", "two"), bare, interrupting=True)).do("one", bad=value).at == [
        "two"
    ]


def test_of_events_that_wait_for_one_signal_the_first_takes_the_gateway() -> None:
    drawing = Drawing().start().node("eventBasedGateway", "g").user("a", "b").end()
    for name in ("c", "d"):
        drawing.node("intermediateCatchEvent", name, MESSAGE)
    run = Run(drawing.chain("s", "g", "c", "a", "e").chain("g", "d", "b", "e").xml(DEFINED))
    assert run.deliver("message", "reply").at == ["a"]
    assert run.do("a").done


def test_of_edges_that_wait_for_one_signal_the_first_ends_the_step() -> None:
    drawing = Drawing().start().user("u", "a", "b", "z").end()
    drawing.boundary("x", "u", MESSAGE).boundary("y", "u", MESSAGE)
    drawing.boundary("n", "u", MESSAGE, interrupting=False)
    drawing.chain("s", "u", "e").chain("x", "a", "e").chain("y", "b", "e").chain("n", "z", "e")
    assert sorted(Run(drawing.xml(DEFINED)).deliver("message", "reply").at) == ["a", "z"]


def test_an_event_that_leads_back_to_its_step_begins_it_anew_each_time() -> None:
    """The library leaves the step open from the second time on, and one more each time."""
    drawing = Drawing().start().user("u").boundary("b", "u", MESSAGE).boundary("t", "u", DAY).end()
    run = Run(drawing.chain("s", "u", "e").chain("b", "u").chain("t", "u").xml(DEFINED))
    for _ in range(4):
        assert run.deliver("message", "reply").at == ["u"]
        assert run.fire("t").at == ["u"]
    assert sorted(run.events) == ["b", "t"]
    assert run.do("u").done


def test_condition_that_turns_itself_on_for_ever_meets_the_budget() -> None:
    """Two conditions that each undo the other's would run for ever."""
    drawing = Drawing().start().user("u").end().end("e2").end("e3")
    drawing.boundary("b", "u", BAD, interrupting=False).script("x", "bad = false")
    good = event("conditional", "<bpmn:condition>bad = false</bpmn:condition>")
    drawing.boundary("c", "u", good, interrupting=False).script("y", "bad = true")
    drawing.chain("s", "u", "e").chain("b", "x", "e2").chain("c", "y", "e3")
    with pytest.raises(BudgetExceeded):
        Run(drawing.xml(), bad=True)


def test_program_without_conditions_never_looks() -> None:
    """The look costs; a procedure without conditions must not pay for it."""
    assert not program.restore(definition.prepare(both_kinds()).specs).has_conditions
    built = program.restore(definition.prepare(watched(BAD, interrupting=True)).specs)
    assert built.has_conditions
    assert machine.start(built, {"bad": True}, NOW).opened[0].node.id == "hu"
