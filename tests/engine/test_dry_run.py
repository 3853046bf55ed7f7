"""What a diagram is tried for before it is published: that it ends, whatever is chosen."""

import itertools
from typing import Any

import pytest
from bpmn_drawing import Drawing, each, line, timer
from token_runs import NOW, Run

from engine import definition, diagram, dry_run, program
from engine.budget import Budget
from engine.draws import Draws
from engine.expressions import NUMBER, TEXT, one_of
from engine.finding import Severity

KINDS = {"outcome": one_of(["accept", "return"]), "pages": NUMBER, "deadline": TEXT}


def tried(drawing: Drawing, kinds: Any = None) -> set[tuple[str, str]]:
    """The errors of a dry run: code and element."""
    found = definition.prepare(drawing.xml())
    assert not found.has_errors, found.findings
    told = dry_run.check(program.restore(found.specs), KINDS if kinds is None else kinds)
    return {(f.code, f.element) for f in told if f.severity is Severity.ERROR}


def circle(way_out: str | None) -> Drawing:
    """Two steps in a circle, with a way out or without."""
    drawing = Drawing().start().user("a", "b").xor("g", default="again").end()
    drawing.chain("s", "a", "b", "g").flow("g", "a", None, "again")
    return drawing.flow("g", "e", way_out) if way_out else drawing


def ways(*conditions: str, default: str | None = None) -> Drawing:
    drawing = Drawing().start().user("a").xor("g", default=default).end().chain("s", "a", "g")
    for number, condition in enumerate(conditions):
        drawing.user(f"u{number}").flow("g", f"u{number}", condition, f"w{number}")
        drawing.flow(f"u{number}", "e")
    return drawing


def test_what_ends_is_not_spoken_of() -> None:
    assert tried(line("a", "b")) == set()


def test_a_circle_needs_a_way_out_that_can_be_taken() -> None:
    assert tried(circle('outcome = "accept"')) == set()
    assert {code for code, _ in tried(circle(None))} == {"never-ends"}
    plain = Drawing().start().user("a", "b").end().flow("s", "a").flow("a", "b").flow("b", "a")
    assert {code for code, _ in tried(plain)} == {"never-ends"}  # with no gateway at all
    assert {code for code, _ in tried(circle("pages > 1000"))} == {"never-ends"}


def test_a_way_out_by_rare_luck_is_found() -> None:
    """Twelve choices in a row, each of which may lead back to the first step."""
    drawing = Drawing().start().end()
    names = [f"n{i}" for i in range(12)]
    for name in names:
        drawing.user(name).xor(f"g{name}", default=f"on{name}").flow(name, f"g{name}")
        drawing.flow(f"g{name}", "n0", 'outcome = "return"')
    for name, following in zip(names, [*names[1:], "e"], strict=True):
        drawing.flow(f"g{name}", following, None, f"on{name}")
    assert tried(drawing.flow("s", "n0")) == set()


def test_a_gateway_without_a_way_on_is_an_error_at_it() -> None:
    assert tried(ways('outcome = "accept"', "pages > 3")) == {("no-way-on", "g")}
    assert tried(ways('outcome = "accept"', 'outcome = "return"', "outcome = null")) == set()


def test_a_join_that_starves_is_an_error_at_it() -> None:
    drawing = Drawing().start().both("f", "j").user("a", "b").xor("g", default="early").end()
    drawing.chain("s", "f", "a", "g").flow("f", "b").flow("b", "j").end("e2")
    drawing.flow("g", "j", 'outcome = "accept"').flow("g", "e2", None, "early")
    assert tried(drawing.flow("j", "e")) == {("stuck", "j")}
    drawing.elements = [e.replace('targetRef="e2"', 'targetRef="j"') for e in drawing.elements]
    assert tried(drawing) == set()


@pytest.mark.parametrize("given", [True, False])
def test_lists_and_moments_are_drawn(given: bool) -> None:
    drawing = Drawing().start().user("a", "b", inner=each("parts", "part") if given else "")
    drawing.boundary("late", "b", timer("Date", "deadline"), interrupting=False).user("remind")
    drawing.end().end("e2").chain("s", "a", "b", "e").chain("late", "remind", "e2")
    found = definition.prepare(drawing.xml())
    told = dry_run.check(program.restore(found.specs), KINDS if given else {})
    assert told == []


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_walks_the_same_way(seed: int) -> None:
    one = program.restore(definition.prepare(circle('outcome = "accept"').xml()).specs)
    walks = [dry_run.walk(one, seed, Draws.of(one, KINDS)) for _ in range(2)]
    assert walks[0].count == walks[1].count <= walks[0].most
    assert walks[0].is_done


def doubling(times: int) -> bytes:
    """Forks behind forks, two flows between each and the next: each doubles what is foreseen."""
    gates = [f"g{n}" for n in range(times)]
    drawing = Drawing().start().both(*gates).user("a").end().chain("s", *gates, "a", "e")
    for one, two in itertools.pairwise(gates):
        drawing.flow(one, two)
    return drawing.xml()


def test_forks_behind_forks_are_refused_before_they_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Budget, "tokens", 2_000)
    told = dry_run.check(program.restore(definition.prepare(doubling(24)).specs))
    assert {(f.code, f.severity) for f in told} == {("too-many-tokens", Severity.ERROR)}
    told = dry_run.check(program.restore(definition.prepare(doubling(6)).specs))
    assert "too-many-tokens" not in {f.code for f in told}


def test_what_is_too_wide_to_be_tried_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_run, "LONGEST", -1)
    [told] = dry_run.check(program.restore(definition.prepare(line("a", "b").xml()).specs))
    assert (told.severity, "quá rộng" in told.vi) == (Severity.WARNING, True)


def test_values_that_fit_nothing_do_not_say_that_a_run_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A run page and a whole migration broke where drawn values did not fit a run's own."""
    run = Run(line("a", "b").xml())

    def breaks(*_: Any, **__: Any) -> None:
        raise TypeError("'str' object does not support item assignment")

    monkeypatch.setattr(dry_run, "walk", breaks)
    assert dry_run.waits_for_ever(run.program, run.step.state, NOW) is None


def test_a_list_of_objects_may_meet_a_list_of_texts_at_a_join() -> None:
    drawing = Drawing().start().both("f", "j").user("a", "b", "c").end()
    drawing.chain("s", "f", "a", "j", "c", "e").chain("f", "b", "j")
    run = Run(drawing.xml(), parts=["x"])
    run.complete(run.item("a"), parts=["y"])
    run.complete(run.item("b"), parts=[{"unit": "k"}])
    assert next(iter(run.open.values())).variables["parts"] == [{"unit": "k"}]


@pytest.mark.parametrize(("depth", "read"), [(30, True), (31, False)])
def test_sub_processes_are_not_nested_without_bound(depth: int, read: bool) -> None:
    inner = Drawing("q0").start("s0").user("u").end("e0").chain("s0", "u", "e0")
    for n in range(1, depth):
        inner = (
            Drawing(f"q{n}").start(f"s{n}").end(f"e{n}").sub(f"sub{n}", inner)
            .chain(f"s{n}", f"sub{n}", f"e{n}")
        )  # fmt: skip
    xml = Drawing().start().end().sub("sub", inner).chain("s", "sub", "e").xml()
    if read:
        assert diagram.read(xml) is not None
    else:
        with pytest.raises(diagram.DiagramRefused, match="nested more than 30"):
            diagram.read(xml)
