"""The prepared typeface: every Vietnamese letter, widths in thousandths, text that can be copied."""

import ctypes
import io
import unicodedata

import pikepdf
import pypdfium2
import pypdfium2.raw
import pytest
from fontTools.ttLib import TTFont
from pyhanko.pdf_utils.writer import PdfFileWriter

from signing.appearance import Drawing, DrawingStyle, shown_time
from signing.errors import ImageRefused, LettersMissing
from signing.page_text import Box, opened, read_page
from signing.placement import Placement, TextRun
from signing.typeface import Face, typeface

VOWELS = "aăâeêioôơuưy"
TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
LETTERS = "".join(unicodedata.normalize("NFC", vowel + tone) for vowel in VOWELS for tone in TONES)
ALPHABET = (
    LETTERS + LETTERS.upper() + "bcdđghklmnpqrstvx" + "BCDĐGHKLMNPQRSTVX" + "0123456789/-:.,;()"
)


@pytest.mark.parametrize("face", Face)
def test_the_font_has_1000_units_and_all_letters(face):
    letters = typeface(face)
    font = TTFont(io.BytesIO(letters.program))
    assert font["head"].unitsPerEm == 1000
    assert not {"GSUB", "GPOS"} & set(font.keys())
    cmap = font.getBestCmap()
    outlines = font["glyf"]
    for letter in ALPHABET:
        glyph = cmap[ord(letter)]
        # a letter that is there is also drawn, and its width is the one the PDF will state
        assert outlines[glyph].numberOfContours != 0
        assert letters.glyphs[letter] == (font.getGlyphID(glyph), font["hmtx"][glyph][0])


def test_the_widths_are_those_of_times_new_roman():
    # figures are half an em wide, capital A 722 thousandths
    regular = typeface(Face.REGULAR)
    assert regular.width("188", 13) == pytest.approx(19.5)
    assert regular.glyphs["A"][1] == 722
    assert regular.width("ở", 10) == regular.width("ơ", 10)


def test_nfd_text_is_written_as_nfc():
    regular = typeface(Face.REGULAR)
    assert regular.shown(unicodedata.normalize("NFD", "ễịở")) == regular.shown("ễịở")


def test_a_letter_the_font_lacks_is_named():
    with pytest.raises(LettersMissing, match="文"):
        typeface(Face.REGULAR).width("văn 文", 13)


def drawn(drawing: Drawing) -> bytes:
    """Return a page that shows the drawing at (50, 50)."""
    writer = PdfFileWriter()
    stamp = DrawingStyle(drawing=drawing).create_stamp(writer, None, {})
    reference = stamp.register()
    form = reference.get_object()
    assert "/BBox" in form
    writer.root["/Probe"] = reference
    out = io.BytesIO()
    writer.write(out)
    with pikepdf.open(io.BytesIO(out.getvalue())) as document:
        page = document.add_blank_page(page_size=(595, 200))
        page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(A=document.Root.Probe))
        page.obj.Contents = document.make_stream(b"q 1 0 0 1 50 50 cm /A Do Q")
        saved = io.BytesIO()
        document.save(saved)
    return saved.getvalue()


@pytest.mark.parametrize("face", Face)
def test_written_text_is_read_back_with_its_places(face):
    text = "Thời gian ký: ở, ễ, ị, Ặ – “Đường”"
    place = Placement(0, Box(0, 0, 400, 60), runs=(TextRun(text, 3, 20, 13, face),))
    pdf = drawn(Drawing(place))
    document = pypdfium2.PdfDocument(pdf)
    assert document[0].get_textpage().get_text_range() == text
    document.close()
    # every letter starts where the widths of the ones before it end: nothing is spread or squeezed
    for number, (x, y) in enumerate(origins(pdf)):
        assert x == pytest.approx(53 + typeface(face).width(text[:number], 13), abs=0.02)
        assert y == pytest.approx(70, abs=0.01)


def origins(pdf: bytes) -> list[tuple[float, float]]:
    document = pypdfium2.PdfDocument(pdf)
    text = document[0].get_textpage()
    places = []
    for number in range(text.count_chars()):
        x, y = ctypes.c_double(), ctypes.c_double()
        pypdfium2.raw.FPDFText_GetCharOrigin(text, number, x, y)
        places.append((x.value, y.value))
    document.close()
    return places


def test_lines_go_down_from_the_top():
    place = Placement(0, Box(0, 0, 300, 60))
    with opened(drawn(Drawing(place, lines=("Dòng một", "Dòng hai")))) as document:
        first, second = read_page(document, 0).lines
    assert (first.text, second.text) == ("Dòngmột", "Dònghai")
    assert first.baseline - second.baseline == pytest.approx(12)
    assert first.size == pytest.approx(10)


def test_a_broken_image_is_refused():
    place = Placement(0, Box(0, 0, 100, 50))
    with pytest.raises(ImageRefused):
        drawn(Drawing(place, image=b"\x89PNG\r\n\x1a\n junk"))


def test_times_are_printed_in_vietnams_zone(now):
    assert shown_time(now) == "2026-11-22T15:30:00+07:00"
