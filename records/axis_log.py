"""The message log of our axis in the database (nhật ký gói tin): appended, chained, signed.

Whoever accepts a message appends rows and waits for nobody. `chain` gives the rows of finished
transactions their places and hashes; the end of the chain is signed with the installation's key and
timestamped where an authority is configured. A row is written once; its place is added once.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Base, Transaction, new_id
from exchange.axis_log import LogEntry, LogKind, link
from records.journal_signature import DIGEST, JournalKey
from signing.certificate import ensure_signed_by, load_certificate
from signing.errors import SigningError
from signing.proof import SKEW
from signing.stamp import FORGED, StampCheck
from signing.verdict import Verdict
from signing.zone import shown

#: rows that get their place in one go
_BATCH = 5_000


class AxisLogEntry(Base):
    """One entry of the message log; `no` and `hash` are added once, by `chain`."""

    __tablename__ = "axis_log_entry"
    __table_args__ = (
        sa.Index("ix_axis_log_entry_open", "id", postgresql_where=sa.text("no IS NULL")),
        sa.Index("ix_axis_log_entry_packet_id", "packet_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    at: Mapped[datetime]
    system_id: Mapped[str]
    sending_id: Mapped[str]
    packet_id: Mapped[str]
    sender: Mapped[str]
    receiver: Mapped[str]
    digest: Mapped[str]
    note: Mapped[str]
    no: Mapped[int | None] = mapped_column(unique=True)
    hash: Mapped[bytes | None]


class AxisLogHead(Base):
    """The signed end of the log at one moment (đầu chuỗi nhật ký gói tin)."""

    __tablename__ = "axis_log_head"
    __table_args__ = ({"info": {"append_only": True}},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    no: Mapped[int] = mapped_column(index=True)
    head: Mapped[bytes]
    value: Mapped[bytes]
    certificate: Mapped[bytes]
    #: what an authority says of when the signature was there; none: chưa đóng dấu thời gian
    timestamp: Mapped[bytes | None]
    signed_at: Mapped[datetime]


_APPEND = """
INSERT INTO axis_log_entry (id, at, kind, system_id, sending_id, packet_id, sender, receiver,
  digest, note)
