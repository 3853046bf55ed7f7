"""What keystores ask of a certificate (chứng thư số của kho khóa): strength, order, proof."""

from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from signing.errors import KeyNotSupported, SignatureMismatch

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

#: SHA-1 and shorter keys are refused by the validator as well
SMALLEST_RSA = 2048
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def hash_named(digest_algorithm: str) -> hashes.HashAlgorithm:
    """Return the hash of this name; raise `KeyNotSupported` for one that is not accepted."""
    found = HASHES.get(digest_algorithm)
    if found is None:
        raise KeyNotSupported(reason=digest_algorithm)
    return found


def load_certificate(der: bytes) -> x509.Certificate:
    """Return the certificate of this DER; raise `KeyNotSupported` for one that cannot be read."""
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        raise KeyNotSupported(reason="không đọc được chứng thư số") from None


def public_key_of(certificate: x509.Certificate) -> PublicKey:
    """Return the key a certificate speaks for; raise `KeyNotSupported` for a weak or odd one."""
    try:
        key = certificate.public_key()
    except Exception:  # noqa: BLE001 - whatever the parser says, such a key signs nothing here
        raise KeyNotSupported(reason="không đọc được khóa công khai") from None
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < SMALLEST_RSA:
            raise KeyNotSupported(reason=f"RSA {key.key_size} bit")
        return key
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key
    raise KeyNotSupported(reason=type(key).__name__)


def ensure_signed_by(
    certificate: x509.Certificate, data: bytes, signature: bytes, digest_algorithm: str
) -> None:
    """Raise `SignatureMismatch` unless the certificate's key made `signature` over `data`.

    What a token or a service answers is proved here before a document carries it.
    """
    digest = hash_named(digest_algorithm)
    key = public_key_of(certificate)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), digest)
        else:
            key.verify(signature, data, ec.ECDSA(digest))
    except InvalidSignature:
        raise SignatureMismatch from None


def issuers_in_order(
    leaf: x509.Certificate, others: Iterable[x509.Certificate]
) -> list[x509.Certificate]:
    """Return the issuers of `leaf` among `others`, nearest first, each once."""
    ordered: list[x509.Certificate] = []
    rest = list(others)
    wanted = leaf
    while wanted.issuer != wanted.subject:
        following = next((one for one in rest if one.subject == wanted.issuer), None)
        if following is None or following in ordered:
            break
        ordered.append(following)
        wanted = following
    return ordered
