"""What another version changes for who waits (thay đổi khi chuyển bản), in both languages."""

from collections.abc import Iterable

from engine.diagram import Node
from engine.machine import Waiting

Words = tuple[str, str]

#: what an officer would see of a step, in words
_SEEN = (
    ("form", "biểu mẫu", "form"), ("verb", "việc phải làm", "work"),
    ("due", "thời hạn trong sơ đồ (hạn đang tính giữ nguyên)", "limit (the running one stays)"),
)  # fmt: skip
#: events awaited no more and anew: those without a clock, timers
_STOPS = (
    ("thôi chờ một thông báo, sự kiện", "an event is awaited no more"),
    ("một hẹn giờ đang chạy dừng lại", "a running timer stops"),
)
_STARTS = (
    ("chờ thêm một thông báo, sự kiện", "another event is awaited"),
    ("thêm một hẹn giờ, tính từ lúc chuyển", "a timer starts anew"),
)
_WHO = ("lane", "role", "unit", "assignee", "candidates", "exclude")


def of_step(old: Node, new: Node) -> list[Words]:
    """Return what changes for who has a step that is drawn otherwise."""
    found = []
    if old.name != new.name:  # nobody who waits sees an id
        found.append((f"«{old.name}» thành «{new.name}»", f"“{old.name}” becomes “{new.name}”"))
    for name, vi, en in _SEEN:
        if getattr(old, name) != getattr(new, name):
            found.append((f"«{new.name}»: đổi {vi}", f"“{new.name}”: another {en}"))
    if any(getattr(old, name) != getattr(new, name) for name in _WHO):
        found.append((f"«{new.name}»: giao lại theo sơ đồ mới", f"“{new.name}”: given out anew"))
    return found


def of_waiting(before: Iterable[Waiting], after: Iterable[Waiting]) -> list[Words]:
    """Return which events are awaited no more and which anew."""
    went_on, known = {w.task_id for w in after}, {w.task_id for w in before}
    found = [_STOPS[w.kind == "timer"] for w in before if w.task_id not in went_on]
    return found + [_STARTS[w.kind == "timer"] for w in after if w.task_id not in known]