SELECT * FROM json_to_recordset(%s) AS new (id uuid, at timestamptz, kind text, system_id text,
  sending_id text, packet_id text, sender text, receiver text, digest text, note text)"""


def append(tx: Transaction, entries: Sequence[LogEntry]) -> None:
    """Append entries in one statement, which travels with what comes next."""
    tx.hold(_APPEND, orjson.dumps([{"id": new_id(), **vars(one)} for one in entries]).decode())


_ROWS = (
    "id, kind, at, system_id, sending_id, packet_id, sender, receiver, digest, note"
    " FROM axis_log_entry"
)


def chain(tx: Transaction) -> int:
    """Give the next entries their places in the chain; return how many.

    One at a time. What a transaction still running appends comes in a later batch.
    """
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('axis log', 0))")
    rows = tx.execute(f"SELECT {_ROWS} WHERE no IS NULL ORDER BY id LIMIT {_BATCH}").fetchall()
    no, previous = _last(tx)
    links = []
    for row in rows:
        no += 1
        previous = link(previous, no, _entry(row[1:]))
        links.append((row[0], no, previous))
    if links:
        tx.execute(
            """UPDATE axis_log_entry SET no = new.no, hash = new.hash
               FROM unnest(%s::uuid[], %s::bigint[], %s::bytea[]) AS new (id, no, hash)
               WHERE axis_log_entry.id = new.id""",
            *([one[0] for one in links], [one[1] for one in links], [one[2] for one in links]),
        )
    return len(links)


def _last(tx: Transaction) -> tuple[int, bytes]:
    row = tx.execute(
        "SELECT no, hash FROM axis_log_entry WHERE no IS NOT NULL ORDER BY no DESC LIMIT 1"
    ).fetchone()
    return (row[0], bytes(row[1])) if row else (0, b"")


def _entry(row: Sequence[object]) -> LogEntry:
    kind, at, *texts = row
    assert isinstance(at, datetime)
    return LogEntry(LogKind(str(kind)), at, *map(str, texts))


# the end of the chain --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogHead:
    """The end of the log, to be signed; its text says of which log it is."""

    no: int
    hash: bytes
    at: datetime

    def text(self) -> bytes:
        """Return what is signed."""
        told = {
            "log": "axis",
            "no": self.no,
            "hash": self.hash.hex(),
            "at": self.at.astimezone(UTC),
        }
        return orjson.dumps(told, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def head_to_sign(tx: Transaction, *, stamps: bool) -> LogHead | None:
    """Return the end of the log unless it is signed, with `stamps` also timestamped, already."""
    no, last = _last(tx)
    proven = "AND timestamp IS NOT NULL" if stamps else ""
    row = tx.execute(
        f"SELECT coalesce(max(no), 0) FROM axis_log_head WHERE true {proven}"  # noqa: S608 - constants
    ).fetchone()
    return LogHead(no, last, tx.now) if no > (row or (0,))[0] else None


def keep_head(
    tx: Transaction, head: LogHead, value: bytes, certificate: bytes, timestamp: bytes | None
) -> None:
    """Keep the signature on a head, with its timestamp where one was had."""
    told = {"value": value, "certificate": certificate, "timestamp": timestamp}
    tx.add(AxisLogHead(no=head.no, head=head.text(), signed_at=tx.now, **told))


def unproven_since(tx: Transaction) -> datetime | None:
    """Return when the oldest entry was made that no timestamp covers, None where there is none."""
    row = tx.execute(
        """SELECT least(
             (SELECT at FROM axis_log_entry WHERE no = 1 + coalesce(
                (SELECT max(no) FROM axis_log_head WHERE timestamp IS NOT NULL), 0)),
             (SELECT at FROM axis_log_entry WHERE no IS NULL ORDER BY id LIMIT 1))"""
    ).fetchone()
    return row[0] if row else None


@dataclass(frozen=True, slots=True)
class LogState:
    """How long the log is and when its end was signed last (tình trạng nhật ký)."""

    chained: int
    waiting: int
    signed_at: datetime | None


def state_of(tx: Transaction) -> LogState:
    """Return how the log stands, without checking it."""
    row = tx.execute(
        """SELECT (SELECT count(*) FROM axis_log_entry WHERE no IS NULL),
             (SELECT max(signed_at) FROM axis_log_head)"""
    ).fetchone()
    waiting, signed_at = row or (0, None)
    return LogState(_last(tx)[0], waiting, signed_at)


def entries_of(tx: Transaction, packet_id: str) -> list[LogEntry]:
    """Return what the log says of a packet, oldest first."""
    text = f"SELECT {_ROWS} WHERE packet_id = %s ORDER BY id LIMIT 500"
    return [_entry(row[1:]) for row in tx.execute(text, packet_id).fetchall()]


# checking --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogVerification:
    """What checking the log found (kết quả kiểm tra); `reason` is empty when all holds."""

    chained: int
    waiting: int = 0
    no: int | None = None
    reason: str = ""
    signed: int = 0
    stamped: int = 0
    stamped_at: datetime | None = None
    unproven: int = 0

    @property
    def holds(self) -> bool:
        return not self.reason

    def text(self, language: str = "vi") -> str:
        """Return the finding as sentences."""
        if not self.holds:
            vi, en = _REASONS[self.reason]
            told = (
                f"Nhật ký gói tin đã bị can thiệp tại mục {self.no}: {vi}.",
                f"The message log was tampered with at entry {self.no}: {en}.",
            )
            return told[language == "en"]
        vi = f"Nhật ký gói tin toàn vẹn: {self.chained} mục trong chuỗi, {self.waiting} mục chờ."
        en = f"The message log holds: {self.chained} entries chained, {self.waiting} waiting."
        if self.signed:
            vi += f" Đầu chuỗi đã ký số tới mục {self.signed}"
            en += f" Its head is signed up to entry {self.signed}"
        if self.signed and self.stamped_at is None:
            vi, en = f"{vi}, chưa đóng dấu thời gian.", f"{en}, without a timestamp."
        elif self.signed and self.stamped_at is not None:
            vi += (
                f"; dấu thời gian chứng minh mục {self.stamped} có trước {shown(self.stamped_at)}."
            )
            en += (
                f"; a timestamp proves entry {self.stamped} was there by {shown(self.stamped_at)}."
            )
        if self.unproven:
            vi += f" {self.unproven} dấu thời gian chưa chứng minh được."
            en += f" {self.unproven} timestamps prove nothing yet."
        return (vi, en)[language == "en"]


_REASONS = {
    "entry-changed": ("nội dung không khớp mã băm", "what it says does not give its hash"),
    "entry-missing": ("thiếu mục", "an entry is missing"),
    "tail-cut": ("phần cuối đã bị cắt bỏ", "the end was cut off"),
    "chain-rewritten": ("chuỗi đã bị viết lại sau khi ký", "the chain was written anew"),
    "key-unknown": ("đầu chuỗi được ký bằng khóa lạ", "its head is signed with an unknown key"),
    "signature-wrong": ("chữ ký đầu chuỗi không đúng", "the signature on its head is wrong"),
    "timestamp-wrong": ("dấu thời gian không phải của đầu chuỗi", "the timestamp is of another"),
    "timestamp-astray": ("dấu thời gian lệch giờ ký", "the timestamp is not of its time"),
}


def verify_log(
    session: orm.Session, key: JournalKey, stamps: StampCheck | None = None
) -> LogVerification:
    """Check every entry, head and timestamp; name the first place that does not hold."""
    select = sa.select(AxisLogHead).order_by(AxisLogHead.no, AxisLogHead.id)
    heads = session.scalars(select).all()
    found, hashes = _walk(session, {one.no for one in heads})
    if not found.holds:
        return found
    for one in heads:
        reason = _fault(one, hashes.get(one.no), key.trusted)
        if reason:
            return replace(found, no=one.no, reason=reason)
        found = replace(found, signed=one.no)
    return found if stamps is None else _with_stamps(found, heads, stamps)


def _walk(session: orm.Session, wanted: set[int]) -> tuple[LogVerification, dict[int, bytes]]:
    """Go through the chain; return also the hashes at the places that are wanted."""
    hashes: dict[int, bytes] = {}
    previous, count = b"", 0
    rows = session.execute(
        sa.text(f"SELECT no, hash, {_ROWS} WHERE no IS NOT NULL ORDER BY no"),
        execution_options={"yield_per": 2000},
    )
    with closing(rows):
        for no, stored, _id, *row in rows:
            count += 1
            if no != count:
                return LogVerification(count - 1, no=count, reason="entry-missing"), hashes
            previous = link(previous, no, _entry(row))
            if previous != bytes(stored):
                return LogVerification(count - 1, no=no, reason="entry-changed"), hashes
            if no in wanted:
                hashes[no] = previous
    waiting = session.scalar(sa.text("SELECT count(*) FROM axis_log_entry WHERE no IS NULL"))
    return LogVerification(count, int(waiting or 0)), hashes


def _fault(one: AxisLogHead, reached: bytes | None, trusted: frozenset[bytes]) -> str:
    if one.certificate not in trusted:
        return "key-unknown"
    try:
        told = orjson.loads(one.head)
        ensure_signed_by(load_certificate(one.certificate), one.head, one.value, DIGEST)
    except (SigningError, ValueError):
        return "signature-wrong"
    if reached is None:
        return "tail-cut"
    said = (told.get("log"), told.get("no"), told.get("hash"))
    return "" if said == ("axis", one.no, reached.hex()) else "chain-rewritten"


def _with_stamps(
    found: LogVerification, heads: Sequence[AxisLogHead], stamps: StampCheck
) -> LogVerification:
    for one in reversed(heads):
        if one.timestamp is None:
            continue
        report = stamps.judge(one.timestamp, sha256(one.value).digest(), DIGEST)
        if report.stamped_at is None or report.reason in FORGED:
            return replace(found, no=one.no, reason="timestamp-wrong")
        if not one.signed_at - SKEW <= report.stamped_at <= one.signed_at + SKEW:
            return replace(found, no=one.no, reason="timestamp-astray")
        if report.verdict is not Verdict.VALID:
            found = replace(found, unproven=found.unproven + 1)
        elif not found.stamped:
            found = replace(found, stamped=one.no, stamped_at=report.stamped_at)
    return found
