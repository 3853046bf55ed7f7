"""A new master brought into an agency's own diagram (hòa nhập sơ đồ mẫu): no override lost unsaid.

Three diagrams: the master an agency began from, the new master, and the agency's. What only one of
them changed is taken; what both changed differently is a conflict that somebody decides. Without a
decision there is no merged diagram.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from engine.diagram import to_bytes
from engine.difference import Change, Parts, compare
from engine.errors import OfficeError
from engine.surgery import Surgery

#: what a part says, slot by slot; an absent part says nothing
Said = dict[str, dict[str, str]]
#: what a decision names: an element and its slot, or the whole element
Key = tuple[str, str]

_REFERENCES = ("sourceRef", "targetRef", "attachedToRef", "lane", "within", "default")


class Side(StrEnum):
    """Whose change counts where both changed the same."""

    MASTER = "master"
    AGENCY = "agency"


@dataclass(frozen=True, slots=True)
class Conflict:
    """What both changed differently (xung đột), or one removed and the other still needs.

    The changes of each side since the base; none where a side left it as it was.
    """

    element: str
    slot: str
    master: tuple[Change, ...]
    agency: tuple[Change, ...]

    @property
    def key(self) -> Key:
        """What a decision names."""
        return self.element, self.slot


@dataclass(frozen=True, slots=True)
class Merge:
    """What came of it: the merged file, what it takes from the master, what stays the agency's.

    `xml` is empty as long as a conflict is undecided.
    """

    xml: bytes = b""
    taken: list[Change] = field(default_factory=list)
    kept: list[Change] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


class OverrideLost(OfficeError):
    """A change would be lost by the merge (mất thay đổi khi hòa nhập); nothing was merged."""

    code = "override-lost"
    status = 409
    vi = "Không hòa nhập được vì sẽ mất thay đổi tại «{element}». Sửa bằng tay trên trình vẽ."
    en = "The diagrams cannot be merged: the change at “{element}” would be lost. Use the editor."


def merge(base: Any, master: Any, agency: Any, decided: Mapping[Key, Side] | None = None) -> Merge:
    """Bring what changed from `base` to `master` into the agency's diagram; the roots stay as is.

    `decided` says whose change counts for the key of a conflict. Raises `OverrideLost` where the
    merged diagram would not say all that it is to say.
    """
    old, new, mine = Parts(base), Parts(master), Parts(agency)
    wanted, torn = _settled(old.slots, new.slots, mine.slots, decided or {})
    undecided = sorted(torn - set(decided or {}))
    if undecided:
        theirs, ours = compare(old, new), compare(old, mine)
        return Merge(conflicts=[_conflict(key, theirs, ours) for key in undecided])
    root = copy.deepcopy(agency)
    Surgery(root, new).make(wanted)
    made = Parts(root)
    for element in wanted.keys() | made.slots.keys():
        if wanted.get(element) != made.slots.get(element):
            raise OverrideLost(element=element)
    return Merge(to_bytes(root), compare(mine, made), compare(new, made))


def _settled(
    old: Said, new: Said, mine: Said, decided: Mapping[Key, Side]
) -> tuple[Said, set[Key]]:
    """Return what the merged diagram is to say, and the keys both sides claim."""
    wanted: Said = {}
    torn: set[Key] = set()
    for element in dict.fromkeys([*mine, *new]):
        sides = {Side.MASTER: new.get(element), Side.AGENCY: mine.get(element)}
        if None in sides.values() or element not in old:
            said, is_torn = _whole(old.get(element), sides, decided.get((element, "")))
            torn |= {(element, "")} if is_torn else set()
        else:
            said, slots = _slots(element, old[element], new[element], mine[element], decided)
            torn |= {(element, slot) for slot in slots}
        if said is not None:
            wanted[element] = said
    return _upheld(wanted, {Side.MASTER: new, Side.AGENCY: mine}, decided, torn)


def _whole(
    was: dict[str, str] | None,
    sides: Mapping[Side, dict[str, str] | None],
    choice: Side | None,
) -> tuple[dict[str, str] | None, bool]:
    """Settle an element that one side removed, or that the base did not have."""
    master, agency = sides[Side.MASTER], sides[Side.AGENCY]
    if master in (agency, was):
        return agency, False
    if agency == was:
        return master, False
    return (None if choice is None else sides[choice]), True


def _slots(
    element: str,
    was: dict[str, str],
    new: dict[str, str],
    mine: dict[str, str],
    decided: Mapping[Key, Side],
) -> tuple[dict[str, str], set[str]]:
    said: dict[str, str] = {}
    torn: set[str] = set()
    for slot in dict.fromkeys([*mine, *new]):
        before, master, agency = (one.get(slot, "") for one in (was, new, mine))
        value = agency if master == before else master
        if agency not in {before, master} and master != before:
            torn.add(slot)
            value = master if decided.get((element, slot)) is Side.MASTER else agency
        if value:
            said[slot] = value
    return said, torn


def _upheld(
    wanted: Said, sides: Mapping[Side, Said], decided: Mapping[Key, Side], torn: set[Key]
) -> tuple[Said, set[Key]]:
    """Find what one side removed although something of the other still leads to it.

    Raises `OverrideLost` where it was decided to remove it all the same.
    """
    todo = list(wanted)
    while todo:
        element = todo.pop()
        said = wanted[element]
        for name in {said[slot] for slot in _REFERENCES if slot in said} - wanted.keys():
            torn.add((name, ""))
            chosen = decided.get((name, ""))
            kept = sides[chosen].get(name) if chosen is not None else None
            if kept is not None:
                wanted[name] = kept
                todo.append(name)
            elif chosen is not None:
                raise OverrideLost(element=element)
    return wanted, torn


def _conflict(key: Key, theirs: list[Change], ours: list[Change]) -> Conflict:
    element, slot = key

    def about(changes: list[Change]) -> tuple[Change, ...]:
        return tuple(
            c for c in changes
            if (c.element == element and slot in {"", c.slot}) or (not slot and c.after == element)
        )  # fmt: skip

    return Conflict(element, slot, about(theirs), about(ours))
