"""What a forger adds to, takes from or exchanges in a signed file, in a well-written revision."""

import re

from attacks.byte_range import Attack
from attacks.incremental import LIE, update
from attacks.paper import CATALOG, CONTENT, FONT_AT, PAGE, PAGES, page, stream

NEW = 40
HELVETICA = b"/Resources << /Font << /F 5 0 R >> >>"


def body_of(pdf: bytes, number: int) -> bytes:
    """Return the newest body of an object in a file with plain tables."""
    found = re.findall(rb"(?ms)^%d 0 obj\s(.*?)\sendobj" % number, pdf)
    return bytes(found[-1])


VALUE = rb"\s+(?:\[[^\]]*\]|\([^)]*\)|\d+ \d+ R|/\w+|[\d.]+|<<(?:[^<>]|<<[^<>]*>>)*>>)"


def with_entries(pdf: bytes, number: int, entries: bytes) -> bytes:
    """Return the newest dictionary of an object with other entries."""
    body = body_of(pdf, number)
    for key in re.findall(rb"/\w+", re.sub(rb"<<.*>>", b"", entries)):
        body = re.sub(re.escape(key) + VALUE, b"", body)
    return doubled(body, entries)


def doubled(body: bytes, entries: bytes) -> bytes:
    """Return a dictionary that gives keys a second time, the last counting for many readers."""
    body = body.rstrip()
    assert body.endswith(b">>")
    return body[:-2] + entries + b" >>"


def annotations(pdf: bytes) -> bytes:
    found = re.search(rb"/Annots \[([^\]]*)\]", body_of(pdf, PAGE))
    return found[1] if found else b""


def annotated(entries: bytes, drawing: bytes = b"1 1 1 rg 0 0 300 40 re f") -> Attack:
    """Add an annotation over the text."""

    def attack(pdf: bytes) -> bytes:
        note = b"<< /Type /Annot /Rect [60 690 360 730] /P 3 0 R /F 4 /AP << /N 41 0 R >> %s >>"
        form = b"/Type /XObject /Subtype /Form /BBox [0 0 300 40] " + HELVETICA
        notes = b"/Annots [%s %d 0 R]" % (annotations(pdf), NEW)
        old = re.sub(rb"/Annots \[[^\]]*\]", b"", body_of(pdf, PAGE))
        return update(
            pdf,
            {
                PAGE: old.rstrip()[:-2] + notes + b" >>",
                NEW: note % entries,
                NEW + 1: stream(drawing, form),
            },
        )

    return attack


def field(entries: bytes) -> Attack:
    """Add a form field with a picture over the text."""

    def attack(pdf: bytes) -> bytes:
        drawn = annotated(b"/Subtype /Widget /T (Them) " + entries)(pdf)
        root = body_of(pdf, CATALOG)
        form = int(re.search(rb"/AcroForm (\d+) 0 R", root)[1])  # type: ignore[index]
        old = body_of(pdf, form)
        return update(drawn, {form: re.sub(rb"(/Fields \[[^\]]*)\]", rb"\1 40 0 R]", old)})

    return attack


def replaced(number: int, body: bytes) -> Attack:
    return lambda pdf: update(pdf, {number: body})


def page_entry(entries: bytes) -> Attack:
    return lambda pdf: update(pdf, {PAGE: with_entries(pdf, PAGE, entries)})


def doubled_entry(number: int, entries: bytes, more: dict[int, bytes] | None = None) -> Attack:
    return lambda pdf: update(pdf, {number: doubled(body_of(pdf, number), entries)} | (more or {}))


def root_entry(entries: bytes, more: dict[int, bytes] | None = None) -> Attack:
    return lambda pdf: update(pdf, {CATALOG: with_entries(pdf, CATALOG, entries)} | (more or {}))


def add_page(pdf: bytes) -> bytes:
    return update(
        pdf,
        {
            PAGES: b"<< /Type /Pages /Kids [3 0 R %d 0 R] /Count 2 >>" % NEW,
            NEW: page(content=NEW + 1),
            NEW + 1: stream(LIE),
        },
    )


def add_page_before(pdf: bytes) -> bytes:
    return add_page(pdf).replace(b"/Kids [3 0 R 40 0 R]", b"/Kids [40 0 R 3 0 R]")


SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
_SIG = b"/FT /Sig /V 41 0 R "

