"""Standing in for another (ủy quyền): written, limited in time and content, never passed on."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Acting, Query, Transaction
from engine.errors import NotAllowed, NotFound, OfficeError
from records.authority import Act, Facts, authorize
from records.journal import record
from records.organization import SIGNATORY, Agency, Dated, Officer, Position, in_force
from records.record import Record
from records.vietnamese import local_date


class BadDelegation(OfficeError):
    """The delegation lacks what the law asks for (ủy quyền không hợp lệ)."""

    code = "bad-delegation"
    citation = "Nghị định 30/2020/NĐ-CP, Điều 13.4"
    vi = (
        "Chưa thể ủy quyền: cần ghi văn bản ủy quyền, người được ủy quyền khác với người ủy quyền"
        " và thời hạn có ngày kết thúc không sớm hơn ngày bắt đầu."
    )
    en = (
        "This cannot be delegated: name the written authorisation, another person,"
        " and a time limit that ends no earlier than it begins."
    )


class Delegation(Dated, Record):
    """One officer stands in for the holder of a position for a while (ủy quyền)."""

    __tablename__ = "delegation"
    called = ("ủy quyền", "delegation")
    __table_args__ = (
        sa.CheckConstraint("valid_to >= valid_from - 1", name="valid_dates"),
        sa.CheckConstraint("valid_to IS NOT NULL", name="limited_in_time"),
        sa.CheckConstraint("basis <> ''", name="written"),
    )

    position_id: Mapped[UUID] = mapped_column(sa.ForeignKey("position.id"), index=True)
    to_officer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("officer.id"), index=True)
    #: the written authorisation: "Giấy ủy quyền số 12/GUQ-UBND ngày 05/02/2026"
    basis: Mapped[str]
    #: what it covers, in its own words
    scope: Mapped[str] = mapped_column(default="")
    #: whether documents may be signed by it (TUQ.)
    includes_signing: Mapped[bool] = mapped_column(default=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """One way an officer may act today: in a position of his own, or for another."""

    position: Position
    agency: Agency
    delegation: Delegation | None = None
    delegator: Officer | None = None


_CHOICES = Query(
    sa.select(Position, Agency, Delegation, Officer)
    .join(Agency, Agency.id == Position.agency_id)
    .join(Officer, Officer.id == Position.officer_id)
    .outerjoin(
        Delegation,
        sa.and_(
            Delegation.position_id == Position.id,
            Delegation.to_officer_id == sa.bindparam("officer_id", type_=sa.Uuid()),
            in_force(Delegation, sa.bindparam("day", type_=sa.Date())),
        ),
    )
    .where(
        in_force(Position, sa.bindparam("day", type_=sa.Date())),
        sa.or_(
            Position.officer_id == sa.bindparam("officer_id", type_=sa.Uuid()),
            Delegation.id.is_not(None),
        ),
    )
    .order_by(Agency.sort_key, Position.valid_from, Position.id)
)


def choices_of(tx: Transaction, officer_id: UUID, on: date) -> list[Choice]:
    """Return the ways an officer may act on the day `on`, his own positions first."""
    found = [
        Choice(position, agency, delegation, officer if delegation else None)
        for position, agency, delegation, officer in tx.rows(
            _CHOICES, officer_id=officer_id, day=on
        )
    ]
    return sorted(found, key=lambda choice: choice.delegation is not None)


def acting_as(
    officer: Officer, position: Position, delegation: Delegation | None = None, address: str = ""
) -> Acting:
    """Return who acts when `officer` acts in `position`, his own or one he stands in for."""
    roles = position.roles
    if delegation is not None and not delegation.includes_signing:
        roles -= {SIGNATORY}
    return Acting(
        agency_id=position.agency_id,
        officer_id=officer.id,
        position_id=position.id,
        unit_id=position.unit_id,
        roles=roles,
        name=officer.full_name,
        title=position.title,
        on_behalf_of=position.officer_id if delegation else None,
        address=address,
    )


def acting_for(
    tx: Transaction, officer_id: UUID, position_id: UUID, on: date | None = None
) -> Acting:
    """Return the acting officer in a position of his own or one delegated to him.

    Raises `NotAllowed` when neither holds on that day (today unless given).
    """
    officer = tx.get(Officer, officer_id)
    for choice in choices_of(tx, officer_id, on or local_date(tx.now)):
        if choice.position.id == position_id and officer.active:
            return acting_as(officer, choice.position, choice.delegation)
    raise NotAllowed(act="chọn chức vụ này")


def delegate(
    tx: Transaction,
    to_officer_id: UUID,
    valid_from: date,
    valid_to: date,
    *,
    basis: str,
    scope: str = "",
    includes_signing: bool = False,
) -> Delegation:
    """Have another officer of the agency stand in for the acting one, in this position.

    Raises `BadDelegation`, and `NotAllowed` for one who himself acts on another's behalf.
    """
    me = tx.acting
    authorize(me, Act.DELEGATE, Facts(me.agency_id))
    if not (basis.strip() and to_officer_id != me.officer_id and valid_from <= valid_to):
        raise BadDelegation
    if me.agency_id is None or me.position_id is None:
        raise NotFound(what="chức vụ")
    tx.get(Officer, to_officer_id)
    given = tx.add(
        Delegation(
            agency_id=me.agency_id,
            position_id=me.position_id,
            to_officer_id=to_officer_id,
            valid_from=valid_from,
            valid_to=valid_to,
            basis=basis.strip(),
            scope=scope.strip(),
            # whoever may not sign cannot let another sign for him
            includes_signing=includes_signing and SIGNATORY in me.roles,
        )
    )
    record(
        tx, "delegate", "delegation", given.id,
        to=to_officer_id, valid_from=valid_from, valid_to=valid_to, basis=given.basis,
    )  # fmt: skip
    return given


def withdraw(tx: Transaction, delegation_id: UUID) -> None:
    """End a delegation at once: by who gave it; it stays on record (thu hồi ủy quyền)."""
    given = tx.get(Delegation, delegation_id)
    authorize(tx.acting, Act.DELEGATE, Facts(given.agency_id))
    if given.position_id != tx.acting.position_id:
        raise NotAllowed(act=Act.DELEGATE.vi)
    day = local_date(tx.now)
    given.valid_to = min(given.valid_to or day, max(day, given.valid_from) - timedelta(days=1))
    record(tx, "withdraw_delegation", "delegation", given.id)
