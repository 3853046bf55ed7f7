"""Names and references (tham chiếu): every element has an id, every reference leads somewhere."""

import copy
from collections.abc import Iterable
from typing import Any

from lxml import etree

from engine import pools
from engine.diagram import kind_of, tag
from engine.foreign.rewriting import Completion, name_of
from engine.identities import NAMED, RESERVED, RUN

#: attributes that name another element of the file
_REFERENCES = (
    "messageRef", "signalRef", "errorRef", "escalationRef", "calledElement", "processRef",
    "sourceRef", "targetRef", "attachedToRef", "default", "operationRef", "activityRef",
    "dataObjectRef", "itemSubjectRef",
)  # fmt: skip
_TEXT_REFERENCES = ("flowNodeRef", "incoming", "outgoing", "eventDefinitionRef", "messageRef")


def complete(done: Completion) -> None:
    """Give ids and names where there are none, drop prefixes, rename what collides."""
    _drop_prefixes(done)
    _give_ids(done)
    _part_namesakes(done)
    _rename_reserved(done)
    _inline_definitions(done)
    named = pools.name_flows(done.root)
    done.given |= {m.get("id") for m in done.root.findall(tag("message"))}
    for owner, name in named:
        done.say(
            owner, "no-message", f"thông điệp «{name}» lấy theo luồng thông điệp",
            f"it takes the message “{name}” from its message flow",
        )  # fmt: skip
    _name_definitions(done)
    _dangling(done)


def _drop_prefixes(done: Completion) -> None:
    ids = {e.get("id") for e in done.root.iter(tag("*")) if e.get("id")}
    for element in done.root.iter(tag("*")):
        for name in _REFERENCES:
            value = element.get(name) or ""
            if ":" in value and value not in ids:
                element.set(name, value.rpartition(":")[2])
        if kind_of(element) in _TEXT_REFERENCES and ":" in (element.text or ""):
            text = (element.text or "").strip()
            if text not in ids:
                element.text = text.rpartition(":")[2]


def _give_ids(done: Completion) -> None:
    named = RUN | set(NAMED)
    for element in done.root.iter(tag("*")):
        if kind_of(element) in named and not element.get("id"):
            element.set("id", done.fresh("id"))


def _part_namesakes(done: Completion) -> None:
    """Where two elements have one id, what stands beside the later one means it."""
    seen: set[str] = set()
    for element in list(done.root.iter(tag("*"))):
        identity = element.get("id")
        if identity is None or identity not in seen:
            seen.add(identity or "")
            continue
        fresh = done.fresh("id")
        done.say(
            element, "twice", f"mã «{identity}» bị dùng hai lần, phần tử sau mang mã khác",
            f"the id “{identity}” is used twice, the later element gets another",
        )  # fmt: skip
        element.set("id", fresh)
        beside = [e for e in element.getparent() if e.get("id") == identity]
        if not beside:  # the other one stands elsewhere
            _rename(element.getparent().iter(tag("*")), {identity: fresh})


def _rename(elements: Iterable[Any], names: dict[str, str]) -> None:
    for element in elements:
        for name in _REFERENCES:
            if element.get(name) in names:
                element.set(name, names[element.get(name)])
        text = (element.text or "").strip()
        if kind_of(element) in _TEXT_REFERENCES and text in names:
            element.text = names[text]


def _rename_reserved(done: Completion) -> None:
    renamed: dict[str, str] = {}
    for element in done.root.iter(tag("*")):
        identity = element.get("id") or ""
        if identity in done.given or kind_of(element) not in RUN:
            continue
        if RESERVED.fullmatch(identity):
            renamed[identity] = done.fresh("id")
            done.say(
                element, "reserved", f"mã «{identity}» là của hệ thống nên mang mã khác",
                f"the id “{identity}” is the engine's own and is replaced",
            )  # fmt: skip
            element.set("id", renamed[identity])
    if renamed:
        _rename(done.root.iter(tag("*")), renamed)


def _inline_definitions(done: Completion) -> None:
    """An event may name a definition that stands at the top of the file."""
    shared = {e.get("id"): e for e in done.root if kind_of(e).endswith("EventDefinition")}
    for reference in list(done.root.iter(tag("eventDefinitionRef"))):
        event = reference.getparent()
        found = shared.get((reference.text or "").strip())
        place = event.index(reference)
        event.remove(reference)
        if found is not None:
            copied = copy.deepcopy(found)
            copied.attrib.pop("id", None)
            event.insert(place, copied)
        else:
            done.say(
                event, "no-reference", "định nghĩa sự kiện không có trong tệp nên bị bỏ qua",
                "the event's definition is not in the file and is left out",
            )  # fmt: skip


def _name_definitions(done: Completion) -> None:
    for kind in NAMED:
        for element in done.root.findall(tag(kind)):
            if not element.get("name"):
                element.set("name", element.get("id"))
                done.say(
                    element, "no-name", f"mã «{element.get('id')}» là tên gọi",
                    f"the id “{element.get('id')}” serves as its name",
                )  # fmt: skip


def _dangling(done: Completion) -> None:
    """Messages and signals that are not there are named after the event that uses them."""
    for kind in NAMED:
        known = {e.get("id") for e in done.root.findall(tag(kind))}
        for element in list(done.root.iter(tag(f"{kind}EventDefinition"))):
            event = element.getparent()
            if event is done.root:
                continue
            reference = element.get(f"{kind}Ref")
            if reference in known:
                continue
            if reference:
                del element.attrib[f"{kind}Ref"]
                done.say(
                    event, "no-reference", f"tham chiếu «{reference}» không có trong tệp",
                    f"the reference “{reference}” leads nowhere in the file",
                )  # fmt: skip
            if kind in {"message", "signal"}:
                element.set(f"{kind}Ref", define(done, kind, event))


def define(done: Completion, kind: str, owner: Any) -> str:
    """Add a message or signal named after what uses it and return its id."""
    name = name_of(owner)
    for known in done.root.findall(tag(kind)):
        if known.get("name") == name:
            return str(known.get("id"))
    made = etree.Element(tag(kind), id=done.fresh(kind), name=name)
    done.root.insert(0, made)
    done.say(
        owner, f"no-{kind}", f"chưa chọn {_WORDS[kind][0]} nên lấy tên «{name}»",
        f"it names no {kind} and uses “{name}”",
    )  # fmt: skip
    return str(made.get("id"))


_WORDS = {"message": ("thông điệp",), "signal": ("tín hiệu",)}
