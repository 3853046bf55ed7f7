"""Steps that officers choose freely, and lists that the instances of a step give."""

import pytest
from bpmn_drawing import Drawing, each, timer
from conformance import ad_hoc, for_each, giving
from token_runs import Run

from engine import definition
from engine.environment import ListUnclear


def codes(xml: bytes) -> set[str]:
    return {f.code for f in definition.prepare(xml).findings if f.is_error}


# ad-hoc sub-processes ----------------------------------------------------------------------------


def test_each_step_may_be_done_again_until_the_condition_holds() -> None:
    run, sizes = Run(ad_hoc("n >= 8")), []
    for count in range(8):
        assert run.at == ["a", "b"]
        run.do("a", n=count)
        sizes.append(len(list(run.load().everywhere())))
    assert max(sizes[2:]) == sizes[2]
    gone = set(run.open)
    run.do("a", n=8)
    assert set(run.step.closed) == gone
    assert run.seen() == [("after", '{"n":8}')]


def test_condition_is_asked_only_when_a_course_is_done() -> None:
    """True from the beginning, it still lets the first step be done; a step half way asks nothing."""
    run = Run(ad_hoc("true"))
    assert run.at == ["a", "b"]
    assert run.do("b").at == ["a", "b2"]
    assert run.do("b2").at == ["after"]


def test_what_every_course_decided_leaves_it() -> None:
    run = Run(ad_hoc("q = 1")).do("a", p=1).do("b", r=2).do("a", p=3).do("b2", q=1)
    assert run.seen() == [("after", '{"p":3,"q":1,"r":2}')]


def test_ad_hoc_for_each_of_a_list_keeps_its_decisions_apart() -> None:
    xml = ad_hoc("done = x", ordering="Sequential").replace(
        b'ordering="Sequential">', b'ordering="Sequential">' + each("xs", "x").encode()
    )
    run = Run(xml, xs=["p", "q"])
    run.complete(run.item("a", x="p"), done="p")
    assert [o.variables["x"] for o in run.open.values()] == ["q", "q"]
    run.complete(run.item("b", x="q"), done="q")
    assert run.at == ["after"]


def test_step_with_a_timer_in_an_ad_hoc_sub_process() -> None:
    steps = Drawing("ad").user("a", "late").boundary("b", "a", timer("Duration", "P1D"))
    steps.flow("b", "late")
    done = "<bpmn:completionCondition>ok = true</bpmn:completionCondition>"
    drawing = Drawing().start().node("adHocSubProcess", "ad", steps.inner() + done).end()
    run = Run(drawing.chain("s", "ad", "e").xml()).fire("b")
    assert (run.at, run.events) == (["late"], [])
    assert run.do("late").at == ["a"]
    assert run.do("a", ok=True).done


def test_step_that_waits_for_nobody_is_endless() -> None:
    done = "<bpmn:completionCondition>n > 3</bpmn:completionCondition>"
    steps = Drawing("ad").script("x", "n = n + 1").inner()
    drawing = Drawing().start().node("adHocSubProcess", "ad", steps + done).end()
    assert "endless" in codes(drawing.chain("s", "ad", "e").xml())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((b"</bpmn:adHocSubProcess>", b'<bpmn:endEvent id="x"/></bpmn:adHocSubProcess>'),
         "ad-hoc-event"),
        ((b"<bpmn:adHocSubProcess ", b'<bpmn:adHocSubProcess cancelRemainingInstances="false" '),
         "unsupported"),
        ((b"Parallel", b"Sequential"), "unsupported"),
        ((b"p = 1", b"p = "), "expression"),
    ],
)  # fmt: skip
def test_ad_hoc_drawn_wrong_is_refused(change: tuple[bytes, bytes], code: str) -> None:
    assert codes(ad_hoc()) == set()
    assert code in codes(ad_hoc().replace(*change))


# lists of results --------------------------------------------------------------------------------


def test_results_stand_in_the_order_of_the_list() -> None:
    run = Run(for_each(giving(each("xs", "x"))), xs=["p", "q", "r"])
    for x in "rpq":
        assert "votes" not in run.open[run.item("m", x=x)].variables
        run.complete(run.item("m", x=x), vote=f"{x}!", other=1)
    assert run.seen() == [("after", '{"votes":["p!","q!","r!"],"xs":["p","q","r"]}')]


def test_instance_that_says_nothing_gives_null_and_one_that_was_stopped_gives_none() -> None:
    run = Run(for_each(giving(each("xs", "x", until="enough = true"))), xs=[1, 2, 3])
    run.complete(run.item("m", x=3))
    run.complete(run.item("m", x=1), vote="a", enough=True)
    assert run.seen() == [("after", '{"votes":["a",null],"xs":[1,2,3]}')]


@pytest.mark.parametrize("sequential", [False, True])
def test_empty_list_gives_an_empty_list_and_a_second_visit_begins_anew(sequential: bool) -> None:
    marks = giving(each("xs", "x", sequential=sequential))
    drawing = Drawing().start().user("m", inner=marks).user("ask").xor("g", default="d").end()
    drawing.chain("s", "m", "ask", "g").flow("g", "m", "ok = true").flow("g", "e", identity="d")
    run = Run(drawing.xml(), xs=[1])
    run.do("m", vote="a").do("ask", ok=True, xs=[])
    assert run.open[run.item("ask")].variables["votes"] == []
    run.do("ask", xs=[2])
    assert run.do("m", vote="b").open[run.item("ask")].variables["votes"] == ["b"]


def test_state_does_not_carry_the_growing_list_in_every_instance() -> None:
    width = 60
    run = Run(for_each(giving(each("xs", "x"))), xs=list(range(width)))
    first = len(run.step.state)
    for x in range(width - 1):
        run.complete(run.item("m", x=x), vote="đồng ý với ý kiến của đơn vị chủ trì")
    assert len(run.step.state) < 2 * first


def test_list_of_results_needs_both_names() -> None:
    marks = giving(each("xs", "x"))
    assert codes(for_each(marks)) == set()
    assert codes(for_each(marks.replace(' congvan:result="vote"', ""))) == {"results"}
    assert codes(for_each(marks.replace('"vote"', '"a b"'))) == {"list-name"}
    with pytest.raises(ListUnclear):
        Run(for_each(marks), xs="text")
