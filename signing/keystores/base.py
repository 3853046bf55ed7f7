"""What a keystore answers (kho khóa): a certificate, its chain, and a signature over bytes."""

from typing import Protocol


class KeyStore(Protocol):
    """A private key that signs and never leaves its place (kho khóa)."""

    def certificate(self) -> bytes:
        """Return the signer's certificate (chứng thư số), DER."""

    def chain(self) -> tuple[bytes, ...]:
        """Return the certificates of the issuers that are known, DER, nearest first."""

    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        """Return the raw signature over `data`: PKCS#1 v1.5 for RSA, DER for ECDSA."""
