"""Who takes a step when its author may not (người có thẩm quyền kế tiếp).

A unit head who drafts or handles a document himself does it as an officer (Quy chế, Điều 9.5), so
that another judges it: another head of the unit, else the leaders of the agency (Decree 30/2020,
Điều 12).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from engine.database import Query, Transaction
from engine.diagram import Node
from engine.errors import OfficeError
from records.organization import Officer, Position, Role, in_force
from records.vietnamese import local_date


class NobodyToAsk(OfficeError):
    """No officer can take the next step (không xác định được người xử lý)."""

    code = "nobody-to-ask"
    vi = (
        "Chưa xác định được người xử lý bước «{step}» vì {why_vi}. Chọn lại đơn vị hoặc cá nhân, "
        "hoặc báo quản trị cơ quan sửa sơ đồ."
    )
    en = "Nobody can take the step “{step}”: {why_en}. Choose again or have the diagram mended."


class NobodyElse(NobodyToAsk):
    """Only the author himself could take the step (không có người có thẩm quyền khác)."""

    code = "nobody-else"
    citation = (
        "Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 9.5; Nghị định 30/2020/NĐ-CP, Điều 12, Điều 13"
    )
    vi = (
        "Ngoài người soạn thảo, người trực tiếp giải quyết, cơ quan không có ai khác có thẩm quyền "
        "thực hiện bước «{step}». Giao cán bộ khác soạn thảo, giải quyết, hoặc báo quản trị cơ "
        "quan bổ sung người có thẩm quyền."
    )
    en = (
        "Beside the author nobody in the agency may take the step “{step}”. Let another officer "
        "do the work, or have the administrator appoint somebody competent."
    )


@dataclass(frozen=True, slots=True)
class _Holder:
    officer: UUID
    groups: frozenset[str]


_HOLDERS = Query(
    sa.select(Position)
    .join(Officer, Officer.id == Position.officer_id)
    .where(
        Position.agency_id == sa.bindparam("agency_id"),
        Officer.active,
        in_force(Position, sa.bindparam("day", type_=sa.Date())),
    )
)

#: whose steps a higher authority may take; nobody takes the clerk's (Decree 30/2020, Điều 6.3)
PASSED_ON = frozenset({Role.OFFICER.value, Role.UNIT_HEAD.value})


def pass_on(
    tx: Transaction,
    agency_id: UUID,
    node: Node,
    groups: Sequence[str],
    unit: UUID | None,
    excluded: Collection[UUID],
) -> tuple[str, ...]:
    """Return who takes a step from which `excluded` are kept out: `groups` where somebody is left.

    Else the heads of its unit, else the leaders. Raises `NobodyElse`.
    """
    barred = {f"officer:{i}" for i in excluded}
    if any(g.startswith("officer:") and g not in barred for g in groups):
        return tuple(groups)
    held = _holders(tx, agency_id)
    asked = [tuple(groups)]
    if node.role in PASSED_ON and not any(g in barred for g in groups):
        heads = ((f"role:{Role.UNIT_HEAD}@{unit}",),) if unit else ()
        asked += [*heads, (f"role:{Role.LEADER}@{agency_id}",)]
    for ones in asked:
        if any(h.officer not in excluded and not h.groups.isdisjoint(ones) for h in held):
            return ones
    raise NobodyElse(step=node.name)


def _holders(tx: Transaction, agency_id: UUID) -> list[_Holder]:
    """Return who holds what in the agency today, in the words of `organization.group_keys`."""
    found = []
    for position in tx.scalars(_HOLDERS, agency_id=agency_id, day=local_date(tx.now)):
        places = [place for place in (agency_id, position.unit_id) if place]
        groups = {f"role:{role}@{place}" for role in position.roles for place in places}
        if position.unit_id:
            groups.add(f"unit:{position.unit_id}")
        found.append(_Holder(position.officer_id, frozenset(groups)))
    return found
