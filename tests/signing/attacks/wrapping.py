"""Bytes wedged into the gap of a signature, what was signed moved behind them (SWA)."""

import re

from attacks.byte_range import Attack, contents_at, numbers, range_at, used
from attacks.paper import page, stream, table

LIE = b"BT /F 14 Tf 72 700 Td (Chi 900 trieu dong cho ong B) Tj ET"


def _wedged(pdf: bytes, *, relocated: bool, closed: bool) -> bytes:
    """Shorten the CMS to what it needs, wedge a page that lies behind it, shift the rest.

    The offset behind the last `startxref` was signed and still says where the table stood: there
    now stands the attacker's. `relocated` adds a second /ByteRange that makes the digest right.
    """
    start, _ = contents_at(pdf)
    _, first, second, rest = numbers(pdf)
    told = int(pdf[pdf.rindex(b"startxref") :].split()[1])
    digits = used(pdf[start:second])
    wedge = bytearray(b"<" + digits + b">")
    begin = told + 1500
    if relocated:
        wedge += b" /ByteRange [0 %d %d %d]" % (first, begin, rest)
    if closed:
        wedge += b" /Type /Sig /SubFilter /ETSI.CAdES.detached >>\nendobj\n"
    lie_at = start + len(wedge)
    wedge += b"4 0 obj\n" + stream(LIE) + b"\nendobj\n"
    page_at = start + len(wedge)
    widget = re.search(rb"/Annots \[[^\]]*\]", pdf)
    assert widget is not None
    wedge += b"3 0 obj\n" + page(widget[0]) + b"\nendobj\n"
    # what the signed revision holds stays where it is, or moves with what is behind the gap
    places = _places(pdf, behind=int(pdf[pdf.index(b"startxref") :].split()[1]))
    moved = {n: at if at < start else at + begin - second for n, at in places.items()}
    wedge = wedge.ljust(told - start)
    wedge += table(moved | {4: lie_at, 3: page_at}, at=told, trailer=_trailer(pdf))
    assert start + len(wedge) <= begin
    return pdf[:start] + bytes(wedge).ljust(begin - start) + pdf[second:]


def _places(pdf: bytes, *, behind: int) -> dict[int, int]:
    found = re.finditer(rb"^(\d+) 0 obj", pdf, re.MULTILINE)
    return {int(one[1]): one.start() for one in found if one.start() > behind}


def _trailer(pdf: bytes) -> bytes:
    first = int(pdf[pdf.index(b"startxref") :].split()[1])
    return b"/Root 1 0 R /Prev %d" % first


def two_ranges(pdf: bytes) -> bytes:
    """Name the range a second time, inside the gap, and otherwise."""
    start, end = contents_at(pdf)
    words = b"<" + used(pdf[start:end]) + b"> /ByteRange [0 10 20 10]"
    return pdf[:start] + words.ljust(end - start) + pdf[end:]


def entry_in_gap(pdf: bytes) -> bytes:
    """Change what the signature says of itself, in bytes that nobody signed."""
    start, end = contents_at(pdf)
    words = b"<" + used(pdf[start:end]) + b"> /Name (Chu tich) /M (D:20200101000000Z)"
    return pdf[:start] + words.ljust(end - start) + pdf[end:]


def wide_gap(pdf: bytes) -> bytes:
    """Let the range leave out more than the contents."""
    start, end = range_at(pdf)
    a, b, c, d = numbers(pdf)
    entry = b"/ByteRange [%d %d %d %d]" % (a, b - 1, c + 1, d - 1)
    return pdf[:start] + entry.ljust(end - start) + pdf[end:]


def cut_behind(pdf: bytes) -> bytes:
    """Widen the gap by what is cut off the end: the lengths still add up to the file."""
    return pdf[:-7] + b"%EOF\n"


SWA: dict[str, Attack] = {
    "wedge with a second range": lambda pdf: _wedged(pdf, relocated=True, closed=False),
    "wedge with a second range, closed": lambda pdf: _wedged(pdf, relocated=True, closed=True),
    "wedge alone": lambda pdf: _wedged(pdf, relocated=False, closed=False),
    "wedge alone, closed": lambda pdf: _wedged(pdf, relocated=False, closed=True),
    "range twice": two_ranges,
    "entries in the gap": entry_in_gap,
    "gap too wide": wide_gap,
    "end mark damaged": cut_behind,
}
