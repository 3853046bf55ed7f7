"""An event of a run as a sentence (diễn biến): for what leaves the office, in Vietnamese."""

from collections.abc import Callable, Mapping
from typing import Any

#: each kind of event in words; `{step}` is the step's name, `{reason}` the reason given,
#: `{whom}` to whom
_WORDS = {
    "start": "bắt đầu quy trình",
    "complete": "hoàn thành bước «{step}»",
    "skip": "bỏ qua bước «{step}»: {reason}",
    "timer": "đến hạn «{step}»",
    "message": "nhận thông báo «{step}»",
    "signal": "nhận tín hiệu «{step}»",
    "cancel": "dừng quy trình: {reason}",
    "move": "chuyển sang bước «{step}»: {reason}",
    "send_back": "trả về bước «{step}»: {reason}",
    "incident": "hệ thống chưa xử lý tiếp được tại «{step}»: {reason}",
    "suspend": "tạm dừng: {reason}",
    "resume": "tiếp tục sau khi tạm dừng: {reason}",
    "reassign": "giao lại bước «{step}» cho {whom}: {reason}",
    "migrate": "chuyển sang bản quy trình khác: {reason}",
    "give_back": "trở lại bản quy trình trước: {reason}",
}


def told(facts: Mapping[str, Any], name_of: Callable[[str], str], people: Mapping[str, str]) -> str:
    """Return what an event was, without its subject; `people` names groups (người được giao)."""
    kind, node = facts["kind"], facts["node"]
    outcome = facts.get("outcome") or {}
    template = _WORDS.get(kind, kind)
    if kind == "complete" and outcome.get("outcome") == "return":
        template = "trả lại tại bước «{step}»"
    said = template.format(
        step=name_of(node) if node else "",
        reason=facts.get("reason") or "",
        whom=", ".join(people.get(group, group) for group in facts.get("groups") or ()),
    )
    summary = str(outcome.get("summary") or "")
    return f"{said}: {summary}" if summary else said.removesuffix(": ")


def ways(facts: Mapping[str, Any], name_of: Callable[[str], str]) -> list[str]:
    """Return how the gateways chose: «gateway»: condition → value, …; đi tới «step»."""
    return [
        f"«{name_of(one['node'])}»: "
        + ", ".join(f"{asked['expression']} → {_value(asked['value'])}" for asked in one["asked"])
        + f"; đi tới {', '.join(f'«{name_of(node)}»' for node in one['took'])}"
        for one in facts.get("decisions") or ()
    ]


def _value(value: Any) -> str:
    return {True: "đúng", False: "sai", None: "không xác định"}.get(value, str(value))
