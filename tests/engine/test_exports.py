"""Files as other tools write them: each runs to its end, and what was found in them stays mended.

`make fuzz` draws thousands of such files; here are a few, and the smallest of those that failed.
"""

import random

import foreign_runs as runs
import pytest
from bpmn_drawing import Drawing, again, event, line, timer
from exports import export

from engine import definition, diagram, dry_run, machine, program
from engine.draws import Draws

#: 19903 leaves a circle by a condition that is never true; in 45254372 branches meet without a join;
#: 1013 and 2499287 wait for one signal at several places that end each other, in 20086 a choice leads
#: past a join but for an exception, in 7000089 one leads back before the fork, in 30001 a choice leads back to what always goes on
FOUND = (19903, 45254372, 1013, 20086, 30001, 2499287, 7000089)


@pytest.mark.parametrize("seed", [*range(12), *FOUND])
def test_a_file_of_another_tool_runs_to_its_end(seed: int) -> None:
    runs.run_everything(export(seed))


def test_such_files_are_refused_as_procedures_of_ours() -> None:
    """The negative control of the completion."""
    for seed in range(12):
        assert definition.prepare(export(seed)).has_errors, seed


def codes(drawing: Drawing, before: str = "") -> set[str]:
    """Run the drawing to its end by three chances; return what was told of it."""
    return {f.code for f in runs.run_everything(drawing.xml(before), 3).findings}


def test_a_circle_without_a_way_out_gets_one() -> None:
    around = Drawing().start().user("a").xor("g").chain("s", "a", "g", "a")
    assert "circle" in codes(around)


def test_a_step_that_leads_back_to_itself_asks_whether_again() -> None:
    """As drawn its tokens double each time and never end."""
    assert "circle" in codes(line("a").flow("a", "a"))


def test_a_choice_whose_ways_all_lead_back_to_a_flow_that_is_always_taken() -> None:
    """One way leaves beside the circle, and yet a token stays in it."""
    drawing = Drawing().start().some("x").user("a").some("y").end()
    drawing.chain("s", "x", "a", "y", "e").flow("x", "x").flow("y", "x", "true")
    assert "circle" in codes(drawing)


SIGNAL = '<bpmn:signal id="S" name="seen"/>'
SEEN = event("signal", signalRef="S")


def rivals() -> dict[str, Drawing]:
    """Where the way on leads through an event that another, for the same signal, always ends."""
    inner = Drawing("i").start("is").node("intermediateCatchEvent", "c", SEEN).end("ie")
    edge = Drawing().start().sub("i", inner.chain("is", "c", "ie")).end().boundary("b", "i", SEEN)
    behind = Drawing().start().node("eventBasedGateway", "g").end().user("u")
    for name in ("c", "d"):
        behind.node("intermediateCatchEvent", name, SEEN)
    edges = Drawing().start().node("receiveTask", "r").user("u").end()
    edges.boundary("b", "r", SEEN).boundary("c", "r", SEEN).chain("s", "r", "u", "r")
    trigger = Drawing("h").node("startEvent", "hs", SEEN).end("he").chain("hs", "he")
    whole = Drawing().start().node("intermediateCatchEvent", "c", SEEN).end()
    whole.node("subProcess", "h", trigger.inner(), triggeredByEvent="true")
    return {
        "inside and at the edge": edge.chain("s", "i", "e").chain("b", "i"),
        "behind a gateway": behind.chain("s", "g", "c", "u", "g").chain("g", "d", "e"),
        "at one edge": edges.chain("b", "u").chain("c", "e"),
        "inside and beside": whole.chain("s", "c", "e"),
    }


@pytest.mark.parametrize("where", rivals())
def test_events_that_end_each_other_wait_for_something_of_their_own(where: str) -> None:
    assert "rival" in codes(rivals()[where], SIGNAL)


def test_events_that_do_not_end_each_other_may_wait_for_the_same() -> None:
    both = Drawing().start().both("f", "j").end()
    for name in ("c", "d"):
        both.node("intermediateCatchEvent", name, SEEN).chain("f", name, "j")
    assert "rival" not in codes(both.chain("s", "f").chain("j", "e"), SIGNAL)


def test_a_join_that_only_an_exception_leads_to_from_one_side() -> None:
    drawing = Drawing().start().user("a", "b", "c").xor("x").both("f", "j").end().end("z")
    drawing.boundary("b1", "b", event("message")).chain("s", "a", "x", "b", "f", "c", "j", "e")
    drawing.flow("x", "f").flow("b1", "j").flow("f", "z")
    assert "join" in codes(drawing)


def test_a_join_that_gets_two_tokens_from_one_side_after_an_exception() -> None:
    drawing = Drawing().start().user("a", "b", "c").both("f", "j").end().xor("m")
    drawing.boundary("x", "b", event("message")).chain("s", "a", "m", "f", "b", "j", "e")
    drawing.chain("f", "c", "j").chain("x", "m")
    assert "join" in codes(drawing)


