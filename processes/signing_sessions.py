"""Signatures by a key at a desk (ký trên thiết bị): kept while they are waited for, and answered.

What is asked is found out by `processes.signing_asked`; `processes.signing_completion` completes
the step.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from engine.database import Transaction
from engine.errors import NotFound
from engine.work_item import WorkItem
from processes import work_items
from processes.keys import arrived_from_elsewhere
from processes.means import Means
from processes.signing_asked import Asked, Begin, Beginning, ToBeSigned
from processes.signing_refusal import (
    AddressUsed,
    SessionClosed,
    SessionExpired,
    SigningUnderWay,
)
from records import journal
from records.document import Document, IncomingDocument, OutgoingDocument
from records.password import new_token, token_hash
from records.signing_session import SessionState, SigningSession, asking_of, open_for
from signing.prepared import Prepared
from signing.raw_signature import checked_signature
from signing.report import Verdict
from signing.sandbox import UNFINISHED, validate_limited
from signing.session_errors import UploadRefused
from signing.sessions import TIME_TO_SIGN, accept_file, mark_of
from signing.signer import SignRole
from signing.transport import Transport


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that waits, and the two one-time words of its addresses (agent's file)."""

    session: SigningSession
    download: str = ""
    upload: str = ""
    #: those of the annexes the same step signs
    annexes: tuple["Begun", ...] = ()

    @property
    def all(self) -> tuple["Begun", ...]:
        """Return the document's and its annexes', in the order in which they are signed."""
        return (self, *self.annexes)


def keep(tx: Transaction, means: Means, beginning: Beginning, asked: Asked) -> Begun:
    """Keep what was asked as the one asking of its document and role, a session for each file.

    An earlier one of the same officer is given up for it. Raises `SigningUnderWay`.
    """
    if tx.acting.officer_id is None or tx.acting.position_id is None:
        raise NotFound(what="chức vụ")
    # the step's lock lets one asking begin after the other
    item, _, document = work_items.find(tx, asked.item_id)
    _make_room(tx, document.id, asked.files[0].request.role)
    begun: list[Begun] = []
    for one in asked.files:
        begun.append(_kept(tx, means, beginning, asked, item, one, [b.session for b in begun]))
    tx.flush()
    lead = begun[0].session
    journal.record(
        tx, "begin_signing", "work_item", item.id,
        session=lead.id, document=document.id, role=lead.role.value, files=len(begun),
    )  # fmt: skip
    return replace(begun[0], annexes=tuple(begun[1:]))


def _kept(
    tx: Transaction,
    means: Means,
    beginning: Beginning,
    asked: Asked,
    item: WorkItem,
    one: ToBeSigned,
    before: Sequence[SigningSession],
) -> Begun:
    prepared = one.prepared
    by_file = beginning.transport is Transport.AGENT_FILE
    words = (new_token("cvd"), new_token("cvu")) if by_file else ("", "")
    stored = means.content.put(one.pdf)
    session = tx.add(
        SigningSession(
            agency_id=item.agency_id,
            lead_id=before[0].id if before else None,
            file_no=len(before) + 1,
            item_id=item.id,
            item_version=asked.version,
            document_id=asked.document.id,
            officer_id=tx.acting.officer_id,
            position_id=tx.acting.position_id,
            officer_name=tx.acting.name,
            role=one.request.role,
            transport=beginning.transport,
            language=beginning.language,
            form=dict(asked.form),
            base_sha256=stored.sha256,
            mark=mark_of(one.request),
            certificate=one.key.certificate,
            prepared=prepared.to_data() if prepared else None,
            revision=prepared.revision if prepared else None,
            told=_told(asked.document, one),
            download_hash=token_hash(words[0]) if by_file else None,
            upload_hash=token_hash(words[1]) if by_file else None,
            created_at=tx.now,
            expires_at=tx.now + TIME_TO_SIGN,
        )
    )
    return Begun(session, *words)


def _told(document: Any, one: ToBeSigned) -> dict[str, str]:
    """Return what an agent is told to stamp: known since the verb ran."""
    number = getattr(document, "code_number", "") or ""
    issued = getattr(document, "issued_on", None)
    return {
        "field": one.request.field_name,
        "reference": getattr(document, "reference", "") or "",
        "number": str(number),
        "date": f"{issued:%d/%m/%Y}" if issued else "",
    }


def _make_room(tx: Transaction, document_id: UUID, role: SignRole) -> None:
    earlier = open_for(tx, document_id, role)
    if earlier is None:
        return
    asking = asking_of(tx, earlier, lock=True)
    if tx.now >= earlier.expires_at:
        asking.end(SessionState.EXPIRED, tx.now)
    elif earlier.officer_id == tx.acting.officer_id:
        asking.fail("begun-anew", "Đã bấm ký lại.", "Signing began anew.", tx.now)
    else:
        raise SigningUnderWay(name=earlier.officer_name)
    tx.flush()


