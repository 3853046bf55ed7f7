"""Signing several documents with one PIN (ký nhiều văn bản): each its own step and transaction."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

from engine.database import Transaction
from engine.errors import OfficeError, Stale
from engine.machine import NotWaiting
from engine.work_item import ItemStatus
from processes import work_items
from processes.history import subject_of
from processes.keys import KeyOrder, UseWithoutOrder
from processes.means import Means
from processes.work_items import CompleteItem
from records.authority import Act, authorize
from records.vocabulary import Term
from signing.errors import KeystoreRefused, SigningError
from signing.keystores.base import OpenKeyStore
from signing.keystores.borrowed import Borrowed
from signing.keystores.errors import (
    RemoteLoginEnded,
    RemoteUnreachable,
    TokenBusy,
    TokenGone,
    TokenLibraryRefused,
)

#: the step a batch may complete: the competent person's own signature
SIGNING = "sign"
#: one request stays below what a browser waits for, also with a token of a second a signature
MOST = 100
#: what stops the batch: the next document would meet the same
KEY_LOST = (
    KeystoreRefused,
    TokenGone,
    TokenBusy,
    TokenLibraryRefused,
    RemoteUnreachable,
    RemoteLoginEnded,
)

Begin = Callable[[], AbstractContextManager[Transaction]]


class SignedHow(Term):
    """What became of one document of a batch (kết quả ký)."""

    SIGNED = "signed", "đã ký", "signed"
    ALREADY = "already", "bạn đã ký trước đó", "signed by you before"
    REFUSED = "refused", "chưa ký", "not signed"
    NOT_TRIED = "not_tried", "chưa ký đến", "not tried"


class BatchTooLarge(OfficeError):
    """Too many documents at once (quá nhiều văn bản một lần)."""

    code = "batch-too-large"
    vi = "Mỗi lần ký được từ 1 đến {most} văn bản. Hãy chọn lại rồi ký tiếp phần còn lại sau."
    en = "From 1 to {most} documents are signed at once. Choose fewer, then sign the rest."


class NotASigningStep(OfficeError):
    """The step is not a signature of a competent person (không phải bước ký ban hành)."""

    code = "not-a-signing-step"
    status = 409
    vi = "Việc «{step}» không phải bước ký ban hành nên không ký cùng lúc. Hãy mở riêng việc này."
    en = "The step “{step}” is not a signature. Open it by itself."


@dataclass(frozen=True, slots=True)
class ToSign:
    """One document chosen: its work item, in the version the officer saw."""

    item_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class ItemSigned:
    """What became of it; `error` says why it was not signed."""

    item_id: UUID
    how: SignedHow
    document: str = ""
    error: OfficeError | SigningError | None = None


def sign_batch(
    begin: Begin, means: Means, items: Sequence[ToSign], pin: str
) -> Iterator[ItemSigned]:
    """Sign the chosen documents one after the other, and say of each what became of it.

    `begin` opens a transaction in which the officer acts. Each document is signed and committed by
    itself, so that a batch broken off anywhere is asked for again as it was: what is signed stays
    signed once. The key is opened once; a wrong PIN or a lost key stops the batch. Raises
    `BatchTooLarge`, `NoRight`.
    """
    chosen = list({one.item_id: one for one in items}.values())
    if not 1 <= len(chosen) <= MOST:
        raise BatchTooLarge(most=MOST)
    with begin() as tx:
        authorize(tx.acting, Act.SIGN_DOCUMENT)
    return _signed_each(begin, means, chosen, pin)


def _signed_each(
    begin: Begin, means: Means, chosen: Sequence[ToSign], pin: str
) -> Iterator[ItemSigned]:
    lost: OfficeError | SigningError | None = None
    with _Opener(means, pin) as opener:
        for one in chosen:
            if lost is not None:
                yield ItemSigned(one.item_id, SignedHow.NOT_TRIED, error=lost)
                continue
            done = _sign_one(begin, means, opener, one)
            if isinstance(done.error, KEY_LOST):
                lost = done.error
            yield done


class _Opener:
    """Opens the officer's key when the first document needs it, and lends it to all."""

    def __init__(self, means: Means, pin: str) -> None:
        self._means = means
        self._pin = pin
        self._open: OpenKeyStore | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._open is not None:
            self._open.close()

    def lend(
        self, tx: Transaction, owner: UUID, pin: str, order: KeyOrder | None = None
    ) -> OpenKeyStore:
        del pin  # asked for once, not by each form
        if owner != tx.acting.officer_id:
            raise UseWithoutOrder
        if self._open is None:
            self._open = self._means.signing.open_keystore(tx, owner, self._pin, order)
        return Borrowed(self._open)


def _sign_one(begin: Begin, means: Means, opener: _Opener, one: ToSign) -> ItemSigned:
    shared = replace(means, signing=replace(means.signing, open_keystore=opener.lend))
    document = ""
    try:
        document, done = _looked_up(begin, one)
        if done:
            return ItemSigned(one.item_id, SignedHow.ALREADY, document)
        values = {"outcome": "sign", "pin": "—"}
        with begin() as tx:
            work_items.complete(tx, shared, CompleteItem(one.item_id, one.version, values))
    except (Stale, NotWaiting) as refusal:
        # the same batch, asked for twice at once, may have been here first
        if _looked_up(begin, one)[1]:
            return ItemSigned(one.item_id, SignedHow.ALREADY, document)
        return ItemSigned(one.item_id, SignedHow.REFUSED, document, refusal)
    except (OfficeError, SigningError) as refusal:
        return ItemSigned(one.item_id, SignedHow.REFUSED, document, refusal)
    return ItemSigned(one.item_id, SignedHow.SIGNED, document)


def _looked_up(begin: Begin, one: ToSign) -> tuple[str, bool]:
    """Return the document's words, and whether the officer signed it at this step before."""
    with begin() as tx:
        item, instance = work_items.read(tx, one.item_id)
        if item.verb != SIGNING:
            raise NotASigningStep(step=item.name)
        subject = subject_of(tx, instance)
        mine = item.status == ItemStatus.DONE and item.done_by == tx.acting.officer_id
        signed = mine and (item.outcome or {}).get("outcome") == "sign"
        return subject.reference or subject.subject, signed
