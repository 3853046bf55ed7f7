"""Every Vietnamese letter is drawn as another engine draws it from the same typeface."""

import io
import unicodedata
from dataclasses import replace
from functools import cache
from importlib import resources

import pikepdf
import pypdfium2
import pytest
import typst
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from PIL import Image, ImageChops
from pyhanko.pdf_utils.writer import PdfFileWriter

import signing.appearance
from signing.appearance import Drawing, DrawingStyle
from signing.page_text import Box
from signing.placement import Placement, TextRun
from signing.typeface import Face, Typeface, typeface

TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
VOWELS = [unicodedata.normalize("NFC", v + tone) for v in "aăâeêioôơuưy" for tone in TONES]
LOWER = "".join(VOWELS) + "bcdđghklmnpqrstvxfjwz"
LETTERS = LOWER + LOWER.upper() + "0123456789/-:.,;()+"
SIZE, SCALE, CELL, COLUMNS = 24, 3, 40, 16
ROWS = -(-len(LETTERS) // COLUMNS)
#: the letter's origin in its cell, in points from the lower left
X, Y = 6, 11
STYLES = {
    Face.REGULAR: ("normal", "regular"),
    Face.ITALIC: ("italic", "regular"),
    Face.BOLD: ("normal", "bold"),
}


def drawn(face: Face) -> bytes:
    """Return a page with one letter a cell, drawn as a signature draws its text."""
    runs = tuple(
        TextRun(letter, n % COLUMNS * CELL + X, (ROWS - 1 - n // COLUMNS) * CELL + Y, SIZE, face)
        for n, letter in enumerate(LETTERS)
    )
    box = Box(0, 0, COLUMNS * CELL, ROWS * CELL)
    writer = PdfFileWriter()
    stamp = DrawingStyle(drawing=Drawing(Placement(0, box, runs=runs)))
    writer.root["/Probe"] = stamp.create_stamp(writer, None, {}).register()
    out = io.BytesIO()
    writer.write(out)
    with pikepdf.open(io.BytesIO(out.getvalue())) as document:
        page = document.add_blank_page(page_size=(box.right, box.top))
        page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(A=document.Root.Probe))
        page.obj.Contents = document.make_stream(b"/A Do")
        saved = io.BytesIO()
        document.save(saved)
    return saved.getvalue()


def cells(pdf: bytes) -> dict[str, Image.Image]:
    document = pypdfium2.PdfDocument(pdf)
    page = document[0]
    picture = page.render(scale=SCALE).to_pil()
    page.close()
    document.close()
    return cut(picture)


def cut(picture: Image.Image) -> dict[str, Image.Image]:
    dark = ImageChops.invert(picture.convert("L"))
    side = CELL * SCALE
    return {
        letter: dark.crop((left, top, left + side, top + side))
        for n, letter in enumerate(LETTERS)
        for left, top in [(n % COLUMNS * side, n // COLUMNS * side)]
    }


@cache
def reference(face: Face) -> dict[str, Image.Image]:
    """Return the letters as typst draws them with a rasteriser of its own."""
    placed = "".join(
        f"#place(top + left, dx: {n % COLUMNS * CELL + X}pt, "
        f"dy: {n // COLUMNS * CELL + CELL - Y}pt, [#str.from-unicode({ord(letter)})])\n"
        for n, letter in enumerate(LETTERS)
    )
    style, weight = STYLES[face]
    source = (
        f"#set page(width: {COLUMNS * CELL}pt, height: {ROWS * CELL}pt, margin: 0pt)\n"
        f'#set text(font: "Tinos", size: {SIZE}pt, style: "{style}", weight: "{weight}", '
        f'top-edge: "baseline", bottom-edge: "baseline")\n{placed}'
    )
    folder = str(resources.files("signing") / "fonts")
    picture = typst.compile(
        source.encode(), font_paths=[folder], ignore_system_fonts=True, format="png", ppi=72 * SCALE
    )
    assert isinstance(picture, bytes)
    return cut(Image.open(io.BytesIO(picture)))


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return how much ink two pictures do not share, as a part of what they have together."""
    apart = ink(ImageChops.difference(one, other))
    return apart / max(1, ink(ImageChops.lighter(one, other)))


def ink(image: Image.Image) -> int:
    return sum(tone * count for tone, count in enumerate(image.histogram()))


def strangers(shown: dict[str, Image.Image], face: Face) -> list[str]:
    """Return the letters that are blank, unlike themselves, or more like another letter."""
    known = reference(face)
    found = []
    for letter, picture in shown.items():
        base = unicodedata.normalize("NFD", letter)[0]
        alike = [o for o in known if unicodedata.normalize("NFD", o)[0] == base]
        nearest = min(alike, key=lambda other: difference(picture, known[other]))
        if nearest != letter or difference(picture, known[letter]) > 0.25:
            found.append(letter)
    return found


@pytest.mark.parametrize("face", Face)
def test_every_letter_is_drawn_as_typst_draws_it(face):
    assert strangers(cells(drawn(face)), face) == []


def test_every_letter_is_read_back():
    document = pypdfium2.PdfDocument(drawn(Face.REGULAR))
    text = document[0].get_textpage().get_text_range()
    document.close()
    assert "".join(text.split()) == LETTERS


def test_a_blank_or_foreign_glyph_is_found():
    """The comparison can fail: a font without its ễ, one whose ở is ỡ."""
    regular = typeface(Face.REGULAR)
    shown = cells(drawn_with(without(regular, "ễ")))
    assert strangers(shown, Face.REGULAR) == ["ễ"]
    swapped = replace(regular, glyphs=regular.glyphs | {"ở": regular.glyphs["ỡ"]})
    assert strangers(cells(drawn_with(swapped)), Face.REGULAR) == ["ở"]


def without(letters: Typeface, letter: str) -> Typeface:
    font = TTFont(io.BytesIO(letters.program))
    font["glyf"][font.getBestCmap()[ord(letter)]] = TTGlyphPen(None).glyph()
    out = io.BytesIO()
    font.save(out)
    return replace(letters, program=out.getvalue())


def drawn_with(letters: Typeface) -> bytes:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signing.appearance, "typeface", lambda face: letters)
        return drawn(Face.REGULAR)
