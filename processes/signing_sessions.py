"""Steps that are signed by a key at a desk (ký trên thiết bị): kept, answered, completed.

What is asked is found out by `processes.signing_asked`.
"""

import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

from engine.database import Transaction
from engine.errors import NotFound, OfficeError
from processes import work_items
from processes.means import Means
from processes.signing_asked import Asked, Begin, Beginning, desk_key_of
from processes.signing_refusal import (
    AddressUsed,
    OtherDeskKey,
    SessionClosed,
    SessionExpired,
    SessionOutdated,
    SigningUnderWay,
)
from processes.work_items import CompleteItem, Completion
from records import journal
from records.password import new_token, token_hash
from records.signing_session import SessionState, SigningSession, open_for
from signing.errors import SigningError
from signing.prepared import Prepared
from signing.raw_signature import checked_signature
from signing.report import Verdict
from signing.sandbox import UNFINISHED, validate_limited
from signing.session_errors import UploadRefused
from signing.sessions import TIME_TO_SIGN, accept_file, mark_of
from signing.signer import SignRequest, SignRole, complete
from signing.transport import Transport


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that waits, and the two one-time words of its addresses (agent's file)."""

    session: SigningSession
    download: str = ""
    upload: str = ""


@dataclass
class _Answered:
    """Hands the verb the file that was signed, if it is still the one it would have signed."""

    session: SigningSession
    signed: bytes
    means: Means

    def sign(self, tx: Transaction, owner: UUID, pdf: bytes, request: SignRequest) -> bytes:
        key = desk_key_of(tx, owner)
        if key is None or key.certificate != self.session.certificate:
            raise OtherDeskKey
        self.means.signing.check_key(key.certificate, key.chain, request.signed_at)
        same_file = hashlib.sha256(pdf).hexdigest() == self.session.base_sha256
        if not same_file or mark_of(request) != self.session.mark:
            raise SessionOutdated
        return self.signed


def keep(tx: Transaction, means: Means, beginning: Beginning, asked: Asked) -> Begun:
    """Keep what was asked as the one session of its document and role.

    An earlier one of the same officer is given up for it. Raises `SigningUnderWay`.
    """
    me = tx.acting
    if me.officer_id is None or me.position_id is None:
        raise NotFound(what="chức vụ")
    # the step's lock lets one session begin after the other
    item, _, document = work_items.find(tx, asked.item.id)
    _make_room(tx, document.id, asked.request.role)
    prepared = asked.prepared
    by_file = beginning.transport is Transport.AGENT_FILE
    words = (new_token("cvd"), new_token("cvu")) if by_file else ("", "")
    stored = means.content.put(asked.pdf)
    session = tx.add(
        SigningSession(
            agency_id=item.agency_id,
            item_id=item.id,
            item_version=asked.item.version if beginning.version is None else beginning.version,
            document_id=document.id,
            officer_id=me.officer_id,
            position_id=me.position_id,
            officer_name=me.name,
            role=asked.request.role,
            transport=beginning.transport,
            language=beginning.language,
            form=dict(asked.form),
            base_sha256=stored.sha256,
            mark=mark_of(asked.request),
            certificate=asked.key.certificate,
            prepared=prepared.to_data() if prepared else None,
            revision=prepared.revision if prepared else None,
            told=_told(asked),
            download_hash=token_hash(words[0]) if by_file else None,
            upload_hash=token_hash(words[1]) if by_file else None,
            created_at=tx.now,
            expires_at=tx.now + TIME_TO_SIGN,
        )
    )
    journal.record(
        tx, "begin_signing", "work_item", item.id,
        session=session.id, document=document.id, role=session.role.value,
    )  # fmt: skip
    return Begun(session, *words)


def _told(asked: Asked) -> dict[str, str]:
    """Return what an agent is told to stamp: known since the verb ran up to the signature."""
    document = asked.document
    number = getattr(document, "code_number", "") or ""
    issued = getattr(document, "issued_on", None)
    return {
        "field": asked.request.field_name,
        "reference": getattr(document, "reference", "") or "",
        "number": str(number),
        "date": f"{issued:%d/%m/%Y}" if issued else "",
    }


def _make_room(tx: Transaction, document_id: UUID, role: SignRole) -> None:
    earlier = open_for(tx, document_id, role)
    if earlier is None:
        return
    if tx.now >= earlier.expires_at:
        earlier.end(SessionState.EXPIRED, tx.now)
    elif earlier.officer_id == tx.acting.officer_id:
        earlier.fail("begun-anew", "Đã bấm ký lại.", "Signing began anew.", tx.now)
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
        _answered(session, signature)
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
            _answered(session, signed)


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


def _answered(session: SigningSession, given: bytes) -> None:
    session.state = SessionState.SIGNED
    session.given_sha256 = hashlib.sha256(given).digest()


# -- completing -----------------------------------------------------------------------------------


def finish(begin: Begin, means: Means, session_id: UUID) -> Completion | None:
    """Complete the step of a session whose signature came; None where that is done already.

    Whatever the verb refuses ends the session with that reason, and is raised. Where a timestamp
    must be had and is not, the signature is kept and completing may be tried again.
    """
    with begin() as tx:
        session = read(tx, session_id)
    if session.state is not SessionState.SIGNED:
        return None
    try:
        signed = _signed_file(means, session)
        with begin() as tx:
            return _complete(tx, means, session, signed)
    except (OfficeError, SigningError) as error:
        if error.status >= 500:
            # an authority that does not answer may do so a little later
            raise
        with begin() as tx:
            session = read(tx, session_id, lock=True)
            if session.state is SessionState.SIGNED:
                session.fail(error.code, error.text("vi"), error.text("en"), tx.now)
        raise


def _signed_file(means: Means, session: SigningSession) -> bytes:
    if session.result_sha256:
        return means.content.read(session.result_sha256)
    assert session.prepared is not None
    assert session.revision is not None
    assert session.signature is not None
    pdf = means.content.read(session.base_sha256)
    prepared = Prepared.from_data(session.prepared, pdf=pdf, revision=session.revision)
    return complete(prepared, session.signature, means.signing.timestamps)


def _complete(
    tx: Transaction, means: Means, session: SigningSession, signed: bytes
) -> Completion | None:
    # the step before the session, as when one begins: two that wait for each other would not end
    work_items.find(tx, session.item_id)
    session = read(tx, session.id, lock=True)
    if session.state is not SessionState.SIGNED:
        return None
    command = CompleteItem(
        session.item_id,
        session.item_version,
        session.form,
        language=session.language,
        elsewhere=_Answered(session, signed, means),
    )
    done = work_items.complete(tx, means, command)
    session.result_sha256 = hashlib.sha256(signed).hexdigest()
    session.end(SessionState.DONE, tx.now)
    return done


def cancel(tx: Transaction, session_id: UUID, reason: str = "") -> SigningSession:
    """Give up a session that waits (hủy ký); `reason` is what the device said."""
    session = read(tx, session_id, lock=True)
    if session.state is SessionState.PREPARED:
        said = f": {reason[:300]}" if reason else "."
        vi, en = f"Đã hủy ký trên thiết bị{said}", f"Signing was cancelled{said}"
        session.fail("cancelled", vi, en, tx.now)
    return session
