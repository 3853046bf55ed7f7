"""What a keystore answers (kho khóa): a certificate, its chain, and a signature over bytes."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Protocol, Self


class KeyStore(Protocol):
    """A private key that signs and never leaves its place (kho khóa)."""

    def certificate(self) -> bytes:
        """Return the signer's certificate (chứng thư số), DER."""

    def chain(self) -> tuple[bytes, ...]:
        """Return the certificates of the issuers that are known, DER, nearest first."""

    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        """Return the raw signature over `data`: PKCS#1 v1.5 for RSA, DER for ECDSA."""


class OpenKeyStore(KeyStore, Protocol):
    """A keystore opened with a secret (kho khóa đang mở): signs any number of times, then closes.

    Closing forgets the secret and lets the next one use the token; it may be done twice. A closed
    keystore raises `KeystoreRefused` when asked to sign.
    """

    def close(self) -> None:
        """Forget the key and the secret that opened it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Closing(ABC):
    """A keystore that closes at the end of its `with` block."""

    @abstractmethod
    def close(self) -> None:
        """Forget what opened it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
