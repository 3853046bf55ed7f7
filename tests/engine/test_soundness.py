"""Every run comes to its end: joins that wait for ever and steps done twice are found by playing."""

from itertools import combinations

import pytest
from bpmn_drawing import Drawing, event, line, timer
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from engine import definition, lint
from engine.diagram import read
from engine.finding import Severity
from engine.normalise import normalise
from engine.soundness import MOST_MARKINGS, check_soundness
from engine.unfolding import unfold


def found(drawing: Drawing) -> list[tuple[str, str, Severity]]:
    graph = unfold(normalise(read(drawing.xml()))[0])
    return [(f.code, f.element, f.severity) for f in check_soundness(graph, Severity.ERROR)]


def diamond(split: str, join: str) -> Drawing:
    """Two branches between a split and a join of these kinds."""
    drawing = Drawing().start().user("a", "b").end()
    drawing.node(split, "g", default="p.f3" if split != "parallelGateway" else None)
    drawing.node(join, "h")
    drawing.chain("s", "g").flow("g", "a", "x = 1" if split != "parallelGateway" else None)
    return drawing.flow("g", "b").chain("a", "h").chain("b", "h").chain("h", "e")


@pytest.mark.parametrize(
    ("split", "join", "wrong"),
    [
        ("parallelGateway", "parallelGateway", []),
        ("exclusiveGateway", "exclusiveGateway", []),
        ("inclusiveGateway", "inclusiveGateway", []),
        ("parallelGateway", "inclusiveGateway", []),
        ("exclusiveGateway", "inclusiveGateway", []),
        ("exclusiveGateway", "parallelGateway", [("stuck", "h", Severity.ERROR)]),
        ("inclusiveGateway", "parallelGateway", [("stuck", "h", Severity.ERROR)]),
    ],
)
def test_what_forks_one_way_must_join_the_same_way(split, join, wrong):
    assert found(diamond(split, join)) == wrong


@pytest.mark.parametrize("split", ["parallelGateway", "inclusiveGateway"])
def test_branches_that_do_not_wait_for_each_other_do_what_follows_twice(split):
    drawing = Drawing().start().user("a", "b", "c").end().node(split, "g", default=None)
    drawing.chain("s", "g").flow("g", "a", "x = 1" if split != "parallelGateway" else None)
    drawing.flow("g", "b", "x = 2" if split != "parallelGateway" else None)
    drawing.chain("a", "c", "e").chain("b", "c")
    assert found(drawing) == [("twice", "c", Severity.WARNING)]


def test_branches_that_only_end_at_the_same_place_do_nothing_twice():
    drawing = Drawing().start().both("g").user("a", "b").end()
    drawing.chain("s", "g", "a", "e").chain("g", "b", "e")
    assert found(drawing) == []


def test_a_way_back_to_a_join_is_not_waited_for():
    drawing = Drawing().start().both("h").user("a").xor("g", default="out").end()
    drawing.chain("s", "h", "a", "g").flow("g", "h", "x = 1").flow("g", "e", identity="out")
    assert found(drawing) == []


def test_what_no_way_leads_to_is_waited_for():
    drawing = line("a", "b").both("h").user("dead").chain("b", "h").chain("dead", "h")
    assert found(drawing.end("e2").chain("h", "e2")) == [("stuck", "h", Severity.ERROR)]


def test_an_inclusive_join_waits_for_what_may_still_come():
    drawing = Drawing().start().both("g", "k", "x", "y").some("h").user("a", "b", "c", "d").end()
    drawing.chain("s", "g", "a", "h", "k", "e").chain("g", "c", "k")
    drawing.chain("g", "x", "b", "y", "h").chain("x", "d", "y")
    assert found(drawing) == []  # opened by each alone, it would leave a token at k


def ends_early(end: str) -> Drawing:
    drawing = Drawing().start().both("g", "h").user("a", "b", "c").xor("q", default="p.on").end()
    drawing.end("early", end).chain("s", "g", "a", "q").flow("q", "early", "x = 1")
    drawing.flow("q", "h", identity="p.on").chain("g", "b", "h", "c", "e")
    return drawing


def test_a_branch_that_ends_early_leaves_the_other_waiting_unless_it_ends_all():
    assert found(ends_early("")) == [("stuck", "h", Severity.ERROR)]
    assert found(ends_early(event("terminate"))) == []


def test_a_branch_begun_again_before_the_join_leaves_a_token_behind():
    drawing = Drawing().start().user("a", "b", "c").both("g", "h").xor("q", default="p.on").end()
    drawing.chain("s", "a", "g", "b", "q").flow("q", "a", "x = 1").flow("q", "h", identity="p.on")
    drawing.chain("g", "c", "h", "e")
    assert found(drawing) == [("stuck", "h", Severity.ERROR)]
    quiet = Drawing().start().user("a", "b", "c").both("g", "h").xor("q", default="p.on")
    quiet.end("e", event("terminate"))
    quiet.chain("s", "a", "g", "b", "q").flow("q", "a", "x = 1").flow("q", "h", identity="p.on")
    assert found(quiet.chain("g", "c", "h", "e")) == []


