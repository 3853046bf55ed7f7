"""A signature that is waited for (phiên ký số): the key is at a desk, the file is here."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Query, Transaction
from records.record import Record
from records.vocabulary import Term, vocabulary
from signing.role import SignRole
from signing.transport import Transport


class SessionState(Term):
    """How far a signature has come (trạng thái phiên ký)."""

    PREPARED = "prepared", "Chờ ký trên thiết bị", "Waiting for the device"
    #: the signature is here and holds; the step is about to be completed
    SIGNED = "signed", "Đã ký, đang ghi nhận", "Signed, being recorded"
    DONE = "done", "Đã ký xong", "Done"
    FAILED = "failed", "Không ký được", "Failed"
    EXPIRED = "expired", "Hết thời hạn ký", "Expired"

    @property
    def is_open(self) -> bool:
        """Whether it still waits for something."""
        return self in {SessionState.PREPARED, SessionState.SIGNED}


class SigningSession(Record):
    """One signature asked for at one step (phiên ký số), with all that completes it anywhere.

    No secret is in it: neither PIN nor key, and of the two one-time addresses only hashes.
    """

    __tablename__ = "signing_session"
    called = ("phiên ký số", "signing session")
    __table_args__ = (
        sa.Index(
            "uq_signing_session_open",
            "document_id",
            "role",
            unique=True,
            postgresql_where=sa.text("state IN ('prepared', 'signed')"),
        ),
    )

    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("work_item.id"), index=True)
    #: the version of the step that the officer saw
    item_version: Mapped[int]
    #: an outgoing or incoming document
    document_id: Mapped[UUID]
    officer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("officer.id"))
    position_id: Mapped[UUID] = mapped_column(sa.ForeignKey("position.id"))
    officer_name: Mapped[str]
    role: Mapped[SignRole] = mapped_column(vocabulary(SignRole))
    transport: Mapped[Transport] = mapped_column(vocabulary(Transport))
    state: Mapped[SessionState] = mapped_column(
        vocabulary(SessionState), default=SessionState.PREPARED
    )
    language: Mapped[str] = mapped_column(default="vi")
    #: the form of the step as it was filled in, without secrets
    form: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: the file to be signed, in the content store
    base_sha256: Mapped[str]
    #: what the signature shows and stands for (`signing.sessions.mark_of`)
    mark: Mapped[str]
    certificate: Mapped[bytes]
    #: `signing.prepared.Prepared.to_data` and its revision; with a whole file there is neither
    prepared: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    revision: Mapped[bytes | None]
    #: what an agent is told beside the addresses: number, date
    told: Mapped[dict[str, Any]] = mapped_column(JSONB)
    download_hash: Mapped[bytes | None]
    upload_hash: Mapped[bytes | None]
    downloaded_at: Mapped[datetime | None]
    #: the raw signature that was accepted
    signature: Mapped[bytes | None]
    #: SHA-256 of the signature or the file that was accepted: the same again is answered the same
    given_sha256: Mapped[bytes | None]
    #: the signed file, in the content store
    result_sha256: Mapped[str] = mapped_column(default="")
    failure: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    def state_at(self, now: datetime) -> SessionState:
        """Return how far it has come; what nobody signed in time has expired."""
        if self.state is SessionState.PREPARED and now >= self.expires_at:
            return SessionState.EXPIRED
        return self.state

    def end(self, state: SessionState, now: datetime) -> None:
        """Close it and drop what only its completion needed."""
        self.state, self.ended_at = state, now
        self.prepared = self.revision = self.signature = None

    def fail(self, code: str, vi: str, en: str, now: datetime) -> None:
        """Close it with the reason, for the officer to read."""
        self.failure = {"code": code, "vi": vi, "en": en}
        self.end(SessionState.FAILED, now)


_WAITS = sa.or_(
    SigningSession.state == SessionState.PREPARED, SigningSession.state == SessionState.SIGNED
)
_OPEN = Query(
    sa.select(SigningSession).where(
        SigningSession.document_id == sa.bindparam("document", type_=sa.Uuid()),
        SigningSession.role == sa.bindparam("role"),
        _WAITS,
    )
)
_OF_STEP = Query(
    sa.select(SigningSession).where(
        SigningSession.item_id == sa.bindparam("item", type_=sa.Uuid()),
        SigningSession.officer_id == sa.bindparam("officer", type_=sa.Uuid()),
        _WAITS,
    )
)


def open_for(tx: Transaction, document_id: UUID, role: SignRole) -> SigningSession | None:
    """Return the one session of a document and role that still waits."""
    return tx.scalar(_OPEN, document=document_id, role=role)


def mine_at(tx: Transaction, item_id: UUID) -> SigningSession | None:
    """Return the acting officer's session at a step, where one waits in time."""
    found = tx.scalar(_OF_STEP, item=item_id, officer=tx.acting.officer_id)
    return found if found is not None and found.state_at(tx.now).is_open else None


def sweep(tx: Transaction) -> int:
    """Close what nobody signed in time; run by the worker now and then."""
    return tx.execute(
        "UPDATE signing_session SET state = 'expired', ended_at = %s, prepared = NULL,"
        " revision = NULL WHERE state = 'prepared' AND expires_at <= %s",
        tx.now,
        tx.now,
    ).rowcount
