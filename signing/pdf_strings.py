"""Long hexadecimal strings read at once: a signature is one of 24,576 digits, read many times."""

import binascii
import re
from typing import Any

from pyhanko.pdf_utils import generic

#: what one look takes in: any signature, and little of what follows it
CHUNK = 65_536
DIGITS = re.compile(rb"<((?:[0-9a-fA-F]{2})*)>")
_one_by_one = generic.read_hex_string_from_stream


def read_hex_string(stream: Any) -> Any:
    """Return what pyHanko reads at `stream`, which it asks for digit by digit.

    Blanks, comments, an odd number of digits and faults are left to it.
    """
    start = stream.tell()
    found = DIGITS.match(stream.read(CHUNK))
    if found is None:
        stream.seek(start)
        return _one_by_one(stream)
    stream.seek(start + found.end())
    return generic.pdf_string(binascii.unhexlify(found[1]))


def install() -> None:
    """Let pyHanko read its strings so; the library offers no seam for it."""
    generic.read_hex_string_from_stream = read_hex_string
