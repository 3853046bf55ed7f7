"""Files that go round in circles or do not hold together, signed as they are."""

from collections.abc import Callable

from attacks.byte_range import Attack
from attacks.incremental import last_table, update
from attacks.paper import CONTENT, PAGE, PAGES, objects, stream, table, write


def kids_loop() -> bytes:
    """A page tree whose root is its own child."""
    return write(objects({PAGES: b"<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 2 >>"}))


def parent_loop() -> bytes:
    """Two nodes of the page tree that are each other's parents and inherit their size."""
    tree = {
        PAGES: b"<< /Type /Pages /Kids [20 0 R] /Count 1 /Parent 20 0 R >>",
        20: b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Parent 2 0 R >>",
        PAGE: b"<< /Type /Page /Parent 20 0 R /Contents 4 0 R >>",
    }
    return write(objects(tree))


def content_loop() -> bytes:
    """An object that is a reference to itself."""
    return write(objects({CONTENT: b"4 0 R"}))


def field_loop() -> bytes:
    """A form whose field is its own child."""
    form = {20: b"<< /Fields [21 0 R] >>", 21: b"<< /T (a) /Kids [21 0 R] >>"}
    return write(objects(form, catalog=b"/AcroForm 20 0 R"))


def previous_loop(pdf: bytes) -> bytes:
    """Let the newest table name itself as the one before."""
    at = len(pdf)
    return pdf + table({4: 100}, at=at, trailer=b"/Root 1 0 R /Prev %d" % at, size=50)


def previous_ring(pdf: bytes) -> bytes:
    """Let two tables name each other."""
    empty: dict[int, int | None] = {45: None}
    first = table(empty, at=len(pdf), trailer=b"/Root 1 0 R /Prev %010d" % 0, size=50)
    second_at = len(pdf) + len(first)
    first = first.replace(b"/Prev %010d" % 0, b"/Prev %010d" % second_at)
    trailer = b"/Root 1 0 R /Prev %d" % len(pdf)
    return pdf + first + table(empty, at=second_at, trailer=trailer, size=50)


def stream_loop(pdf: bytes) -> bytes:
    """Let a stream of cross-references name itself as the one before."""
    at = len(pdf)
    entries = b"/Type /XRef /Size 50 /W [1 4 0] /Index [49 1] /Root 1 0 R /Prev %d" % at
    rows = b"\1" + at.to_bytes(4)
    body = b"49 0 obj\n%s\nendobj\n" % stream(rows, entries)
    return pdf + body + b"startxref\n%d\n%%%%EOF\n" % at


def pack_loop(pdf: bytes) -> bytes:
    """Let a pack of objects lie in itself."""
    at = len(pdf)
    pack = b"40 0 obj\n%s\nendobj\n" % stream(b"4 0 null", b"/Type /ObjStm /N 1 /First 4")
    here = at + len(pack)
    rows = b"".join(
        kind + place.to_bytes(4) + b"\0"
        for kind, place in ((b"\2", 40), (b"\2", 40), (b"\1", here))
    )
    entries = b"/Type /XRef /Size 50 /W [1 4 1] /Index [4 1 40 1 49 1] /Root 1 0 R /Prev %d" % (
        last_table(pdf)
    )
    body = b"49 0 obj\n%s\nendobj\n" % stream(rows, entries)
    return pdf + pack + body + b"startxref\n%d\n%%%%EOF\n" % here


def pack_of_itself(pdf: bytes) -> bytes:
    """Let the page's content lie in a pack that lies in the page's content."""
    return pack_loop(pdf).replace(b"/First 4", b"/Extends 40 0 R /First 4")


def length_loop(pdf: bytes) -> bytes:
    """Give a stream whose length is told by itself."""
    body = b"<< /Length 4 0 R >>\nstream\nx\nendstream"
    return update(pdf, {CONTENT: body})


def broken_table(pdf: bytes) -> bytes:
    """Shift the places of a table by one."""
    return update(pdf, {}, redirected={CONTENT: 17})


def outside_table(pdf: bytes) -> bytes:
    return update(pdf, {}, redirected={CONTENT: 10**9})


def many_sizes(pdf: bytes) -> bytes:
    """Claim more objects than any file holds."""
    return update(pdf, {CONTENT: stream(b"")}).replace(b"/Size 50", b"/Size 99999999999")


def deep(pdf: bytes) -> bytes:
    """Nest arrays until a reader's stack ends."""
    return update(pdf, {CONTENT: b"[" * 5000 + b"]" * 5000})


#: prepared before the signature: whatever is said of them, it is said soon
CIRCLES: dict[str, Callable[[], bytes]] = {
    "page tree in a circle": kids_loop,
    "parents in a circle": parent_loop,
    "content that is itself": content_loop,
    "field in a circle": field_loop,
}
BROKEN: dict[str, Attack] = {
    "table before itself": previous_loop,
    "tables before each other": previous_ring,
    "stream table before itself": stream_loop,
    "pack in itself": pack_loop,
    "pack in a circle": pack_of_itself,
    "length in a circle": length_loop,
    "table shifted": broken_table,
    "table out of the file": outside_table,
    "more objects than fit": many_sizes,
    "nested without end": deep,
}
