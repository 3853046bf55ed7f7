"""Costs of the libraries that every check pays many times (đường tắt), with the same answers.

A signature is a string of 32,768 digits that pyHanko reads one by one, once for each revision; and
asn1crypto prepares the same names for comparison whenever it meets two of them.
"""

import binascii
import re
from functools import lru_cache
from typing import Any

from asn1crypto.x509 import Name, NameTypeAndValue
from pyhanko.pdf_utils import generic

#: what one look takes in: any signature, and little of what follows it
CHUNK = 65_536
DIGITS = re.compile(rb"<((?:[0-9a-fA-F]{2})*)>")
#: a longer one is nobody's, and not kept
LONGEST_PART = 256
LONGEST_NAME = 1_024
_one_by_one = generic.read_hex_string_from_stream
_prepare = NameTypeAndValue._ldap_string_prep  # noqa: SLF001
_same = Name.__eq__
_hashable = Name.hashable.fget


def read_hex_string(stream: Any) -> Any:
    """Return what pyHanko reads at `stream`.

    Blanks, comments, an odd number of digits and faults are left to it.
    """
    start = stream.tell()
    found = DIGITS.match(stream.read(CHUNK))
    if found is None:
        stream.seek(start)
        return _one_by_one(stream)
    stream.seek(start + found.end())
    return generic.pdf_string(binascii.unhexlify(found[1]))


def prepared_name(part: Any, text: str) -> str:
    """Return what asn1crypto makes of a name to compare it (RFC 4518)."""
    return _known(text) if len(text) <= LONGEST_PART else str(_prepare(part, text))


@lru_cache(maxsize=1024)
def _known(text: str) -> str:
    return str(_prepare(None, text))


def same_name(one: Any, other: Any) -> bool:
    """Tell whether two names are the same (RFC 5280, 7.1)."""
    if not isinstance(other, Name):
        return False
    ours, theirs = one.dump(), other.dump()
    if max(len(ours), len(theirs)) > LONGEST_NAME:
        return bool(_same(one, other))
    try:
        return _comparable(ours) == _comparable(theirs)
    except ValueError:
        return bool(_same(one, other))


def hashable_name(name: Any) -> str:
    """Return the text that equal names have in common."""
    der = name.dump()
    return _comparable(der) if len(der) <= LONGEST_NAME else str(_hashable(name))


@lru_cache(maxsize=1024)
def _comparable(der: bytes) -> str:
    return str(_hashable(Name.load(der)))


def install() -> None:
    """Let the libraries take them; they offer no seam for it."""
    generic.read_hex_string_from_stream = read_hex_string
    NameTypeAndValue._ldap_string_prep = prepared_name  # noqa: SLF001
    Name.__eq__ = same_name
    Name.hashable = property(hashable_name)
