"""A JSON answer with a large message in it (trả lời lớn), taken apart as it arrives.

The text of the outermost `data` is base64 of the message: it is decoded piece by piece and waits on
the disk. What is left is a small JSON object, in which `data` is empty.
"""

import json
import re
from typing import Final

from exchange.base64_stream import Base64Stream
from exchange.errors import Unreachable

#: bytes of an answer beside the message in it
_REST: Final = 1_000_000
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s"{}\[\]:,]+', re.DOTALL)
_DATA: Final = b'"data"'
#: what a writer of JSON may have put a sign of base64 in: `\/`, `\u003d`
_ESCAPE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)")
_ESCAPE_LENGTH: Final = 6


class AnswerSpool:
    """An answer that is being read; `rest` is what it says beside its message."""

    def __init__(self, operation: str, rest: int = _REST) -> None:
        self.rest = b""
        self.stream = Base64Stream()
        #: whether there was a text under `data`
        self.is_found = False
        self._operation, self._limit = operation, rest
        self._inside = False
        self._carry = ""

    def feed(self, block: bytes) -> None:
        """Take the next bytes of the answer; raises Unreachable, OSError for a full disk."""
        if self._inside:
            self._take(block)
            return
        self.rest += block
        start = None if self.is_found else _text_of_data(self.rest)
        if start is not None:
            block, self.rest = self.rest[start:], self.rest[:start]
            self.is_found = self._inside = True
            self._take(block)
        if len(self.rest) > self._limit:
            reason = "trả lời không đúng cấu trúc"
            raise Unreachable(operation=self._operation, reason=reason)

    def read(self) -> bytes | None:
        """Return the message, None for what was no base64; what waited on the disk is gone."""
        file = None if self._inside else self.stream.file
        try:
            return file.read() if file is not None else None
        finally:
            self.stream.close()

    def _take(self, block: bytes) -> None:
        """Decode up to the quote that ends the text: no sign of base64 is written as one."""
        text, quote, after = block.partition(b'"')
        self._decode(text.decode("latin-1"), is_last=bool(quote))
        if quote:
            self._inside = False
            self.rest += quote
            self.feed(after)

    def _decode(self, text: str, *, is_last: bool) -> None:
        text = self._carry + text
        cut = len(text)
        if not is_last:
            begun = text.rfind("\\", max(0, cut - _ESCAPE_LENGTH))
            cut = begun if begun >= 0 else cut
        self._carry = text[cut:]
        whole = text[:cut]
        self.stream.feed(_ESCAPE.sub(_sign, whole) if "\\" in whole else whole)


def _sign(escape: re.Match[str]) -> str:
    try:
        return str(json.loads(f'"{escape[0]}"'))
    except ValueError:
        return "*"  # no sign of base64: the message is refused


def _text_of_data(begun: bytes) -> int | None:
    """Return where the text under the outermost `data` begins in the beginning of an answer."""
    depth, before = 0, [b"", b""]
    end = 0
    for token in _TOKEN.finditer(begun):
        word = token[0]
        depth += (word in {b"{", b"["}) - (word in {b"}", b"]"})
        before = [before[1], word]
        end = token.end()
        if depth == 1 and before == [_DATA, b":"]:
            rest = begun[end:].lstrip()
            return len(begun) - len(rest) + 1 if rest.startswith(b'"') else None
    return None