CHANGES: dict[str, Attack] = {
    "page content replaced": replaced(CONTENT, stream(LIE)),
    "page content doubled": page_entry(b"/Contents [4 0 R 4 0 R]"),
    "page content added": lambda pdf: update(
        pdf, {PAGE: with_entries(pdf, PAGE, b"/Contents [4 0 R 40 0 R]"), NEW: stream(LIE)}
    ),
    "page content emptied": replaced(CONTENT, stream(b"")),
    "page content null": replaced(CONTENT, b"null"),
    "page content struck out": lambda pdf: update(pdf, {}, free=(CONTENT,)),
    "page added": add_page,
    "page added before": add_page_before,
    "page doubled": replaced(PAGES, b"<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 2 >>"),
    "page removed": replaced(PAGES, b"<< /Type /Pages /Kids [] /Count 0 >>"),
    "page count wrong": replaced(PAGES, b"<< /Type /Pages /Kids [3 0 R] /Count 7 >>"),
    "page turned": page_entry(b"/Rotate 180"),
    "page cropped": page_entry(b"/CropBox [0 0 595 600]"),
    "page resized": page_entry(b"/MediaBox [0 0 100 100]"),
    "page scaled": page_entry(b"/UserUnit 3"),
    "page action": page_entry(b"/AA << /O %s >>" % SCRIPT),
    "page of other resources": page_entry(b"/Resources << >>"),
    "page of inherited resources": replaced(
        PAGES, b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Rotate 90 >>"
    ),
    "typeface replaced": replaced(FONT_AT, b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"),
    "typeface recoded": replaced(
        FONT_AT,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica "
        b"/Encoding << /Type /Encoding /Differences [49 /nine] >> >>",
    ),
    "script on opening": root_entry(b"/OpenAction " + SCRIPT),
    "script of the document": root_entry(b"/AA << /WP %s >>" % SCRIPT),
    "script by name": root_entry(
        b"/Names << /JavaScript << /Names [(a) 40 0 R] >> >>", {NEW: SCRIPT}
    ),
    "attachment by name": root_entry(
        b"/Names << /EmbeddedFiles << /Names [(a) 40 0 R] >> >>",
        {NEW: b"<< /Type /Filespec /F (a.exe) >>"},
    ),
    "layers": root_entry(
        b"/OCProperties << /OCGs [40 0 R] /D << /OFF [40 0 R] >> >>",
        {NEW: b"<< /Type /OCG /Name (a) >>"},
    ),
    "bookmarks": root_entry(b"/Outlines 40 0 R", {NEW: b"<< /Type /Outlines /Count 0 >>"}),
    "page labels": root_entry(b"/PageLabels << /Nums [0 << /S /r >>] >>"),
    "another way of viewing": root_entry(b"/PageMode /UseAttachments"),
    "page content given twice": doubled_entry(PAGE, b"/Contents 40 0 R", {NEW: stream(LIE)}),
    "page size given twice": doubled_entry(PAGE, b"/MediaBox [0 0 100 100]"),
    "page turned twice": doubled_entry(PAGE, b"/Rotate 0 /Rotate 180"),
    "pages given twice": doubled_entry(
        CATALOG,
        b"/Pages 40 0 R",
        {
            NEW: b"<< /Type /Pages /Kids [41 0 R] /Count 1 >>",
            NEW + 1: page(content=NEW + 2).replace(b"/Parent 2", b"/Parent 40"),
            NEW + 2: stream(LIE),
        },
    ),
    "catalogue given twice": lambda pdf: update(
        pdf,
        {NEW: with_entries(pdf, CATALOG, b"/PageMode /UseNone")},
        trailer=b"/Root 1 0 R /Root 40 0 R",
    ),
    "signing taken out": lambda pdf: update(
        pdf, {CATALOG: re.sub(rb"/AcroForm \d+ 0 R", b"", body_of(pdf, CATALOG))}
    ),
    "note": annotated(b"/Subtype /Text /Contents (Huy bo)"),
    "free text": annotated(b"/Subtype /FreeText /Contents (Huy bo) /DA (/F 12 Tf)"),
    "link": annotated(b"/Subtype /Link /A << /S /URI /URI (http://evil.invalid) >>"),
    "highlight": annotated(b"/Subtype /Highlight /QuadPoints [60 730 360 730 60 690 360 690]"),
    "strike out": annotated(b"/Subtype /StrikeOut /QuadPoints [60 730 360 730 60 690 360 690]"),
    "stamp": annotated(b"/Subtype /Stamp /Name /Void"),
    "ink": annotated(b"/Subtype /Ink /InkList [[60 690 360 730]]"),
    "square": annotated(b"/Subtype /Square /IC [1 1 1]"),
    "line": annotated(b"/Subtype /Line /L [60 690 360 730]"),
    "redaction": annotated(b"/Subtype /Redact /IC [0 0 0]"),
    "watermark": annotated(b"/Subtype /Watermark"),
    "file on the page": annotated(b"/Subtype /FileAttachment /FS << /Type /Filespec /F (a) >>"),
    "screen": annotated(b"/Subtype /Screen"),
    "media": annotated(b"/Subtype /RichMedia"),
    "popup": annotated(b"/Subtype /Popup /Open true"),
    "widget without a field": annotated(b"/Subtype /Widget"),
    "text field": field(b"/FT /Tx /V (900)"),
    "check box": field(b"/FT /Btn /V /Yes /AS /Yes"),
    "push button": field(b"/FT /Btn /Ff 65536 /MK << /CA (900 trieu) /BG [1 1 1] >>"),
    "choice": field(b"/FT /Ch /V (900) /Opt [(100) (900)]"),
    "painted empty field": field(b"/FT /Sig "),
    "painted field of a false signature": field(_SIG),
    "field without a kind": field(b""),
}
