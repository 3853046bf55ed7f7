"""Plain dictionaries of a PDF, read at one stroke (đọc nhanh từ điển), with the same answers.

pyHanko reads a file character by character, and a check reads each object of it. What holds
anything unusual (comments, escapes, other blanks, a key given twice) is left to pyHanko, whole.
"""

import binascii
import io
import re
from typing import Any

from pyhanko.pdf_utils import generic

_BLANK = rb"[ \n\r\t\f\0]"
_ENDS = rb"(?=[ \n\r\t\f\0()<>\[\]{}/%])"
TOKEN = re.compile(
    _BLANK + rb"*(?:"
    rb"(?P<name>/[^\0-\x20\x7f-\xff()<>\[\]{}/%#]*)" + _ENDS + rb"|"
    # pyHanko looks 20 bytes ahead for a reference
    rb"(?P<reference>(\d{1,7})[ \r\n]{1,2}(\d{1,5})[ \r\n]{1,2}R)(?=[^a-zA-Z])|"
    rb"(?P<whole>-?\d{1,10})" + _ENDS + rb"(?!\s+\d+\s+R)|"
    rb"(?P<fraction>-?\d{1,10}\.\d{1,10})" + _ENDS + rb"|"
    rb"(?P<dictionary><<)|(?P<closed>>>)|(?P<array>\[)|(?P<ended>\])|"
    rb"(?P<truth>true|false)|(?P<null>null)|"
    rb"<(?P<digits>[0-9a-fA-F]*)>|"
    rb"\((?P<text>[^()\\]*)\)|(?P<escaped>\())"
)
DEEPEST = 50
_read_dictionary = generic.DictionaryObject.read_from_stream


class _UnusualError(Exception):
    """Something that pyHanko is to read."""


class _Reading:
    """A dictionary being read; all in it belongs to one object of the file."""

    def __init__(self, stream: io.BytesIO, container_ref: Any) -> None:
        self.stream = stream
        self.data = stream.getvalue()
        self.place = stream.tell()
        self.container_ref = container_ref
        self.pdf = container_ref.get_pdf_handler()

    def _next(self) -> re.Match[bytes]:
        found = TOKEN.match(self.data, self.place)
        if found is None:
            raise _UnusualError
        self.place = found.end()
        return found

    def whole(self) -> dict[Any, Any]:
        """Return what the dictionary holds, and stand behind its end."""
        if not self.data.startswith(b"<<", self.place):
            raise _UnusualError
        self.place += 2
        return self.entries()

    def entries(self, depth: int = 0) -> dict[Any, Any]:
        """Return what stands up to the next `>>`."""
        entries: dict[Any, Any] = {}
        while (found := self._next()).lastgroup != "closed":
            if found.lastgroup != "name":
                raise _UnusualError
            key = generic.NameObject(found["name"].decode("ascii"))
            if key in entries:
                raise _UnusualError
            entries[key] = self._value(self._next(), depth)
        return entries

    def _value(self, found: re.Match[bytes], depth: int) -> Any:
        kind = found.lastgroup
        if depth > DEEPEST:
            raise _UnusualError
        if kind == "dictionary":
            value: Any = generic.DictionaryObject(self.entries(depth + 1))
        elif kind == "array":
            value = generic.ArrayObject()
            while (found := self._next()).lastgroup != "ended":
                value.append(self._value(found, depth + 1))
        else:
            value = self._leaf(found, kind)
        value.container_ref = self.container_ref
        return value

    def _leaf(self, found: re.Match[bytes], kind: str | None) -> Any:
        text = found[kind or 0]
        if kind == "name":
            return generic.NameObject(text.decode("ascii"))
        if kind == "reference":
            number, generation = int(found[3]), int(found[4])
            if number:
                return generic.IndirectObject(number, generation, self.pdf)
        if kind == "whole":
            return generic.NumberObject(text)
        if kind == "fraction":
            return generic.FloatObject(text.decode("ascii"))
        if kind == "digits" and len(text) % 2 == 0:
            return generic.pdf_string(binascii.unhexlify(text))
        if kind == "text":
            return generic.pdf_string(text)
        if kind == "escaped":
            return self._escaped(found.end() - 1)
        if kind == "truth":
            return generic.BooleanObject(text == b"true")
        if kind == "null":
            return generic.NullObject()
        raise _UnusualError

    def _escaped(self, place: int) -> Any:
        self.stream.seek(place)
        text = generic.read_string_from_stream(self.stream)
        self.place = self.stream.tell()
        return text


def read_dictionary(stream: Any, container_ref: Any, *rest: Any, **how: Any) -> Any:
    """Return the dictionary or stream that pyHanko reads at `stream`."""
    if type(stream) is not io.BytesIO or rest or any(how.values()):
        return _read_dictionary(stream, container_ref, *rest, **how)
    start = stream.tell()
    reading = _Reading(stream, container_ref)
    try:
        entries = reading.whole()
    except _UnusualError:
        stream.seek(start)
        return _read_dictionary(stream, container_ref, **how)
    stream.seek(reading.place)
    payload = generic._maybe_read_stream_payload(stream, entries, reading.pdf)  # noqa: SLF001
    if payload is None:
        return generic.DictionaryObject(entries)
    return generic.StreamObject(entries, encoded_data=payload)


def install() -> None:
    """Let pyHanko read so; it offers no seam for it."""
    generic.DictionaryObject.read_from_stream = staticmethod(read_dictionary)
