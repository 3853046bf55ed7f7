"""A document made ready for one signature (văn bản chờ ký), as plain data."""

import hashlib
import io
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from signing.session_errors import PreparedChanged


class Revision(io.BytesIO):
    """What is added behind a file of `length` bytes, written as if the file stood before it."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self._length = length

    def tell(self) -> int:
        return self._length + super().tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        # a place in the file before cannot be reached, nor has anybody to write there
        at = offset - self._length if whence == io.SEEK_SET else offset
        return self._length + super().seek(max(at, 0), whence)


@dataclass(frozen=True)
class Prepared:
    """A file with room for one signature (văn bản chờ ký), and what is to be signed.

    `revision` is what was added behind `pdf`, with zeros where the signature will stand;
    `reserved` are the offsets of that room, brackets included, in both together. `to_be_signed`
    are the signed attributes (DER) that hold `document_digest` (SHA-256 of all the rest).
    """

    pdf: bytes = field(repr=False)
    revision: bytes = field(repr=False)
    reserved: tuple[int, int]
    document_digest: bytes
    to_be_signed: bytes
    certificate: bytes = field(repr=False)
    chain: tuple[bytes, ...] = field(repr=False)
    field_name: str
    signed_at: datetime

    @property
    def digest(self) -> bytes:
        """Return SHA-256 of what is to be signed, for keys that take a hash only."""
        return hashlib.sha256(self.to_be_signed).digest()

    def check(self) -> None:
        """Raise `PreparedChanged` unless file and revision are those that were prepared."""
        start, end = self.reserved
        around = len(self.pdf), len(self.pdf) + len(self.revision)
        if not around[0] <= start < end <= around[1]:
            raise PreparedChanged
        if digest_around(self.pdf, self.revision, self.reserved) != self.document_digest:
            raise PreparedChanged

    def filled(self, container: bytes) -> bytes:
        """Return the whole file with the signature in its room, which is long enough."""
        start, end = (offset - len(self.pdf) for offset in self.reserved)
        written = container.hex().upper().encode().ljust(end - start - 2, b"0")
        view = memoryview(self.revision)
        return b"".join((self.pdf, view[: start + 1], written, view[end - 1 :]))

    def to_data(self) -> dict[str, Any]:
        """Return plain data for JSON; `pdf` and `revision` are kept beside it."""
        return {
            "reserved": list(self.reserved),
            "document_digest": _text(self.document_digest),
            "to_be_signed": _text(self.to_be_signed),
            "certificate": _text(self.certificate),
            "chain": [_text(one) for one in self.chain],
            "field_name": self.field_name,
            "signed_at": self.signed_at.isoformat(),
        }

    @classmethod
    def from_data(cls, data: dict[str, Any], *, pdf: bytes, revision: bytes) -> "Prepared":
        """Read what `to_data` returned, beside the two files."""
        start, end = data["reserved"]
        return cls(
            pdf,
            revision,
            (start, end),
            b64decode(data["document_digest"]),
            b64decode(data["to_be_signed"]),
            b64decode(data["certificate"]),
            tuple(b64decode(one) for one in data["chain"]),
            data["field_name"],
            datetime.fromisoformat(data["signed_at"]),
        )


def digest_around(pdf: bytes, revision: bytes, reserved: tuple[int, int]) -> bytes:
    """Return SHA-256 of file and revision without the room of the signature."""
    start, end = (offset - len(pdf) for offset in reserved)
    view = memoryview(revision)
    whole = hashlib.sha256(pdf)
    whole.update(view[:start])
    whole.update(view[end:])
    return whole.digest()


def _text(data: bytes) -> str:
    return b64encode(data).decode()
