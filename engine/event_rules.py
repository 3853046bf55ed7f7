"""Where events may stand (vị trí của sự kiện): event sub-processes and event-based gateways."""

from collections.abc import Iterator
from typing import Any

from engine.diagram import kind_of, scopes, tag
from engine.event_scope import event_sub_processes
from engine.finding import Finding, error

#: what an event-based gateway may lead to
_AWAITED = ("timer", "message", "signal", "conditional")


def is_trigger(element: Any) -> bool:
    """Return whether a start event is the one of an event sub-process."""
    return (
        kind_of(element) == "startEvent" and element.getparent().get("triggeredByEvent") == "true"
    )


def check_events(root: Any) -> Iterator[Finding]:
    """Return what is wrong with the event sub-processes and event-based gateways of the file."""
    for scope in scopes(root):
        subs = list(event_sub_processes(scope))
        for sub in subs:
            yield from _sub_process(sub)
        starts = [e for e in scope if kind_of(e) == "startEvent"]
        if subs and len(starts) > 1:
            yield error(
                scope, "several-starts",
                "Quy trình có quy trình con theo sự kiện thì chỉ vẽ một điểm bắt đầu.",
                "A process with an event sub-process is drawn with one start event only.",
            )  # fmt: skip
        yield from _gateways(scope)


def _sub_process(sub: Any) -> Iterator[Finding]:
    starts = [e for e in sub if kind_of(e) == "startEvent"]
    events = [e for s in starts for e in s if kind_of(e).endswith("EventDefinition")]
    if len(starts) != 1 or not events:
        yield error(
            sub, "event-start",
            "Quy trình con theo sự kiện phải có đúng một điểm bắt đầu gắn sự kiện (thông điệp, "
            "tín hiệu, hẹn giờ, lỗi, leo thang hoặc điều kiện).",
            "An event sub-process needs exactly one start with an event (message, signal, timer, "
            "error, escalation or condition).",
        )  # fmt: skip
    flows = sub.getparent().findall(tag("sequenceFlow"))
    if any(sub.get("id") in {f.get("sourceRef"), f.get("targetRef")} for f in flows):
        yield error(
            sub, "event-flow", "Quy trình con theo sự kiện không có luồng nối vào hoặc ra.",
            "No sequence flow leads to or from an event sub-process.",
        )  # fmt: skip
    if any(kind_of(e).endswith("LoopCharacteristics") for e in sub):
        yield error(
            sub, "event-loop", "Quy trình con theo sự kiện không lặp.",
            "An event sub-process has no loop.",
        )  # fmt: skip


def _gateways(scope: Any) -> Iterator[Finding]:
    nodes = {e.get("id"): e for e in scope}
    flows = scope.findall(tag("sequenceFlow"))
    for gateway in [e for e in scope if kind_of(e) == "eventBasedGateway"]:
        if gateway.get("instantiate") == "true":
            yield error(
                gateway, "unsupported", "Cổng theo sự kiện không dùng để bắt đầu quy trình.",
                "An event-based gateway cannot start a process.",
            )  # fmt: skip
        behind = [f.get("targetRef") for f in flows if f.get("sourceRef") == gateway.get("id")]
        if not behind:
            yield error(
                gateway, "no-event", "Cổng theo sự kiện chưa dẫn tới sự kiện nào.",
                "The event-based gateway leads to no event.",
            )  # fmt: skip
        for identity in behind:
            event = nodes.get(identity)
            entered = sum(f.get("targetRef") == identity for f in flows)
            if event is not None and (
                not _awaited(event) or entered > 1 or _has_edge(scope, event)
            ):
                yield error(
                    event, "behind-gateway",
                    "Sau cổng theo sự kiện chỉ đặt sự kiện chờ (thông điệp, tín hiệu, hẹn giờ, "
                    "điều kiện) hoặc bước nhận thông điệp, không có luồng khác nối vào và không "
                    "gắn sự kiện biên.",
                    "Behind an event-based gateway stands a catching event (message, signal, "
                    "timer, condition) or a receive task, entered from the gateway only and with "
                    "no boundary event.",
                )  # fmt: skip


def _awaited(event: Any) -> bool:
    if kind_of(event) == "receiveTask":
        return not any(kind_of(e).endswith("LoopCharacteristics") for e in event)
    return kind_of(event) == "intermediateCatchEvent" and any(
        event.find(tag(f"{name}EventDefinition")) is not None for name in _AWAITED
    )


def _has_edge(scope: Any, event: Any) -> bool:
    return any(e.get("attachedToRef") == event.get("id") for e in scope)
