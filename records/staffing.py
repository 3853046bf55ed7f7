"""Setting up agencies, units, officers and what they hold (tổ chức bộ máy, nhân sự).

Nothing is removed: what ends gets a last day, so that who held what on any day stays known.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa

from engine.database import Transaction, new_id
from engine.errors import NotAllowed, OfficeError
from records.account import Account
from records.authority import Act, Facts, authorize
from records.encoding import normalize, sort_key
from records.journal import record
from records.organization import (
    Agency,
    AgencyCode,
    Officer,
    Position,
    Role,
    Unit,
    find_agency_by_code,
    in_force,
)
from records.vietnamese import local_date
from records.vocabulary import SigningCapacity
from records.working_time import USUAL_HOURS, parse_hours


class CodeTaken(OfficeError):
    """Another agency bears this identifier (mã định danh đã có)."""

    code = "agency-code-taken"
    status = 409
    vi = "Mã định danh «{agency_code}» đã thuộc về cơ quan «{name}». Hãy kiểm tra lại mã."
    en = "The identifier «{agency_code}» belongs to «{name}». Check it."


def add_agency(
    tx: Transaction,
    name: str,
    code: str,
    *,
    valid_from: date,
    symbol: str = "",
    short_name: str = "",
    place: str = "",
    parent_id: UUID | None = None,
    hotline: str = "",
    contact: str = "",
    cell: str = "",
    working_hours: str = USUAL_HOURS,
) -> Agency:
    """Set up an agency that works in this installation; for the system itself.

    Raises `CodeTaken`, `BadHours`.
    """
    authorize(tx.acting, Act.MANAGE_STAFF)
    if tx.acting.agency_id is not None:
        raise NotAllowed(act=Act.MANAGE_STAFF.vi)
    parse_hours(working_hours)
    agency = Agency(
        id=new_id(),
        name=normalize(name),
        short_name=normalize(short_name),
        symbol=normalize(symbol),
        place=normalize(place),
        parent_id=parent_id,
        hotline=hotline,
        contact=normalize(contact),
        cell=cell,
        working_hours=working_hours,
        valid_from=valid_from,
        sort_key=sort_key(name),
    )
    _enter(tx, agency, code)
    return agency


def add_partner(tx: Transaction, name: str, code: str) -> Agency:
    """Return the agency of this identifier, entered as an addressee when nobody knows it yet."""
    known = find_agency_by_code(tx, code)
    if known is not None:
        return known
    day = local_date(tx.now)
    partner = Agency(
        id=new_id(),
        name=normalize(name),
        is_tenant=False,
        valid_from=day,
        sort_key=sort_key(name),
    )
    _enter(tx, partner, code)
    return partner


def add_partner_code(tx: Transaction, partner: Agency, code: str) -> None:
    """Give an addressee another identifier; an agency that works here enters its own."""
    if partner.is_tenant:
        return
    tx.add(
        AgencyCode(
            agency_id=partner.id,
            code=code.strip(),
            preferred=False,
            valid_from=local_date(tx.now),
        )
    )
    tx.flush()


def _enter(tx: Transaction, agency: Agency, code: str) -> None:
    other = find_agency_by_code(tx, code)
    if other is not None:
        raise CodeTaken(agency_code=code, name=other.name)
    tx.add(agency)
    # Row security looks at the agency while its code is entered: it must stand before.
    tx.flush()
    first = AgencyCode(
        agency_id=agency.id, code=code.strip(), preferred=True, valid_from=agency.valid_from
    )
    tx.add(first)
    record(tx, "add_agency", "agency", agency.id, name=agency.name, code=first.code)


def add_code(tx: Transaction, agency_id: UUID, code: str, *, preferred: bool = False) -> AgencyCode:
    """Give an agency another identifier, preferred from now on if asked; raises `CodeTaken`."""
    authorize(tx.acting, Act.MANAGE_STAFF, Facts(agency_id))
    other = find_agency_by_code(tx, code)
    if other is not None:
        raise CodeTaken(agency_code=code, name=other.name)
    if preferred:
        former = tx.scalars(
            sa.select(AgencyCode).where(AgencyCode.agency_id == agency_id, AgencyCode.preferred)
        )
        for one in former:
            one.preferred = False
        tx.flush()  # the index allows no moment with two
    added = AgencyCode(
        agency_id=agency_id,
        code=code.strip(),
        preferred=preferred,
        valid_from=local_date(tx.now),
    )
    record(tx, "add_code", "agency", agency_id, code=added.code, preferred=preferred)
    return tx.add(added)


def add_unit(
    tx: Transaction,
    agency_id: UUID,
    name: str,
    *,
    symbol: str = "",
    parent_id: UUID | None = None,
    valid_from: date | None = None,
) -> Unit:
    """Set up a unit of the agency."""
    authorize(tx.acting, Act.MANAGE_STAFF, Facts(agency_id))
    unit = Unit(
        agency_id=agency_id,
        name=normalize(name),
        symbol=normalize(symbol),
        parent_id=parent_id,
        valid_from=valid_from or local_date(tx.now),
        sort_key=sort_key(name),
    )
    record(tx, "add_unit", "unit", unit.id, name=unit.name)
    return tx.add(unit)


def add_officer(tx: Transaction, agency_id: UUID, full_name: str, *, email: str = "") -> Officer:
    """Enter an officer whose home is the agency; without a position he may do nothing yet."""
    authorize(tx.acting, Act.MANAGE_STAFF, Facts(agency_id))
    name = normalize(" ".join(full_name.split()))
    officer = Officer(
        agency_id=agency_id, full_name=name, email=email.strip(), sort_key=name_key(name)
    )
    record(tx, "add_officer", "officer", officer.id, name=name)
    return tx.add(officer)


def name_key(full_name: str) -> bytes:
    """Return the order of a person's name: the given name, which stands last, then the family's."""
    family, _, given = full_name.rpartition(" ")
    return sort_key(given) + b"\0" + sort_key(family)


def appoint(
    tx: Transaction,
    officer_id: UUID,
    agency_id: UUID,
    title: str,
    role: Role,
    *,
    unit_id: UUID | None = None,
    valid_from: date | None = None,
    valid_to: date | None = None,
    signing_capacity: SigningCapacity | None = None,
    signature_block: str = "",
) -> Position:
    """Give an officer a position in an agency (bổ nhiệm, phân công).

    Only the system itself makes system operators: they serve the whole installation.
    """
    authorize(tx.acting, Act.MANAGE_STAFF, Facts(agency_id))
    if role is Role.SYSTEM_OPERATOR and tx.acting.agency_id is not None:
        raise NotAllowed(act=Act.MANAGE_STAFF.vi)
    position = Position(
        agency_id=agency_id,
        officer_id=officer_id,
        unit_id=unit_id,
        title=normalize(title),
        role=role,
        valid_from=valid_from or local_date(tx.now),
        valid_to=valid_to,
        signing_capacity=signing_capacity,
        signature_block=normalize(signature_block),
    )
    record(tx, "appoint", "position", position.id, officer=officer_id, title=title, role=role.value)
    return tx.add(position)


def end_position(tx: Transaction, position_id: UUID, last_day: date | None = None) -> Position:
    """End a position; without `last_day` the holder acts in it no more from this moment on."""
    position = tx.get(Position, position_id, lock=True)
    authorize(tx.acting, Act.MANAGE_STAFF, Facts(position.agency_id))
    ends = last_day or local_date(tx.now) - timedelta(days=1)
    # Begun and ended on one day: a period without a day, so that it no longer holds at once.
    position.valid_to = max(ends, position.valid_from - timedelta(days=1))
    record(tx, "end_position", "position", position.id, last_day=position.valid_to)
    return position


@dataclass(frozen=True, slots=True)
class Right:
    """What one officer may do by one position on one day (quyền hạn)."""

    officer: Officer
    position: Position
    account: Account | None


def rights_on(tx: Transaction, agency_id: UUID, on: date) -> list[Right]:
    """Return who has what right in the agency on the day `on` (Quy chế, Điều 3.3)."""
    select = (
        sa.select(Officer, Position, Account)
        .join(Position, Position.officer_id == Officer.id)
        .outerjoin(Account, Account.officer_id == Officer.id)
        .where(Position.agency_id == agency_id, in_force(Position, on))
        .order_by(Officer.sort_key, Position.id)
    )
    return [Right(*row) for row in tx.rows(select)]