@pytest.mark.parametrize(
    ("interrupting", "wrong"), [(True, []), (False, [("twice", "b", Severity.WARNING)])]
)
def test_a_timer_that_does_not_interrupt_sends_a_second_token(interrupting, wrong):
    drawing = line("a", "b").boundary(
        "late", "a", timer("Duration", "P1D"), interrupting=interrupting
    )
    assert found(drawing.flow("late", "b")) == wrong


def test_the_inside_of_a_sub_process_is_played_too():
    inside = Drawing("in").start("is").xor("g", default="in.f3").user("a", "b").both("h").end("ie")
    inside.chain("is", "g").flow("g", "a", "x = 1").flow("g", "b").chain("a", "h", "ie").chain(
        "b", "h"
    )
    drawing = Drawing().start().sub("box", inside).end().chain("s", "box", "e")
    assert found(drawing) == [("stuck", "h", Severity.ERROR)]


def test_a_list_that_may_be_empty_is_one_step_and_not_two():
    inside = '<bpmn:multiInstanceLoopCharacteristics congvan:collection="all"/>'
    drawing = Drawing().start().both("g", "h").user("a", inner=inside).user("b").end()
    assert found(drawing.chain("s", "g", "a", "h", "e").chain("g", "b", "h")) == []


def test_what_is_too_large_to_be_played_is_said_to_be_undecided():
    """Twelve branches that fork again have more markings than are looked at."""
    drawing = Drawing().start().both("g", "h").end().chain("s", "g").chain("h", "e")
    for n in range(12):
        drawing.user(f"a{n}", f"b{n}").both(f"q{n}", f"r{n}")
        drawing.chain("g", f"q{n}", f"a{n}", f"r{n}", "h").chain(f"q{n}", f"b{n}", f"r{n}")
    assert MOST_MARKINGS < 2**12
    assert found(drawing) == [("undecided", "", Severity.INFO)]


def played(kinds: list[str], flows: list[tuple[int, int]]) -> set[int]:
    """The parallel gateways at which tokens are left for ever, by playing every marking."""
    into = {n: [f for f in flows if f[1] == n] for n in range(len(kinds))}
    out = {n: [f for f in flows if f[0] == n] for n in range(len(kinds))}
    begun = ((-1, 0),)
    seen, todo, stuck = {begun}, [begun], set()
    while todo:
        marking = todo.pop()
        following = []
        for n, kind in enumerate(kinds):
            came = [f for f in dict.fromkeys(marking) if f[1] == n]
            if kind == "both" and into[n] and n:
                takes = [into[n]] if set(into[n]) <= set(came) else []
            else:
                takes = [[f] for f in came]
            gives = [out[n]] if kind == "both" or not out[n] else [[f] for f in out[n]]
            for taken in takes:
                for given_ in gives:
                    left = list(marking)
                    for f in taken:
                        left.remove(f)
                    following.append(tuple(sorted(left + given_)))
        if marking and not following:
            stuck |= {f[1] for f in marking}
        for after in following:
            if after not in seen:
                seen.add(after)
                todo.append(after)
    return stuck


@seed(20261127)
@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(["xor", "both"]), min_size=5, max_size=5),
    st.sets(st.sampled_from([*combinations(range(1, 7), 2)]), min_size=4, max_size=10),
)
def test_what_waits_for_ever_is_what_playing_every_marking_finds(inner, chosen):
    kinds = ["xor", *inner, "xor"]
    flows = [(0, 1), *sorted(chosen)]
    drawing = Drawing().start("n0").end("n6")
    for n, kind in enumerate(inner, start=1):
        getattr(drawing, kind)(f"n{n}")
    for a, b in flows:
        drawing.flow(f"n{a}", f"n{b}")
    graph = unfold(normalise(read(drawing.xml()))[0])
    told = list(check_soundness(graph, Severity.ERROR))
    assert {f.element for f in told if f.code == "stuck"} == {f"n{n}" for n in played(kinds, flows)}


def test_it_forbids_publishing_and_only_warns_of_a_diagram_that_is_just_looked_at():
    drawing = diamond("exclusiveGateway", "parallelGateway")
    (told,) = [f for f in definition.prepare(drawing.xml()).findings if f.code == "stuck"]
    assert told.severity is Severity.WARNING
    assert told.path[0] == "s"
    assert told.path[-1] == "h"
    taken = drawing.xml().replace(b"<bpmn:userTask", b'<bpmn:userTask congvan:candidates="all"')
    (told,) = [f for f in definition.prepare(taken, lint.Catalogue()).findings if f.is_error]
    assert told.code == "stuck"
