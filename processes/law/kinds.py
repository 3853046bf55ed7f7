"""What each kind of rule finds in a diagram (các loại quy tắc): it looks at all ways, not names."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.diagram import Node
from engine.expressions import ExpressionError, compile_expression
from engine.expressions.syntax import Call, ListOf, Name
from engine.expressions.syntax import Node as Part
from engine.graph import Flow
from processes.catalogue import VERBS
from processes.law.reading import Reading
from processes.law.rule import Kind, Rule


@dataclass(frozen=True, slots=True)
class Breach:
    """How a diagram breaks a rule (vi phạm): where, in words, and by which way through it."""

    element: str
    vi: str
    en: str
    path: tuple[str, ...] = ()
    code: str = "law"


def precedes(rule: Rule, reading: Reading) -> Iterator[Breach]:
    """Find the steps some way leads to without what must come first."""
    graph, first = reading.graph, reading.places(rule.first)
    fresh = graph.reached(graph.starts, first)
    told: set[str] = set()
    for key in reading.places(rule.verbs):
        element = graph.places[key].element
        if key in fresh and element not in told:
            told.add(element)
            yield _skipping(rule, reading, key, graph.way(fresh, key))
    again: list[list[Flow]] = [
        *(reading.way_to(key) for key in reading.places(rule.since)),
        *(
            [*reading.way_to(flow.source), flow]
            for flow in reading.chosen(rule.undone, surely=False)
            if flow.target not in first
        ),
    ]
    for way in again:
        later = _later(reading, way[-1].target, first, reading.places(rule.verbs))
        for key in reading.places(rule.verbs):
            element = graph.places[key].element
            if key in later and element not in told:
                told.add(element)
                yield _skipping(rule, reading, key, [*way, *graph.way(later, key)])


def _later(
    reading: Reading, origin: str, first: set[str], wanted: set[str]
) -> dict[str, Flow | None]:
    """Return what is reached from a place in the middle of a run.

    What is under way beside it may have come further already: no join waits for that.
    """
    graph = reading.graph
    at_most = graph.reached([origin], first, joining=False).keys() & wanted
    later = graph.reached([origin], first)
    if at_most <= later.keys():
        return later
    return graph.reached([origin], first, beside=graph.beside(origin))


def _skipping(rule: Rule, reading: Reading, key: str, way: list[Flow]) -> Breach:
    vi = " hoặc ".join(f"«{VERBS[verb].vi}»" for verb in rule.first)
    en = " or ".join(f"“{VERBS[verb].en}”" for verb in rule.first)
    return Breach(
        reading.graph.places[key].element,
        f"Có đường đi tới bước «{reading.name(key)}» mà chưa qua việc {vi}",
        f"Some way leads to “{reading.name(key)}” without {en}",
        reading.graph.drawn(way),
    )


def follows(rule: Rule, reading: Reading) -> Iterator[Breach]:
    """Find a run that ends without what must follow and says no reason."""
    graph = reading.graph
    excused = {k for k, p in graph.places.items() if _says_why(reading, p.element)}
    closed = set(reading.chosen(rule.unless, surely=True))
    ending = graph.ending(reading.places(rule.verbs) | excused, closed)
    told: set[str] = set()
    for origin in sorted(reading.places(rule.after)) if rule.after else _starts(reading):
        if origin not in ending:
            continue
        way = [*reading.way_to(origin), *graph.onward(ending, origin)]
        last = way[-1].target if way else origin
        if graph.places[last].element in told:
            continue
        told.add(graph.places[last].element)
        vi = ", ".join(f"«{VERBS[verb].vi}»" for verb in rule.verbs)
        en = ", ".join(f"“{VERBS[verb].en}”" for verb in rule.verbs)
        yield Breach(
            graph.places[last].element,
            f"Có đường đi kết thúc tại «{reading.name(last)}» mà không qua việc {vi}",
            f"Some way ends at “{reading.name(last)}” without {en}",
            graph.drawn(way),
        )


def _starts(reading: Reading) -> list[str]:
    """The starts of the processes that hold a step of ours; a partner's pool owes nothing."""
    graph = reading.graph
    ours = {key.partition("/")[0] for key in reading.places(VERBS)}
    return [start for start in graph.starts if start in ours]


