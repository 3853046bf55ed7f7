"""The seven traps of the token library, each with the stock library falling into it beside us.

If a negative control fails after an upgrade of SpiffWorkflow, the trap is gone there: good news,
and a reason to look at what we do about it.
"""

from pathlib import Path
from uuid import UUID

import pytest
from bpmn_drawing import Drawing, each, event, timer, two_node_loop
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.serializer.workflow import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition
from SpiffWorkflow.util.deep_merge import DeepMerge
from SpiffWorkflow.util.task import TaskState
from token_runs import NOW, Run, Stock, prepared, shuffled

from engine import definition, diagram, machine, normalise, program
from engine import state as states
from engine.environment import Evaluator
from engine.tables import same

ERRORS = (
    '<bpmn:error id="E" name="bad" errorCode="bad"/>'
    '<bpmn:escalation id="X" name="up" escalationCode="up"/>'
    '<bpmn:message id="M" name="m"/><bpmn:signal id="S" name="s"/>'
)


# 1 the token lost at depth 1000 ------------------------------------------------------------------


def test_stock_library_loses_the_token_at_depth_1000() -> None:
    stock = Stock(two_node_loop())
    rounds = 0
    while stock.ready() and rounds < 600:
        rounds += 1
        task = stock.ready()[0]
        task.data["again"] = True
        task.run()
        stock.workflow.do_engine_steps()
    assert 400 < rounds < 600
    assert stock.done  # it even says that all is well


def test_our_loop_keeps_its_token_for_1500_rounds_in_a_small_tree() -> None:
    built = program.restore(prepared(two_node_loop()).specs)
    step = machine.start(built, {}, NOW)
    sizes = set()
    for _ in range(1_500):
        (item,) = step.opened
        step = machine.complete(built, step.state, item.task_id, {"again": True}, NOW)
        sizes.add(len(step.state))
    assert (step.completed, step.standing) == (False, ["a"])
    assert max(sizes) < 4_000
    (item,) = step.opened
    assert machine.complete(built, step.state, item.task_id, {"again": False}, NOW).completed


# 2 keys in another order -------------------------------------------------------------------------


def test_state_with_shuffled_keys_is_the_same() -> None:
    drawing = Drawing().start().both("f", "j").user("a", "b", "c").end()
    drawing.chain("s", "f", "a", "j", "c", "e").chain("f", "b", "j")
    run = Run(drawing.xml(), deep={"x": [1, {"y": 2}]}).do("a", va=1)
    plain = run.step.state
    for seed in range(20):
        turned = shuffled(plain, seed)
        assert turned != plain
        one = states.load(turned, run.program.spec, run.program.subprocess_specs, Evaluator(NOW))
        other = states.load(plain, run.program.spec, run.program.subprocess_specs, Evaluator(NOW))
        assert {i: t.data for i, t in one.tasks.items()} == {
            i: t.data for i, t in other.tasks.items()
        }


def test_stock_serializer_loses_data_when_keys_are_reordered() -> None:
    import json

    stock = Stock(two_node_loop(), who="x")
    serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure())
    plain = json.loads(serializer.serialize_json(stock.workflow))
    plain["tasks"] = dict(reversed(plain["tasks"].items()))
    loaded = serializer.deserialize_json(json.dumps(plain))
    (task,) = loaded.get_tasks(state=TaskState.READY, manual=True)
    assert stock.ready()[0].data == {"who": "x"}
    assert task.data == {}


# 3 cached specs and multi-instance ---------------------------------------------------------------


def instances() -> bytes:
    drawing = Drawing().start().user("m", inner=each("xs", "x")).user("after").end()
    return drawing.chain("s", "m", "after", "e").xml()


def test_instances_started_by_one_process_are_completed_by_another() -> None:
    specs = prepared(instances()).specs
    step = machine.start(program.restore(specs), {"xs": [1, 2]}, NOW)
    for item in list(step.opened):
        step = machine.complete(program.restore(specs), step.state, item.task_id, {}, NOW)
    assert step.standing == ["after"]


def test_spec_straight_from_the_parser_never_merges() -> None:
    found = prepared(instances())

    def fresh() -> program.Program:
        parser = BpmnParser()
        parser.add_bpmn_xml(etree.fromstring(found.normalised))
        return program.Program(parser.get_spec("p"), {}, found.model.nodes)

    step = machine.start(fresh(), {"xs": [1, 2]}, NOW)
    for item in list(step.opened):
        step = machine.complete(fresh(), step.state, item.task_id, {}, NOW)
    assert step.standing == ["m"]  # stuck: nobody waits and nothing moves
    assert not step.opened


# 4 values compared strictly by type --------------------------------------------------------------

ALIKE = [1, 1.0, True, 0, 0.0, False, "1", None, [1], [True], {"k": 1}, {"k": 1.0}, [], {}]


