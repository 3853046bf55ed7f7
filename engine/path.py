"""The ways through a diagram (đường đi): what cannot be reached, what never ends."""

from collections.abc import Iterator
from typing import Any

from engine.diagram import FLOW_NODES, HUMAN, MACHINE, kind_of, scopes, tag
from engine.finding import Finding, error, warning

_WAITS = HUMAN | MACHINE | {"receiveTask", "callActivity", "intermediateCatchEvent", "subProcess"}


def check_paths(root: Any) -> Iterator[Finding]:
    """Return what is wrong with the ways through each process: ends, gaps, endless circles."""
    for scope in scopes(root):
        nodes = {e.get("id"): e for e in scope if kind_of(e) in FLOW_NODES}
        if not nodes:
            yield error(scope, "empty", "Quy trình chưa có bước nào.", "The process is empty.")
            continue
        starts = [i for i, e in nodes.items() if kind_of(e) == "startEvent"]
        if not starts:
            yield error(scope, "no-start", "Quy trình chưa có điểm bắt đầu.", "No start event.")
        if not any(kind_of(e) == "endEvent" for e in nodes.values()):
            yield error(scope, "no-end", "Quy trình chưa có điểm kết thúc.", "No end event.")
        after: dict[str, set[str]] = {i: set() for i in nodes}
        for flow in scope.findall(tag("sequenceFlow")):
            source, target = flow.get("sourceRef"), flow.get("targetRef")
            if source not in nodes or target not in nodes:
                yield error(flow, "flow-end", "Luồng nối tới phần tử không có.", "Dangling flow.")
            else:
                after[source].add(target)
        _add_jumps(nodes, after)
        yield from _unreachable(nodes, after, starts)
        yield from _endless(nodes, after)


def _add_jumps(nodes: dict[str, Any], after: dict[str, set[str]]) -> None:
    """A boundary event follows its activity; a link catches what its other half throws."""
    catches: dict[str, str] = {}
    for identity, element in nodes.items():
        attached = element.get("attachedToRef")
        if attached in after:
            after[attached].add(identity)
        link = element.find(tag("linkEventDefinition"))
        if link is not None and kind_of(element) == "intermediateCatchEvent":
            catches[link.get("name") or ""] = identity
    for identity, element in nodes.items():
        link = element.find(tag("linkEventDefinition"))
        if link is not None and kind_of(element) == "intermediateThrowEvent":
            target = catches.get(link.get("name") or "")
            if target:
                after[identity].add(target)


def _unreachable(
    nodes: dict[str, Any], after: dict[str, set[str]], starts: list[str]
) -> Iterator[Finding]:
    seen: set[str] = set()
    todo = list(starts)
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.add(current)
            todo.extend(after[current])
    for identity, element in nodes.items():
        if identity not in seen and starts:
            yield warning(
                element, "unreachable",
                f"Không có đường nào từ điểm bắt đầu tới «{element.get('name') or identity}».",
                "No path from the start reaches this element.",
            )  # fmt: skip


def _endless(nodes: dict[str, Any], after: dict[str, set[str]]) -> Iterator[Finding]:
    """A cycle on which nothing waits would run for ever."""
    running = {
        i
        for i, e in nodes.items()
        if kind_of(e) not in _WAITS or e.find(tag("linkEventDefinition")) is not None
    }
    colour: dict[str, int] = {}
    for origin in running:
        stack = [(origin, iter(after[origin] & running))]
        if colour.get(origin):
            continue
        colour[origin] = 1
        while stack:
            current, following = stack[-1]
            step = next(following, None)
            if step is None:
                colour[current] = 2
                stack.pop()
            elif colour.get(step) == 1:
                yield error(
                    nodes[step], "endless",
                    "Vòng lặp không có bước nào dừng chờ, quy trình sẽ chạy mãi.",
                    "A cycle without a waiting step would run for ever.",
                )  # fmt: skip
                colour[current] = 2
                stack.pop()
            elif not colour.get(step):
                colour[step] = 1
                stack.append((step, iter(after[step] & running)))
