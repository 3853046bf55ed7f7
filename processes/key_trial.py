"""Registering a key and trying it (đăng ký, ký thử): before a document depends on it."""

from hashlib import sha256
from secrets import token_bytes
from typing import Any
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from engine.database import Transaction
from processes.keys import KeyOrder
from processes.means import Means
from records import journal
from records.authority import Act, NoRight, authorize
from records.keystore import Certificate, KeyKind
from signing.certificate import load_certificate, public_key_of
from signing.raw_signature import checked_signature

#: what each kind of key must name of its place, and what it may
PLACES: dict[KeyKind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    KeyKind.PKCS12: ((), ()),
    KeyKind.PKCS11: (("library", "token"), ("label", "key_id", "serial")),
    KeyKind.REMOTE: (("url",), ("credential",)),
    KeyKind.DESKTOP: ((), ()),
}


def read_certificate(data: bytes) -> Certificate:
    """Return what is registered of a certificate in DER or PEM; raises `KeyNotSupported`."""
    der = _der(data)
    certificate = load_certificate(der)
    public_key_of(certificate)
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return Certificate(
        der,
        str(names[0].value) if names else certificate.subject.rfc4514_string(),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )


def is_certificate(data: bytes) -> bool:
    """Tell whether a file holds a certificate at all, whatever its key."""
    try:
        x509.load_der_x509_certificate(_der(data))
    except ValueError:
        return False
    return True


def _der(data: bytes) -> bytes:
    """Return the certificate of a file in DER, nothing where its PEM cannot be read."""
    if b"-----BEGIN" not in data:
        return data
    try:
        return x509.load_pem_x509_certificate(data).public_bytes(Encoding.DER)
    except ValueError:
        return b""


def place_of(kind: KeyKind, given: dict[str, str]) -> dict[str, Any] | None:
    """Return the place of a key of this kind, None where something it needs was not named."""
    needed, possible = PLACES[kind]
    if any(not given.get(name, "").strip() for name in needed):
        return None
    return {name: given[name].strip() for name in (*needed, *possible) if given.get(name)}


def try_key(tx: Transaction, means: Means, owner: UUID, pin: str) -> None:
    """Sign a random word with a key and prove it: the officer's own, or by the clerk the agency's.

    A trial of the agency's key is a use of it and stands in its log. Raises `NoRight`, and what
    opening and signing raise.
    """
    word = token_bytes(32)
    order = None
    if owner != tx.acting.officer_id:
        authorize(tx.acting, Act.SEAL_DOCUMENT)
        if owner != tx.acting.agency_id:
            raise NoRight(act=Act.SEAL_DOCUMENT)
        order = KeyOrder(owner, "", "trial", sha256(word).hexdigest(), tx.acting.name)
    with means.signing.open_keystore(tx, owner, pin, order) as keystore:
        means.signing.check_keystore(keystore, tx.now)
        checked_signature(keystore.certificate(), word, keystore.sign(word, "sha256"))
    journal.record(tx, "try_key", "keystore", owner)
