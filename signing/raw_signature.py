"""A raw signature from elsewhere (chữ ký thô), held against the certificate that was named."""

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from signing.errors import KeyNotSupported, SignatureMismatch

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

#: SHA-1 and shorter keys are refused by the validator as well
SMALLEST_RSA = 2048


def check_key(certificate: bytes) -> None:
    """Raise `KeyNotSupported` unless the certificate (DER) is of a key that may sign."""
    _public_key(certificate)


def checked_signature(certificate: bytes, data: bytes, signature: bytes) -> bytes:
    """Return the signature as CMS holds it; raise `SignatureMismatch` if it does not sign `data`.

    The hash is SHA-256. An ECDSA signature may be DER, or two numbers side by side.
    """
    key = _public_key(certificate)
    if isinstance(key, rsa.RSAPublicKey):
        try:
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature as error:
            raise SignatureMismatch from error
        return signature
    for form in _ecdsa_forms(key, signature):
        try:
            key.verify(form, data, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            continue
        return form
    raise SignatureMismatch


def _ecdsa_forms(key: ec.EllipticCurvePublicKey, signature: bytes) -> list[bytes]:
    forms = [signature]
    half = (key.key_size + 7) // 8
    if len(signature) == 2 * half:
        numbers = (int.from_bytes(part) for part in (signature[:half], signature[half:]))
        forms.append(encode_dss_signature(*numbers))
    return forms


def _public_key(certificate: bytes) -> PublicKey:
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyNotSupported(reason="chứng thư số không đọc được") from error
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < SMALLEST_RSA:
            raise KeyNotSupported(reason=f"RSA {key.key_size} bit")
        return key
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key
    raise KeyNotSupported(reason=type(key).__name__)