def test_a_join_of_a_join_stays_as_it_is_drawn() -> None:
    drawing = Drawing().start().user("a", "b", "c", "d").both("f", "g", "k", "j").end()
    drawing.chain("s", "f", "g", "a", "k", "b", "j", "e").chain("g", "c", "k").chain("f", "d", "j")
    assert "join" not in codes(drawing)


def test_a_join_that_gets_all_or_nothing_stays_as_it_is_drawn() -> None:
    """A choice before the fork and another within a branch."""
    drawing = Drawing().start().user("a", "b", "c", "d").xor("x").xor("y").xor("z")
    drawing.both("f", "j").end().chain("s", "a", "x", "f", "b", "y", "c", "z", "j", "e")
    drawing.chain("y", "d", "z").chain("f", "j").flow("x", "e")
    assert "join" not in codes(drawing)


def test_an_event_beside_a_step_that_leads_straight_back_begins_it_anew() -> None:
    """Once more beside itself, again and again, would be work that never ends."""
    drawing = line("a").boundary("b", "a", event("message"), interrupting=False).flow("b", "a")
    assert "circle-edge" in codes(drawing)
    aside = line("a", "c").boundary("b", "a", event("message"), interrupting=False).flow("b", "c")
    assert "circle-edge" not in codes(aside)


def test_what_nobody_chose_does_not_fail() -> None:
    """An end with an error goes on at the edge, back to the step before: the other end is nearer."""
    inner = Drawing("i").start("is").user("u").xor("g").end("bad", event("error")).end("good")
    inner.chain("is", "u", "g", "bad").flow("g", "good")
    drawing = Drawing().start().user("a").sub("i", inner).end().boundary("b", "i", event("error"))
    found = definition.prepare(drawing.chain("s", "a", "i", "e").flow("b", "a").xml(), foreign=True)
    step = machine.start(one := program.restore(found.specs), {}, dry_run.BEGUN)
    for _ in "a", "u":
        step = machine.complete(one, step.state, step.opened[0].task_id, {}, dry_run.BEGUN)
    assert step.completed


def test_forks_in_a_circle() -> None:
    drawing = Drawing().start().user("a").both("f", "j").end().chain("s", "f", "a", "j", "f")
    assert {"circle", "join"} <= codes(drawing.flow("j", "e"))


@pytest.mark.parametrize("nodes", [["intermediateThrowEvent", "intermediateCatchEvent"]])
def test_a_link_that_leads_back(nodes: list[str]) -> None:
    drawing = Drawing().start().xor("g")
    for index, kind in enumerate(nodes):
        drawing.node(kind, f"l{index}", '<bpmn:linkEventDefinition name="A"/>')
    assert "circle" in codes(drawing.chain("s", "g", "l0").chain("l1", "g"))


def test_a_link_is_all_there_is() -> None:
    drawing = Drawing()
    for kind in ("intermediateThrowEvent", "intermediateCatchEvent"):
        drawing.node(kind, kind, '<bpmn:linkEventDefinition name="A"/>')
    assert "link" in codes(drawing)


def test_nobody_works_in_a_circle() -> None:
    """What was chosen before it would count for ever."""
    drawing = (
        Drawing().start().user("a").node("scriptTask", "b", "<bpmn:script>x = 1</bpmn:script>")
    )
    drawing.xor("g").end().chain("s", "a", "b", "g", "e").flow("g", "b", "until it is good")
    found = runs.run_everything(drawing.xml(), 3)
    assert "circle-step" in {f.code for f in found.findings}
    assert any(
        n.kind == "userTask" and n.id.startswith("cv.again") for n in found.model.nodes.values()
    )


def watched(interrupting: bool) -> Drawing:
    """A step done again and again inside a sub-process with a message at its edge."""
    inner = Drawing("i").start("is").user("again", "more").xor("g")
    inner.chain("is", "again", "g", "again").chain("g", "more", "again")
    drawing = Drawing().start().sub("i", inner).end().user("late").end("e2")
    drawing.boundary("b", "i", event("message"), interrupting=interrupting)
    return drawing.chain("s", "i", "e").chain("b", "late", "e2")


def test_a_circle_that_a_message_ends_stays_as_it_is_drawn() -> None:
    assert "circle" not in codes(watched(interrupting=True))
    assert "circle" in codes(watched(interrupting=False))


def test_only_data_of_the_diagram_end_a_circle_without_a_step() -> None:
    drawing = Drawing().start().node("scriptTask", "c", "<bpmn:script>n = 0</bpmn:script>")
    drawing.node("scriptTask", "b", "<bpmn:script>n = n + 1</bpmn:script>").xor("g", default="out")
    drawing.end().chain("s", "c", "b", "g").flow("g", "b", "n < 3").flow("g", "e", identity="out")
    assert "circle-step" not in codes(drawing)


