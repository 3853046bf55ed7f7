"""What differs between two diagrams (khác biệt giữa hai sơ đồ), element by element and in words.

Where things stand on the drawing is no difference; what a step is, asks, and is followed by is.
Elements are the same where their ids are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lxml import etree

from engine.diagram import CONGVAN, EVENTS, FLOW_NODES, GATEWAYS, SCOPES, kind_of, tag
from engine.normalise import normalise
from engine.table_difference import tables_changed
from engine.unfolding import unfold

#: what of an element another one tells: a node's flows, a lane's members, the lane set of a process
_TOLD_ELSEWHERE = frozenset({"incoming", "outgoing", "flowNodeRef", "laneSet", "childLaneSet"})
#: beside flow nodes and flows, what has an id and is compared on its own
PARTS = FLOW_NODES | {
    "sequenceFlow", "lane", "process", "participant", "messageFlow", "message", "signal", "error",
    "escalation", "textAnnotation", "dataObject", "dataObjectReference", "dataStoreReference",
}  # fmt: skip
#: the two slots of a part that are not written on its element
LANE, WITHIN = "lane", "within"


class Turn(StrEnum):
    """What became of an element."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference (thay đổi): which element, what of it, from what to what, in words.

    `slot` is the attribute or child of the element that is another now; empty for the whole.
    """

    turn: Turn
    element: str
    slot: str
    before: str
    after: str
    vi: str
    en: str


class Parts:
    """The elements of a diagram by their ids, each with what it says: its slots."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.elements = {
            e.get("id"): e for e in root.iter(tag("*")) if kind_of(e) in PARTS and e.get("id")
        }
        lanes = {
            (ref.text or "").strip(): lane.get("id", "")
            for lane in root.iter(tag("lane"))
            for ref in lane.findall(tag("flowNodeRef"))
        }
        self.slots = {i: _slots(e, lanes.get(i, "")) for i, e in self.elements.items()}

    def name(self, identity: str, language: str) -> str:
        """Return a part as an author calls it: step «Ký», flow «a» → «b»."""
        element = self.elements[identity]
        vi, en = _noun(kind_of(element))
        name = element.get("name") or ""
        if kind_of(element) == "sequenceFlow" and not name:
            ends = (self.elements.get(element.get(end)) for end in ("sourceRef", "targetRef"))
            name = " → ".join("?" if e is None else e.get("name") or e.get("id") for e in ends)
        name = name or identity
        return f"{vi} «{name}»" if language == "vi" else f"{en} “{name}”"

    def order(self) -> list[str]:
        """Return the steps and events in the order in which a run first comes to them."""
        graph = unfold(normalise(self.root)[0])
        for flows in graph.after.values():  # branches side by side have no order of their own
            flows.sort(key=lambda flow: flow.target)
        places = (graph.places[key] for key in graph.reached(graph.starts, joining=False))
        found = dict.fromkeys(p.element for p in places if p.kind not in GATEWAYS)
        return [one for one in found if one in self.elements]


def differences(old: Any, new: Any) -> list[Change]:
    """Return what was added, removed, moved or changed from one diagram to another, as roots."""
    return compare(Parts(old), Parts(new))


def compare(old: Parts, new: Parts) -> list[Change]:
    """Return what was added, removed, moved or changed, in the order of the new diagram."""
    found = [_whole(Turn.REMOVED, old, i) for i in old.slots if i not in new.slots]
    found += [_whole(Turn.ADDED, new, i) for i in new.slots if i not in old.slots]
    found += [_moved(new, identity, after) for identity, after in _moves(old, new)]
    for identity, slots in new.slots.items():
        earlier = old.slots.get(identity)
        for slot in dict.fromkeys([*(earlier or ()), *slots]) if earlier is not None else ():
            was, now = (earlier or {}).get(slot, ""), slots.get(slot, "")
            if was != now:
                found.append(_changed(old, new, identity, slot, was, now))
    return found


def _slots(element: Any, lane: str) -> dict[str, str]:
    """What an element says by itself: its attributes, its children by kind, and where it stands."""
    slots: dict[str, str] = {}
    for name, value in element.attrib.items():
        if name != "id" and value.strip():
            slots[str(name)] = value.strip()
    for child in element:
        kind = kind_of(child) or (isinstance(child.tag, str) and child.tag)
        if not kind or kind in _TOLD_ELSEWHERE or kind in PARTS:
            continue
        said = canonical(child)
        if said:
            slots[f"<{kind}>"] = "; ".join(filter(None, [slots.get(f"<{kind}>"), said]))
    slots["kind"] = kind_of(element)
    if lane:
        slots[LANE] = lane
    parent = element.getparent()
    if kind_of(parent) == "childLaneSet":  # a lane inside a lane
        parent = parent.getparent()
    if kind_of(parent) in SCOPES | {"lane"}:
        slots[WITHIN] = parent.get("id", "")
    return slots