# -- answering ------------------------------------------------------------------------------------


def read(tx: Transaction, session_id: UUID, *, lock: bool = False) -> SigningSession:
    """Return a session of the acting officer's own; raises `NotFound`."""
    session = tx.get(SigningSession, session_id, lock=lock)
    if session.officer_id != tx.acting.officer_id:
        raise NotFound(what="phiên ký số")
    return session


def named_by(tx: Transaction, session_id: UUID, word: str, *, upload: bool) -> SigningSession:
    """Return the session whose one-time address was called; raises `NotFound`.

    Asked in the system's name: an agent knows the word and nothing else.
    """
    session = tx.get(SigningSession, session_id, lock=True)
    known = session.upload_hash if upload else session.download_hash
    if known is None or not hmac.compare_digest(known, token_hash(word)):
        raise NotFound(what="phiên ký số")
    return session


def hand_out(tx: Transaction, session_id: UUID, word: str) -> SigningSession:
    """Let an agent take the file to be signed, once; raises `AddressUsed`, `SessionExpired`."""
    session = named_by(tx, session_id, word, upload=False)
    _is_open(session, tx, b"")
    if session.downloaded_at is not None:
        raise AddressUsed
    session.downloaded_at = tx.now
    return session


def accept_signature(tx: Transaction, session_id: UUID, signature: bytes) -> SigningSession:
    """Take in a raw signature that holds; the same one again changes nothing.

    Raises `SignatureMismatch` (the session goes on waiting), `SessionExpired`, `SessionClosed`.
    """
    session = read(tx, session_id, lock=True)
    if _is_open(session, tx, signature):
        assert session.prepared is not None  # a raw session keeps it until it ends
        prepared = Prepared.from_data(session.prepared, pdf=b"", revision=b"")
        session.signature = checked_signature(session.certificate, prepared.to_be_signed, signature)
        _answered(tx, session, signature)
    return session


def accept_upload(begin: Begin, means: Means, session: SigningSession, signed: bytes) -> None:
    """Take in the file an agent signed, once it is found to be ours with signatures behind it.

    A refused one changes nothing and the session goes on waiting. Raises `OtherDocument`,
    `OtherCertificate`, `UploadRefused`, `SessionExpired`, `SessionClosed`.
    """
    with begin() as tx:
        if not _is_open(read(tx, session.id), tx, signed):
            return
        now = tx.now
    base = means.content.read(session.base_sha256)
    if signed.startswith(base):
        # a hostile file is first read in a process of its own, within limits
        known = means.signing.known()
        report = validate_limited(
            signed, trust=known.trust, revocation=known.revocation(), policy=known.policy, at=now
        )
        if report.verdict is Verdict.INVALID or report.reason in UNFINISHED:
            raise UploadRefused(reason=report.text("vi").split("\n")[0])
    accept_file(base, signed, session.certificate)
    stored = means.content.put(signed)
    with begin() as tx:
        session = read(tx, session.id, lock=True)
        if _is_open(session, tx, signed):
            session.result_sha256 = stored.sha256
            _answered(tx, session, signed)


def _is_open(session: SigningSession, tx: Transaction, given: bytes) -> bool:
    """Return whether an answer is waited for; False where this very answer came before."""
    state = session.state_at(tx.now)
    if state is SessionState.PREPARED:
        return True
    if session.given_sha256 == hashlib.sha256(given).digest():
        return False
    if state is SessionState.EXPIRED:
        raise SessionExpired(minutes=int(TIME_TO_SIGN.total_seconds() // 60))
    raise SessionClosed(state=state.vi)


def _answered(tx: Transaction, session: SigningSession, given: bytes) -> None:
    # each use of the agency's key is known, also where nothing comes of the step (NĐ 30, Điều 32)
    if session.role is SignRole.INCOMING:
        document: Document = tx.get(IncomingDocument, session.document_id)
    else:
        document = tx.get(OutgoingDocument, session.document_id)
    role, digest = session.role.value, session.base_sha256
    arrived_from_elsewhere(tx, session.certificate, document, role, digest)
    session.state = SessionState.SIGNED
    session.given_sha256 = hashlib.sha256(given).digest()


# -- giving up ------------------------------------------------------------------------------------


def cancel(tx: Transaction, session_id: UUID, reason: str = "") -> SigningSession:
    """Give up a session that waits, and all that is signed with it (hủy ký).

    `reason` is what the device said.
    """
    session = read(tx, session_id)
    asking = asking_of(tx, session, lock=True)
    if asking.state_at(tx.now) is SessionState.PREPARED:
        said = f": {reason[:300]}" if reason else "."
        vi, en = f"Đã hủy ký trên thiết bị{said}", f"Signing was cancelled{said}"
        asking.fail("cancelled", vi, en, tx.now)
    return session
