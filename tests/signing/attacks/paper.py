"""Small files as different programs write them, every byte known."""

import io
from collections.abc import Iterable

import pikepdf

TEXT = b"BT /F 14 Tf 72 700 Td (Chi 100 trieu dong cho ong A) Tj ET"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"

#: object number of each part of the plain page
CATALOG, PAGES, PAGE, CONTENT, FONT_AT = 1, 2, 3, 4, 5


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(data), data)


def page(entries: bytes = b"", content: int = CONTENT) -> bytes:
    return (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
        b"/Resources << /Font << /F 5 0 R >> >> %s >>" % (content, entries)
    )


def objects(more: dict[int, bytes] | None = None, *, catalog: bytes = b"") -> dict[int, bytes]:
    """Return the objects of a page of one line; `more` replaces or adds to them."""
    plain = {
        CATALOG: b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
        PAGES: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        PAGE: page(),
        CONTENT: stream(TEXT),
        FONT_AT: FONT,
    }
    return plain | (more or {})


def write(bodies: dict[int, bytes], *, hidden: Iterable[tuple[int, bytes]] = ()) -> bytes:
    """Write objects with one plain table; `hidden` bodies are in the file but not in the table."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = {}
    for number, body in bodies.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    for number, body in hidden:
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    return bytes(out) + table(places, at=len(out))


def table(places: dict[int, int | None], *, at: int, trailer: bytes = b"", size: int = 0) -> bytes:
    """Return a table of cross-references, its trailer and the end; a place of None is free."""
    size = max(size, max(places, default=0) + 1)
    out = bytearray(b"xref\n")
    if not trailer:
        out += b"0 1\n0000000000 65535 f \n"
    for number, place in sorted(places.items()):
        entry = b"0000000000 00001 f " if place is None else b"%010d 00000 n " % place
        out += b"%d 1\n%s\n" % (number, entry)
    out += b"trailer\n<< /Size %d %s >>\n" % (size, trailer or b"/Root 1 0 R")
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % at


def plain() -> bytes:
    return write(objects())


def hybrid() -> bytes:
    """Return a file as Word exports it: table and stream of cross-references beside each other."""
    bodies = objects()
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = {}
    for number, body in bodies.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    # object 6 is in the stream only; 7 is the stream itself
    places[6] = len(out)
    out += b"6 0 obj\n<< /Type /StructTreeRoot >>\nendobj\n"
    stream_at = len(out)
    rows = b"\x01" + places[6].to_bytes(3) + b"\x01" + stream_at.to_bytes(3)
    out += b"7 0 obj\n%s\nendobj\n" % stream(
        rows, b"/Type /XRef /Size 8 /W [1 3 0] /Index [6 2] /Root 1 0 R"
    )
    del places[6]
    at = len(out)
    end = table(places, at=at, size=8).replace(
        b"/Root 1 0 R", b"/Root 1 0 R /XRefStm %d" % stream_at
    )
    return bytes(out) + end


def rewritten(pdf: bytes, **how: object) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.save(out, **how)
    return out.getvalue()


def packed() -> bytes:
    """Return a file with object streams and a stream of cross-references."""
    return rewritten(plain(), object_stream_mode=pikepdf.ObjectStreamMode.generate)


def linearised() -> bytes:
    """Return a file for fast viewing on the web, its first page first."""
    return rewritten(plain(), linearize=True)


def with_pages(count: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % number for number in range(10, 10 + count))
    bodies = objects({PAGES: b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, count)})
    del bodies[PAGE]
    return write(bodies | {number: page() for number in range(10, 10 + count)})


PRODUCERS = {
    "plain": plain,
    "hybrid": hybrid,
    "packed": packed,
    "linearised": linearised,
    "two pages": lambda: with_pages(2),
}