def canonical(child: Any) -> str:
    """Return what a child of an element says, without ids, prefixes and spaces between."""
    words = sorted(
        f"{etree.QName(name).localname}={value}"
        for name, value in child.attrib.items()
        if name != "id" and not str(name).startswith("{http://www.w3.org/2001/XMLSchema-instance}")
    )
    inner = [_said(e) for e in child if isinstance(e.tag, str)]
    text = (child.text or "").strip()
    return " ".join(filter(None, [text, *words, *inner]))


def _said(child: Any) -> str:
    said = canonical(child)
    # a time is known by its form: `P2D` needs no «timeDuration» before it
    return said if kind_of(child).startswith("time") else f"{etree.QName(child).localname} {said}"


def _moves(old: Parts, new: Parts) -> Iterator[tuple[str, str]]:
    """Yield the steps that stand elsewhere in the order now, and the step they come after."""
    before = [i for i in old.order() if i in new.slots]
    after = [i for i in new.order() if i in old.slots]
    place = {identity: n for n, identity in enumerate(before)}
    known = [i for i in after if i in place]
    kept = set(_longest_rise([place[i] for i in known]))
    for n, identity in enumerate(known):
        if place[identity] not in kept:
            yield identity, known[n - 1] if n else ""


def _longest_rise(numbers: list[int]) -> list[int]:
    """Return the longest of the rising series in a list: what kept its order."""
    best: list[tuple[int, int]] = []  # length of the series that ends here, and where it came from
    for n, number in enumerate(numbers):
        earlier = [(best[m][0], m) for m in range(n) if numbers[m] < number]
        length, source = max(earlier, default=(0, -1))
        best.append((length + 1, source))
    series: list[int] = []
    n = max(range(len(best)), key=lambda m: best[m][0], default=-1)
    while n >= 0:
        series.append(numbers[n])
        n = best[n][1]
    return series[::-1]


# in words ----------------------------------------------------------------------------------------

_LABELS = {
    "name": ("tên", "name"),
    "kind": ("loại", "kind"),
    LANE: ("làn", "lane"),
    WITHIN: ("quy trình chứa nó", "enclosing process"),
    "default": ("luồng mặc định", "default flow"),
    "sourceRef": ("điểm đi", "source"),
    "targetRef": ("điểm đến", "target"),
    "attachedToRef": ("bước được gắn vào", "step it is attached to"),
    "cancelActivity": ("cắt ngang bước", "interrupting"),
    "calledElement": ("quy trình được gọi", "called process"),
    "<timerEventDefinition>": ("hẹn giờ", "timer"),
    "<conditionExpression>": ("điều kiện", "condition"),
    "<documentation>": ("thuyết minh", "documentation"),
    "<script>": ("kịch bản", "script"),
    "<multiInstanceLoopCharacteristics>": ("danh sách lặp", "list it runs over"),
    "<standardLoopCharacteristics>": ("vòng lặp", "loop"),
    f"{{{CONGVAN}}}due": ("thời hạn", "due time"),
    f"{{{CONGVAN}}}verb": ("việc", "verb"),
    f"{{{CONGVAN}}}form": ("biểu mẫu", "form"),
    f"{{{CONGVAN}}}role": ("vai trò", "role"),
    f"{{{CONGVAN}}}unit": ("đơn vị", "unit"),
    f"{{{CONGVAN}}}assignee": ("người được giao", "assignee"),
    f"{{{CONGVAN}}}candidates": ("người có thể nhận", "candidates"),
    f"{{{CONGVAN}}}exclude": ("người không được làm", "who is excluded"),
    f"{{{CONGVAN}}}priority": ("mức ưu tiên", "priority"),
    f"{{{CONGVAN}}}decision": ("bảng quyết định", "decision"),
    f"{{{CONGVAN}}}reason": ("lý do kết thúc", "reason to end"),
}
_REFERS = frozenset({LANE, WITHIN, "default", "sourceRef", "targetRef", "attachedToRef"})


def _noun(kind: str) -> tuple[str, str]:
    if kind in EVENTS:
        return "sự kiện", "event"
    if kind in GATEWAYS:
        return "cổng", "gateway"
    if kind in FLOW_NODES:
        return "bước", "step"
    return {
        "sequenceFlow": ("luồng", "flow"), "lane": ("làn", "lane"),
        "process": ("quy trình", "process"), "participant": ("bên tham gia", "participant"),
    }.get(kind, ("phần tử", "element"))  # fmt: skip


