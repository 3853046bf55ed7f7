"""Diagrams drawn elsewhere: each is completed in words, runs to its end, and keeps its bytes."""

import random
from functools import cache
from pathlib import Path
from typing import Any

import foreign_runs as runs
import pytest
from bpmn_drawing import HEAD, Drawing, event, line
from lxml import etree

from engine import definition, diagram, dry_run, foreign, machine, program
from engine.choices import key_of
from engine.diagram import FLOW_NODES, kind_of, tag
from engine.draws import Draws

DATA = Path(__file__).parents[1] / "data"
MIWG = sorted((DATA / "bpmn-miwg").glob("*.bpmn"))
UGLY = sorted((DATA / "foreign").glob("*.bpmn"))
RUNNABLE = [p for p in (*MIWG, *UGLY) if p.stem != "choreography"]
SEEDS = range(3)


@cache
def prepared(path: Path) -> definition.Prepared:
    return definition.prepare(path.read_bytes(), foreign=True)


@cache
def specs_of(path: Path, process: str) -> bytes:
    return runs.specs_of(prepared(path), process)


WHOLE = [(path, "") for path in RUNNABLE]
PARTS = [(p, one) for p in RUNNABLE for one in runs.parts(prepared(p))]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("path", "process"), [*WHOLE, *PARTS], ids=lambda v: v.stem if isinstance(v, Path) else v
)
def test_every_process_comes_to_its_end(path: Path, process: str, seed: int) -> None:
    walked = runs.end_of(specs_of(path, process), seed)
    assert walked.is_done, (seed, walked.count, walked.step.standing)
    assert not walked.open
    assert not walked.waiting


@pytest.mark.parametrize("path", RUNNABLE, ids=lambda p: p.stem)
def test_who_only_completes_steps_comes_to_the_end_too(path: Path) -> None:
    """No choice, no value: what nobody chose leads to an end."""
    one = program.restore(prepared(path).specs)
    step = machine.start(one, {}, dry_run.BEGUN)
    seen = dry_run.Walk(one, 0, Draws({}))
    seen.open, seen.waiting = {}, {}
    seen._take(step)
    for _ in range(150):
        if seen.is_done:
            break
        seen.count = dry_run.STEPS + 1  # always the shortest way
        seen.go_on()
    assert seen.is_done, seen.step.standing


@pytest.mark.parametrize("path", RUNNABLE, ids=lambda p: p.stem)
def test_the_file_keeps_its_bytes_and_every_change_is_told(path: Path) -> None:
    found = prepared(path)
    assert found.original == path.read_bytes()
    assert not found.has_errors, [f for f in found.findings if f.is_error]
    assert not found.is_publishable
    told = {f.element for f in found.findings}
    before = diagram.read(found.original)
    drawn = {e.get("id"): e for e in before.iter(tag("*")) if kind_of(e) in FLOW_NODES}
    runs = {e.get("id"): e for e in etree.fromstring(found.normalised).iter(tag("*"))}
    for identity, element in drawn.items():
        if not identity:
            continue
        if identity not in runs:
            around = {identity, *(a.get("id") for a in element.iterancestors())}
            assert around & told, f"{identity} went without a word"
        elif runs[identity].tag != element.tag and kind_of(element) != "task":
            assert identity in told or kind_of(element).endswith("Event"), identity
    added = set(runs) - {e.get("id") for e in before.iter(tag("*"))} - {None}
    assert all(identity.startswith("cv.") for identity in added), added


@pytest.mark.parametrize(
    ("stem", "encoding"),
    [("yaoqiang", "UTF-16"), ("bare", "ISO-8859-1"), ("enterprise-architect", "windows-1252"),
     ("signavio-pools", "UTF-16LE")],
)  # fmt: skip
def test_a_file_runs_in_the_encoding_it_names(stem: str, encoding: str) -> None:
    text = (DATA / "foreign" / f"{stem}.bpmn").read_text("utf-8")
    found = runs.run_everything(text.replace("UTF-8", encoding, 1).encode(encoding))
    assert (
        found.model.nodes.keys() == prepared(DATA / "foreign" / f"{stem}.bpmn").model.nodes.keys()
    )


def test_a_choreography_is_refused_in_words() -> None:
    with pytest.raises(diagram.DiagramRefused) as refused:
        definition.prepare((DATA / "foreign" / "choreography.bpmn").read_bytes(), foreign=True)
    assert "không có quy trình" in refused.value.text("vi")


def test_without_completion_the_same_files_are_refused() -> None:
    """The negative control: as a procedure of ours hardly one of them would be published."""
    refused = [p.stem for p in RUNNABLE if definition.prepare(p.read_bytes()).has_errors]
    assert len(refused) >= len(RUNNABLE) - 4, refused


# who decides -------------------------------------------------------------------------------------


def two_ways(condition: str | None = None, **marks: str) -> bytes:
    """A step, and behind it a choice: on to the end, or back."""
    drawing = Drawing().start().user("a").xor("g", **marks).user("b").end()
    drawing.chain("s", "a", "g").flow("g", "a", condition, "back").flow("g", "b", None, "on")
    return drawing.flow("b", "e").xml()


