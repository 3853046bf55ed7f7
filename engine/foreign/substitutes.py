"""What this engine does not run (phần chưa chạy được) becomes what comes nearest, and says so.

The lint is asked what it refuses, so this list never grows stale: what becomes supported is no
longer replaced.
"""

from collections.abc import Callable
from typing import Any

from lxml import etree

from engine import diagram, lint
from engine.diagram import kind_of, tag
from engine.event_rules import is_trigger
from engine.foreign.references import define
from engine.foreign.rewriting import Completion, definitions_of, flows_in, name_of, text_of
from engine.foreign.tasks import drop, may_come_true


def complete(done: Completion) -> None:
    """Replace what is refused, until nothing is that could be replaced."""
    _conditional(done)
    for element in list(done.root.iter(tag("adHocSubProcess"))):
        until = text_of(element.find(tag("completionCondition")))
        watched = any(e.get("triggeredByEvent") == "true" for e in element)
        if watched or not may_come_true(until, done.declared):
            _plain_sub(done, element)
    for _ in range(4):
        model = diagram.model_of(done.root)
        refused: dict[str, set[str]] = {}
        for found in lint.check(done.root, model, None):
            if found.is_error and found.code in _MENDED:
                refused.setdefault(found.element, set()).add(found.code)
        changed = False
        for element in list(done.root.iter(tag("*"))) if refused else ():
            for code in sorted(refused.get(element.get("id") or "", ())):
                if element.getparent() is not None:
                    changed = _MENDED[code](done, element) or changed
        changed = _nameless(done) or changed
        if not changed:
            return


def _nameless(done: Completion) -> bool:
    """Correlation is told by names only here."""
    found = [
        e
        for e in done.root.iter(tag("*"))
        if kind_of(e) in {"correlationProperty", "correlationSubscription", "correlationKey"}
    ]
    for element in found:
        element.getparent().remove(element)
    if found:
        done.say("", "correlation", "thông điệp chỉ được nhận theo tên", "messages go by name only")
    return bool(found)


def _refused(done: Completion, element: Any) -> bool:
    kind = kind_of(element)
    event = element.getparent() if kind.endswith("EventDefinition") else element
    if kind == "subProcess" and element.get("triggeredByEvent") == "true":
        kind = "eventSubProcess"
    if kind in _NEAREST:
        _NEAREST[kind](done, element)
        return True
    if definitions := definitions_of(event):
        return _definitions(done, event, definitions)
    loop = element.find(tag("multiInstanceLoopCharacteristics"))
    if loop is None:
        return False
    for child in [c for c in loop if kind_of(c) in {"loopDataOutputRef", "outputDataItem"}]:
        loop.remove(child)
    return True


def _definitions(done: Completion, event: Any, definitions: list[Any]) -> bool:
    if len(definitions) > 1:
        for surplus in definitions[1:]:
            event.remove(surplus)
        event.attrib.pop("parallelMultiple", None)
        done.say(
            event, "one-event", "chỉ chờ hoặc phát sự kiện thứ nhất trong các sự kiện đã vẽ",
            "only the first of its events counts",
        )  # fmt: skip
        return True
    return _displaced(done, event)


def _displaced(done: Completion, event: Any) -> bool:
    """An event this engine does not have at its place."""
    found = definitions_of(event)
    if not found:
        if kind_of(event) not in {"boundaryEvent", "intermediateCatchEvent"}:
            return False
        _as_message(done, event)  # it waits, and nobody says for what
        return True
    kind = kind_of(found[0]).removesuffix("EventDefinition")
    if kind_of(event) == "boundaryEvent":
        if kind == "compensate":
            drop(event)
            done.say(event, "compensation", "bù hoàn không được chạy", "it is not compensated")
        elif kind == "cancel":
            _as_error(done, event)
        else:
            _as_message(done, event)
        return True
    if kind == "cancel" and kind_of(event) == "endEvent":
        _as_error(done, event)
        return True
    for definition in found:
        event.remove(definition)
    if kind_of(event) == "intermediateCatchEvent":
        event.tag = tag("userTask")
        event.attrib.pop("parallelMultiple", None)
    done.say(
        event, "plain-event", f"sự kiện kiểu «{kind}» ở đây chỉ là một mốc đi qua",
        f"a {kind} event here is only passed",
    )  # fmt: skip
    return True


def _as_message(done: Completion, event: Any) -> None:
    for definition in definitions_of(event):
        event.remove(definition)
    etree.SubElement(
        event, tag("messageEventDefinition"), messageRef=define(done, "message", event)
    )


def _as_error(done: Completion, event: Any) -> None:
    """Cancelling a transaction ends it and goes on at its edge, as an error does."""
    for definition in definitions_of(event):
        event.remove(definition)
    known = done.root.find(f"{tag('error')}[@errorCode='cv.cancel']")
    if known is None:
        known = etree.Element(
            tag("error"), id=done.fresh("error"), name="cancel", errorCode="cv.cancel"
        )
        done.root.insert(0, known)
    etree.SubElement(event, tag("errorEventDefinition"), errorRef=known.get("id"))
    done.say(event, "cancel", "hủy giao dịch như một lỗi", "a transaction is cancelled by an error")


