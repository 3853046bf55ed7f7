"""Prepare the typeface of visible signatures (maintainers only; the result is committed).

Run with Debian's package fonts-croscore installed:

    python tools/build_fonts.py [/usr/share/fonts/truetype/croscore]

Tinos has the widths of Times New Roman (Decree 30/2020, annex I) and every Vietnamese letter. It is
scaled to 1000 units per em, because a PDF states glyph widths in thousandths, reduced to Latin and
Vietnamese, and stripped of hints and of layout tables. Beside each face lies its glyph table, so
that nothing has to parse a font when a document is signed.
"""

import json
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem

SOURCE = Path("/usr/share/fonts/truetype/croscore")
TARGET = Path(__file__).resolve().parent.parent / "signing" / "fonts"
FACES = ("Regular", "Italic", "Bold")
#: Latin, Latin-1, Extended-A, ơ ư, combining marks, the Vietnamese block, marks of official papers
LETTERS = [
    *range(0x20, 0x7F),
    *range(0xA0, 0x180),
    *(0x1A0, 0x1A1, 0x1AF, 0x1B0),
    *(0x300, 0x301, 0x303, 0x309, 0x323),
    *range(0x1EA0, 0x1EFA),
    *(0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2026, 0x20AB),
]


def prepare(face: str, source: Path) -> None:
    """Write `TinosVN1000-<face>.ttf` and its glyph table."""
    font = TTFont(source / f"Tinos-{face}.ttf", recalcTimestamp=False)
    options = subset.Options()
    options.layout_features = []
    options.hinting = False
    options.notdef_outline = True
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "DSIG", "kern"]
    options.name_IDs = [0, 1, 2, 4, 5, 6, 13, 14]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=LETTERS)
    subsetter.subset(font)
    scale_upem(font, 1000)
    name = f"TinosVN1000-{face}"
    font.save(TARGET / f"{name}.ttf")
    (TARGET / f"{name}.json").write_text(
        json.dumps(describe(font, name), ensure_ascii=False, separators=(",", ":")) + "\n",
        encoding="utf-8",
    )
    print(f"{name}.ttf {(TARGET / f'{name}.ttf').stat().st_size} bytes")


def describe(font: TTFont, name: str) -> dict[str, object]:
    """Return what a PDF font dictionary states: metrics, and (glyph, width) of each letter."""
    head, hhea, os2, post = font["head"], font["hhea"], font["OS/2"], font["post"]
    widths = font["hmtx"].metrics
    return {
        "name": name,
        "unitsPerEm": head.unitsPerEm,
        "bbox": [head.xMin, head.yMin, head.xMax, head.yMax],
        "ascent": hhea.ascent,
        "descent": hhea.descent,
        "capHeight": os2.sCapHeight,
        "italicAngle": post.italicAngle,
        "weight": os2.usWeightClass,
        "glyphs": {
            chr(code): [font.getGlyphID(glyph), widths[glyph][0]]
            for code, glyph in sorted(font.getBestCmap().items())
        },
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE
    for one in FACES:
        prepare(one, folder)