ODD = {
    "a default flow with a condition of its own": Drawing().start().xor("g", default="d")
    .user("a", "b").end().flow("s", "g").flow("g", "a", "${x && !y}", "d").flow("g", "b", "true")
    .chain("a", "e").chain("b", "e"),
    "ids with accents": Drawing().start("bắt-đầu").user("bước").xor("cổng").end("kết").user("nữa")
    .chain("bắt-đầu", "bước", "cổng", "kết").flow("cổng", "nữa", "còn nữa").flow("nữa", "kết"),
    "a moment where a duration stands": line("a").boundary("b", "a", timer("Duration", "now()"))
    .end("e2").flow("b", "e2"),
    "a step repeated a million times": Drawing().start().node("sendTask", "a",
    again("x = 1", 1_000_000)).end().chain("s", "a", "e"),
    "an ad-hoc sub-process of nothing but an event's": Drawing().start().node("adHocSubProcess", "h",
    Drawing("h").node("subProcess", "i", Drawing("i").start("a", event("signal")).end("b")
    .flow("a", "b").inner(), triggeredByEvent="true").inner()).end().chain("s", "h", "e"),
    "a condition that is always the same": Drawing().start().node("intermediateCatchEvent", "c",
    event("conditional", '<bpmn:condition>"a"</bpmn:condition>')).end().chain("s", "c", "e"),
    "a start on a condition that is always the same": Drawing().start("s", event("conditional",
    '<bpmn:condition>"a"</bpmn:condition>')).user("a").end().chain("s", "a", "e"),
    "an ad-hoc sub-process with a start": Drawing().start().node("adHocSubProcess", "h",
    "<bpmn:completionCondition>x = 1</bpmn:completionCondition>" + Drawing("h").start("hs").user("u")
    .script("sc", "x = 2").flow("hs", "u").inner()).end().chain("s", "h", "e"),
    "an event-based gateway in a circle": Drawing().start().node("eventBasedGateway", "g")
    .node("intermediateCatchEvent", "c", event("signal")).xor("x").chain("s", "g", "c", "x", "g"),
    "an ad-hoc sub-process with an event's": Drawing().start().node("adHocSubProcess", "h",
    "<bpmn:completionCondition>x = 1</bpmn:completionCondition>" + Drawing("h").script("sc", "x = 2")
    .node("subProcess", "i", Drawing("i").start("a", event("signal")).end("b").flow("a", "b").inner(),
    triggeredByEvent="true").inner()).end().chain("s", "h", "e"),
    "an event at the edge of an event": line("a").boundary("b", "a", event("message"))
    .boundary("b2", "b", event("signal")).end("x").flow("b", "x"),
    "a circle that begins nowhere, an edge drawn first": Drawing().boundary("b", "a", event("error"))
    .user("a").xor("x", None).xor("y", None).chain("a", "x", "y", "a"),
    "a long name": Drawing().start().user("a", name="y" * 400).end().chain("s", "a", "e"),
    "a join that nothing comes to from one side": Drawing().start().user("a", "dead").both("j").end()
    .chain("s", "a", "j", "e").flow("dead", "j"),
}  # fmt: skip


@pytest.mark.parametrize("what", ODD)
def test_what_was_found_runs(what: str) -> None:
    runs.run_everything(ODD[what].xml(), 3)


def test_a_step_done_two_hundred_times_is_no_circle() -> None:
    """A walk may take as many steps as the diagram wants."""
    marks = (
        '<bpmn:multiInstanceLoopCharacteristics isSequential="true"><bpmn:loopCardinality>200'
        "</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    )
    drawing = Drawing().start().user("a", inner=marks).end().chain("s", "a", "e")
    assert runs.run_everything(drawing.xml())


def test_elements_that_share_an_id_are_parted() -> None:
    """Each process means its own; flows and lanes follow."""
    second = line("a", "b").process().replace('<bpmn:process id="p"', '<bpmn:process id="q"')
    found = runs.run_everything(line("a").xml(after=second), 2)
    assert "twice" in {f.code for f in found.findings}
    kinds = [n.kind for n in found.model.nodes.values()]
    assert (kinds.count("userTask"), kinds.count("startEvent")) == (3, 2)


def test_a_file_that_bends_the_schema_runs_and_says_where() -> None:
    bent = line("a").xml().replace(b'<bpmn:userTask id="a"', b'<bpmn:userTask colour="red" id="a"')
    found = runs.run_everything(bent)
    assert [f.severity for f in found.findings if f.code == "schema"] == ["warning"]
    assert definition.prepare(bent).has_errors


def test_an_officer_may_choose_anew_each_time() -> None:
    """A walk that hurries takes nothing of what was chosen the time before."""
    drawing = Drawing().start().user("a").xor("g").end().chain("s", "a", "g")
    drawing.flow("g", "e", None, "on").flow("g", "a", None, "back")
    one = program.restore(definition.prepare(drawing.xml(), foreign=True).specs)
    step = machine.start(one, {}, dry_run.BEGUN)
    first = {"cv_choice": {"at_g": "back"}}
    step = machine.complete(one, step.state, step.opened[0].task_id, first, dry_run.BEGUN)
    drawn = Draws.of(one, {}).some(random.Random(0), node=one.nodes["a"], forward=True)
    assert machine.complete(one, step.state, step.opened[0].task_id, drawn, dry_run.BEGUN).completed


def test_a_file_without_a_process_says_so() -> None:
    with pytest.raises(diagram.DiagramRefused):
        runs.run_everything(Drawing().xml())
