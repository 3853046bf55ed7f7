"""Opening keys (mở khóa ký số): as registered, and the agency's key only on an order."""

import logging
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from engine.database import Acting, Transaction
from engine.errors import OfficeError
from records.document import Document, OutgoingDocument
from records.key_custody import KeyUseOutcome, begun_use, record_use
from records.keystore import KeyKind, Keystore, keystore_of
from signing.errors import KeystoreRefused, SigningError
from signing.keystores.base import OpenKeyStore
from signing.keystores.pin_tries import FileTries
from signing.keystores.pkcs11 import Pkcs11KeyStore, TokenKey
from signing.keystores.pkcs12 import Pkcs12KeyStore
from signing.keystores.remote import RemoteKey, RemoteKeyStore

#: writes down a use in a transaction of its own, and returns its id: the one it belongs to is not
#: over yet, or is lost
Note = Callable[[Acting, Mapping[str, Any]], UUID]


class UseWithoutOrder(OfficeError):
    """The agency's key signs only on an order (dùng khóa của cơ quan không có lệnh)."""

    code = "use-without-order"
    status = 403
    citation = "Nghị định 30/2020/NĐ-CP, Điều 32"
    vi = (
        "Khóa của cơ quan chỉ được dùng cho một văn bản cụ thể, theo lệnh của người có thẩm quyền. "
        "Chưa ký. Báo quản trị kiểm tra quy trình."
    )
    en = (
        "The agency's key signs only a given document on the order of a competent person. "
        "Nothing was signed."
    )


class KeyAtTheDesk(OfficeError):
    """The key is a token at the officer's desk (khóa ở thiết bị tại bàn làm việc)."""

    code = "key-at-the-desk"
    status = 409
    vi = (
        "Chứng thư số này nằm trong thiết bị tại bàn làm việc nên không ký bằng mã PIN tại đây. "
        "Hãy chọn «Ký bằng thiết bị» và làm theo hướng dẫn."
    )
    en = "This key is in a token at the desk: choose “Sign with a device” instead of a PIN here."


class NoKeyRegistered(KeystoreRefused):
    """Nobody registered a key of this owner and no file holds one (chưa đăng ký khóa)."""

    code = "no-key-registered"
    status = 409
    vi = "Chưa có khóa ký số nào được đăng ký ở đây nên chưa ký. Hãy báo quản trị đăng ký khóa."
    en = "No signing key is registered here, so nothing was signed. Ask the administrator for one."


class OtherKey(OfficeError):
    """The key that was opened is not the one registered (khóa không đúng chứng thư đã đăng ký)."""

    code = "other-key"
    status = 409
    vi = (
        "Khóa vừa mở không phải của chứng thư số đã đăng ký ({registered}). Chưa ký. Hãy kiểm tra "
        "thiết bị, hoặc báo quản trị đăng ký lại chứng thư số."
    )
    en = (
        "The key that was opened is not that of the registered certificate ({registered}). "
        "Nothing was signed."
    )


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """Why the agency's key is used (lệnh dùng khóa): document, purpose, and the file to be signed.

    `digest` is SHA-256 of the file; `ordered_by` is the competent person who orders it.
    """

    document_id: UUID
    document: str
    purpose: str
    digest: str
    ordered_by: str
    ordered_by_id: UUID | None = None


def order_for(document: Document, purpose: str, pdf: bytes, *, named: str = "") -> KeyOrder:
    """Return the order to sign `pdf` of a document.

    `named` is who gave it, where it is not the competent person who signs the document.
    """
    outgoing = document if isinstance(document, OutgoingDocument) and not named else None
    return KeyOrder(
        document.id,
        document.reference or document.subject,
        purpose,
        sha256(pdf).hexdigest(),
        outgoing.signer_name if outgoing else named,
        outgoing.signatory_id if outgoing else None,
    )


