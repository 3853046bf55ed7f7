"""How long a file's signatures stay provable (lưu giữ giá trị chữ ký số), and what was added.

The stored original never changes: proofs stand behind a copy of its bytes, a file of its own in the
store, of which the newest counts.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Query, Transaction
from records.content import File
from records.record import GuardedRecord, Record
from records.verification import SignatureCheck
from records.vocabulary import Authenticity


class SignatureKeeping(GuardedRecord):
    """What the signatures of a file need next and when (việc lưu giữ chữ ký số của một tệp)."""

    __tablename__ = "signature_keeping"
    called = ("việc lưu giữ chữ ký số", "keeping of signatures")
    __table_args__ = (
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        sa.Index(
            "ix_signature_keeping_due", "due_at", postgresql_where=sa.text("due_at IS NOT NULL")
        ),
    )

    file_id: Mapped[UUID] = mapped_column(sa.ForeignKey("file.id"), unique=True)
    #: the file with the newest proof behind it; the file's own before there is one
    sha256: Mapped[str] = mapped_column(index=True)
    size: Mapped[int]
    #: `signing.archive.Step`
    next_step: Mapped[str] = mapped_column(default="")
    #: None while nothing is to be done, or an operator has to look first
    due_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(default="")


class ProofStep(Record):
    """One proof that was added (nhật ký bổ sung bằng chứng): never changed afterwards."""

    __tablename__ = "proof_step"
    __table_args__ = ({"info": {"append_only": True}},)

    file_id: Mapped[UUID] = mapped_column(sa.ForeignKey("file.id"), index=True)
    step: Mapped[str]
    made_at: Mapped[datetime]
    sha256_before: Mapped[str]
    sha256_after: Mapped[str]
    #: which authority stamped the time, and under which number of its own
    tsa_url: Mapped[str]
    tsa_name: Mapped[str]
    tsa_serial: Mapped[str]
    stamped_at: Mapped[datetime]
    #: until when the authority's certificate is in force
    tsa_valid_until: Mapped[datetime]
    #: SHA-256 of the revocation lists and answers that were added, one a line
    evidence: Mapped[str] = mapped_column(default="")


_KEEPING = Query(
    sa.select(SignatureKeeping).where(SignatureKeeping.file_id == sa.bindparam("file"))
)
_NAMED = Query(
    sa.select(SignatureKeeping.id)
    .where(SignatureKeeping.sha256 == sa.bindparam("sha256", type_=sa.Text()))
    .limit(1)
)


#: valid files that are not kept: those checked before an authority was configured
_NOT_KEPT = Query(
    sa.select(File)
    .where(
        sa.exists().where(
            SignatureCheck.file_id == File.id, SignatureCheck.verdict == Authenticity.VALID
        ),
        ~sa.exists().where(SignatureKeeping.file_id == File.id),
    )
    .order_by(File.id)
    .limit(500)
)


def take_in(tx: Transaction, file: File, authenticity: Authenticity) -> None:
    """Begin to keep the signatures of a file that was checked.

    What came from others is kept when it is valid; ours also while it cannot be judged, since that
    may be for want of a list.
    """
    ours = file.outgoing_document_id is not None
    kept = {Authenticity.VALID, Authenticity.UNDETERMINED} if ours else {Authenticity.VALID}
    if authenticity in kept and keeping_of(tx, file) is None:
        tx.add(
            SignatureKeeping(
                agency_id=file.agency_id,
                file_id=file.id,
                sha256=file.sha256,
                size=file.size,
                due_at=tx.now,
            )
        )


def take_in_older(tx: Transaction) -> None:
    """Begin to keep valid files that nobody keeps yet, some at a time."""
    for file in tx.scalars(_NOT_KEPT):
        take_in(tx, file, Authenticity.VALID)


def keeping_of(tx: Transaction, file: File) -> SignatureKeeping | None:
    """Return how a file's signatures are kept, None when they are not."""
    return tx.scalar(_KEEPING, file=file.id)


def newest_of(tx: Transaction, file: File) -> tuple[str, int]:
    """Return digest and size of a file with its newest proofs; its own where none was added."""
    found = keeping_of(tx, file)
    return (found.sha256, found.size) if found else (file.sha256, file.size)


def steps_of(tx: Transaction, file: File) -> list[ProofStep]:
    """Return the proofs that were added to a file, oldest first."""
    return tx.scalars(
        sa.select(ProofStep).where(ProofStep.file_id == file.id).order_by(ProofStep.id)
    )


def is_named(tx: Transaction, sha256: str) -> bool:
    """Return whether these bytes are a file with its newest proofs; only the system may ask."""
    return bool(tx.scalars(_NAMED, sha256=sha256))
