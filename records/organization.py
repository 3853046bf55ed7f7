"""Agencies, units, positions, officers, each with the days from which and to which it holds.

The reading side; `records.staffing` holds the verbs that change them (cơ cấu tổ chức, nhân sự).
"""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Acting, Base, Query, Transaction, new_id
from records.record import Record
from records.vietnamese import local_date
from records.vocabulary import SigningCapacity, Term, vocabulary
from records.working_time import USUAL_HOURS


class Role(Term):
    """What a position lets its holder do (vai trò)."""

    CLERK = "clerk", "Văn thư", "Clerk"
    OFFICER = "officer", "Chuyên viên", "Officer"
    UNIT_HEAD = "unit_head", "Lãnh đạo đơn vị", "Unit head"
    LEADER = "leader", "Lãnh đạo cơ quan", "Leader"
    AGENCY_ADMIN = "agency_admin", "Quản trị cơ quan", "Agency administrator"
    AUDITOR = "auditor", "Thanh tra, kiểm tra", "Auditor"
    SYSTEM_OPERATOR = "system_operator", "Quản trị hệ thống", "System operator"


#: beside the role of his position: whoever may sign documents (Decree 30/2020, art. 13)
SIGNATORY = "signatory"
#: these also handle work items as any officer does; administrators, auditors and operators do not
_OFFICERS = frozenset({Role.CLERK, Role.OFFICER, Role.UNIT_HEAD, Role.LEADER})


class Dated:
    """Holds from the day `valid_from` to the day `valid_to`, both counted (ngày hiệu lực)."""

    valid_from: Mapped[date]
    valid_to: Mapped[date | None]

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def _dates() -> sa.CheckConstraint:
    # the day before it began: withdrawn before it ever held
    return sa.CheckConstraint("valid_to >= valid_from - 1", name="valid_dates")


def in_force(entity: type[Dated], day: Any) -> sa.ColumnElement[bool]:
    """Return the condition that `entity` holds on `day` (a date or a bound parameter)."""
    return sa.and_(
        entity.valid_from <= day,
        sa.or_(entity.valid_to.is_(None), entity.valid_to >= day),
    )


class Agency(Dated, Base):
    """An agency (cơ quan, tổ chức); `is_tenant` is false for one known only as an addressee."""

    __tablename__ = "agency"
    called = ("cơ quan", "agency")
    __table_args__ = (_dates(), {"info": {"read_by": "all"}})

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    parent_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("agency.id"))
    #: the agency that took over its registers and dossiers after a merger
    successor_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("agency.id"))
    name: Mapped[str]
    short_name: Mapped[str] = mapped_column(default="")
    #: as in the symbols of its documents: UBND, STTTT
    symbol: Mapped[str] = mapped_column(default="")
    #: địa danh: "Thái Nguyên"
    place: Mapped[str] = mapped_column(default="")
    #: đường dây nóng (Quy chế, Điều 13.5)
    hotline: Mapped[str] = mapped_column(default="")
    #: đầu mối phối hợp xử lý sự cố (Quy chế, Điều 10.3)
    contact: Mapped[str] = mapped_column(default="")
    #: the installation (cell) that keeps its records
    cell: Mapped[str] = mapped_column(default="")
    working_hours: Mapped[str] = mapped_column(default=USUAL_HOURS)
    #: acts that a second person must agree to before they are done (người thứ hai đồng ý)
    second_person: Mapped[list[str]] = mapped_column(
        default=list, server_default=sa.text("'{}'::text[]")
    )
    is_tenant: Mapped[bool] = mapped_column(default=True)
    sort_key: Mapped[bytes]


