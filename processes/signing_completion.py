"""A step that waited for a key at a desk is completed (hoàn thành bước ký): all files are here."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from engine.database import Transaction
from engine.errors import OfficeError
from processes import work_items
from processes.keys import KeyOrder, used_elsewhere
from processes.means import Means
from processes.signing_asked import Begin, desk_key_of
from processes.signing_refusal import OtherDeskKey, SessionOutdated
from processes.signing_sessions import read
from processes.work_items import CompleteItem, Completion
from records.signing_session import Asking, SessionState, SigningSession, asking_of
from signing.errors import SigningError
from signing.prepared import Prepared
from signing.sessions import mark_of
from signing.signer import SignRequest, complete


@dataclass
class _Answered:
    """Hands the verb each file as it was signed, if it is still the one it would have signed."""

    files: Sequence[tuple[SigningSession, bytes]]
    means: Means
    used: set[UUID] = field(default_factory=set)

    def sign(
        self, tx: Transaction, owner: UUID, pdf: bytes, request: SignRequest, use: KeyOrder
    ) -> bytes:
        key = desk_key_of(tx, owner)
        session, signed = self._same(hashlib.sha256(pdf).hexdigest(), mark_of(request))
        if key is None or key.certificate != session.certificate:
            raise OtherDeskKey
        self.means.signing.check_key(key.certificate, key.chain, request.signed_at)
        self.used.add(session.id)
        used_elsewhere(tx, owner, use, self.means.signing.note_use, signed)
        return signed

    def _same(self, sha256: str, mark: str) -> tuple[SigningSession, bytes]:
        for session, signed in self.files:
            same = session.base_sha256 == sha256 and session.mark == mark
            if same and session.id not in self.used:
                return session, signed
        raise SessionOutdated

    def check_all_used(self) -> None:
        """Raise `SessionOutdated` where a file that was signed is none of the step's any more."""
        if len(self.used) != len(self.files):
            raise SessionOutdated


def finish(begin: Begin, means: Means, session_id: UUID) -> Completion | None:
    """Complete the step of a session once all files signed at it are here, else None.

    Whatever the verb refuses ends the sessions with that reason, and is raised. Where a timestamp
    must be had and is not, the signatures are kept and completing may be tried again.
    """
    with begin() as tx:
        asking = asking_of(tx, read(tx, session_id))
    if not asking.is_signed:
        return None
    try:
        files = [(one, _signed_file(means, one)) for one in asking.files]
        with begin() as tx:
            return _complete(tx, means, asking, files)
    except (OfficeError, SigningError) as error:
        if error.status >= 500:
            # an authority that does not answer may do so a little later
            raise
        with begin() as tx:
            asking = asking_of(tx, asking.lead, lock=True)
            if asking.is_signed:
                asking.fail(error.code, error.text("vi"), error.text("en"), tx.now)
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
    tx: Transaction, means: Means, asking: Asking, files: Sequence[tuple[SigningSession, bytes]]
) -> Completion | None:
    lead = asking.lead
    # the step before the sessions, as when they begin: two that wait for each other would not end
    work_items.find(tx, lead.item_id)
    asking = asking_of(tx, lead, lock=True)
    if not asking.is_signed:
        return None
    answered = _Answered(files, means)
    command = CompleteItem(
        lead.item_id,
        lead.item_version,
        lead.form,
        language=lead.language,
        elsewhere=answered,
    )
    done = work_items.complete(tx, means, command)
    answered.check_all_used()
    for session, (_, signed) in zip(asking.files, files, strict=True):
        session.result_sha256 = hashlib.sha256(signed).hexdigest()
    asking.end(SessionState.DONE, tx.now)
    return done
