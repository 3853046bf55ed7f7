"""What a forger prepared before the signature and uncovers behind it (shadow attacks)."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from attacks.byte_range import Attack
from attacks.changes import HELVETICA, body_of, with_entries
from attacks.incremental import LIE, last_table, update
from attacks.paper import CATALOG, CONTENT, FONT_AT, PAGE, TEXT, objects, page, stream, write


@dataclass(frozen=True)
class Shadow:
    """A prepared file and what is done to it once it is signed."""

    prepared: Callable[[], bytes]
    uncover: Attack


FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 300 40] " + HELVETICA
COVER = stream(b"1 1 1 rg 0 0 300 40 re f 0 g BT /F 14 Tf 12 10 Td (Chi 100 trieu) Tj ET", FORM)
EMPTY = stream(b"", FORM)
OVERLAY = (
    b"<< /Type /Annot /Subtype %s /Rect [60 690 360 730] /P 3 0 R /F 4 /AP << /N 21 0 R >> %s >>"
)


def overlaid(kind: bytes = b"/Stamp", entries: bytes = b"") -> Callable[[], bytes]:
    """Return a page whose text lies under an annotation that shows another."""
    return lambda: write(
        objects(
            {
                CONTENT: stream(LIE),
                PAGE: page(b"/Annots [20 0 R]"),
                20: OVERLAY % (kind, entries),
                21: COVER,
            }
        )
    )


def form_page(entries: bytes, catalog: bytes = b"/AcroForm 22 0 R") -> Callable[[], bytes]:
    """Return a page with a filled field over the sum."""
    return lambda: write(
        objects(
            {
                CONTENT: stream(LIE),
                PAGE: page(b"/Annots [20 0 R]"),
                20: OVERLAY % (b"/Widget", b"/T (so tien) " + entries),
                21: COVER,
                22: b"<< /Fields [20 0 R] /DA (/F 14 Tf 0 g) /DR << /Font << /F 5 0 R >> >> >>",
            },
            catalog=catalog,
        )
    )


TEXT_FIELD = form_page(b"/FT /Tx /V (100 trieu)")


def as_image(number: int) -> Callable[[], bytes]:
    """Return a page that draws object `number` over its text."""
    drawn = LIE + b" q 1 0 0 1 60 690 cm /X Do Q"
    resources = page().replace(
        b"/Font << /F 5 0 R >>", b"/Font << /F 5 0 R >> /XObject << /X %d 0 R >>" % number
    )
    return lambda: write(objects({CONTENT: stream(drawn), PAGE: resources, number: COVER}))


def layered() -> bytes:
    """Return a page with two layers, one of them off."""
    both = b"/OC /A BDC " + TEXT + b" EMC /OC /B BDC " + LIE + b" EMC"
    resources = page().replace(
        b"/Font << /F 5 0 R >>",
        b"/Font << /F 5 0 R >> /Properties << /A 20 0 R /B 21 0 R >>",
    )
    return write(
        objects(
            {
                CONTENT: stream(both),
                PAGE: resources,
                20: b"<< /Type /OCG /Name (a) >>",
                21: b"<< /Type /OCG /Name (b) >>",
                22: b"<< /OCGs [20 0 R 21 0 R] /D << /ON [20 0 R] /OFF [21 0 R] >> >>",
            },
            catalog=b"/OCProperties 22 0 R",
        )
    )


def hidden(number: int, body: bytes) -> Callable[[], bytes]:
    """Return a page with a second body of an object that no table names."""
    return lambda: write(objects(), hidden=((number, body),))


def redirect(number: int, body: bytes) -> Attack:
    """Let a new table name the body that lay hidden all the time."""

    def attack(pdf: bytes) -> bytes:
        at = pdf.index(b"%d 0 obj\n%s\nendobj" % (number, body))
        return update(pdf, {}, redirected={number: at})

    return attack


def second_catalog() -> bytes:
    """Return a page beside a whole second document that the trailer does not name."""
    other = {
        30: b"<< /Type /Catalog /Pages 31 0 R >>",
        31: b"<< /Type /Pages /Kids [32 0 R] /Count 1 >>",
        32: page(content=33).replace(b"/Parent 2 0 R", b"/Parent 31 0 R"),
        33: stream(LIE),
    }
    return write(objects(other))


def another_root(pdf: bytes) -> bytes:
    form = re.search(rb"/AcroForm \d+ 0 R", body_of(pdf, CATALOG))
    assert form is not None
    root = b"<< /Type /Catalog /Pages 31 0 R %s >>" % form[0]
    return update(pdf, {30: root}, trailer=b"/Root 30 0 R")


def entries(number: int, more: bytes) -> Attack:
    return lambda pdf: update(pdf, {number: with_entries(pdf, number, more)})


def replace(number: int, body: bytes) -> Attack:
    return lambda pdf: update(pdf, {number: body})


def without_overlay(pdf: bytes) -> bytes:
    return update(pdf, {PAGE: body_of(pdf, PAGE).replace(b"20 0 R", b"")})


OTHER = COVER.replace(b"100 trieu", b"900 trieu")
LIE_AT_4 = stream(LIE)


def alias(slot: bytes, number: int = CONTENT, more: dict[int, bytes] | None = None) -> Attack:
    """Exchange an object of the page and give it a second name that may change."""
    body = {
        CONTENT: LIE_AT_4,
        FONT_AT: b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>",
    }[number]
    return lambda pdf: update(
        pdf, {CATALOG: with_entries(pdf, CATALOG, slot), number: body} | (more or {})
    )


def alias_in_form(pdf: bytes) -> bytes:
    form = int(re.search(rb"/AcroForm (\d+) 0 R", body_of(pdf, CATALOG))[1])  # type: ignore[index]
    fonts = b"/DR << /Font << /F 5 0 R >> >>"
    symbol = b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"
    return update(pdf, {form: with_entries(pdf, form, fonts), FONT_AT: symbol})


def alias_as_table(pdf: bytes) -> bytes:
    """Write the new table as the stream that is the page's content."""
    at = len(pdf)
    rows = b"\1" + at.to_bytes(3)
    index = b"/Type /XRef /Size 60 /W [1 3 0] /Index [4 1] /Root 1 0 R /Prev %d" % last_table(pdf)
    xref = b"4 0 obj\n%s\nendobj\n" % stream(rows + b"\n" + LIE, index)
    return pdf + xref + b"startxref\n%d\n%%%%EOF\n" % at