def program_of(xml: bytes) -> program.Program:
    found = definition.prepare(xml, foreign=True, tried=True)
    assert not found.has_errors, found.findings
    return program.restore(found.specs)


def at(step: machine.Step) -> list[str]:
    return [o.node.id for o in step.opened]


def test_the_step_before_a_gateway_offers_its_ways_out() -> None:
    one = program_of(two_ways())
    assert [c[:2] for c in one.nodes["a"].choices] == [("g", "back"), ("g", "on")]
    begun = machine.start(one, {}, dry_run.BEGUN)
    task = begun.opened[0].task_id
    for chosen, then in (("back", "a"), ("on", "b"), (None, "b"), ("never heard of", "b")):
        given = {"cv_choice": {key_of("g"): chosen}} if chosen else {}
        assert at(machine.complete(one, begun.state, task, given, dry_run.BEGUN)) == [then], chosen


@pytest.mark.parametrize(
    ("condition", "variables", "then"),
    [
        ("${again}", {"again": True}, "a"),
        ("${again}", {}, "b"),
        ("#{again == 'yes' && !done}", {"again": "yes", "done": False}, "a"),
        ("#{again == 'yes' && !done}", {"again": "yes", "done": True}, "b"),
        ("again != true", {}, "b"),  # nothing is known, so the way to the end
        ("again != true", {"again": False}, "a"),
        ("if it is not good enough", {}, "b"),
        ('execution.getVariable("x").equals("no");', {"x": "no"}, "b"),
    ],
)
def test_a_condition_counts_where_its_data_are_there(
    condition: str, variables: dict[str, Any], then: str
) -> None:
    one = program_of(two_ways(condition))
    begun = machine.start(one, {}, dry_run.BEGUN)
    done = machine.complete(one, begun.state, begun.opened[0].task_id, variables, dry_run.BEGUN)
    assert at(done) == [then]


# pools -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("early", [True, False])
def test_a_message_of_one_pool_reaches_the_other(early: bool) -> None:
    """Also when it was sent before the other waited for it."""
    one = program.restore(prepared(DATA / "foreign" / "talking-pools.bpmn").specs)
    walk = dry_run.Walk(one, 0, Draws({}))

    def do(node: str) -> None:
        item = next(i for i, o in walk.open.items() if o.node.id == node)
        walk._take(machine.complete(one, walk.step.state, item, {}, walk.now))

    assert {o.node.id for o in walk.open.values()} == {"wait", "work", "file"}
    assert not walk.waiting  # the office got the question as it began
    for node in ("work", "wait") if early else ("wait", "work"):
        do(node)
    assert not walk.waiting
    do("file")
    assert walk.is_done


def test_what_no_pool_waits_for_leaves_the_instance() -> None:
    one = program.restore(prepared(DATA / "foreign" / "talking-pools.bpmn").specs)
    walk = dry_run.Walk(one, 0, Draws({}))
    item = next(i for i, o in walk.open.items() if o.node.id == "work")
    step = machine.complete(one, walk.step.state, item, {}, walk.now)
    assert [t.name for t in step.thrown] == ["mf3"]


# joins -------------------------------------------------------------------------------------------


def starved_join() -> Drawing:
    """Two branches, of which one may end before the join."""
    drawing = Drawing().start().both("f", "j").user("a", "b").xor("g").end().end("early")
    drawing.chain("s", "f", "a", "g").flow("f", "b").flow("b", "j").flow("g", "j", "ok = true")
    return drawing.flow("g", "early", "ok = false").chain("j", "e")


def test_a_join_that_could_starve_waits_for_what_can_come() -> None:
    found = definition.prepare(starved_join().xml(), foreign=True)
    assert "join" in {f.code for f in found.findings if f.element == "j"}
    one = program.restore(found.specs)
    assert not dry_run.check(one)


def test_the_same_join_of_our_own_is_found_out_by_the_dry_run() -> None:
    """The negative control of the dry run and of the completion."""
    specs = definition.prepare(starved_join().xml()).specs
    assert "stuck" in {f.code for f in dry_run.check(program.restore(specs))}


@pytest.mark.parametrize("seed", range(6))
def test_an_inclusive_join_in_a_loop_waits_for_all_that_was_chosen(seed: int) -> None:
    """Each round opens some of three branches; the join fires once, after the last of them."""
    chance = random.Random(seed)
    drawing = Drawing().start().user("a", "b", "c", "d").some("o", default="od").some("j")
    drawing.xor("again", default="out").end().chain("s", "d", "o")
    for name in "abc":
        drawing.flow("o", name, f"{name} = true").flow(name, "j")
    drawing.flow("o", "j", None, "od").chain("j", "again").flow("again", "d", "more = true")
    one = program.restore(definition.prepare(drawing.flow("again", "e", None, "out").xml()).specs)
    step = machine.start(one, {}, dry_run.BEGUN)
    for rounds in range(4):
        wanted = [n for n in "abc" if chance.random() < 0.6]
        given = {n: n in wanted for n in "abc"} | {"more": rounds < 3}
        assert at(step) == ["d"], (seed, rounds)
        step = machine.complete(one, step.state, step.opened[0].task_id, given, dry_run.BEGUN)
        opened = {o.node.id: o.task_id for o in step.opened}
        if wanted:
            assert sorted(opened) == wanted
        for name in chance.sample(wanted, len(wanted)):
            step = machine.complete(one, step.state, opened[name], {}, dry_run.BEGUN)
    assert step.completed


