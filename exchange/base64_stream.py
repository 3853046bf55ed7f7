"""Strict base64, decoded as it arrives; what is large waits on the disk (giải mã base64)."""

import binascii
from tempfile import SpooledTemporaryFile
from typing import IO, Final

#: decoded bytes held in memory; more goes to a temporary file without a name
IN_MEMORY: Final = 4_000_000

_SPACE = bytes.maketrans(b"", b""), b" \t\r\n"


class Base64Stream:
    """The decoded file of one element (tệp đã giải mã); `file` is None once anything is wrong."""

    def __init__(self) -> None:
        self._carry = b""
        self._spool: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by Tree
        self._padded = False
        self._broken = False

    def feed(self, text: str) -> None:
        """Take the next piece of text; line breaks and blanks are allowed, nothing else is.

        Raises OSError where the disk has no room.
        """
        if self._broken:
            return
        try:
            self._decode(self._carry + text.encode("ascii").translate(*_SPACE))
        except ValueError:
            self._broken = True
            self.close()

    def _decode(self, block: bytes) -> None:
        cut = len(block) - len(block) % 4
        if block and self._padded:
            raise ValueError("text after the padding")
        if cut:
            self._spool.write(binascii.a2b_base64(block[:cut], strict_mode=True))
            self._padded = block[:cut].endswith(b"=")
        self._carry = block[cut:]

    @property
    def file(self) -> IO[bytes] | None:
        """Return the decoded bytes as a file at its start, None for wrong base64."""
        if self._broken or self._carry:
            return None
        self._spool.seek(0)
        return self._spool

    def close(self) -> None:
        """Give up what waits; a second time changes nothing."""
        self._spool.close()
