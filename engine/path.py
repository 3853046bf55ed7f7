"""The ways through a diagram (đường đi): what cannot be reached, what never ends."""

from collections.abc import Iterator
from typing import Any

from engine.diagram import FLOW_NODES, kind_of, scopes, tag
from engine.finding import Finding, error, warning
from engine.graph import Flow, Graph
from engine.unfolding import WAITS


def check_paths(root: Any, graph: Graph) -> Iterator[Finding]:
    """Return what is wrong with the ways through a normalised diagram: gaps, endless circles."""
    for scope in scopes(root):
        nodes = {e.get("id"): e for e in scope if kind_of(e) in FLOW_NODES}
        if not nodes:
            yield error(scope, "empty", "Quy trình chưa có bước nào.", "The process is empty.")
            continue
        if kind_of(scope) == "adHocSubProcess":  # its officers choose where to begin and end
            continue
        if not any(kind_of(e) == "startEvent" for e in nodes.values()):
            yield error(scope, "no-start", "Quy trình chưa có điểm bắt đầu.", "No start event.")
        if not any(kind_of(e) == "endEvent" for e in nodes.values()):
            yield error(scope, "no-end", "Quy trình chưa có điểm kết thúc.", "No end event.")
        for flow in scope.findall(tag("sequenceFlow")):
            if flow.get("sourceRef") not in nodes or flow.get("targetRef") not in nodes:
                yield error(flow, "flow-end", "Luồng nối tới phần tử không có.", "Dangling flow.")
    elements = {e.get("id"): e for e in root.iter(tag("*"))}
    yield from _unreachable(graph, elements)
    yield from _endless(graph)


def _unreachable(graph: Graph, elements: dict[str, Any]) -> Iterator[Finding]:
    seen = graph.reached(graph.starts, joining=False)
    reached = {graph.places[key].element for key in seen}
    for place in graph.places.values():
        if place.element in reached or (place.within not in seen and place.within):
            continue
        reached.add(place.element)  # said once, however often its process is called
        element = elements[place.element]
        yield warning(
            element, "unreachable",
            f"Không có đường nào từ điểm bắt đầu tới «{element.get('name') or place.element}».",
            "No path from the start reaches this element.",
        )  # fmt: skip


def _endless(graph: Graph) -> Iterator[Finding]:
    """A cycle on which nothing waits would run for ever."""
    running = {key for key, place in graph.places.items() if place.kind not in WAITS}
    closed: set[str] = set()
    for origin in running:
        way: dict[str, Flow | None] = {origin: None} if origin not in closed else {}
        stack = [(key, iter(graph.after[key])) for key in way]
        while stack:
            current, following = stack[-1]
            flow = next(following, None)
            if flow is None or flow.target in way:
                if flow is not None:
                    yield _circle(graph, way, flow)
                closed.add(current)
                way.pop(current)
                stack.pop()
            elif flow.target in running and flow.target not in closed:
                way[flow.target] = flow
                stack.append((flow.target, iter(graph.after[flow.target])))


def _circle(graph: Graph, way: dict[str, Flow | None], back: Flow) -> Finding:
    keys = list(way)
    flows = [flow for key in keys[keys.index(back.target) + 1 :] if (flow := way[key])]
    path = graph.drawn([*flows, back])
    return error(
        next((one for one in path if one), ""), "endless",
        "Vòng lặp không có bước nào dừng chờ, quy trình sẽ chạy mãi. Thêm vào vòng một bước của "
        "người hoặc một chỗ chờ.",
        "A cycle without a waiting step would run for ever. Put a person's step or a wait into it.",
        path,
    )  # fmt: skip