class KeyRing:
    """All keys of the installation (các khóa ký số), each opened where it is registered to lie.

    PKCS#12 files are `keystores/<owner>.p12`; an owner of whom nothing is registered has one there.
    Bearer tokens of remote services are `remote/<owner>.token`. Wrong PINs are counted in
    `pin-tries.json`.
    """

    def __init__(self, folder: Path, note: Note) -> None:
        self.folder = folder
        self._note = note
        self._tries = FileTries(folder / "pin-tries.json")

    def open(
        self, tx: Transaction, owner: UUID, pin: str, order: KeyOrder | None = None
    ) -> OpenKeyStore:
        """Open the key of an officer, or of the acting agency on an order.

        Each use of the agency's key is written down, also one that is refused. Raises
        `UseWithoutOrder`, `KeyAtTheDesk`, `OtherKey`, and what the keystores raise.
        """
        kept = keystore_of(tx, owner)
        of_agency = kept.of_agency if kept is not None else owner == tx.acting.agency_id
        if not of_agency:
            return self._opened(tx, owner, kept, pin)
        if order is None:
            raise UseWithoutOrder
        log = _UseLog(tx, order, self._note)
        try:
            opened = self._opened(tx, owner, kept, pin)
        except (SigningError, OfficeError) as refusal:
            log.refused(refusal.code)
            raise
        return _Watched(opened, log)

    def _opened(
        self, tx: Transaction, owner: UUID, kept: Keystore | None, pin: str
    ) -> OpenKeyStore:
        if kept is None:
            if not self._place(owner).exists():
                raise NoKeyRegistered
            return self._file(owner, pin)
        opened = self._at_its_place(tx, kept, pin)
        if sha256(opened.certificate()).hexdigest() != kept.fingerprint:
            opened.close()
            raise OtherKey(registered=kept.subject)
        return opened

    def _at_its_place(self, tx: Transaction, kept: Keystore, pin: str) -> OpenKeyStore:
        match kept.kind:
            case KeyKind.PKCS12:
                return self._file(kept.owner_id, pin)
            case KeyKind.PKCS11:
                place = token_key(kept.place, kept.certificate)
                return Pkcs11KeyStore(place, pin, tries=self._tries, at=tx.now)
            case KeyKind.REMOTE:
                return RemoteKeyStore(
                    RemoteKey(kept.place["url"], kept.place.get("credential", "")),
                    self._bearer(kept.owner_id),
                    pin,
                    tries=self._tries,
                    at=tx.now,
                )
            case KeyKind.DESKTOP:
                raise KeyAtTheDesk

    def _file(self, owner: UUID, pin: str) -> OpenKeyStore:
        return Pkcs12KeyStore(_read(self._place(owner)), pin)

    def _place(self, owner: UUID) -> Path:
        return self.folder / "keystores" / f"{owner}.p12"

    def _bearer(self, owner: UUID) -> str:
        return _read(self.folder / "remote" / f"{owner}.token").decode().strip()


