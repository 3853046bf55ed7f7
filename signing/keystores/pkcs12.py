"""A keystore in one PKCS#12 file (tệp khóa .p12)."""

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from signing.certificate import hash_named, issuers_in_order, public_key_of
from signing.errors import KeyNotSupported, KeystoreRefused
from signing.keystores.base import Closing

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Pkcs12KeyStore(Closing):
    """A key and its certificates, parsed once from PKCS#12; the passphrase is not kept."""

    def __init__(self, data: bytes, passphrase: str) -> None:
        """Open the file; raise `KeystoreRefused` or `KeyNotSupported`."""
        if "\0" in passphrase:
            # the parser would panic, which ends the process and prints what was typed
            raise KeystoreRefused
        try:
            key, certificate, others = pkcs12.load_key_and_certificates(
                data, passphrase.encode("utf-8")
            )
        except Exception:  # noqa: BLE001 - every fault of a foreign parser is one refusal
            # the cause is not chained: its text may quote what was typed
            raise KeystoreRefused from None
        if certificate is None:
            raise KeystoreRefused
        self._key: PrivateKey | None = _accepted(key)
        self._certificate = certificate
        chain = issuers_in_order(certificate, others)
        self._chain = (*chain, *(one for one in others if one not in chain))
        public_key_of(certificate)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._certificate.subject.rfc4514_string()}>"

    def certificate(self) -> bytes:
        """Return the signer's certificate, DER."""
        return self._certificate.public_bytes(Encoding.DER)

    def chain(self) -> tuple[bytes, ...]:
        """Return the issuers' certificates of the file, DER, nearest first."""
        return tuple(issuer.public_bytes(Encoding.DER) for issuer in self._chain)

    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        """Sign `data` with the parsed key."""
        digest = hash_named(digest_algorithm)
        if self._key is None:
            raise KeystoreRefused
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), digest)
        return self._key.sign(data, ec.ECDSA(digest))

    def close(self) -> None:
        """Forget the key."""
        self._key = None


def _accepted(key: object) -> PrivateKey:
    if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        return key
    raise KeyNotSupported(reason=type(key).__name__)
