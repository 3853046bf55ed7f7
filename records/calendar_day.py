"""The entries of the working calendar as data (ngày nghỉ lễ, ngày làm việc hoán đổi)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Base, Query, Transaction, new_id
from records.organization import Agency
from records.vocabulary import Term, vocabulary
from records.working_time import WorkingCalendar, parse_hours


class DayKind(Term):
    """What the calendar says of a day (loại ngày); a swapped Saturday is a workday."""

    HOLIDAY = "holiday", "Ngày nghỉ", "Day off"
    WORKDAY = "workday", "Ngày làm việc", "Working day"


class CalendarDay(Base):
    """One day that differs from its weekday, for all agencies or for one (`agency_id`)."""

    __tablename__ = "calendar_day"
    __table_args__ = (
        sa.UniqueConstraint("agency_id", "day", postgresql_nulls_not_distinct=True),
        {"info": {"read_by": "all"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    agency_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("agency.id"))
    day: Mapped[date]
    kind: Mapped[DayKind] = mapped_column(vocabulary(DayKind))
    name: Mapped[str]
    #: checked against the official notice of the year
    confirmed: Mapped[bool] = mapped_column(default=False)


@dataclass(frozen=True, slots=True)
class ShippedDay:
    """One day of the shipped calendar."""

    day: date
    kind: DayKind
    name: str
    confirmed: bool


_DAYS = Query(
    sa.select(CalendarDay.agency_id, CalendarDay.day, CalendarDay.kind).where(
        sa.or_(CalendarDay.agency_id.is_(None), CalendarDay.agency_id == sa.bindparam("agency_id"))
    )
)
_HOURS = Query(sa.select(Agency.working_hours).where(Agency.id == sa.bindparam("agency_id")))


def load_calendar(tx: Transaction, agency_id: UUID) -> WorkingCalendar:
    """Return the working calendar of an agency; its own entries prevail over the general ones."""
    rows = tx.rows(_DAYS, agency_id=agency_id)
    kinds = {day: kind for owner, day, kind in rows if owner is None}
    kinds |= {day: kind for owner, day, kind in rows if owner is not None}
    hours = tx.scalar(_HOURS, agency_id=agency_id)
    return calendar_of(kinds.items(), hours)


def calendar_of(days: Iterable[tuple[date, DayKind]], hours: str | None = None) -> WorkingCalendar:
    """Return the calendar made of these days and, where given, these hours."""
    kinds = dict(days)
    spans = {"spans": parse_hours(hours)} if hours else {}
    return WorkingCalendar(
        holidays=frozenset(d for d, k in kinds.items() if k is DayKind.HOLIDAY),
        workdays=frozenset(d for d, k in kinds.items() if k is DayKind.WORKDAY),
        **spans,
    )


@lru_cache(maxsize=1)
def shipped_days() -> tuple[ShippedDay, ...]:
    """Return the days shipped with the product: 2025 to 2027, to be confirmed each year."""
    text = files("records").joinpath("data", "public_holidays.json").read_bytes()
    return tuple(
        ShippedDay(date.fromisoformat(d["date"]), DayKind(d["kind"]), d["name"], d["confirmed"])
        for d in orjson.loads(text)["days"]
    )


def seed_calendar(tx: Transaction) -> int:
    """Enter the shipped days that the database lacks; return how many. What is there stays."""
    known = set(tx.scalars(sa.select(CalendarDay.day).where(CalendarDay.agency_id.is_(None))))
    missing = [d for d in shipped_days() if d.day not in known]
    for d in missing:
        tx.add(CalendarDay(day=d.day, kind=d.kind, name=d.name, confirmed=d.confirmed))
    return len(missing)
