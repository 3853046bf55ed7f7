"""What people did to a run, in words (điều hành hồ sơ): why, who proposed it and who agreed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa

from engine.database import Transaction
from engine.definition import Definition
from engine.work_item import WorkItem
from records.organization import Officer, Unit
from web.tongue import _

#: kinds of events that are acts on the run
KINDS = frozenset(
    {"move", "send_back", "skip", "reassign", "suspend", "resume", "cancel", "migrate", "give_back"}
)


class Mark(Protocol):
    """An event of a run."""

    @property
    def kind(self) -> str: ...

    @property
    def node(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def facts(self) -> dict[str, Any]: ...


class Run(Protocol):
    """A run whose steps have names."""

    @property
    def items(self) -> Sequence[WorkItem]: ...

    @property
    def named(self) -> "Named": ...

    def name_of(self, node: str) -> str: ...


@dataclass(frozen=True)
class Named:
    """The officers, units and versions that events name by their ids."""

    people: dict[str, str] = field(default_factory=dict)
    versions: dict[str, Definition] = field(default_factory=dict)


def named(tx: Transaction, marks: Iterable[Mark]) -> Named:
    """Return what the acts among these events name; asks nothing where there are none."""
    acts = [one.facts for one in marks if one.kind in KINDS]
    groups = [_whom(g) for facts in acts for g in facts.get("groups") or ()]
    officers = {key for kind, key in groups if kind == "officer"}
    officers |= {str(facts["started_by"]) for facts in acts if facts.get("started_by")}
    units = {key for kind, key in groups if kind == "unit"}
    versions = {str(facts[end]) for facts in acts for end in ("from", "to") if "to" in facts}
    people: dict[str, str] = {}
    if officers:
        found = tx.scalars(sa.select(Officer).where(Officer.id.in_(map(UUID, officers))))
        people |= {str(o.id): o.full_name for o in found}
    if units:
        rooms = tx.scalars(sa.select(Unit).where(Unit.id.in_(map(UUID, units))))
        people |= {str(u.id): u.name for u in rooms}
    if not versions:
        return Named(people)
    drawn = tx.scalars(sa.select(Definition).where(Definition.id.in_(map(UUID, versions))))
    return Named(people, {str(d.id): d for d in drawn})


def _whom(group: str) -> tuple[str, str]:
    """Return what a group is called by: an officer, or a unit, of which a role may be meant."""
    kind, _colon, key = group.partition(":")
    _role, at, unit = key.partition("@")
    return ("unit", unit) if at else (kind, key)


def told(run: Run, one: Mark) -> str:
    """Return an act as a sentence without its subject: what, why, proposed and agreed by whom."""
    parts = [act(run, one)]
    if reason := str(one.facts.get("reason") or ""):
        parts.append(_("lý do: %(reason)s", reason=reason))
    # The worker carries runs over in the name of who began it.
    begun_by = run.named.people.get(str(one.facts.get("started_by")), "")
    if proposer := one.facts.get("proposed_name"):
        parts.append(_("đề nghị: %(name)s", name=proposer))
        agreed = begun_by or one.name
        if opinion := one.facts.get("agreed_reason"):
            agreed = f"{agreed} ({opinion})"
        parts.append(_("đồng ý: %(name)s", name=agreed))
    elif begun_by:
        parts.append(_("người thực hiện: %(name)s", name=begun_by))
    return "; ".join(parts)


def act(run: Run, one: Mark) -> str:
    """Return what is done to a run, without who and why."""
    step = run.name_of(one.node) if one.node else ""
    match one.kind:
        case "move":
            return _("chuyển từ bước «%(left)s» tới bước «%(step)s»", left=_left(run, one),
                     step=step)  # fmt: skip
        case "send_back":
            return _("trả lại bước «%(step)s» từ bước «%(left)s»", step=step, left=_left(run, one))
        case "skip":
            return _("bỏ qua bước «%(step)s»", step=step)
        case "reassign":
            given = (_whom(g)[1] for g in one.facts.get("groups") or ())
            whom = ", ".join(run.named.people.get(key, key) for key in given)
            return _("giao lại bước «%(step)s» cho %(whom)s", step=step, whom=whom)
        case "suspend":
            return _("tạm dừng xử lý hồ sơ")
        case "resume":
            return _("cho tiếp tục xử lý hồ sơ")
        case "cancel":
            return _("chấm dứt xử lý hồ sơ")
        case "migrate":
            return _("chuyển hồ sơ sang bản %(n)s của quy trình", n=_number(run, one))
        case _:
            return _("trả hồ sơ về bản %(n)s của quy trình", n=_number(run, one))


def _left(run: Run, one: Mark) -> str:
    token = str(one.facts.get("token"))
    return next((run.name_of(i.node_id) for i in run.items if str(i.id) == token), "…")


def _number(run: Run, one: Mark) -> str:
    version = run.named.versions.get(str(one.facts.get("to")))
    return str(version.number) if version is not None else "…"
