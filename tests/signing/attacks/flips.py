"""One bit changed in every part of a signed file."""

import re

from attacks.byte_range import contents_at


def regions(pdf: bytes) -> dict[str, int]:
    """Return a byte of each part of a signed file, by the part's name."""
    start, end = contents_at(pdf)
    digits = pdf[start:end].rstrip(b"0>")
    used = start + len(digits)
    found = {
        "header": 5,
        "binary mark": 10,
        "catalogue": pdf.index(b"/Catalog") + 3,
        "page": pdf.index(b"/MediaBox") + 14,
        "content": pdf.index(b"(Chi 100") + 6,
        "typeface": pdf.index(b"/Helvetica") + 4,
        "first table": pdf.index(b" 00000 n") - 3,
        "first trailer": pdf.index(b"/Root 1 0 R") + 6,
        "first offset": pdf.index(b"startxref\n") + 11,
        "first end": pdf.index(b"%%EOF") + 3,
        "widget": pdf.rindex(b"/Rect") + 8,
        "picture of the signature": pdf.index(b"5 5 60 20 re") + 4,
        "time of the signature": pdf.rindex(b"/M ") + 9,
        "filter of the signature": pdf.rindex(b"/SubFilter") + 14,
        "range": pdf.rindex(b"/ByteRange") + 14,
        "opening bracket": start,
        "CMS head": start + 2,
        "CMS certificate": start + (used - start) // 3,
        "CMS attributes": used - 300,
        "CMS value": used - 20,
        "padding": used + 200,
        "last padding": end - 2,
        "closing bracket": end - 1,
        "last table": pdf.rindex(b" 00000 n") - 3,
        "last trailer": pdf.rindex(b"/Prev") + 7,
        "last offset": pdf.rindex(b"startxref\n") + 11,
        "last end": pdf.rindex(b"%%EOF") + 3,
    }
    objects = re.finditer(rb"(?m)^(\d+) 0 obj", pdf)
    return found | {f"object {one[1].decode()} at {one.start()}": one.start() for one in objects}


def flipped(pdf: bytes, position: int, bit: int) -> bytes:
    changed = bytearray(pdf)
    changed[position] ^= 1 << bit
    return bytes(changed)
