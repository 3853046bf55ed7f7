"""Registers and their numbers (sổ đăng ký, cấp số): gapless, under a row lock, never MAX+1.

A series is one run of numbers of one year (Decree 30/2020, Điều 15, 22): it opens itself at 1 when
the year turns at local midnight, or at another number with a reason, as when an agency moves from
paper. A number is never erased: what is not used stays in the book as void.
"""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Query, Transaction
from engine.errors import OfficeError
from records.document import Document, about
from records.record import Authored, GuardedRecord, author, one_document
from records.vietnamese import local_date
from records.vocabulary import EntryState, RegisterKind, vocabulary


class NumberTaken(OfficeError):
    """The register already has this number (số đã có trong sổ)."""

    code = "number-taken"
    status = 409
    citation = "Nghị định 30/2020/NĐ-CP, Điều 15, 22"
    vi = (
        "Số {number} đã có trong sổ ({series}, năm {year}). Số kế tiếp là {next}; "
        "hãy để hệ thống tự cấp hoặc chọn số đang giữ chỗ."
    )
    en = "Number {number} is already in the register ({series}, {year}); the next one is {next}."


class NumberAhead(OfficeError):
    """The number would leave a gap (số vượt quá số kế tiếp)."""

    code = "number-ahead"
    status = 409
    citation = "Nghị định 30/2020/NĐ-CP, Điều 15, 22"
    vi = (
        "Số {number} vượt quá số kế tiếp ({next}) của sổ ({series}, năm {year}) nên sẽ để trống "
        "số ở giữa. Hãy nhập bù lần lượt theo thứ tự."
    )
    en = "Number {number} would leave a gap: the next of {series}, {year} is {next}."


class SeriesOpen(OfficeError):
    """The series of this year is already open (dãy số đã mở)."""

    code = "series-open"
    status = 409
    vi = "Dãy số «{series}» năm {year} đã mở, số kế tiếp là {next}; không mở lại được."
    en = "The series «{series}» of {year} is already open; its next number is {next}."


class ReasonNeeded(OfficeError):
    """The act needs a recorded reason (phải ghi lý do)."""

    code = "reason-needed"
    vi = "Phải ghi lý do khi {act}."
    en = "Give the reason ({act})."


class WrongYear(OfficeError):
    """The series belongs to another year (dãy số của năm khác)."""

    code = "wrong-year"
    status = 409
    vi = "Dãy số «{series}» của năm {year} không cấp số cho ngày thuộc năm {asked}."
    en = "The series «{series}» of {year} gives no numbers for {asked}."


class NotVoidable(OfficeError):
    """The number is already void (số đã hủy)."""

    code = "not-voidable"
    status = 409
    vi = "Số {number} đã hủy trước đó."
    en = "Number {number} is void already."


class Register(GuardedRecord):
    """A book of the clerk's (sổ đăng ký)."""

    __tablename__ = "register"
    called = ("sổ đăng ký", "register")
    __table_args__ = (sa.UniqueConstraint("agency_id", "name"),)

    kind: Mapped[RegisterKind] = mapped_column(vocabulary(RegisterKind))
    name: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True)


class RegisterSeries(Authored, GuardedRecord):
    """One year's run of numbers (dãy số): `VB hành chính`, `QPPL:QĐ`, `Bản sao`, `Văn bản đến`."""

    __tablename__ = "register_series"
    called = ("dãy số", "series of numbers")
    __table_args__ = (
        sa.UniqueConstraint("register_id", "year", "key"),
        sa.CheckConstraint("next_number >= opened_at_number", name="next_number"),
        sa.CheckConstraint("opened_at_number >= 1", name="opened_at_number"),
        sa.CheckConstraint("opened_at_number = 1 OR reason <> ''", name="reason"),
    )

    register_id: Mapped[UUID] = mapped_column(sa.ForeignKey("register.id"))
    year: Mapped[int]
    key: Mapped[str]
    next_number: Mapped[int] = mapped_column(default=1)
    opened_at_number: Mapped[int] = mapped_column(default=1)
    opened_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(default="")


class RegisterEntry(Authored, GuardedRecord):
    """One number of a series and what bears it (dòng trong sổ)."""

    __tablename__ = "register_entry"
    __table_args__ = (
        sa.UniqueConstraint("series_id", "number"),
        one_document(required=False),
        sa.CheckConstraint(
            "state <> 'active' OR num_nonnulls(incoming_document_id, outgoing_document_id) = 1",
            name="active_has_document",
        ),
        sa.CheckConstraint("state = 'active' OR reason <> ''", name="reason"),
    )

    series_id: Mapped[UUID] = mapped_column(sa.ForeignKey("register_series.id"))
    number: Mapped[int]
    state: Mapped[EntryState] = mapped_column(vocabulary(EntryState), default=EntryState.ACTIVE)
    incoming_document_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("incoming_document.id"), index=True
    )
    outgoing_document_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("outgoing_document.id"), index=True
    )
    entered_at: Mapped[datetime]
    #: when it really happened, for what was written on paper during a breakdown (nhập bù)
    actual_on: Mapped[date | None]
    reason: Mapped[str] = mapped_column(default="")
    voided_at: Mapped[datetime | None]

    @property
    def is_late_entry(self) -> bool:
        """Return whether it was entered after the fact (nhập bù sau sự cố, Quy chế Điều 4.2)."""
        return self.actual_on is not None


def year_of(at: datetime) -> int:
    """Return the year in whose register the moment `at` falls: it turns at local midnight."""
    return local_date(at).year


