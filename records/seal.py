"""Sealing and checking the journal (niêm phong, kiểm tra nhật ký).

A seal covers the leaves of all transactions numbered from the bound of the seal before it up to the
oldest one still running: a bound below which nothing can appear any more, so no leaf is ever missed
and no writer waits. Seals are chained; a head exported to paper or to another agency shows when the
end of the chain was cut off.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Base, Transaction
from engine.errors import OfficeError
from records.journal import COLUMNS, JournalLeaf, Xid, canonical, leaf_hash, merkle_root
from signing.zone import shown

#: one sealer at a time: the key of its advisory lock
_LOCK = 0x6A6F75726E616C  # "journal"
_LAST_XID = str(2**64 - 1)


class EpochEnded(OfficeError):
    """The server's transaction counter was set back: the database was restored elsewhere."""

    code = "journal-epoch-ended"
    status = 503
    vi = (
        "Cơ sở dữ liệu vừa được khôi phục sang máy chủ khác nên nhật ký chưa thể niêm phong tiếp."
        " Quản trị hệ thống cần chạy bước mở kỳ nhật ký mới."
    )
    en = (
        "The database was restored to another server, so the journal cannot be sealed."
        " The operator must begin a new epoch of the journal."
    )


class JournalSeal(Base):
    """One link of the chain: the root over the leaves of the transactions [xid_from, xid_to)."""

    __tablename__ = "journal_seal"
    __table_args__ = ({"info": {"append_only": True}},)

    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    epoch: Mapped[int]
    xid_from: Mapped[str] = mapped_column(Xid())
    xid_to: Mapped[str] = mapped_column(Xid())
    leaves: Mapped[int]
    root: Mapped[bytes]
    previous: Mapped[bytes]
    sealed_at: Mapped[datetime]
    #: the database cluster in which the transactions were counted
    cluster: Mapped[str]
    hash: Mapped[bytes]

    def body(self) -> bytes:
        """Return what its hash is made of: all its other fields."""
        fields = {
            "no": self.no, "epoch": self.epoch, "from": str(self.xid_from), "to": str(self.xid_to),
            "leaves": self.leaves, "root": self.root.hex(), "previous": self.previous.hex(),
            "at": self.sealed_at.astimezone(UTC), "cluster": self.cluster,
        }  # fmt: skip
        return canonical(fields)

    def computed_hash(self) -> bytes:
        """Return the hash this seal must bear."""
        return leaf_hash(self.body())


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain at one moment, to be kept outside the database (đầu chuỗi nhật ký)."""

    no: int
    hash: str
    sealed_at: str

    def to_json(self) -> str:
        return orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read an exported head; raise ValueError or TypeError when it is none."""
        return cls(**orjson.loads(text))


@dataclass(frozen=True, slots=True)
class Verification:
    """What checking the journal found (kết quả kiểm tra); `reason` is empty when all holds."""

    sealed: int
    unsealed: int
    seal: int | None = None
    leaf: UUID | None = None
    reason: str = ""
    #: the last seal whose head is signed
    signed: int = 0
    #: the last seal whose signed head a timestamp proves, and the time; how many prove none
    stamped: int = 0
    stamped_at: datetime | None = None
    unproven: int = 0

    @property
    def holds(self) -> bool:
        return not self.reason

    def text(self, language: str = "vi") -> str:
        """Return the finding as a sentence."""
        if self.holds:
            vi = f"Nhật ký toàn vẹn: {self.sealed} dòng đã niêm phong, {self.unsealed} dòng chờ."
            en = f"The journal holds: {self.sealed} leaves sealed, {self.unsealed} waiting."
            if self.signed:
                vi += f" Đầu chuỗi đã ký số tới niêm phong số {self.signed}."
                en += f" Its head is signed up to seal {self.signed}."
            stamps = self._stamps()
            vi, en = vi + stamps[0], en + stamps[1]
        else:
            place = f"dòng {self.leaf}" if self.leaf else f"niêm phong số {self.seal}"
            vi = f"Nhật ký đã bị can thiệp tại {place}: {_REASONS[self.reason][0]}."
            where = f"leaf {self.leaf}" if self.leaf else f"seal {self.seal}"
            en = f"The journal was tampered with at {where}: {_REASONS[self.reason][1]}."
        return en if language == "en" else vi

    def _stamps(self) -> tuple[str, str]:
        vi = en = ""
        if self.stamped_at is not None:
            vi = (
                f" Dấu thời gian chứng minh niêm phong số {self.stamped} có từ trước "
                f"{shown(self.stamped_at)}."
            )
            en = f" A timestamp proves seal {self.stamped} was there by {shown(self.stamped_at)}."
        if self.unproven:
            vi += (
                f" {self.unproven} dấu thời gian chưa chứng minh được: kiểm tra nơi cấp trong danh "
                "sách tin cậy và danh sách thu hồi."
            )
            en += (
                f" {self.unproven} timestamps prove nothing yet: check their authority in the list "
                "of trust, and the revocation lists."
            )
        return vi, en


