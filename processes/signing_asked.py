"""What is to be signed at a step by a key at a desk (nội dung chờ ký), before anybody types a PIN.

The step runs twice: at first with files that nobody signed, which is rolled back and tells what is
to be signed; then for good, with the signatures that came. So whatever the law forbids is refused
before anybody is asked for a PIN, and again when the step is completed.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.database import Query, Transaction
from engine.errors import NotFound
from engine.instance import ProcessInstance
from engine.work_item import ItemStatus, WorkItem
from forms.submission import without
from forms.validation import sensitive_paths
from processes import work_items
from processes.keys import KeyOrder
from processes.means import Means
from processes.signing_refusal import NoDeskKey, NothingToSign, OtherDeskKey
from processes.work_items import CompleteItem
from records.keystore import KeyKind, keystore_of
from signing.prepared import Prepared
from signing.signer import SignRequest, SignRole, prepare
from signing.transport import Transport

#: opens a transaction in the name of the officer who signs
Begin = Callable[[], AbstractContextManager[Transaction]]

#: the verb that makes the signature of each role
VERBS = {
    SignRole.APPROVE: "sign",
    SignRole.NUMBER: "number",
    SignRole.SEAL: "seal",
    SignRole.INCOMING: "register_incoming",
}


@dataclass(frozen=True, slots=True)
class DeskKey:
    """A key on a device at a desk (khóa trên thiết bị): what is registered of it, DER."""

    certificate: bytes
    #: its issuers, nearest first
    chain: tuple[bytes, ...] = ()


def desk_key_of(tx: Transaction, owner: UUID) -> DeskKey | None:
    """Return the key registered for this officer or agency, None where it is not at a desk."""
    kept = keystore_of(tx, owner)
    if kept is None or kept.kind is not KeyKind.DESKTOP:
        return None
    return DeskKey(kept.certificate, tuple(b64decode(one) for one in kept.place.get("issuers", ())))


@dataclass(frozen=True, slots=True)
class Beginning:
    """The command: which step, as `work_items.CompleteItem`, and how the key is reached.

    `certificate` (DER) is what the client says it has; only the registered one is taken.
    """

    item_id: UUID
    version: int | None
    form: Mapping[str, Any]
    transport: Transport
    language: str = "vi"
    certificate: bytes = b""


@dataclass(frozen=True, slots=True)
class ToBeSigned:
    """One file that waits (tệp chờ ký): what for, by which key, and what was prepared of it."""

    pdf: bytes = field(repr=False)
    request: SignRequest
    key: DeskKey
    #: None where an agent signs the whole file
    prepared: Prepared | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be signed at a step: its files in order, the document's first."""

    files: tuple[ToBeSigned, ...]
    item_id: UUID
    #: the version of the step that was asked about
    version: int
    document: Any
    form: Mapping[str, Any]


class _Enough(Exception):
    """All is known: nothing of the step may be kept."""


class _Asking:
    """Hands each file back unsigned and notes what was asked."""

    def __init__(self) -> None:
        self.files: list[ToBeSigned] = []

    def sign(
        self, tx: Transaction, owner: UUID, pdf: bytes, request: SignRequest, _use: KeyOrder
    ) -> bytes:
        key = desk_key_of(tx, owner)
        if key is None:
            raise NoDeskKey
        self.files.append(ToBeSigned(pdf, request, key))
        return pdf


def ask(begin: Begin, means: Means, beginning: Beginning) -> Asked:
    """Find out what is to be signed at a step, and prepare it; nothing is changed.

    Raises what completing the step would raise, `NothingToSign`, `NoDeskKey`, `OtherDeskKey`, and
    what preparing refuses.
    """
    asking = _Asking()
    command = CompleteItem(
        beginning.item_id,
        beginning.version,
        beginning.form,
        language=beginning.language,
        elsewhere=asking,
    )
    with suppress(_Enough), begin() as tx:
        item, _, document = work_items.find(tx, beginning.item_id)
        form, now = work_items.form_of(tx, item), tx.now
        version = item.version if beginning.version is None else beginning.version
        work_items.complete(tx, means, command)
        raise _Enough
    if not asking.files:
        raise NothingToSign
    for key in {one.key for one in asking.files}:
        if beginning.certificate not in {b"", key.certificate}:
            raise OtherDeskKey
        means.signing.check_key(key.certificate, key.chain, now)
    files = asking.files
    if beginning.transport is Transport.RAW:
        files = [_prepared(one) for one in files]
    told = without(beginning.form, sensitive_paths(form)) if form is not None else {}
    return Asked(tuple(files), item.id, version, document, told)


def _prepared(one: ToBeSigned) -> ToBeSigned:
    ready = prepare(one.pdf, one.request, one.key.certificate, one.key.chain)
    return replace(one, prepared=ready)


_RUNS = Query(
    sa.select(ProcessInstance.id).where(
        ProcessInstance.subject_id == sa.bindparam("document", type_=sa.Uuid())
    )
)
_AT = Query(
    sa.select(WorkItem)
    .join(ProcessInstance, ProcessInstance.id == WorkItem.instance_id)
    .where(
        ProcessInstance.subject_id == sa.bindparam("document", type_=sa.Uuid()),
        WorkItem.verb == sa.bindparam("verb"),
        WorkItem.status == ItemStatus.OPEN,
    )
    .order_by(WorkItem.opened_at)
)


def step_of(tx: Transaction, document_id: UUID, role: SignRole) -> WorkItem:
    """Return the open step at which a document waits for a signature of this role.

    Raises `NothingToSign` where there is none, `NotFound` for a document that is not there.
    """
    if not tx.scalars(_RUNS, document=document_id):
        raise NotFound(what="văn bản")
    found = tx.scalars(_AT, document=document_id, verb=VERBS.get(role, ""))
    if not found:
        raise NothingToSign
    return found[0]
