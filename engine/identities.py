"""Ids and names of elements (mã và tên phần tử): one of each, none of the engine's own."""

import re
from collections.abc import Iterator
from typing import Any

from engine.diagram import FLOW_NODES, kind_of, tag
from engine.finding import Finding, error
from engine.normalise import OWN_PREFIX

#: ids the library keeps for itself within every process, and those of what nobody drew
RESERVED = re.compile(
    rf"(Start|End|Root)|.*(\.EndJoin|\.BoundaryEvent(Split|Join)|\[child\])|{re.escape(OWN_PREFIX)}.*"
)
#: what goes by its id within a program
RUN = FLOW_NODES | {"sequenceFlow", "process"}
#: what other elements name
NAMED = ("message", "signal", "error", "escalation")
#: longer ones fit no screen and no register
LONGEST_ID, LONGEST_NAME = 200, 300


def check_identities(root: Any) -> Iterator[Finding]:
    """Return ids that are missing, doubled, reserved or too long, and names that are too long."""
    seen: set[str] = set()
    for element in root.iter(tag("*")):
        identity, name = element.get("id") or "", element.get("name") or ""
        is_run = kind_of(element) in RUN
        if len(name) > LONGEST_NAME:
            yield error(
                element, "long-name",
                f"Tên «{name[:60]}…» dài {len(name)} ký tự. Rút gọn còn không quá {LONGEST_NAME}.",
                f"The name “{name[:60]}…” has {len(name)} characters, at most {LONGEST_NAME} fit.",
            )  # fmt: skip
        if not identity:
            if is_run:
                yield error(
                    _around(element), "no-id",
                    f"Phần tử {kind_of(element)} «{name}» chưa có mã. Lưu lại từ trình vẽ.",
                    f"The {kind_of(element)} “{name}” has no id. Save the diagram from an editor.",
                )  # fmt: skip
            continue
        if identity in seen:
            yield error(
                element, "twice", f"Mã «{identity}» bị dùng hai lần. Đổi mã của một phần tử.",
                f"The id “{identity}” is used twice. Give one of the elements another.",
            )  # fmt: skip
        if identity.startswith(OWN_PREFIX) or (is_run and RESERVED.fullmatch(identity)):
            yield error(
                element, "reserved", f"Mã «{identity}» là của hệ thống. Đặt mã khác cho phần tử.",
                f"The id “{identity}” is the engine's own. Give the element another.",
            )  # fmt: skip
        if len(identity) > LONGEST_ID:
            yield error(
                element, "long-id", f"Mã dài quá {LONGEST_ID} ký tự. Đặt mã ngắn hơn.",
                f"The id is longer than {LONGEST_ID} characters.",
            )  # fmt: skip
        seen.add(identity)


def check_nameless(root: Any) -> Iterator[Finding]:
    """Return messages, signals, errors and escalations that have no name of their own."""
    for kind in NAMED:
        for element in root.iterchildren(tag(kind)):
            if not (element.get("name") or "").strip():
                yield error(
                    element, "no-name",
                    f"«{element.get('id')}» ({kind}) chưa có tên. Đặt tên: bên gửi và bên nhận gọi "
                    "nhau bằng tên.",
                    f"“{element.get('id')}” ({kind}) has no name. Name it: sender and "
                    "receiver meet by it.",
                )  # fmt: skip


def _around(element: Any) -> Any:
    owner = element.getparent()
    while owner.getparent() is not None and not owner.get("id"):
        owner = owner.getparent()
    return owner