def alias_as_pack(pdf: bytes) -> bytes:
    """Write the page's content as a pack of objects that holds a null."""
    at = len(pdf)
    pack = stream(b"58 0 null " + LIE, b"/Type /ObjStm /N 1 /First 5")
    body = b"4 0 obj\n%s\nendobj\n" % pack
    here = at + len(body)
    rows = b"\1" + at.to_bytes(2) + b"\0\2\0\4\0\1" + here.to_bytes(2) + b"\0"
    index = b"/Type /XRef /Size 60 /W [1 2 1] /Index [4 1 58 2] /Root 1 0 R /Prev %d" % (
        last_table(pdf)
    )
    xref = b"59 0 obj\n%s\nendobj\n" % stream(rows, index)
    return pdf + body + xref + b"startxref\n%d\n%%%%EOF\n" % here


def _plain() -> bytes:
    return write(objects())


EVIDENCE = b"/DSS << /Type /DSS /%s [4 0 R] >>"

SHADOW: dict[str, Shadow] = {
    "hide: overlay struck out": Shadow(overlaid(), lambda pdf: update(pdf, {}, free=(20,))),
    "hide: overlay null": Shadow(overlaid(), replace(20, b"null")),
    "hide: overlay taken off the page": Shadow(overlaid(), without_overlay),
    "hide: overlay made invisible": Shadow(overlaid(), entries(20, b"/F 2")),
    "hide: overlay moved": Shadow(overlaid(), entries(20, b"/Rect [0 0 1 1]")),
    "hide: overlay emptied": Shadow(overlaid(), replace(21, EMPTY)),
    "hide: overlay of a field struck out": Shadow(
        TEXT_FIELD, lambda pdf: update(pdf, {}, free=(20,))
    ),
    "hide: overlay of a field emptied": Shadow(TEXT_FIELD, replace(21, EMPTY)),
    "hide: image struck out": Shadow(as_image(20), lambda pdf: update(pdf, {}, free=(20,))),
    "hide: image emptied": Shadow(as_image(20), replace(20, EMPTY)),
    "hide: layer switched": Shadow(
        layered,
        replace(22, b"<< /OCGs [20 0 R 21 0 R] /D << /ON [21 0 R] /OFF [20 0 R] >> >>"),
    ),
    "hide: layer forgotten": Shadow(
        layered,
        lambda pdf: update(
            pdf, {CATALOG: body_of(pdf, CATALOG).replace(b"/OCProperties", b"/OCPropertiez")}
        ),
    ),
    "replace: value of a field": Shadow(TEXT_FIELD, entries(20, b"/V (900 trieu)")),
    "replace: picture of a field": Shadow(TEXT_FIELD, replace(21, OTHER)),
    "replace: value and picture of a field": Shadow(
        TEXT_FIELD,
        lambda pdf: update(
            pdf, {20: with_entries(pdf, 20, b"/V (900 trieu) /AP << /N 23 0 R >>"), 23: OTHER}
        ),
    ),
    "replace: pictures to be drawn anew": Shadow(TEXT_FIELD, entries(22, b"/NeedAppearances true")),
    "replace: typeface of the form": Shadow(
        TEXT_FIELD, replace(22, b"<< /Fields [20 0 R] /DA (/F 99 Tf 1 g) /DR << >> >>")
    ),
    "replace: caption of a button": Shadow(
        form_page(b"/FT /Btn /Ff 65536 /MK << /CA (100 trieu) >>"),
        entries(20, b"/MK << /CA (900 trieu) >>"),
    ),
    "replace: state of a box": Shadow(
        form_page(b"/FT /Btn /V /Off /AS /Off"), entries(20, b"/V /Yes /AS /Yes")
    ),
    "replace: typeface of the page": Shadow(
        lambda: write(objects()),
        replace(FONT_AT, b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>"),
    ),
    "replace: picture of a comment": Shadow(
        overlaid(b"/FreeText", b"/Contents (100)"), replace(21, OTHER)
    ),
    "hide and replace: content by a table": Shadow(
        hidden(CONTENT, LIE_AT_4), redirect(CONTENT, LIE_AT_4)
    ),
    "hide and replace: page by a table": Shadow(
        hidden(PAGE, page(b"/Rotate 180")), redirect(PAGE, page(b"/Rotate 180"))
    ),
    "hide and replace: typeface by a table": Shadow(
        hidden(FONT_AT, b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"),
        redirect(FONT_AT, b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"),
    ),
    "replace: content as a certificate": Shadow(_plain, alias(EVIDENCE % b"Certs")),
    "replace: content as a list": Shadow(_plain, alias(EVIDENCE % b"CRLs")),
    "replace: content as metadata": Shadow(_plain, alias(b"/Metadata 4 0 R")),
    "replace: content as an extension": Shadow(_plain, alias(b"/Extensions 4 0 R")),
    "replace: content as a mark": Shadow(_plain, alias(b"/MarkInfo 4 0 R")),
    "replace: typeface as a mark": Shadow(_plain, alias(b"/MarkInfo 5 0 R", FONT_AT)),
    "replace: typeface as evidence": Shadow(_plain, alias(b"/DSS 5 0 R", FONT_AT)),
    "replace: typeface as a resource of the form": Shadow(_plain, alias_in_form),
    "replace: content as facts": Shadow(
        _plain,
        lambda pdf: update(pdf, {CONTENT: LIE_AT_4}, trailer=b"/Root 1 0 R /Info 4 0 R"),
    ),
    "replace: content as a table": Shadow(_plain, alias_as_table),
    "replace: content as a pack": Shadow(_plain, alias_as_pack),
    "hide and replace: catalogue": Shadow(second_catalog, another_root),
    "hide and replace: pages": Shadow(
        second_catalog,
        lambda pdf: update(
            pdf, {CATALOG: body_of(pdf, CATALOG).replace(b"/Pages 2 0 R", b"/Pages 31 0 R")}
        ),
    ),
}