def _says_why(reading: Reading, element: str) -> bool:
    node = reading.nodes.get(element)
    return node is not None and node.kind == "endEvent" and bool(node.reason)


def in_lane(rule: Rule, reading: Reading) -> Iterator[Breach]:
    """Find the steps that people of another role would get."""
    for node in reading.calling(rule.verbs):
        if node.role not in rule.roles:
            where = node.lane_name or node.role
            yield _at(
                reading, node, f"Bước «{node.name}» nằm ở làn «{where}»",
                f"Step “{node.name}” stands in the lane “{where}”",
            )  # fmt: skip


def with_deadline(rule: Rule, reading: Reading) -> Iterator[Breach]:
    """Find the steps without a deadline, or that nothing notices when it is over."""
    for node in reading.calling(rule.verbs):
        if not node.due:
            yield _at(
                reading, node, f"Bước «{node.name}» chưa có thời hạn",
                f"Step “{node.name}” has no deadline",
            )  # fmt: skip
        elif rule.overdue and not all(_is_timed(reading, key) for key in _bodies(reading, node)):
            yield _at(
                reading, node, f"Bước «{node.name}» quá hạn thì không có đường đôn đốc",
                f"Nothing happens when step “{node.name}” is overdue",
            )  # fmt: skip


def _bodies(reading: Reading, node: Node) -> list[str]:
    return sorted(reading.graph.done({node.id}) & reading.reached.keys())


def _is_timed(reading: Reading, key: str) -> bool:
    """Whether a timer at the edge of a step, or of a scope around it, leads to another step."""
    graph = reading.graph
    own, around = graph.places[key].element, key.removesuffix("*")
    while around:
        for flow in graph.after[around]:
            place = graph.places[flow.target]
            if place.kind == "boundaryEvent" and place.event == "timer":
                beyond = graph.reached([place.key], joining=False)
                if any(node.id != own for node in reading.standing(beyond)):
                    return True
        around = graph.places[around].within
    return False


def excludes(rule: Rule, reading: Reading) -> Iterator[Breach]:
    """Find the steps that do not keep away who must not take them."""
    for node in reading.calling(rule.verbs):
        if not _always_names(node.exclude, rule.variable):
            yield _at(
                reading, node,
                f"Bước «{node.name}» không loại trừ người nêu ở biến «{rule.variable}»",
                f"Step “{node.name}” does not exclude who stands in “{rule.variable}”",
            )  # fmt: skip


def _always_names(source: str, variable: str) -> bool:
    try:
        tree = compile_expression(source.removeprefix("=")).tree
    except ExpressionError:  # its own finding
        return False
    todo: list[Part] = [tree]
    while todo:
        match todo.pop():
            case Name(name=name) if name == variable:
                return True
            case ListOf(items=parts) | Call(function="append" | "concatenate", arguments=parts):
                todo.extend(parts)
            case _:
                pass
    return False


def _at(reading: Reading, node: Node, vi: str, en: str) -> Breach:
    key = _bodies(reading, node)[0]
    return Breach(node.id, vi, en, reading.graph.drawn(reading.way_to(key)))


#: what is looked for on the ways; presence is said in `processes.law.check`, of the whole diagram
ON_THE_WAY: dict[Kind, Callable[[Rule, Reading], Iterator[Breach]]] = {
    Kind.PRECEDES: precedes,
    Kind.FOLLOWS: follows,
    Kind.LANE: in_lane,
    Kind.DEADLINE: with_deadline,
    Kind.EXCLUDES: excludes,
}
