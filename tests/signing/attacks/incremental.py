"""A hostile revision behind the signed one, written well or badly (incremental saving, ISA)."""

from attacks.byte_range import Attack
from attacks.paper import CONTENT, stream, table

LIE = b"BT /F 14 Tf 72 700 Td (Chi 900 trieu dong cho ong B) Tj ET"


def last_table(pdf: bytes) -> int:
    return int(pdf[pdf.rindex(b"startxref") :].split()[1])


def update(
    pdf: bytes,
    bodies: dict[int, bytes],
    *,
    free: tuple[int, ...] = (),
    redirected: dict[int, int] | None = None,
    trailer: bytes = b"/Root 1 0 R",
    without: tuple[str, ...] = (),
) -> bytes:
    """Append objects with table, trailer, offset and end, `without` some of these.

    `free` numbers are struck out; `redirected` ones get another place without a new body.
    """
    if not pdf.endswith(b"\n"):
        pdf += b"\n"
    out = bytearray(pdf)
    places: dict[int, int | None] = dict.fromkeys(free)
    places |= redirected or {}
    for number, body in bodies.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    entries = trailer + b" /Prev %d" % last_table(pdf)
    tail = table(places, at=len(out), trailer=entries, size=50)
    xref, rest = tail.split(b"trailer", 1)
    trail, rest = (b"trailer" + rest).split(b"startxref", 1)
    offset, _ = (b"startxref" + rest).split(b"%%EOF")
    parts = {"xref": xref, "trailer": trail, "startxref": offset, "end": b"%%EOF\n"}
    return bytes(out) + b"".join(part for name, part in parts.items() if name not in without)


def lied(*without: str, tail: bytes = b"") -> Attack:
    return lambda pdf: update(pdf, {CONTENT: stream(LIE)}, without=without) + tail


def by_stream(pdf: bytes) -> bytes:
    """Update with a stream of cross-references."""
    at = len(pdf)
    body = b"%d 0 obj\n%s\nendobj\n" % (CONTENT, stream(LIE))
    here = at + len(body)
    rows = b"\1" + at.to_bytes(3) + b"\1" + here.to_bytes(3)
    entries = b"/Type /XRef /Size 50 /W [1 3 0] /Index [4 1 49 1] /Root 1 0 R /Prev %d" % (
        last_table(pdf)
    )
    xref = b"49 0 obj\n%s\nendobj\n" % stream(rows, entries)
    return pdf + body + xref + b"startxref\n%d\n%%%%EOF\n" % here


def by_hybrid(pdf: bytes) -> bytes:
    """Hide the update in the stream that only newer readers look at."""
    at = len(pdf)
    body = b"%d 0 obj\n%s\nendobj\n" % (CONTENT, stream(LIE))
    here = at + len(body)
    rows = b"\1" + at.to_bytes(3)
    entries = b"/Type /XRef /Size 50 /W [1 3 0] /Index [4 1] /Root 1 0 R"
    xref = b"49 0 obj\n%s\nendobj\n" % stream(rows, entries)
    trailer = b"/Root 1 0 R /XRefStm %d /Prev %d" % (here, last_table(pdf))
    table_at = here + len(xref)
    return pdf + body + xref + table({49: here}, at=table_at, trailer=trailer, size=50)


def old_offset(pdf: bytes) -> bytes:
    """End in the offset of the signed table: whoever searches for objects finds the lie."""
    told = last_table(pdf)
    hostile = update(pdf, {CONTENT: stream(LIE)}, without=("startxref", "end"))
    return hostile + b"startxref\n%d\n%%%%EOF\n" % told


def two_offsets(first: str) -> Attack:
    def attack(pdf: bytes) -> bytes:
        told = last_table(pdf)
        hostile = update(pdf, {CONTENT: stream(LIE)}, without=("end",))
        new = last_table(hostile)
        hostile = hostile[: hostile.rindex(b"startxref")]
        one, other = (told, new) if first == "old" else (new, told)
        return hostile + b"startxref\n%d\nstartxref\n%d\n%%%%EOF\n" % (one, other)

    return attack


def inside_comment(pdf: bytes) -> bytes:
    """Put the offset of the signed table into a comment behind the hostile one."""
    told = last_table(pdf)
    return lied()(pdf) + b"%%startxref\n%d\n%%%%EOF\n" % told


def catalog(pdf: bytes) -> bytes:
    """Name another catalogue, whose pages are the attacker's."""
    return update(
        pdf,
        {
            40: b"<< /Type /Catalog /Pages 41 0 R >>",
            41: b"<< /Type /Pages /Kids [42 0 R] /Count 1 >>",
            42: b"<< /Type /Page /Parent 41 0 R /MediaBox [0 0 595 842] /Contents 43 0 R >>",
            43: stream(LIE),
        },
        trailer=b"/Root 40 0 R",
    )


def no_previous(pdf: bytes) -> bytes:
    """Forget the signed revision altogether."""
    hostile = catalog(pdf)
    at = hostile.rindex(b"/Prev")
    return hostile[:at] + hostile[at:].replace(b"/Prev", b"/Pref", 1)


_PARTS = ("xref", "trailer", "startxref", "end")

ISA: dict[str, Attack] = {
    "whole revision": lied(),
    "bare objects": lied(*_PARTS),
    **{f"revision without its {part}": lied(part) for part in _PARTS},
    "objects and an end mark": lied("xref", "trailer", "startxref"),
    "revision without table and trailer": lied("xref", "trailer"),
    "revision without trailer and offset": lied("trailer", "startxref"),
    "revision without offset and end": lied("startxref", "end"),
    "revision without trailer, offset and end": lied("trailer", "startxref", "end"),
    "revision and marks behind it": lied(tail=b"%%EOF\n%%EOF\n"),
    "revision and a foreign tail": lied(tail=b"<html></html>"),
    "revision whose end is half": lied("end", tail=b"%%E"),
    "revision whose end is spaced": lied("end", tail=b"%% EOF\n"),
    "revision with blanks instead of an end": lied("end", tail=b" " * 2000),
    "revision far behind its end": lied("end", tail=b" " * 2000 + b"%%EOF\n"),
    "revision by a stream": by_stream,
    "revision by a hybrid stream": by_hybrid,
    "revision with the offset of the signed one": old_offset,
    "two offsets, the signed one first": two_offsets("old"),
    "two offsets, the signed one last": two_offsets("new"),
    "offset in a comment": inside_comment,
    "another catalogue": catalog,
    "another catalogue and no memory": no_previous,
    "only an end mark": lambda pdf: pdf + b"%%EOF\n",
    "only words": lambda pdf: pdf + b"% nothing\n",
    "only an object": lambda pdf: pdf + b"4 0 obj\nnull\nendobj\n",
}
