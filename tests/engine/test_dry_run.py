"""What a diagram is tried for before it is published: that it ends, whatever is chosen."""

from typing import Any

import pytest
from bpmn_drawing import Drawing, each, line, timer

from engine import definition, dry_run, program
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
