"""A key in a token or an HSM (USB token, HSM), reached by PKCS#11."""

from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import new
from typing import Any

from asn1crypto import algos, core
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from pkcs11 import Attribute, Mechanism, ObjectClass, PKCS11Error, Session

from signing.certificate import (
    ensure_signed_by,
    hash_named,
    issuers_in_order,
    load_certificate,
    public_key_of,
)
from signing.errors import KeystoreRefused
from signing.keystores.base import Closing
from signing.keystores.errors import KeyNotFound, TokenGone
from signing.keystores.pin_tries import PinTries
from signing.keystores.secret import Secret
from signing.keystores.token import library_at

#: how long one waits for another to finish with the token, in seconds
PATIENCE = 30.0
RSA_MECHANISMS = {
    "sha256": Mechanism.SHA256_RSA_PKCS,
    "sha384": Mechanism.SHA384_RSA_PKCS,
    "sha512": Mechanism.SHA512_RSA_PKCS,
}


@dataclass(frozen=True)
class TokenKey:
    """Where a key lies (vị trí khóa): library, token, and its label or id there.

    `certificate` names one of several on the token, or is used where the token holds none;
    `issuers` complete the chain. All are DER.
    """

    library: str
    token: str
    label: str = ""
    key_id: bytes = b""
    serial: bytes = b""
    certificate: bytes = b""
    issuers: tuple[bytes, ...] = ()


class Pkcs11KeyStore(Closing):
    """A key that signs inside its token, from login until `close` (kho khóa trong thiết bị).

    A token that was pulled out and put back, or whose session was lost, is opened once more; then
    `TokenGone` is raised. What the token answers is proved against the certificate.
    """

    def __init__(
        self,
        place: TokenKey,
        pin: str,
        *,
        tries: PinTries,
        at: datetime,
        patience: float = PATIENCE,
    ) -> None:
        """Log in and find key and certificate.

        Raise `WrongPin`, `LastTry`, `PinLocked`, `PinPaused`, `TokenGone`, `TokenBusy`,
        `TokenLibraryRefused`, `KeyNotFound` or `KeyNotSupported`.
        """
        self._place = place
        self._pin = Secret(pin)
        self._tries = tries
        self._at = at
        self._library = library_at(place.library)
        self._session: Session | None = None
        self._serial = place.serial
        self._closing = ExitStack()
        if not pin:
            raise KeystoreRefused
        with ExitStack() as failing:
            failing.callback(self.close)
            self._closing.enter_context(self._library.held(place.token, patience))
            with self._library.lock:
                self._open()
                self._certificate, self._chain = self._certificates()
            self._public = public_key_of(self._certificate)
            failing.pop_all()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._place.token}>"

    def certificate(self) -> bytes:
        """Return the signer's certificate, DER."""
        return self._certificate.public_bytes(Encoding.DER)

    def chain(self) -> tuple[bytes, ...]:
        """Return the issuers' certificates on the token or given beside it, DER, nearest first."""
        return tuple(issuer.public_bytes(Encoding.DER) for issuer in self._chain)

    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        """Sign `data` in the token; raise `TokenGone`, `SignatureMismatch` or `KeyNotSupported`."""
        hash_named(digest_algorithm)
        self._pin.reveal()
        with self._library.lock:
            try:
                signature = self._signed(data, digest_algorithm)
            except PKCS11Error:
                signature = self._signed_anew(data, digest_algorithm)
        ensure_signed_by(self._certificate, data, signature, digest_algorithm)
        return signature

    def close(self) -> None:
        """Log out, forget the PIN, let the next one use the token."""
        self._pin.forget()
        self._log_out()
        self._closing.close()

    def _open(self) -> None:
        token = self._library.find(self._place.token, self._serial)
        # another token of the same label is another key
        self._serial = token.serial
        self._mechanisms = token.slot.get_mechanisms()
        self._session = self._library.log_in(token, self._pin, self._tries, self._at)
        self._find_key()

    def _log_out(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            self._library.log_out(session)

    def _signed_anew(self, data: bytes, digest_algorithm: str) -> bytes:
        self._log_out()
        try:
            self._open()
            return self._signed(data, digest_algorithm)
        except (PKCS11Error, KeyNotFound):
            raise TokenGone(token=self._place.token) from None

    def _signed(self, data: bytes, digest_algorithm: str) -> bytes:
        asked = {"pin": self._pin.reveal()} if self._asks_each_time else {}
        if isinstance(self._public, rsa.RSAPublicKey):
            mechanism = RSA_MECHANISMS[digest_algorithm]
            if mechanism not in self._mechanisms:
                mechanism, data = Mechanism.RSA_PKCS, _digest_info(data, digest_algorithm)
            return bytes(self._key.sign(data, mechanism=mechanism, **asked))
        digest = new(digest_algorithm, data).digest()
        both = bytes(self._key.sign(digest, mechanism=Mechanism.ECDSA, **asked))
        half = len(both) // 2
        return encode_dss_signature(
            int.from_bytes(both[:half], "big"), int.from_bytes(both[half:], "big")
        )

    def _find_key(self) -> None:
        keys = self._objects(ObjectClass.PRIVATE_KEY, self._place.label, self._place.key_id)
        if not keys and self._place.label:
            # makers label the certificate and leave the key bare: both have one id
            named = self._objects(ObjectClass.CERTIFICATE, self._place.label, self._place.key_id)
            ids = {one[Attribute.ID] for one in named}
            keys = [
                one for one_id in ids for one in self._objects(ObjectClass.PRIVATE_KEY, "", one_id)
            ]
        if len(keys) != 1:
            raise KeyNotFound(token=self._place.token, label=self._place.label, found=len(keys))
        self._key = keys[0]
        self._asks_each_time = bool(_attribute(self._key, Attribute.ALWAYS_AUTHENTICATE))

    def _certificates(self) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
        key_id = _attribute(self._key, Attribute.ID)
        on_token = [
            (_attribute(one, Attribute.ID), load_certificate(bytes(one[Attribute.VALUE])))
            for one in self._objects(ObjectClass.CERTIFICATE, "", b"")
        ]
        if self._place.certificate:
            leaf = load_certificate(self._place.certificate)
        else:
            mine = [one for its_id, one in on_token if its_id and its_id == key_id]
            if len(mine) != 1:
                raise KeyNotFound(token=self._place.token, label=self._place.label, found=len(mine))
            leaf = mine[0]
        others = [one for _, one in on_token]
        others += [load_certificate(one) for one in self._place.issuers]
        return leaf, tuple(issuers_in_order(leaf, others))

    def _objects(self, kind: ObjectClass, label: str, key_id: bytes) -> list[Any]:
        wanted: dict[Attribute, Any] = {Attribute.CLASS: kind}
        if label:
            wanted[Attribute.LABEL] = label
        if key_id:
            wanted[Attribute.ID] = key_id
        assert self._session is not None
        return list(self._session.get_objects(wanted))


def _attribute(found: Any, name: Attribute) -> Any:
    with suppress(PKCS11Error):
        return found[name]
    return None


def _digest_info(data: bytes, digest_algorithm: str) -> bytes:
    """Return what RFC 8017, 9.2 wraps a digest in, for tokens that only pad and sign."""
    algorithm = {"algorithm": digest_algorithm, "parameters": core.Null()}
    digest = new(digest_algorithm, data).digest()
    info = algos.DigestInfo({"digest_algorithm": algorithm, "digest": digest})
    encoded: bytes = info.dump()
    return encoded
