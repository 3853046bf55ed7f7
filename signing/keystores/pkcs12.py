"""A keystore in one PKCS#12 file (tệp khóa .p12)."""

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from signing.errors import KeyNotSupported, KeystoreRefused

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

#: SHA-1 and shorter keys are refused by the validator as well
SMALLEST_RSA = 2048
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


class Pkcs12KeyStore:
    """A key and its certificates, parsed once from PKCS#12; the passphrase is not kept."""

    def __init__(self, data: bytes, passphrase: str) -> None:
        """Open the file; raise `KeystoreRefused` or `KeyNotSupported`."""
        try:
            key, certificate, others = pkcs12.load_key_and_certificates(
                data, passphrase.encode("utf-8")
            )
        except Exception:  # noqa: BLE001 - every fault of a foreign parser is one refusal
            # the cause is not chained: its text may quote what was typed
            raise KeystoreRefused from None
        if certificate is None:
            raise KeystoreRefused
        self._key = _accepted(key)
        self._certificate = certificate
        self._chain = tuple(_in_order(certificate, others))

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
        digest = HASHES.get(digest_algorithm)
        if digest is None:
            raise KeyNotSupported(reason=digest_algorithm)
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), digest)
        return self._key.sign(data, ec.ECDSA(digest))


def _accepted(key: object) -> PrivateKey:
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < SMALLEST_RSA:
            raise KeyNotSupported(reason=f"RSA {key.key_size} bit")
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key
    raise KeyNotSupported(reason=type(key).__name__)


def _in_order(leaf: x509.Certificate, others: list[x509.Certificate]) -> list[x509.Certificate]:
    ordered: list[x509.Certificate] = []
    wanted = leaf.issuer
    rest = list(others)
    while rest:
        following = next((one for one in rest if one.subject == wanted), None)
        if following is None:
            break
        ordered.append(following)
        rest.remove(following)
        wanted = following.issuer
    return ordered + rest