class AgencyCode(Dated, Base):
    """One identifier of an agency on the exchange (mã định danh); one of them is preferred."""

    __tablename__ = "agency_code"
    __table_args__ = (
        _dates(),
        sa.Index(
            "uq_agency_code_preferred",
            "agency_id",
            unique=True,
            postgresql_where=sa.text("preferred"),
        ),
        {"info": {"read_by": "all"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    agency_id: Mapped[UUID] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    code: Mapped[str] = mapped_column(unique=True)
    preferred: Mapped[bool] = mapped_column(default=False)


class Unit(Dated, Record):
    """A unit of an agency (phòng, ban, đơn vị)."""

    __tablename__ = "unit"
    called = ("đơn vị", "unit")
    __table_args__ = (_dates(),)

    parent_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("unit.id"))
    name: Mapped[str]
    #: as in the symbol of công văn: VP, CNTT
    symbol: Mapped[str] = mapped_column(default="")
    sort_key: Mapped[bytes]


class Officer(Record):
    """A person who works for agencies (cán bộ, công chức, viên chức); `agency_id` is the home."""

    __tablename__ = "officer"
    called = ("cán bộ", "officer")
    __table_args__ = ({"info": {"read_by": "colleagues"}},)

    full_name: Mapped[str]
    email: Mapped[str] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)
    sort_key: Mapped[bytes]


class Position(Dated, Record):
    """What an officer is in an agency (chức vụ): title, role and the capacity he signs in."""

    __tablename__ = "position"
    called = ("chức vụ", "position")
    __table_args__ = (
        _dates(),
        # Every holder of an agency's position is a colleague of its officers (`row_security`).
        sa.Index("ix_position_officer_id_agency_id", "officer_id", "agency_id"),
    )

    officer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("officer.id"))
    unit_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("unit.id"))
    #: "Chánh Văn phòng"
    title: Mapped[str]
    role: Mapped[Role] = mapped_column(vocabulary(Role))
    #: None: signs nothing
    signing_capacity: Mapped[SigningCapacity | None] = mapped_column(vocabulary(SigningCapacity))
    #: the lines above the signature: "TM. ỦY BAN NHÂN DÂN\\nKT. CHỦ TỊCH\\nPHÓ CHỦ TỊCH"
    signature_block: Mapped[str] = mapped_column(default="")

    @property
    def roles(self) -> frozenset[str]:
        """Return all the roles that `Acting` carries in this position."""
        roles = {self.role.value}
        if self.role in _OFFICERS:
            roles.add(Role.OFFICER.value)
        if self.signing_capacity is not None:
            roles.add(SIGNATORY)
        return frozenset(roles)


def group_keys(acting: Acting) -> list[str]:
    """Return the groups whose work items this acting officer may take (nhóm nhận việc).

    `officer:<id>`, `unit:<unit>`, `role:<role>@<agency>`, `role:<role>@<unit>`: a work item names
    its candidates by the same words. Whoever stands in for another reads that officer's work. The
    machine, which is no officer, takes the items of the group `machine`.
    """
    if acting.officer_id is None:
        return ["machine"]
    keys = [f"officer:{acting.on_behalf_of or acting.officer_id}"]
    if acting.unit_id:
        keys.append(f"unit:{acting.unit_id}")
    places = [place for place in (acting.agency_id, acting.unit_id) if place]
    keys += [f"role:{role}@{place}" for role in sorted(acting.roles) for place in places]
    return keys


_POSITIONS = Query(
    sa.select(Position, Agency)
    .join(Agency, Agency.id == Position.agency_id)
    .where(
        Position.officer_id == sa.bindparam("officer_id"),
        in_force(Position, sa.bindparam("day", type_=sa.Date())),
    )
    .order_by(Agency.sort_key, Position.valid_from, Position.id)
)


def positions_of(tx: Transaction, officer_id: UUID, on: date) -> list[tuple[Position, Agency]]:
    """Return what an officer is on the day `on`, in every agency that row security lets be seen."""
    return tx.rows(_POSITIONS, officer_id=officer_id, day=on)


def holders_of(
    tx: Transaction, on: date, *, unit_id: UUID | None = None, role: Role | None = None
) -> list[tuple[Officer, Position]]:
    """Return who held what in the acting agency on the day `on`, in dictionary order of names."""
    select = (
        sa.select(Officer, Position)
        .join(Position, Position.officer_id == Officer.id)
        .where(Position.agency_id == tx.acting.agency_id, in_force(Position, on))
        .order_by(Officer.sort_key, Position.id)
    )
    if unit_id is not None:
        select = select.where(Position.unit_id == unit_id)
    if role is not None:
        select = select.where(Position.role == role)
    return tx.rows(select)


def choose_units(tx: Transaction) -> Sequence[Unit]:
    """Return the units of the acting agency that exist today, for forms."""
    select = sa.select(Unit).where(
        Unit.agency_id == tx.acting.agency_id, in_force(Unit, local_date(tx.now))
    )
    return tx.scalars(select.order_by(Unit.sort_key))


def choose_officers(tx: Transaction, unit_id: UUID | None = None) -> list[tuple[Officer, Position]]:
    """Return the officers who hold a position in the acting agency today, for forms."""
    found = holders_of(tx, local_date(tx.now), unit_id=unit_id)
    return [(officer, position) for officer, position in found if officer.active]


def choose_agencies(tx: Transaction) -> list[tuple[Agency, str | None]]:
    """Return all agencies that exist today, each with its preferred code, for addressing."""
    return tx.rows(
        sa.select(Agency, AgencyCode.code)
        .outerjoin(AgencyCode, sa.and_(AgencyCode.agency_id == Agency.id, AgencyCode.preferred))
        .where(in_force(Agency, local_date(tx.now)))
        .order_by(Agency.sort_key)
    )


_BEARER = Query(
    sa.select(Agency)
    .join(AgencyCode, AgencyCode.agency_id == Agency.id)
    .where(AgencyCode.code == sa.bindparam("code"))
)


def find_agency_by_code(tx: Transaction, code: str) -> Agency | None:
    """Return the agency that bears this identifier, whether preferred or not, in force or not."""
    return tx.scalar(_BEARER, code=code.strip())