def test_a_sub_process_that_ends_where_another_begins() -> None:
    """By their number alone the engine took the second for the first and left it standing."""

    def inner(name: str) -> Drawing:
        return Drawing(name).start(f"{name}.s").user(f"{name}.u").end(f"{name}.e").chain(
            f"{name}.s", f"{name}.u", f"{name}.e"
        )  # fmt: skip

    empty = Drawing("x").start("x.s").end("x.e").flow("x.s", "x.e")
    outer = Drawing("o").start("o.s").user("o.u").sub("x", empty).sub("y", inner("y")).end("o.e")
    outer.chain("o.s", "o.u", "x", "y", "o.e")
    xml = Drawing().start().sub("o", outer).end().chain("s", "o", "e").xml()
    one = program.restore(definition.prepare(xml).specs)
    step = machine.start(one, {}, dry_run.BEGUN)
    step = machine.complete(one, step.state, step.opened[0].task_id, {}, dry_run.BEGUN)
    assert at(step) == ["y.u"]


# whose diagram -----------------------------------------------------------------------------------


def test_whoever_names_our_verbs_is_held_to_them() -> None:
    plain, ours = line("u").xml(), line("u").xml().replace(b'id="u"', b'id="u" congvan:verb="x"')
    assert not foreign.is_ours(diagram.read(plain))
    assert foreign.is_ours(diagram.read(ours))


def test_what_was_completed_is_not_published_as_it_is() -> None:
    found = definition.prepare(line("u").xml(), foreign=True)
    assert not found.has_errors
    assert not found.is_publishable


def test_only_what_is_marked_executable_runs_of_our_own_pools() -> None:
    second = Drawing("q").start("qs").user("qu").end("qe").chain("qs", "qu", "qe").process()
    drawn = line("u").xml(after=second.replace('isExecutable="true"', 'isExecutable="false"'))
    first = drawn.replace(b'isExecutable="true"', b'isExecutable="x"').replace(
        b'isExecutable="false"', b'isExecutable="true"'
    ).replace(b'isExecutable="x"', b'isExecutable="false"')  # fmt: skip
    for xml, wanted in (
        (drawn, ["u"]),
        (first, ["qu"]),
        (line("u").xml(after=second), ["qu", "u"]),
    ):
        found = definition.prepare(xml)
        step = machine.start(program.restore(found.specs), {}, dry_run.BEGUN)
        assert sorted(at(step)) == wanted


def test_two_definitions_of_an_event_and_a_condition_nobody_can_tell() -> None:
    drawing = Drawing().start().user("u").end().chain("s", "u", "e")
    drawing.boundary("b", "u", event("conditional", "<bpmn:condition>too late</bpmn:condition>"))
    one = program_of(drawing.end("e2").flow("b", "e2").xml())
    step = machine.start(one, {}, dry_run.BEGUN)
    assert [(w.kind, w.node_id) for w in step.subscribed] == [("message", "b")]


ODD = {
    "an event gateway before plain steps": Drawing().start().node("eventBasedGateway", "g")
    .user("a", "b").end().chain("s", "g", "a", "e").chain("g", "b", "e"),
    "an event gateway to nothing": Drawing().start().node("eventBasedGateway", "g").chain("s", "g"),
    "an event sub-process with no event": line("u").node(
        "subProcess", "i", Drawing("i").start("a").end("b").flow("a", "b").inner(),
        triggeredByEvent="true",
    ),
    "a catching event that says nothing": Drawing().start()
    .node("intermediateCatchEvent", "x").end().chain("s", "x", "e"),
    "an edge that says nothing": line("u").boundary("b", "u", "").end("e2").flow("b", "e2"),
    "a condition behind a fork": Drawing().start().both("f").user("a", "b").end().flow("s", "f")
    .flow("f", "a", "it is good").flow("f", "b").chain("a", "e").chain("b", "e"),
    "two ways of which one is always open": Drawing().start().xor("g").user("a", "b").end()
    .flow("s", "g").flow("g", "a", "true").flow("g", "b", "it is good").chain("a", "e").chain("b", "e"),
}  # fmt: skip


@pytest.mark.parametrize("what", ODD)
def test_what_nobody_should_have_drawn_runs_all_the_same(what: str) -> None:
    """Found by leaving out and exchanging parts of the reference models by chance."""
    assert program_of(ODD[what].xml())
    assert definition.prepare(ODD[what].xml()).has_errors


def test_a_file_of_the_head_only_says_so() -> None:
    with pytest.raises(diagram.DiagramRefused):
        definition.prepare(f"{HEAD}</bpmn:definitions>".encode(), foreign=True)