_REASONS = {
    "leaf-changed": ("nội dung không khớp mã băm", "its body does not give its hash"),
    "columns-changed": ("các cột không khớp nội dung", "its columns differ from its body"),
    "leaves-missing": ("thiếu dòng nhật ký", "leaves are missing"),
    "leaves-added": ("thừa dòng nhật ký", "leaves were added"),
    "root-differs": ("các dòng đã bị sửa hoặc tráo đổi", "its leaves were changed or swapped"),
    "seal-changed": ("niêm phong đã bị sửa", "the seal was changed"),
    "chain-broken": ("chuỗi niêm phong bị đứt", "the chain is broken"),
    "key-unknown": (
        "đầu chuỗi được ký bằng khóa lạ (thư mục keys thiếu chứng thư số?)",
        "its head is signed with an unknown key (is a certificate missing in keys?)",
    ),
    "signature-wrong": ("chữ ký đầu chuỗi không đúng", "the signature on its head is wrong"),
    "timestamp-wrong": (
        "dấu thời gian không phải của chữ ký đầu chuỗi này",
        "the timestamp is not one of the signature on its head",
    ),
    "timestamp-astray": (
        "dấu thời gian không khớp giờ niêm phong và giờ ký",
        "the timestamp fits neither the time of the seal nor that of the signature",
    ),
    "chain-rewritten": (
        "chuỗi đã bị viết lại sau khi ký đầu chuỗi",
        "the chain was written anew after its head was signed",
    ),
    "tail-cut": ("phần cuối chuỗi đã bị cắt bỏ", "the end of the chain was cut off"),
}


# sealing -------------------------------------------------------------------------------------


_LAST = sa.select(JournalSeal).order_by(JournalSeal.no.desc()).limit(1)
_BOUND = (
    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text,"
    " (SELECT system_identifier::text FROM pg_control_system())"
)


def seal(tx: Transaction) -> JournalSeal | None:
    """Seal the finished leaves and return the seal, or None when there are none.

    Run by the worker each second in a transaction of the system's. Raises `EpochEnded` after a
    restore to another server.
    """
    tx.execute("SELECT pg_advisory_xact_lock(%s)", _LOCK)
    last = tx.scalar(_LAST)
    bound, cluster = tx.execute(_BOUND).fetchone() or ("0", "")
    if last is None:
        return _seal(tx, None, 1, "0", bound, cluster)
    begun = last.xid_to != _LAST_XID
    if begun and (last.cluster != cluster or int(last.xid_to) > int(bound)):
        raise EpochEnded
    if begun:
        return _seal(tx, last, last.epoch, last.xid_to, bound, cluster)
    return _seal(tx, last, last.epoch + 1, "0", bound, cluster)


def begin_epoch(tx: Transaction) -> int:
    """Close the epoch of a database restored to another server; return the new one's number.

    Run once by the restore tool, as the owner of the tables, before anybody writes: seals what the
    old server had not sealed, then counts new leaves in the next epoch.
    """
    tx.execute("SELECT pg_advisory_xact_lock(%s)", _LOCK)
    last = tx.scalar(_LAST)
    epoch, start = (last.epoch, last.xid_to) if last else (1, "0")
    _seal(tx, last, epoch, start, _LAST_XID, last.cluster if last else "", always=True)
    tx.flush()
    tx.execute(f"ALTER TABLE journal_leaf ALTER COLUMN epoch SET DEFAULT {epoch + 1:d}")
    return epoch + 1


def _seal(
    tx: Transaction,
    last: JournalSeal | None,
    epoch: int,
    xid_from: str,
    xid_to: str,
    cluster: str,
    *,
    always: bool = False,
) -> JournalSeal | None:
    rows = tx.execute(
        "SELECT leaf FROM journal_leaf WHERE epoch = %s AND xid >= %s::xid8 AND xid < %s::xid8"
        " ORDER BY xid, id",
        epoch, xid_from, xid_to,
    ).fetchall()  # fmt: skip
    if not rows and not always:
        return None
    made = JournalSeal(
        no=last.no + 1 if last else 1,
        epoch=epoch,
        xid_from=xid_from,
        xid_to=xid_to,
        leaves=len(rows),
        root=merkle_root([bytes(row[0]) for row in rows]),
        previous=last.hash if last else b"",
        sealed_at=tx.now,
        cluster=cluster,
    )
    made.hash = made.computed_hash()
    return tx.add(made)


