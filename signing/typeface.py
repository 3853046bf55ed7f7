"""The prepared typeface of visible signatures (phông chữ): glyphs, widths, and its PDF objects."""

import json
import unicodedata
import zlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import NameObject, NumberObject

from signing.errors import LettersMissing

#: 1000 units per em: PDF states widths in thousandths, and other fonts are drawn spread out
UNITS = 1000


class Face(StrEnum):
    """A face of the typeface (kiểu chữ)."""

    REGULAR = "Regular"
    ITALIC = "Italic"
    BOLD = "Bold"


@dataclass(frozen=True)
class Typeface:
    """One face with the glyph and the width (thousandths of the size) of each letter."""

    name: str
    glyphs: dict[str, tuple[int, int]]
    metrics: dict[str, Any]
    program: bytes

    def width(self, text: str, size: float) -> float:
        """Return the width of `text` in points."""
        return sum(self._glyph(letter)[1] for letter in _nfc(text)) * size / UNITS

    def shown(self, text: str) -> bytes:
        """Return `text` as the hexadecimal operand of the PDF operator Tj."""
        return b"<%s>" % b"".join(b"%04X" % self._glyph(letter)[0] for letter in _nfc(text))

    def _glyph(self, letter: str) -> tuple[int, int]:
        glyph = self.glyphs.get(letter)
        if glyph is None:
            raise LettersMissing(letters=f"«{letter}» (U+{ord(letter):04X})")
        return glyph

    def write(self, writer: Any, text: str) -> Any:
        """Write the font with what `text` needs of widths and letters; return its reference."""
        used = {letter: self._glyph(letter) for letter in sorted(set(_nfc(text)))}
        widths = generic.ArrayObject()
        for glyph, width in sorted(used.values()):
            widths.append(NumberObject(glyph))
            widths.append(generic.ArrayObject([NumberObject(width)]))
        descendant = generic.DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/CIDFontType2"),
                NameObject("/BaseFont"): NameObject(f"/{self.name}"),
                NameObject("/CIDSystemInfo"): generic.DictionaryObject(
                    {
                        NameObject("/Registry"): generic.pdf_string("Adobe"),
                        NameObject("/Ordering"): generic.pdf_string("Identity"),
                        NameObject("/Supplement"): NumberObject(0),
                    }
                ),
                NameObject("/DW"): NumberObject(UNITS),
                NameObject("/W"): widths,
                NameObject("/CIDToGIDMap"): NameObject("/Identity"),
                NameObject("/FontDescriptor"): writer.add_object(self._descriptor(writer)),
            }
        )
        return writer.add_object(
            generic.DictionaryObject(
                {
                    NameObject("/Type"): NameObject("/Font"),
                    NameObject("/Subtype"): NameObject("/Type0"),
                    NameObject("/BaseFont"): NameObject(f"/{self.name}"),
                    NameObject("/Encoding"): NameObject("/Identity-H"),
                    NameObject("/DescendantFonts"): generic.ArrayObject(
                        [writer.add_object(descendant)]
                    ),
                    NameObject("/ToUnicode"): writer.add_object(_letters_of(used)),
                }
            )
        )

    def _descriptor(self, writer: Any) -> Any:
        size = NumberObject(len(self.program))
        program = generic.StreamObject(
            {NameObject("/Length1"): size, NameObject("/Filter"): NameObject("/FlateDecode")},
            encoded_data=_packed(self.program),
        )
        # ISO 32000-1, table 123: 4 = symbolic (Identity encoding), 64 = italic
        flags = 4 | (64 if self.metrics["italicAngle"] else 0)
        return generic.DictionaryObject(
            {
                NameObject("/Type"): NameObject("/FontDescriptor"),
                NameObject("/FontName"): NameObject(f"/{self.name}"),
                NameObject("/Flags"): NumberObject(flags),
                NameObject("/FontBBox"): generic.ArrayObject(
                    [NumberObject(value) for value in self.metrics["bbox"]]
                ),
                NameObject("/ItalicAngle"): NumberObject(round(self.metrics["italicAngle"])),
                NameObject("/Ascent"): NumberObject(self.metrics["ascent"]),
                NameObject("/Descent"): NumberObject(self.metrics["descent"]),
                NameObject("/CapHeight"): NumberObject(self.metrics["capHeight"]),
                NameObject("/StemV"): NumberObject(140 if self.metrics["weight"] > 600 else 80),
                NameObject("/FontFile2"): writer.add_object(program),
            }
        )


@cache
def typeface(face: Face) -> Typeface:
    """Load one face from the package; it is read once per process."""
    folder = resources.files("signing") / "fonts"
    name = f"TinosVN1000-{face.value}"
    metrics = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    glyphs = {letter: (glyph, width) for letter, (glyph, width) in metrics.pop("glyphs").items()}
    # ISO 32000-1, 9.6.4: the name of a subset carries a tag of six capitals
    return Typeface(f"TINOSV+{name}", glyphs, metrics, (folder / f"{name}.ttf").read_bytes())


@cache
def _packed(program: bytes) -> bytes:
    return zlib.compress(program, 9)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _letters_of(used: dict[str, tuple[int, int]]) -> Any:
    """Return the ToUnicode map, so that the text can be searched and copied."""
    lines = "\n".join(f"<{glyph:04X}> <{ord(letter):04X}>" for letter, (glyph, _) in used.items())
    body = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def\n"
        "1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
        f"{len(used)} beginbfchar\n{lines}\nendbfchar\n"
        "endcmap CMapName currentdict /CMap defineresource pop end end"
    )
    return generic.StreamObject(stream_data=body.encode("ascii"))
