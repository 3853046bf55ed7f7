"""A signature that is waited for (phiên ký số): the key is at a desk, the file is here."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    """One signature on one file, asked for at a step (phiên ký số), with all that completes it.

    Where a step signs several files, the document's session leads those of its annexes. No secret
    is in it: neither PIN nor key, and of the two one-time addresses only hashes.
    """

    __tablename__ = "signing_session"
    called = ("phiên ký số", "signing session")
    __table_args__ = (
        sa.Index(
            "uq_signing_session_open",
            "document_id",
            "role",
            unique=True,
            postgresql_where=sa.text("state IN ('prepared', 'signed') AND lead_id IS NULL"),
        ),
    )

    #: the document's session, where this is one of its annexes
    lead_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("signing_session.id"), index=True)
    #: the order in which the step signs its files: the document is the first
    file_no: Mapped[int] = mapped_column(default=1)
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


@dataclass(frozen=True, slots=True)
class Asking:
    """All files a step asks to be signed (lượt ký): the document, then its annexes.

    The step is completed when each is signed, and ends for all of them at once.
    """

    files: Sequence[SigningSession]

    @property
    def lead(self) -> SigningSession:
        """The session of the document."""
        return self.files[0]

    @property
    def is_signed(self) -> bool:
        """Whether every file is signed and the step is about to be completed."""
        return all(one.state is SessionState.SIGNED for one in self.files)

    def state_at(self, now: datetime) -> SessionState:
        """Return how far the whole has come: what waits for one file waits."""
        if not self.lead.state.is_open or self.is_signed:
            return self.lead.state
        return SessionState.EXPIRED if now >= self.lead.expires_at else SessionState.PREPARED

    def end(self, state: SessionState, now: datetime) -> None:
        """Close all."""
        for one in self.files:
            one.end(state, now)

    def fail(self, code: str, vi: str, en: str, now: datetime) -> None:
        """Close all with the reason, for the officer to read."""
        for one in self.files:
            one.fail(code, vi, en, now)


_WAITS = sa.or_(
    SigningSession.state == SessionState.PREPARED, SigningSession.state == SessionState.SIGNED
)
_OPEN = Query(
    sa.select(SigningSession).where(
        SigningSession.document_id == sa.bindparam("document", type_=sa.Uuid()),
        SigningSession.role == sa.bindparam("role"),
        SigningSession.lead_id.is_(None),
        _WAITS,
    )
)
_OF_STEP = Query(
    sa.select(SigningSession).where(
        SigningSession.item_id == sa.bindparam("item", type_=sa.Uuid()),
        SigningSession.officer_id == sa.bindparam("officer", type_=sa.Uuid()),
        SigningSession.lead_id.is_(None),
        _WAITS,
    )
)
_FILES = (
    sa.select(SigningSession)
    .where(
        sa.or_(
            SigningSession.id == sa.bindparam("lead", type_=sa.Uuid()),
            SigningSession.lead_id == sa.bindparam("lead", type_=sa.Uuid()),
        )
    )
    .order_by(SigningSession.file_no)
)
_READ, _LOCKED = Query(_FILES), Query(_FILES.with_for_update())


def open_for(tx: Transaction, document_id: UUID, role: SignRole) -> SigningSession | None:
    """Return the one leading session of a document and role that still waits."""
    return tx.scalar(_OPEN, document=document_id, role=role)


def asking_of(tx: Transaction, session: SigningSession, *, lock: bool = False) -> Asking:
    """Return all files that are signed together with that of `session`; locked in their order."""
    return Asking(tx.scalars(_LOCKED if lock else _READ, lead=session.lead_id or session.id))


def mine_at(tx: Transaction, item_id: UUID) -> SigningSession | None:
    """Return the acting officer's leading session at a step, where one waits in time."""
    found = tx.scalar(_OF_STEP, item=item_id, officer=tx.acting.officer_id)
    if found is None or not asking_of(tx, found).state_at(tx.now).is_open:
        return None
    return found


def sweep(tx: Transaction) -> int:
    """Close what nobody signed in time, and what was to be signed with it; run by the worker."""
    return tx.execute(
        "UPDATE signing_session SET state = 'expired', ended_at = %s, prepared = NULL,"
        " revision = NULL, signature = NULL WHERE state IN ('prepared', 'signed')"
        " AND coalesce(lead_id, id) IN (SELECT coalesce(lead_id, id) FROM signing_session"
        " WHERE state = 'prepared' AND expires_at <= %s)",
        tx.now,
        tx.now,
    ).rowcount
