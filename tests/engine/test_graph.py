"""The graph of a diagram: what is reached without a step, and how a run ends without it."""

from itertools import combinations

import pytest
from bpmn_drawing import Drawing, again, each, event, line, timer
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from engine import diagram, normalise
from engine.graph import Graph
from engine.unfolding import unfold


def graph_of(drawing: Drawing | bytes) -> Graph:
    xml = drawing if isinstance(drawing, bytes) else drawing.xml()
    return unfold(normalise.normalise(diagram.read(xml))[0])


def comes_to(graph: Graph, target: str, without: str) -> bool:
    """Whether a document can come to a step without another one."""
    found = graph.reached(graph.starts, graph.done({without}))
    return bool(graph.done({target}) & set(found))


def ends(graph: Graph, without: str) -> bool:
    """Whether a run can come to its end without a step."""
    return graph.starts[0] in graph.ending(graph.done({without}))


# -- against every run, played token by token -------------------------------------------------------


class Blocks:
    """A diagram of blocks inside blocks, as a shape says, and its steps."""

    def __init__(self, shape) -> None:
        self.drawing = Drawing().start().end()
        self.tasks: list[str] = []
        self.count = 0
        self.block(shape, "s", "e")

    def fresh(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def block(self, shape, source: str, target: str) -> None:
        """Draw a block between two nodes."""
        kind, parts = shape
        if kind == "task":
            task = self.fresh("t")
            self.tasks.append(task)
            self.drawing.user(task).chain(source, task, target)
            return
        if kind == "sequence":
            middle = self.fresh("x")
            self.drawing.xor(middle)
            self.block(parts[0], source, middle)
            self.block(parts[1], middle, target)
            return
        split, join = self.fresh("g"), self.fresh("g")
        draw = self.drawing.both if kind == "all" else self.drawing.xor
        draw(split)
        draw(join)
        self.drawing.flow(source, split)
        for part in parts:
            self.block(part, split, join)
        if kind == "loop":
            self.drawing.flow(join, split)
        self.drawing.flow(join, target)


def moves_of(drawing: Drawing) -> list[tuple[str, frozenset[str], frozenset[str]]]:
    """Every way each node can fire: its name, the flows it takes a token from and gives one to."""
    root = diagram.read(drawing.xml())
    kinds = {e.get("id"): diagram.kind_of(e) for e in diagram.flow_nodes(root)}
    flows = [
        (f.get("id"), f.get("sourceRef"), f.get("targetRef"))
        for f in root.iter(diagram.tag("sequenceFlow"))
    ]
    moves = []
    for node, kind in kinds.items():
        into = [i for i, _, t in flows if t == node] or ["start"]
        out = [i for i, s, _ in flows if s == node]
        takes = [frozenset(into)] if kind == "parallelGateway" else [frozenset({i}) for i in into]
        gives = [frozenset(out)] if kind != "exclusiveGateway" else [frozenset({o}) for o in out]
        moves += [(node, a, b) for a in takes for b in gives]
    return moves


def played(drawing: Drawing, without: str) -> tuple[set[str], bool]:
    """The nodes that fire in some run in which one never does, and whether such a run ends."""
    moves = [m for m in moves_of(drawing) if m[0] != without]
    begun = frozenset({"start"})
    seen, todo, fired = {begun}, [begun], set()
    while todo:
        marking = todo.pop()
        for node, takes, gives in moves:
            if takes <= marking:
                fired.add(node)
                after = (marking - takes) | gives
                if after not in seen:
                    seen.add(after)
                    todo.append(after)
    return fired, frozenset() in seen


SHAPES = st.recursive(
    st.just(("task", ())),
    lambda inner: st.one_of(
        st.tuples(st.just("sequence"), st.tuples(inner, inner)),
        st.tuples(
            st.sampled_from(["one", "all"]), st.lists(inner, min_size=2, max_size=3).map(tuple)
        ),
        st.tuples(st.just("loop"), st.tuples(inner)),
    ),
    max_leaves=6,
)


@seed(20261127)
@settings(max_examples=120, deadline=None)
@given(SHAPES)
def test_what_every_run_must_pass_is_what_playing_every_run_finds(shape):
    net = Blocks(shape)
    graph = graph_of(net.drawing)
    for step in net.tasks:
        fired, ended = played(net.drawing, step)
        assert ends(graph, step) == ended, step
        for other in set(net.tasks) - {step}:
            assert comes_to(graph, other, step) == (other in fired), (step, other)


FLOWS = [*combinations(range(6), 2), (4, 1), (3, 2)]


@seed(20261127)
@settings(max_examples=150, deadline=None)
@given(st.sets(st.sampled_from(FLOWS), min_size=5, max_size=10))
def test_dominance_is_what_walking_every_path_finds(chosen):
    drawing = Drawing().start("n0").end("n5")
    for n in range(1, 5):
        drawing.xor(f"n{n}")
    for a, b in sorted(chosen):
        drawing.flow(f"n{a}", f"n{b}")
    # several flows out of the start are a parallel split to the normaliser, not a choice
    if sum(a == 0 for a, _ in chosen) != 1:
        return
    after = {n: [b for a, b in chosen if a == n] for n in range(6)}

    def walks(way):
        yield way
        for n in after[way[-1]]:
            if n not in way:
                yield from walks([*way, n])

    every = list(walks([0]))
    graph = graph_of(drawing)
    for a, b in combinations(range(1, 6), 2):
        for first, then in ((a, b), (b, a)):
            free = any(way[-1] == then and first not in way for way in every)
            assert comes_to(graph, f"n{then}", f"n{first}") == free


# -- what is drawn inside or beside a step ----------------------------------------------------------


def test_a_step_inside_a_sub_process_is_passed_like_any_other():
    inside = Drawing("in").start("is").user("a").end("ie").chain("is", "a", "ie")
    graph = graph_of(
        Drawing().start().sub("box", inside).user("b").end().chain("s", "box", "b", "e")
    )
    assert not comes_to(graph, "b", "a")
    found = graph.reached(graph.starts)
    (end,) = graph.done({"e"})
    assert graph.drawn(graph.way(found, end)) == (
        "s", "p.f1", "box", "is", "in.f1", "a", "in.f2", "ie", "box", "p.f2", "b", "p.f3", "e",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("marks", "skipped"),
    [
        (each("people", "one"), True),  # the list may be empty
        (again("x = 1", before=True), True),
        (again("x = 1"), False),
    ],
)
def test_what_may_be_done_no_time_at_all_is_no_step_to_count_on(marks, skipped):
    drawing = Drawing().start().user("a", inner=marks).user("b").end().chain("s", "a", "b", "e")
    assert comes_to(graph_of(drawing), "b", "a") is skipped


@pytest.mark.parametrize(("interrupting", "skipped"), [(True, True), (False, True)])
def test_an_event_at_the_edge_leads_past_the_step(interrupting, skipped):
    drawing = line("a", "b").boundary(
        "late", "a", timer("Duration", "P1D"), interrupting=interrupting
    )
    graph = graph_of(drawing.flow("late", "b"))
    assert comes_to(graph, "b", "a") is skipped
    # but only an interrupting one lets the document itself go without it
    assert ends(graph, "a") is interrupting


def test_an_event_at_the_edge_of_a_sub_process_comes_while_any_step_inside_waits():
    inside = Drawing("in").start("is").user("a1", "a2").end("ie").chain("is", "a1", "a2", "ie")
    drawing = Drawing().start().sub("box", inside).user("b").end().end("stop")
    drawing.chain("s", "box", "b", "e").boundary("late", "box", timer("Duration", "P1D"))
    graph = graph_of(drawing.flow("late", "stop"))
    (first,) = graph.done({"a1"})
    assert {"stop"} == {
        graph.places[k].element
        for k in graph.reached([first], graph.done({"a2", "b"}))
        if not graph.after[k]
    }


def test_an_error_at_the_edge_is_called_only_by_what_throws_it():
    inside = Drawing("in").start("is").user("a").xor("g", default="in.fine").end("ie")
    inside.end("wrong", event("error", errorRef="er1")).chain("is", "a", "g")
    inside.flow("g", "ie", identity="in.fine").flow("g", "wrong", "x = 1")
    drawing = Drawing().start().sub("box", inside).user("b").end().chain("s", "box", "b", "e")
    drawing.boundary("failed", "box", event("error", errorRef="er1")).flow("failed", "b")
    graph = graph_of(drawing.xml('<bpmn:error id="er1" name="er1" errorCode="1"/>'))
    assert not comes_to(graph, "b", "a")
    (end,) = graph.done({"b"})
    assert "failed" in {graph.places[f.source].element for f in graph.before[end]}
    # a way to it all the same: without the throw the event would never come
    found = graph.reached(graph.starts, graph.done({"wrong"}))
    assert not graph.done({"failed"}) & set(found)


def test_each_call_of_a_process_is_unfolded_on_its_own():
    called = Drawing("called").start("cs").user("a").end("ce").chain("cs", "a", "ce")
    drawing = Drawing().start().user("b").end()
    drawing.node("callActivity", "one", calledElement="called")
    drawing.node("callActivity", "two", calledElement="called")
    graph = graph_of(drawing.chain("s", "one", "b", "two", "e").xml(after=called.process()))
    assert len(graph.done({"a"})) == 2
    # merged, the way in by `one` would lead out by `two` and past `b`
    assert not comes_to(graph, "e", "b")


def test_a_link_and_an_implicit_split_are_ways_too():
    drawing = Drawing().start().user("a", "b", "c").end()
    drawing.node("intermediateThrowEvent", "out", '<bpmn:linkEventDefinition name="L"/>')
    drawing.node("intermediateCatchEvent", "in", '<bpmn:linkEventDefinition name="L"/>')
    drawing.chain("s", "a", "out").chain("in", "b", "e").chain("a", "c", "e")
    graph = graph_of(drawing)
    found = graph.reached(graph.starts)
    (b,) = graph.done({"b"})
    assert graph.drawn(graph.way(found, b)) == ("s", "p.f1", "a", "p.f2", "out", "in", "p.f3", "b")
    assert not ends(graph, "b")  # both branches are taken
    assert not ends(graph, "c")


def test_an_end_that_terminates_ends_the_branches_beside_it():
    drawing = Drawing().start().both("fork").user("a", "b").end().end("stop", event("terminate"))
    drawing.chain("s", "fork", "a", "e").chain("fork", "b", "stop")
    assert ends(graph_of(drawing), "a")  # b may be first
    quiet = Drawing().start().both("fork").user("a", "b").end().end("stop")
    quiet.chain("s", "fork", "a", "e").chain("fork", "b", "stop")
    assert not ends(graph_of(quiet), "a")


def test_an_event_sub_process_begins_wherever_a_step_waits():
    inside = (
        Drawing("in")
        .start("is", timer("Duration", "P1D"))
        .user("c")
        .end("ie")
        .chain("is", "c", "ie")
    )
    graph = graph_of(line("a", "b").sub("handler", inside, triggeredByEvent="true"))
    (first,) = graph.done({"a"})
    assert graph.done({"c"}) & set(graph.reached([first], graph.done({"b"})))
    assert ends(graph, "b")  # it interrupts


def test_a_process_that_calls_itself_is_not_followed_for_ever():
    drawing = Drawing().start().node("callActivity", "self", calledElement="p").end()
    graph = graph_of(drawing.chain("s", "self", "e"))
    assert not graph.is_complete