def _conditional(done: Completion) -> None:
    """A condition nobody can tell is one that an officer, or whoever knows, says has come true."""
    for definition in list(done.root.iter(tag("conditionalEventDefinition"))):
        event = definition.getparent()
        if event is None:  # gone with another of the same event
            continue
        text = text_of(definition.find(tag("condition")))
        aside = kind_of(event) == "boundaryEvent" or is_trigger(event)
        if aside and may_come_true(text, done.declared):  # elsewhere a run waits for nothing else
            continue
        if kind_of(event) == "startEvent" and event.getparent().get("triggeredByEvent") != "true":
            event.remove(definition)
            done.say(event, "condition", "bắt đầu ngay, không chờ", "it begins without waiting")
        else:
            _as_message(done, event)


def _gateway(kind: str) -> Callable[[Completion, Any], None]:
    def become(done: Completion, element: Any) -> None:
        for child in [c for c in element if kind_of(c) == "activationCondition"]:
            element.remove(child)
        for name in ("instantiate", "eventGatewayType"):
            element.attrib.pop(name, None)
        vi, en = _GATEWAYS[kind]
        done.say(element, "gateway", f"cổng «{name_of(element)}» chạy như {vi}", f"it runs as {en}")
        element.tag = tag(kind)

    return become


_GATEWAYS = {
    "inclusiveGateway": ("cổng gộp (một hoặc nhiều luồng)", "an inclusive gateway"),
    "exclusiveGateway": ("cổng do cán bộ chọn một luồng", "a choice of the officer"),
}


def _plain_sub(done: Completion, element: Any) -> None:
    for child in [c for c in element if kind_of(c) == "completionCondition"]:
        element.remove(child)
    for name in ("ordering", "cancelRemainingInstances", "method"):
        element.attrib.pop(name, None)
    element.tag = tag("subProcess")
    done.say(
        element, "sub-process", "chạy như quy trình con thường, mỗi bước một lần",
        "it runs as a plain sub-process, each step once",
    )  # fmt: skip


def _plain_around(done: Completion, element: Any) -> bool:
    """What its officers could not choose among runs as it is drawn."""
    inside = element
    while inside is not None and kind_of(inside) != "adHocSubProcess":
        inside = inside.getparent()
    if inside is not None:
        _plain_sub(done, inside)
    return inside is not None


def _left_out(done: Completion, element: Any) -> None:
    done.say(
        element, "event-sub-process", f"quy trình con theo sự kiện «{name_of(element)}» bị bỏ qua",
        f"the event sub-process “{name_of(element)}” is left out",
    )  # fmt: skip
    drop(element)


def _not_begun(done: Completion, element: Any) -> bool:
    _left_out(done, element)
    return True


def _dropped(done: Completion, element: Any) -> bool:
    drop(element)
    done.say(element, "detached", "sự kiện không gắn vào bước nào bị bỏ qua", "it is left out")
    return True


def _not_by_event(done: Completion, element: Any) -> bool:
    """What stands behind such a gateway is no event, or is entered from elsewhere as well."""
    scope = element.getparent()
    gateways = {e.get("id"): e for e in scope.iterchildren(tag("eventBasedGateway"))}
    sources = {
        f.get("sourceRef") for f in flows_in(scope) if f.get("targetRef") == element.get("id")
    }
    found = [g for i, g in gateways.items() if i in {element.get("id"), *sources}]
    for gateway in found:
        _gateway("exclusiveGateway")(done, gateway)
    return bool(found)


def _unlinked(done: Completion, event: Any) -> bool:
    for link in event.findall(tag("linkEventDefinition")):
        event.remove(link)
    event.tag = tag("intermediateThrowEvent")
    done.say(
        event, "link-pair", "liên kết không đủ đôi nên chỉ là một mốc đi qua",
        "its link has no other half and is only passed",
    )  # fmt: skip
    return True


_NEAREST: dict[str, Callable[[Completion, Any], None]] = {
    "complexGateway": _gateway("inclusiveGateway"),
    "eventBasedGateway": _gateway("exclusiveGateway"),
    "adHocSubProcess": _plain_sub,
    "eventSubProcess": _left_out,
}
_MENDED: dict[str, Callable[[Completion, Any], bool]] = {
    "unsupported": _refused,
    "event-place": _displaced,
    "cancel-place": _displaced,
    "cancel-caught": _displaced,
    "detached": _dropped,
    "behind-gateway": _not_by_event,
    "no-event": _not_by_event,
    "event-start": _not_begun,
    "link-pair": _unlinked,
    "ad-hoc-event": _plain_around,
    "ad-hoc-join": _plain_around,
    "empty": _plain_around,
}
