"""A keystore lent for one signature (kho khóa cho mượn): who lends it closes it."""

from signing.keystores.base import Closing, KeyStore


class Borrowed(Closing):
    """An open keystore whose `close` leaves it open, for the next document of a batch."""

    def __init__(self, lender: KeyStore) -> None:
        self._lender = lender

    def certificate(self) -> bytes:
        """Return the signer's certificate, DER."""
        return self._lender.certificate()

    def chain(self) -> tuple[bytes, ...]:
        """Return the issuers' certificates, DER."""
        return self._lender.chain()

    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        """Sign `data` with the lender's key."""
        return self._lender.sign(data, digest_algorithm)

    def close(self) -> None:
        """Give it back."""
