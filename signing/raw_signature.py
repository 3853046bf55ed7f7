"""A raw signature from elsewhere (chữ ký thô), held against the certificate that was named."""

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from signing.certificate import ensure_signed_by, load_certificate, public_key_of
from signing.errors import SignatureMismatch


def check_key(certificate: bytes) -> None:
    """Raise `KeyNotSupported` unless the certificate (DER) is of a key that may sign."""
    public_key_of(load_certificate(certificate))


def algorithm_of(certificate: bytes) -> str:
    """Return how the key of a certificate (DER) signs: `sha256_rsa` or `sha256_ecdsa`."""
    key = public_key_of(load_certificate(certificate))
    return "sha256_rsa" if isinstance(key, rsa.RSAPublicKey) else "sha256_ecdsa"


def checked_signature(certificate: bytes, data: bytes, signature: bytes) -> bytes:
    """Return the signature as CMS holds it; raise `SignatureMismatch` if it does not sign `data`.

    The hash is SHA-256. An ECDSA signature may be DER, or two numbers side by side.
    """
    signer = load_certificate(certificate)
    try:
        ensure_signed_by(signer, data, signature, "sha256")
    except SignatureMismatch:
        key = public_key_of(signer)
        if not isinstance(key, ec.EllipticCurvePublicKey) or len(signature) != _width(key) * 2:
            raise
        signature = _as_der(signature)
        ensure_signed_by(signer, data, signature, "sha256")
    return signature


def _width(key: ec.EllipticCurvePublicKey) -> int:
    return (key.key_size + 7) // 8


def _as_der(signature: bytes) -> bytes:
    half = len(signature) // 2
    return encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
