"""Event sub-processes redrawn as what the engine runs right (quy trình con theo sự kiện).

The library registers their starts but lets an interrupting one interrupt nothing and an error start
fire without an error. So the body of the scope becomes an embedded sub-process and the event
sub-process hangs at its edge: the drawn start becomes the boundary event, the drawn sub-process
what follows it. An interrupting one hangs further out than one that does not interrupt, because it
ends the others too (BPMN 2.0.2 §13.5.4). Ids are kept; what is added begins with `cv.`.
"""

from collections.abc import Iterator
from typing import Any, Protocol

from lxml import etree

from engine.diagram import FLOW_NODES, kind_of, scopes, tag

#: belongs to the scope itself and stays in it
_STAYS = frozenset({
    "extensionElements", "documentation", "laneSet", "ioSpecification", "property", "auditing",
    "monitoring", "multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "incoming",
    "outgoing", "supports", "resourceRole", "performer", "potentialOwner",
})  # fmt: skip


class Log(Protocol):
    """Where rewrites are reported and fresh ids come from."""

    def note(self, element: Any, vi: str, en: str) -> None:
        """Report one rewrite."""

    def fresh(self, prefix: str) -> str:
        """Return an id that no author writes."""


def draw(scope: Any, kind: str, **attributes: str) -> Any:
    """Draw an element into a scope."""
    return etree.SubElement(scope, tag(kind), attributes)


def link(scope: Any, log: Log, source: str, target: str) -> None:
    """Draw a sequence flow between two elements of a scope."""
    draw(scope, "sequenceFlow", id=log.fresh("flow"), sourceRef=source, targetRef=target)


def event_sub_processes(scope: Any) -> Iterator[Any]:
    """Yield the event sub-processes drawn directly in a scope."""
    for element in scope:
        if kind_of(element) == "subProcess" and element.get("triggeredByEvent") == "true":
            yield element


def start_of(sub: Any) -> Any:
    """Return the start event of an event sub-process, or None."""
    return next((e for e in sub if kind_of(e) == "startEvent"), None)


def interrupts(start: Any) -> bool:
    """Return whether an event sub-process with this start ends the rest of its scope."""
    return start.get("isInterrupting") != "false" or (
        start.find(tag("errorEventDefinition")) is not None  # an error always ends its scope
    )


def unfold_event_sub_processes(root: Any, log: Log) -> None:
    """Redraw every event sub-process of the file at the edge of its scope's body."""
    # Inner scopes first: their elements then move outwards as they are.
    for scope in sorted(scopes(root), key=_depth, reverse=True):
        subs = [(s, start_of(s)) for s in event_sub_processes(scope)]
        subs = [(s, start) for s, start in subs if start is not None]
        for ends in (False, True):
            these = [(s, start) for s, start in subs if interrupts(start) is ends]
            if these:
                # Named after what is drawn, so that a later version finds the same place again.
                name = f"{scope.get('id')}.{'ends' if ends else 'beside'}"
                _hang(scope, _wrap(scope, name, log), these, ends, log)


def _depth(element: Any) -> int:
    return sum(1 for _ in element.iterancestors())


def _wrap(scope: Any, name: str, log: Log) -> Any:
    """Move what a scope does after its start into a sub-process of its own."""
    inner = etree.Element(tag("subProcess"), {"id": f"cv.scope.{name}"})
    start = start_of(scope)
    for element in list(scope):
        kept = kind_of(element) in _STAYS or element is start or not kind_of(element)
        if not kept and element.get("triggeredByEvent") != "true":
            inner.append(element)
    begin, end = f"cv.start.{name}", f"cv.end.{name}"
    draw(inner, "startEvent", id=begin)
    _from(inner, start, begin)
    _give_end(inner, name, log)
    scope.append(inner)
    draw(scope, "endEvent", id=end)
    if start is not None:
        link(scope, log, start.get("id"), f"cv.scope.{name}")
    link(scope, log, f"cv.scope.{name}", end)
    return inner


def _from(scope: Any, start: Any, begin: str) -> None:
    """Have the flows that left the drawn start leave the added one."""
    for flow in scope.findall(tag("sequenceFlow")):
        if start is not None and flow.get("sourceRef") == start.get("id"):
            flow.set("sourceRef", begin)


def _give_end(scope: Any, name: str, log: Log) -> None:
    """The library wants an end in every sub-process; a body may end where nothing follows."""
    if any(kind_of(e) == "endEvent" for e in scope):
        return
    sources = {f.get("sourceRef") for f in scope.findall(tag("sequenceFlow"))}
    last = [e for e in scope if kind_of(e) in FLOW_NODES and e.get("id") not in sources]
    end = f"cv.end.{name}.body"
    draw(scope, "endEvent", id=end)
    for element in last:
        link(scope, log, element.get("id"), end)


def _hang(scope: Any, inner: Any, subs: list[tuple[Any, Any]], ends: bool, log: Log) -> None:
    for sub, start in subs:
        name = sub.get("id")
        edge = draw(
            scope, "boundaryEvent", id=start.get("id"), attachedToRef=inner.get("id"),
            cancelActivity=str(ends).lower(),
        )  # fmt: skip
        if start.get("name"):
            edge.set("name", start.get("name"))
        edge.extend(p for p in list(start) if kind_of(p) not in {"incoming", "outgoing"})
        _from(sub, start, f"cv.start.{name}")
        sub.replace(start, etree.Element(tag("startEvent"), {"id": f"cv.start.{name}"}))
        sub.attrib.pop("triggeredByEvent")
        draw(scope, "endEvent", id=f"cv.end.{name}")
        link(scope, log, edge.get("id"), name)
        link(scope, log, name, f"cv.end.{name}")
        log.note(
            sub,
            "quy trình con theo sự kiện chạy ở biên của phần còn lại",
            "the event sub-process runs at the edge of the rest of its scope",
        )