def _whole(turn: Turn, parts: Parts, identity: str) -> Change:
    vi, en = ("thêm", "added") if turn is Turn.ADDED else ("bỏ", "removed")
    vi, en = f"{vi} {parts.name(identity, 'vi')}", f"{en}: {parts.name(identity, 'en')}"
    return Change(turn, identity, "", "", "", vi, en)


def _moved(parts: Parts, identity: str, after: str) -> Change:
    vi, en = parts.name(identity, "vi"), parts.name(identity, "en")
    if not after:
        return Change(
            Turn.MOVED, identity, "", "", "", f"{vi} chuyển lên đầu", f"{en} comes first now"
        )
    vi = f"{vi} chuyển tới sau {parts.name(after, 'vi')}"
    en = f"{en} comes after {parts.name(after, 'en')}"
    return Change(Turn.MOVED, identity, "", "", after, vi, en)


def _changed(old: Parts, new: Parts, identity: str, slot: str, was: str, now: str) -> Change:
    names = new.name(identity, "vi"), new.name(identity, "en")
    if slot == "<extensionElements>":
        vi, en = tables_changed(old.elements[identity], new.elements[identity])
        vi, en = f"{names[0]}: {vi or 'dữ liệu kèm theo'}", f"{names[1]}: {en or 'data beside it'}"
        return Change(Turn.CHANGED, identity, slot, was, now, vi, en)
    if slot == f"<{_EACH}>":
        vi, en = _list_changed(old.elements[identity], new.elements[identity])
        if vi:
            vi, en = f"{names[0]}: {vi}", f"{names[1]}: {en}"
            return Change(Turn.CHANGED, identity, slot, was, now, vi, en)
    vi, en = _LABELS.get(slot, (slot.partition("}")[2] or slot.strip("<>"),) * 2)
    before, after = was, now
    if slot in _REFERS:
        before, after = (f"«{one}»" for one in (_called(old, was), _called(new, now)))
    if not was:
        vi, en = f"thêm {vi} {after}", f"{en} {after} added"
    elif not now:
        vi, en = f"bỏ {vi} {before}", f"{en} {before} removed"
    else:
        vi, en = f"{vi} từ {before} thành {after}", f"{en} from {before} to {after}"
    en = en.replace("«", "“").replace("»", "”")
    vi, en = f"{names[0]}: {vi}", f"{names[1]}: {en}"
    return Change(Turn.CHANGED, identity, slot, was, now, vi, en)


#: what a step for each of a list says of it
_OF_A_LIST = {
    "collection": ("danh sách lặp", "list it runs over"),
    "element": ("tên mỗi mục", "name of each"),
    "results": ("danh sách kết quả", "list of results"),
    "result": ("biến lấy từ mỗi mục", "what is taken from each"),
    "isSequential": ("làm lần lượt", "one after the other"),
    "completionCondition": ("điều kiện hoàn thành", "completion condition"),
    "loopCardinality": ("số lượt", "number of times"),
}
_EACH = "multiInstanceLoopCharacteristics"


def _list_changed(old: Any, new: Any) -> tuple[str, str]:
    """Only what became another is told, each thing by its name; nothing where all came or went."""
    before, after = _of_a_list(old), _of_a_list(new)
    told: list[tuple[str, str]] = []
    for name in dict.fromkeys([*before, *after]) if before and after else ():
        vi, en = _OF_A_LIST.get(name, (name, name))
        was, now = before.get(name), after.get(name)
        if was is None:
            told.append((f"thêm {vi} {now}", f"{en} {now} added"))
        elif now is None:
            told.append((f"bỏ {vi} {was}", f"{en} {was} removed"))
        elif was != now:
            told.append((f"{vi} từ {was} thành {now}", f"{en} from {was} to {now}"))
    return ", ".join(vi for vi, _ in told), ", ".join(en for _, en in told)


def _of_a_list(element: Any) -> dict[str, str]:
    loop = element.find(tag(_EACH))
    if loop is None:
        return {}
    said = {etree.QName(n).localname: str(v) for n, v in loop.attrib.items() if n != "id"}
    return said | {kind_of(e): canonical(e) for e in loop if kind_of(e)}


def _called(parts: Parts, identity: str) -> str:
    element = parts.elements.get(identity)
    return identity if element is None else str(element.get("name") or identity)