# checking ------------------------------------------------------------------------------------


def export_head(session: orm.Session) -> Head | None:
    """Return the end of the chain, to be kept where nobody of the database's can reach it."""
    last = session.scalar(_LAST)
    if last is None:
        return None
    return head_of(last)


def head_of(link: JournalSeal) -> Head:
    """Return the head of the chain that ends with this seal."""
    return Head(link.no, link.hash.hex(), link.sealed_at.astimezone(UTC).isoformat())


def verify(session: orm.Session, head: Head | None = None) -> Verification:
    """Check every leaf and seal; name the first that does not hold.

    With an exported `head` a cut-off end is found too. Leaves younger than the last seal (about a
    second) are checked by themselves, but nothing yet proves that none was removed.
    """
    outside = next(_leaves(session, JournalLeaf.epoch < 1), None)
    if outside is not None:
        return Verification(0, 0, leaf=outside.id, reason="leaves-added")
    sealed, unsealed = 0, 0
    last: JournalSeal | None = None
    met: dict[int, bytes] = {}
    for link in session.scalars(sa.select(JournalSeal).order_by(JournalSeal.no)).yield_per(500):
        fault = _check_link(last, link) or _check_leaves(session, link)
        if fault:
            reason, leaf = fault
            return Verification(sealed, 0, seal=link.no, leaf=leaf, reason=reason)
        sealed += link.leaves
        last = link
        if head is not None and link.no == head.no:
            met[link.no] = link.hash
    if head is not None and (met.get(head.no, b"").hex() != head.hash):
        return Verification(sealed, 0, seal=last.no + 1 if last else 1, reason="tail-cut")
    for line in _leaves(session, _after(last)):
        if reason := _check_leaf(line):
            return Verification(sealed, unsealed, leaf=line.id, reason=reason)
        unsealed += 1
    return Verification(sealed, unsealed)


def _check_link(last: JournalSeal | None, link: JournalSeal) -> tuple[str, None] | None:
    if link.hash != link.computed_hash():
        return "seal-changed", None
    expected = (last.no + 1, last.hash) if last else (1, b"")
    if (link.no, link.previous) != expected:
        return "chain-broken", None
    continues = (link.epoch, link.xid_from) == (last.epoch, last.xid_to) if last else True
    opens = link.xid_from == "0" and link.epoch == (last.epoch + 1 if last else 1)
    if not (continues or opens) or (last is None and not opens):
        return "chain-broken", None
    return None


def _check_leaves(session: orm.Session, link: JournalSeal) -> tuple[str, UUID | None] | None:
    hashes = []
    for line in _leaves(session, within(link)):
        if reason := _check_leaf(line):
            return reason, line.id
        hashes.append(line.leaf)
    if len(hashes) != link.leaves:
        return ("leaves-missing" if len(hashes) < link.leaves else "leaves-added"), None
    return None if merkle_root(hashes) == link.root else ("root-differs", None)


def _leaves(session: orm.Session, condition: sa.ColumnElement[bool]) -> Iterator[sa.Row[Any]]:
    """Return rows, not records: a session would keep those of a whole journal."""
    select = sa.select(*JournalLeaf.__table__.columns).where(condition)
    order = select.order_by(JournalLeaf.epoch, JournalLeaf.xid, JournalLeaf.id)
    yield from session.execute(order).yield_per(2000)


def within(link: JournalSeal) -> sa.ColumnElement[bool]:
    """Return the condition that a leaf is one of those a seal covers."""
    return sa.and_(
        JournalLeaf.epoch == link.epoch,
        JournalLeaf.xid >= sa.cast(link.xid_from, Xid()),
        JournalLeaf.xid < sa.cast(link.xid_to, Xid()),
    )


def _after(last: JournalSeal | None) -> sa.ColumnElement[bool]:
    if last is None:
        return sa.true()
    later = sa.and_(JournalLeaf.epoch == last.epoch, JournalLeaf.xid >= sa.cast(last.xid_to, Xid()))
    return sa.or_(later, JournalLeaf.epoch > last.epoch)


def _check_leaf(line: sa.Row[Any]) -> str:
    if leaf_hash(line.body) != line.leaf:
        return "leaf-changed"
    said: dict[str, Any] = orjson.loads(line.body)
    shown = {"id": line.id, **{name: getattr(line, name) for name in COLUMNS}}
    stated = {name: said.get(name) for name in shown}
    return "" if canonical(_in_utc(shown)) == canonical(stated) else "columns-changed"


def _in_utc(values: dict[str, Any]) -> dict[str, Any]:
    return {n: v.astimezone(UTC) if isinstance(v, datetime) else v for n, v in values.items()}