@pytest.mark.parametrize("old", ALIKE, ids=repr)
@pytest.mark.parametrize("new", ALIKE, ids=repr)
def test_a_change_of_type_is_stored(old: object, new: object) -> None:
    run = Run(STRICT, v=old).do("a", v=new)
    (opened,) = run.open.values()
    assert same(opened.variables, {"v": new})
    assert same(run.load().last_task.data, {"v": new})
    (loaded,) = run.loaded()
    assert same(loaded.data, {"v": new})


STRICT = Drawing().start().user("a", "b").end().chain("s", "a", "b", "e").xml()


def test_stock_serializer_forgets_a_change_of_type() -> None:
    assert DeepMerge.get_updated_keys({"v": 1}, {"v": True}) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([0.0, 1.0, 0.5]) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(
    before=st.dictionaries(st.sampled_from("pq"), JSON),
    after=st.dictionaries(st.sampled_from("pq"), JSON),
)
def test_any_change_survives_saving(before: dict, after: dict) -> None:
    run = Run(STRICT, **before).do("a", **after)
    (task,) = run.loaded()
    assert same(task.data, {**before, **after})


# 5 events that silently do nothing ---------------------------------------------------------------

DEFINITIONS = {
    "none": "",
    "message": event("message", messageRef="M"),
    "signal": event("signal", signalRef="S"),
    "timer": timer("Duration", "PT1H"),
    "error": event("error", errorRef="E"),
    "escalation": event("escalation", escalationRef="X"),
    "terminate": event("terminate"),
    "cancel": event("cancel"),
    "compensate": event("compensate"),
    "conditional": event("conditional", "<bpmn:condition>x = 1</bpmn:condition>"),
    "link": event("link", name="l"),
}
#: what runs where; a link needs its other half and has a test of its own
RUNS = {
    "startEvent": {"none", "message", "signal", "timer", "conditional"},
    "endEvent": {"none", "message", "signal", "error", "escalation", "terminate"},
    "intermediateCatchEvent": {"message", "signal", "timer", "conditional"},
    "intermediateThrowEvent": {"none", "message", "signal", "escalation"},
    "boundaryEvent": {"message", "signal", "timer", "error", "escalation", "conditional"},
}


def placed(place: str, definition_: str) -> bytes:
    drawing = Drawing().user("u").user("late")
    drawing.start("s", definition_ if place == "startEvent" else "")
    drawing.end("e", definition_ if place == "endEvent" else "").end("e2")
    drawing.flow("s", "u").flow("late", "e2")
    if place.startswith("intermediate"):
        drawing.node(place, "x", definition_).chain("u", "x", "late").flow("late", "e")
    elif place == "boundaryEvent":
        drawing.boundary("x", "u", definition_).flow("x", "late").flow("u", "e")
    else:
        drawing.flow("u", "late").flow("u", "e")
    return drawing.xml(ERRORS)


@pytest.mark.parametrize("place", RUNS)
@pytest.mark.parametrize("kind", DEFINITIONS)
def test_every_event_runs_or_is_an_error(place: str, kind: str) -> None:
    found = definition.prepare(placed(place, DEFINITIONS[kind]))
    assert found.has_errors == (kind not in RUNS[place])
    if found.has_errors:
        assert all(f.vi for f in found.findings)
        return
    built = program.restore(found.specs)
    where = {"startEvent": "s", "endEvent": "e"}.get(place, "x")
    silent = isinstance(built.spec.task_specs[where].event_definition, NoneEventDefinition)
    assert silent == (kind == "none")


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("startEvent", "error"), ("startEvent", "escalation"), ("startEvent", "compensate"),
        ("intermediateCatchEvent", "error"), ("intermediateCatchEvent", "cancel"),
        ("intermediateCatchEvent", "escalation"), ("intermediateThrowEvent", "compensate"),
        ("intermediateThrowEvent", "terminate"), ("endEvent", "compensate"), ("endEvent", "signal"),
    ],
)  # fmt: skip
def test_stock_parser_swallows_it(place: str, kind: str) -> None:
    normalised, _ = normalise.normalise(diagram.read(placed(place, DEFINITIONS[kind])))
    parser = BpmnParser()
    parser.add_bpmn_xml(normalised)
    where = {"startEvent": "s", "endEvent": "e"}.get(place, "x")
    swallowed = parser.get_spec("p").task_specs[where].event_definition
    assert isinstance(swallowed, NoneEventDefinition)


def test_what_the_parser_swallows_is_refused_even_past_the_linter() -> None:
    normalised, _ = normalise.normalise(diagram.read(placed("startEvent", DEFINITIONS["error"])))
    with pytest.raises(diagram.DiagramRefused, match="do nothing"):
        program.build(normalised)


# 6 lists in parallel branches --------------------------------------------------------------------


def branches() -> bytes:
    drawing = Drawing().start().both("f", "j").user("a", "b", "after").end()
    return drawing.chain("s", "f", "a", "j", "after", "e").chain("f", "b", "j").xml()


def test_branches_never_share_an_object() -> None:
    run = Run(branches(), log=[["start"]], deep={"x": [1]})
    a, b = run.loaded()
    a.data["log"][0].append("a")
    a.data["deep"]["x"].append("a")
    assert b.data == {"log": [["start"]], "deep": {"x": [1]}}


