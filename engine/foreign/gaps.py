"""Where a process begins and ends (điểm bắt đầu, kết thúc): what the author left out is added."""

from typing import Any

from lxml import etree

from engine.diagram import TASKS, kind_of, tag
from engine.foreign.rewriting import (
    Completion,
    definitions_of,
    flows_in,
    leaving,
    name_of,
    nodes_in,
)
from engine.foreign.tasks import drop
from engine.normalise import Rewrites, links


def complete(done: Completion, scope: Any) -> None:
    """Give a scope its start and end, and drop flows that lead nowhere."""
    if kind_of(scope) == "process" and not nodes_in(scope):
        scope.getparent().remove(scope)  # a pool whose inside is nobody's business
        return
    _dangling(done, scope)
    if kind_of(scope) == "adHocSubProcess":
        return
    rewrites = Rewrites(count=done.count)
    links(scope, rewrites)
    done.count = rewrites.count
    done.given |= rewrites.made
    for element, vi, en in rewrites.notes:
        done.say(element, "link", vi, en)
    if all(e.get("triggeredByEvent") == "true" for e in nodes_in(scope).values()):
        _empty(done, scope)
        return
    _starts(done, scope)
    _detours(done, scope)
    _ends(done, scope)


def node(done: Completion, scope: Any, kind: str, prefix: str, **attributes: str) -> Any:
    """Add a flow node to a scope."""
    return etree.SubElement(scope, tag(kind), {"id": done.fresh(prefix), **attributes})


def flow(done: Completion, scope: Any, source: Any, target: Any) -> Any:
    """Add a sequence flow between two nodes of a scope."""
    return etree.SubElement(
        scope,
        tag("sequenceFlow"),
        id=done.fresh("flow"),
        sourceRef=source.get("id"),
        targetRef=target.get("id"),
    )


def _dangling(done: Completion, scope: Any) -> None:
    nodes = nodes_in(scope)
    for element in flows_in(scope):
        source, target = nodes.get(element.get("sourceRef")), nodes.get(element.get("targetRef"))
        if source is None or target is None or _cannot_join(source, target):
            scope.remove(element)
            done.say(
                element, "flow-end", "luồng không nối hai bước của cùng một quy trình bị bỏ qua",
                "a flow that does not join two steps of one process is left out",
            )  # fmt: skip


def _cannot_join(source: Any, target: Any) -> bool:
    """Whether BPMN has no flow there: out of an end, into a start, to what its event begins."""
    return (
        kind_of(source) == "endEvent"
        or kind_of(target) in {"startEvent", "boundaryEvent"}
        or "true" in {source.get("triggeredByEvent"), target.get("triggeredByEvent")}
    )


def _empty(done: Completion, scope: Any) -> None:
    flow(
        done, scope, node(done, scope, "startEvent", "start"), node(done, scope, "endEvent", "end")
    )
    done.say(scope, "empty", "quy trình con còn trống nên đi qua ngay", "it is empty and passed")


def _starts(done: Completion, scope: Any) -> None:
    nodes = nodes_in(scope)
    starts = [e for e in nodes.values() if kind_of(e) == "startEvent"]
    by_event = scope.get("triggeredByEvent") == "true"
    if len(starts) > 1:
        _choose_start(done, scope, starts)
    elif not starts:
        entered = {f.get("targetRef") for f in flows_in(scope)}
        roots = [
            e
            for i, e in nodes.items()
            if i not in entered
            and kind_of(e) != "boundaryEvent"
            and e.get("triggeredByEvent") != "true"
        ]
        roots = (
            roots
            or [
                e
                for e in nodes.values()
                if e.get("triggeredByEvent") != "true" and kind_of(e) != "boundaryEvent"
            ][:1]
        )
        begin = node(done, scope, "startEvent", "start")
        if len(roots) > 1:
            fork = node(done, scope, "parallelGateway", "fork")
            flow(done, scope, begin, fork)
            begin = fork
        for root in roots:
            flow(done, scope, begin, root)
        done.say(
            scope, "no-start", f"«{name_of(scope)}» chưa có điểm bắt đầu nên được thêm",
            f"“{name_of(scope)}” has no start and gets one",
        )  # fmt: skip
    elif kind_of(scope) != "process" and not by_event and (found := definitions_of(starts[0])):
        for definition in found:  # what stands inside begins when its step does
            starts[0].remove(definition)
        done.say(starts[0], "start", "bắt đầu cùng quy trình con", "it begins with its step")


def _choose_start(done: Completion, scope: Any, starts: list[Any]) -> None:
    """Any of several starts begins a process: which one it was, the officer says."""
    begin = node(done, scope, "startEvent", "start")
    which = node(done, scope, "exclusiveGateway", "starts")
    flow(done, scope, begin, which)
    for start in starts:
        kind = "intermediateCatchEvent" if definitions_of(start) else "intermediateThrowEvent"
        start.tag = tag(kind)
        for name in ("isInterrupting", "parallelMultiple"):
            start.attrib.pop(name, None)
        flow(done, scope, which, start).set("name", name_of(start))
    done.say(
        scope, "several-starts", "có nhiều điểm bắt đầu: cán bộ chọn một",
        "of several starts the officer chooses one",
    )  # fmt: skip


def _detours(done: Completion, scope: Any) -> None:
    """Boundary events wait at a step; whatever hangs on something else is left out."""
    nodes = nodes_in(scope)
    for element in list(nodes.values()):
        step = nodes.get(element.get("attachedToRef"))
        if kind_of(element) == "boundaryEvent" and (step is None or kind_of(step) not in TASKS):
            done.say(element, "detached", "sự kiện không gắn vào bước nào bị bỏ qua", "left out")
            drop(element)


def _ends(done: Completion, scope: Any) -> None:
    nodes, out = nodes_in(scope), leaving(scope)
    open_ends = [
        e
        for i, e in nodes.items()
        if i not in out and kind_of(e) != "endEvent" and e.get("triggeredByEvent") != "true"
    ]
    has_end = any(kind_of(e) == "endEvent" for e in nodes.values())
    if has_end and not open_ends:
        return
    for element in open_ends or [None]:
        end = node(done, scope, "endEvent", "end")
        if element is not None:
            flow(done, scope, element, end)
    done.say(
        scope, "no-end", f"«{name_of(scope)}» có bước không nối tiếp nên được thêm điểm kết thúc",
        f"steps of “{name_of(scope)}” lead nowhere and get an end",
    )  # fmt: skip
