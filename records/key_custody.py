"""The agency's key kept like its seal (quản lý chứng thư số như con dấu): who holds it, each use.

Decree 30/2020, Điều 32.2, 33: the seal is handed over with a record, and used only by who keeps it.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, aliased, mapped_column

from engine.database import Transaction
from engine.errors import OfficeError
from records import journal
from records.authority import Act, Facts, authorize
from records.organization import Officer
from records.record import Authored, Record, author
from records.vietnamese import local_date
from records.vocabulary import Term, vocabulary


class KeyUseOutcome(Term):
    """What came of a use of the agency's key (kết quả)."""

    #: written before the key signs: what nothing follows was cut off, and may have signed
    BEGUN = "begun", "chưa rõ kết quả", "outcome unknown"
    SIGNED = "signed", "đã ký", "signed"
    #: the key signed, but the step around it failed: nothing of it was kept
    NOT_KEPT = "not_kept", "đã ký nhưng không lưu văn bản", "signed, but nothing was kept"
    REFUSED = "refused", "không ký được", "refused"


class BadHandover(OfficeError):
    """A handover names its record and a day that has come (biên bản bàn giao không hợp lệ)."""

    code = "bad-handover"
    citation = "Nghị định 30/2020/NĐ-CP, Điều 32"
    vi = (
        "Chưa ghi được bàn giao: cần số, ký hiệu biên bản và ngày bàn giao không ở tương lai, "
        "không trước lần bàn giao gần nhất."
    )
    en = (
        "A handover needs the reference of its record and a day that is not in the future, nor "
        "before the last handover."
    )


class KeyHandover(Authored, Record):
    """The agency's key was handed to an officer (bàn giao khóa của cơ quan)."""

    __tablename__ = "key_handover"
    __table_args__ = ({"info": {"append_only": True}},)

    holder_id: Mapped[UUID] = mapped_column(sa.ForeignKey("officer.id"))
    holder_name: Mapped[str]
    received_on: Mapped[date]
    #: number and symbol of the record, as "Biên bản số 05/BB-VP"
    record: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]


class KeyUse(Authored, Record):
    """The agency's key was used, or it was tried (một lần dùng khóa của cơ quan).

    Who, for which document, on whose order, when, what was signed, with what outcome. A use is
    written when it begins, and its outcome as a row that names the first. Neither this nor the
    document has a foreign key: what is refused is written apart from the step that failed.
    """

    __tablename__ = "key_use"
    __table_args__ = (
        sa.Index("ix_key_use_agency_id_id", "agency_id", "id"),
        sa.Index("ix_key_use_document_id", "document_id"),
        sa.Index("ix_key_use_begun_id", "begun_id"),
        {"info": {"append_only": True}},
    )

    at: Mapped[datetime]
    #: the certificate's SHA-256, empty where the key could not be opened
    fingerprint: Mapped[str]
    document_id: Mapped[UUID]
    document: Mapped[str]
    purpose: Mapped[str]
    #: who ordered what is signed: the competent person whose document it is
    ordered_by_id: Mapped[UUID | None]
    ordered_by: Mapped[str]
    #: SHA-256 of the file that was given to be signed
    digest: Mapped[str]
    #: SHA-256 of the signed file; empty where nothing was signed, or nothing but a word of trial
    signed_digest: Mapped[str] = mapped_column(default="")
    outcome: Mapped[KeyUseOutcome] = mapped_column(vocabulary(KeyUseOutcome))
    reason: Mapped[str] = mapped_column(default="")
    #: the row written before the key signed
    begun_id: Mapped[UUID | None]


def record_use(tx: Transaction, told: Mapping[str, Any]) -> KeyUse:
    """Write down one use, in the log and in the journal; `told` are the columns of `KeyUse`."""
    agency = tx.acting.agency_id
    assert agency is not None
    made = tx.add(KeyUse(agency_id=agency, at=tx.now, **author(tx.acting), **told))
    journal.record(
        tx,
        "use_agency_key",
        "key_use",
        made.id,
        document=str(made.document_id),
        purpose=made.purpose,
        digest=made.digest,
        signed_digest=made.signed_digest,
        outcome=str(made.outcome),
    )
    return made


def begun_use(tx: Transaction, document_id: UUID, digest: str) -> UUID | None:
    """Return the last use that began for a file of a document."""
    found: UUID | None = tx.scalar(
        sa.select(KeyUse.id)
        .where(
            KeyUse.document_id == document_id,
            KeyUse.digest == digest,
            KeyUse.outcome == KeyUseOutcome.BEGUN,
        )
        .order_by(KeyUse.id.desc())
        .limit(1)
    )
    return found


def hand_over(
    tx: Transaction, holder: Officer, *, received_on: date, record: str, note: str = ""
) -> KeyHandover:
    """Write down that the agency's key was handed over. Raises `NotAllowed`, `BadHandover`."""
    agency = tx.acting.agency_id
    assert agency is not None
    authorize(tx.acting, Act.MANAGE_STAFF, Facts(agency))
    last = handovers(tx)
    too_early = bool(last) and received_on < last[0].received_on
    if not record.strip() or received_on > local_date(tx.now) or too_early:
        raise BadHandover
    made = tx.add(
        KeyHandover(
            agency_id=agency,
            holder_id=holder.id,
            holder_name=holder.full_name,
            received_on=received_on,
            record=record.strip(),
            note=note.strip(),
            recorded_at=tx.now,
            **author(tx.acting),
        )
    )
    journal.record(
        tx, "hand_over_key", "key_handover", made.id, holder=str(holder.id), record=made.record
    )
    return made


def handovers(tx: Transaction) -> list[KeyHandover]:
    """Return the handovers, the present holder's first."""
    return tx.scalars(
        sa.select(KeyHandover).order_by(KeyHandover.received_on.desc(), KeyHandover.id.desc())
    )


def uses(tx: Transaction, *, before: UUID | None = None, limit: int = 100) -> list[KeyUse]:
    """Return uses of the agency's key, newest first; those older than `before` if given.

    A beginning is among them only while no outcome is known.
    """
    known = aliased(KeyUse)
    is_known = sa.exists().where(known.begun_id == KeyUse.id)
    found = sa.select(KeyUse).where(~is_known).order_by(KeyUse.id.desc()).limit(limit)
    return tx.scalars(found if before is None else found.where(KeyUse.id < before))