def test_lists_written_by_two_branches_merge_by_the_librarys_rule() -> None:
    """What a join does with one variable written twice, as the guide for authors says it.

    Scalars: the branch that finished last wins. Lists: its list, and nothing of the other's where
    both grew alike. So branches write variables of their own, and documents never live here.
    """
    run = Run(branches(), log=["start"], n=0)
    run.do("a", log=["start", "a"], n=1, only_a=[1]).do("b", log=["start", "b"], n=2, only_b=[2])
    (opened,) = run.open.values()
    assert opened.variables["n"] == 2
    assert opened.variables["only_a"] == [1]
    assert opened.variables["only_b"] == [2]
    assert set(opened.variables["log"]) < {"start", "a", "b"}  # an entry is lost: the trap itself


def test_merge_is_the_same_in_the_stock_library() -> None:
    stock = Stock(branches(), log=["start"], n=0)
    stock.complete("a", '{"log":["start"],"n":0}', log=["start", "a"], n=1)
    stock.complete("b", '{"log":["start"],"n":0}', log=["start", "b"], n=2)
    run = Run(branches(), log=["start"], n=0)
    run.do("a", log=["start", "a"], n=1).do("b", log=["start", "b"], n=2)
    assert run.seen() == stock.seen()


# 7 states of another format ----------------------------------------------------------------------


def test_state_of_an_unknown_format_is_refused() -> None:
    run = Run(two_node_loop())
    newer = run.step.state.replace(b'"format":4', b'"format":99')
    assert newer != run.step.state
    with pytest.raises(ValueError, match="format 99"):
        states.load(newer, run.program.spec, {}, Evaluator(NOW))


def test_upcaster_carries_an_older_state_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """An invented format 0 kept its tasks under another name."""
    run = Run(two_node_loop(), kept=1)

    def upcast(state: dict) -> dict:
        state["tasks"] = state.pop("nodes")
        return {**state, "format": 4}

    older = run.step.state.replace(b'"format":4', b'"format":0').replace(b'"tasks":', b'"nodes":')
    older = older.replace(b"\n", b"")
    with pytest.raises(ValueError, match="format 0"):
        states.load(older, run.program.spec, {}, Evaluator(NOW))
    monkeypatch.setitem(states.UPCASTERS, 0, upcast)
    step = machine.complete(run.program, older, run.item("a"), {"again": True}, NOW)
    assert step.opened[0].variables == {"kept": 1, "again": True}


def test_a_state_of_the_second_format_goes_on() -> None:
    """Stored by the version before sub-processes could rest: at `x` in one of two sub-processes."""
    kept = (Path(__file__).parents[1] / "data" / "state-format-2.json").read_bytes()
    inside = Drawing("q").start("is").user("x", "y").end("ie").chain("is", "x", "y", "ie")
    drawing = Drawing().start().user("c").end().sub("sub", inside, each("xs", "x1"))
    one = program.restore(prepared(drawing.chain("s", "sub", "c", "e").xml()).specs)
    state, left = kept, ["y", "x", "y", "c"]
    workflow = states.load(state, one.spec, one.subprocess_specs, Evaluator(NOW))
    assert {t.data["x1"] for t in machine.ready_tasks(workflow).values()} == {"k", "l"}
    while left:
        node = left.pop(0)
        ready = machine.ready_tasks(
            states.load(state, one.spec, one.subprocess_specs, Evaluator(NOW))
        )
        task = next(i for i, t in ready.items() if t.task_spec.name == node)
        step = machine.complete(one, state, UUID(task), {}, NOW)
        state = step.state
    assert step.completed


def test_a_state_of_the_third_format_goes_on() -> None:
    """Ten sub-processes, of which one ended; their tokens stood with the others of the process."""
    kept = (Path(__file__).parents[1] / "data" / "state-format-3.json").read_bytes()
    inside = Drawing("q").start("is").user("x", "y").end("ie").chain("is", "x", "y", "ie")
    drawing = Drawing().start().user("c").end().sub("sub", inside, each("xs", "x1"))
    one = program.restore(prepared(drawing.chain("s", "sub", "c", "e").xml()).specs)
    state, seen = kept, list[tuple[str, str, int]]()
    for count in range(100):
        workflow = states.load(state, one.spec, one.subprocess_specs, Evaluator(NOW))
        ready = machine.ready_tasks(workflow)
        if not ready:
            break
        item, task = min(
            ready.items(), key=lambda pair: (pair[1].task_spec.name, pair[1].data["n"])
        )
        seen.append((task.task_spec.name, task.data.get("x1", ""), task.data["n"]))
        state = machine.complete(one, state, UUID(item), {"n": 10 + count}, NOW).state
    assert sorted({name for name, _, _ in seen}) == ["c", "x", "y"]
    assert [node for node, _, _ in seen].count("x") == 8
    assert {unit for node, unit, _ in seen if node == "y"} == {f"k{n}" for n in range(10)} - {"k3"}
    assert {n for node, _, n in seen if node == "x"} == {0}
    assert seen[-1][0] == "c"