def token_key(place: Mapping[str, Any], certificate: bytes) -> TokenKey:
    """Return where a token's key lies, as it is registered."""
    return TokenKey(
        place["library"],
        place["token"],
        place.get("label", ""),
        bytes.fromhex(place.get("key_id", "")),
        place.get("serial", "").encode(),
        certificate,
        tuple(b64decode(one) for one in place.get("issuers", ())),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise KeystoreRefused from None


def arrived_from_elsewhere(
    tx: Transaction, certificate: bytes, document: Document, purpose: str, digest: str
) -> None:
    """Write down that a signature of the agency's key came in, whatever becomes of its step.

    Signatures of other keys are not written down. `digest` is SHA-256 of the file that was signed.
    """
    agency = tx.acting.agency_id
    kept = keystore_of(tx, agency) if agency is not None else None
    if kept is None or not kept.of_agency or kept.certificate != certificate:
        return
    order = replace(order_for(document, purpose, b""), digest=digest)
    told = {**asdict(order), "fingerprint": kept.fingerprint, "outcome": KeyUseOutcome.BEGUN}
    record_use(tx, told)


def used_elsewhere(
    tx: Transaction, owner: UUID, order: KeyOrder, note: Note, signed: bytes
) -> None:
    """Write down which file came of a signature that a key elsewhere made, if the agency's."""
    kept = keystore_of(tx, owner)
    if kept.of_agency if kept is not None else owner == tx.acting.agency_id:
        log = _UseLog(tx, order, note)
        fingerprint = kept.fingerprint if kept is not None else ""
        begun = begun_use(tx, order.document_id, order.digest)
        told = {**asdict(order), "fingerprint": fingerprint, "begun_id": begun}
        log.signed(log.used(fingerprint, told), signed)


def keep_use(keystore: OpenKeyStore, signed: bytes) -> None:
    """Tell the log of the agency's key which file came of the signature, if it is that key."""
    if isinstance(keystore, _Watched):
        keystore.settle(signed)


class _UseLog:
    """Writes down what the agency's key did for one order."""

    def __init__(self, tx: Transaction, order: KeyOrder, note: Note) -> None:
        self._tx = tx
        self._told = asdict(order)
        self._note = note

    def begun(self, fingerprint: str) -> dict[str, Any]:
        """Write down, to last, that the key is about to sign; a key that cannot be logged rests."""
        told = {**self._told, "fingerprint": fingerprint}
        begun = self._note(self._tx.acting, {**told, "outcome": KeyUseOutcome.BEGUN})
        return {**told, "begun_id": begun}

    def used(self, fingerprint: str, told: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Have it written down that the key signed, should the step be lost."""
        found = dict(told or {**self._told, "fingerprint": fingerprint})
        self._after_loss({**found, "outcome": KeyUseOutcome.NOT_KEPT})
        return found

    def signed(self, told: Mapping[str, Any], signed: bytes = b"") -> None:
        """Write down with the step which file came of it."""
        digest = sha256(signed).hexdigest() if signed else ""
        row = {**told, "signed_digest": digest, "outcome": KeyUseOutcome.SIGNED}
        record_use(self._tx, row)

    def broken_off(self, told: Mapping[str, Any]) -> None:
        """Write down what signed and failed after it, should the step be kept all the same."""
        acting, row = self._tx.acting, {**told, "outcome": KeyUseOutcome.NOT_KEPT}
        self._tx.after_commit.append(lambda: self._written(acting, row))

    def refused(
        self, reason: str, fingerprint: str = "", told: Mapping[str, Any] | None = None
    ) -> None:
        found = told or {**self._told, "fingerprint": fingerprint}
        refused = {**found, "reason": reason, "outcome": KeyUseOutcome.REFUSED}
        self._after_loss(refused)
        # whoever goes on in spite of the refusal does not hide it
        acting = self._tx.acting
        self._tx.after_commit.append(lambda: self._written(acting, refused))

    def _after_loss(self, told: Mapping[str, Any]) -> None:
        acting = self._tx.acting
        self._tx.after_loss.append(lambda: self._written(acting, told))

    def _written(self, acting: Acting, told: Mapping[str, Any]) -> None:
        try:
            self._note(acting, told)
        except OfficeError:
            # the refusal itself is what the officer must hear of
            logging.getLogger(__name__).exception("a use of the agency's key was not written down")


class _Watched:
    """The agency's key, of which each signature is written down: begun, and what came of it."""

    def __init__(self, inner: OpenKeyStore, log: _UseLog) -> None:
        self._inner = inner
        self._log = log
        self._fingerprint = sha256(inner.certificate()).hexdigest()
        self._told = False
        #: a signature of which nobody has said yet what file came of it
        self._open: dict[str, Any] | None = None

    def certificate(self) -> bytes:
        return self._inner.certificate()

    def chain(self) -> tuple[bytes, ...]:
        return self._inner.chain()

    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        self.settle()
        self._told = True
        told = self._log.begun(self._fingerprint)
        try:
            signature = self._inner.sign(data, digest_algorithm)
        except SigningError as refusal:
            self._log.refused(refusal.code, told=told)
            raise
        self._open = self._log.used(self._fingerprint, told)
        return signature

    def settle(self, signed: bytes = b"") -> None:
        """Write down the last signature, if that is not done."""
        told, self._open = self._open, None
        if told is not None:
            self._log.signed(told, signed)

    def close(self) -> None:
        self._inner.close()
        self.settle()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, SigningError | OfficeError) and not self._told:
            # what was found before the key was used, such as a certificate that was withdrawn
            self._log.refused(error.code, self._fingerprint)
        if error is not None and self._open is not None:
            # the transaction may be broken: nothing is written with it
            told, self._open = self._open, None
            self._log.broken_off(told)
        self.close()