_SERIES = Query(
    sa.select(RegisterSeries)
    .where(
        RegisterSeries.register_id == sa.bindparam("register", type_=sa.Uuid()),
        RegisterSeries.year == sa.bindparam("year", type_=sa.BigInteger()),
        RegisterSeries.key == sa.bindparam("key", type_=sa.Text()),
    )
    .with_for_update()
)
_ENTRY = Query(
    sa.select(RegisterEntry).where(
        RegisterEntry.series_id == sa.bindparam("series", type_=sa.Uuid()),
        RegisterEntry.number == sa.bindparam("number", type_=sa.BigInteger()),
    )
)


def open_series(
    tx: Transaction, register_id: UUID, key: str, *, year: int, first: int = 1, reason: str = ""
) -> RegisterSeries:
    """Open the series `key` of `year` at `first` and return it, locked.

    Raises `SeriesOpen` when it is open already, `ReasonNeeded` when it starts at another number
    than 1 without a reason.
    """
    if first < 1:
        msg = f"a series starts at 1 or above, not {first}"
        raise ValueError(msg)
    if first != 1 and not reason.strip():
        raise ReasonNeeded(act=f"mở dãy số từ số {first}")
    register = tx.get(Register, register_id, lock=True)  # one opener at a time
    found = tx.scalar(_SERIES, register=register_id, year=year, key=key)
    if found is not None:
        raise SeriesOpen(series=key, year=year, next=found.next_number)
    series = RegisterSeries(
        agency_id=register.agency_id,
        register_id=register_id,
        year=year,
        key=key,
        next_number=first,
        opened_at_number=first,
        opened_at=tx.now,
        reason=reason.strip(),
        **author(tx.acting),
    )
    tx.add(series)
    tx.flush()
    return series


def series_at(tx: Transaction, register_id: UUID, key: str, at: datetime) -> RegisterSeries:
    """Return the series `key` of the year of `at`, locked; a new year's opens itself at 1."""
    year = year_of(at)
    found = tx.scalar(_SERIES, register=register_id, year=year, key=key)
    if found is None:
        try:
            return open_series(tx, register_id, key, year=year)
        except SeriesOpen:  # another clerk opened it while we waited for the register
            found = tx.scalar(_SERIES, register=register_id, year=year, key=key)
    if found is None:
        msg = "an open series vanished"
        raise LookupError(msg)
    return found


def take_number(tx: Transaction, series: RegisterSeries, at: datetime) -> int:
    """Take the next number of `series` under its row lock; a rollback gives it back.

    Raises `WrongYear` when `at` falls in another year than the series.
    """
    locked = tx.get(RegisterSeries, series.id, lock=True)
    if locked.year != year_of(at):
        raise WrongYear(series=locked.key, year=locked.year, asked=year_of(at))
    number = locked.next_number
    locked.next_number = number + 1
    return number


def enter(
    tx: Transaction,
    register_id: UUID,
    key: str,
    document: Document,
    *,
    at: datetime,
    number: int | None = None,
    actual_on: date | None = None,
    reason: str = "",
) -> RegisterEntry:
    """Enter `document` in the register under the next number and return the entry (đăng ký).

    `number` names one given on paper: the next in turn or one held in reserve; with `actual_on`
    the entry counts as entered after the fact. Raises `NumberTaken`, `NumberAhead`.
    """
    series = series_at(tx, register_id, key, at)
    if number is not None and number != series.next_number:
        entry = _reserved(tx, series, number)
        entry.state = EntryState.ACTIVE
        entry.entered_at = tx.now
        entry.actual_on = actual_on
        for column, value in {**about(document), **author(tx.acting)}.items():
            setattr(entry, column, value)
        return entry
    return tx.add(
        RegisterEntry(
            agency_id=series.agency_id,
            series_id=series.id,
            number=take_number(tx, series, at),
            entered_at=tx.now,
            actual_on=actual_on,
            reason=reason,
            **about(document),
            **author(tx.acting),
        )
    )


def _reserved(tx: Transaction, series: RegisterSeries, number: int) -> RegisterEntry:
    facts = {
        "number": number,
        "series": series.key,
        "year": series.year,
        "next": series.next_number,
    }
    if number > series.next_number:
        raise NumberAhead(**facts)
    entry = tx.scalar(_ENTRY, series=series.id, number=number)
    if entry is None or entry.state is not EntryState.RESERVED:
        raise NumberTaken(**facts)
    return entry


def reserve_number(
    tx: Transaction, register_id: UUID, key: str, *, at: datetime, reason: str
) -> RegisterEntry:
    """Hold the next number in reserve (giữ chỗ) and return its entry."""
    if not reason.strip():
        raise ReasonNeeded(act="giữ chỗ số")
    series = series_at(tx, register_id, key, at)
    return tx.add(
        RegisterEntry(
            agency_id=series.agency_id,
            series_id=series.id,
            number=take_number(tx, series, at),
            state=EntryState.RESERVED,
            entered_at=tx.now,
            reason=reason.strip(),
            **author(tx.acting),
        )
    )


def void_number(tx: Transaction, entry: RegisterEntry, reason: str) -> None:
    """Mark the number of `entry` as void (hủy số); it stays in the book and is never used again."""
    if not reason.strip():
        raise ReasonNeeded(act="hủy số")
    if entry.state is EntryState.VOIDED:
        raise NotVoidable(number=entry.number)
    entry.state = EntryState.VOIDED
    entry.reason = reason.strip()
    entry.voided_at = tx.now
