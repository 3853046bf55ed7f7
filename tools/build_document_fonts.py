"""Cut Tinos (SIL OFL 1.1, Debian `fonts-croscore`) to Latin and Vietnamese for typesetting.

`apt-get install fonts-croscore`, then `python tools/build_document_fonts.py`: writes the four faces
and the list of characters they cover. The output is the same on every machine.
"""

import json
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

SOURCE = Path("/usr/share/fonts/truetype/croscore")
TARGET = Path(__file__).parent.parent / "records" / "typesetting" / "fonts"
FACES = ("Regular", "Bold", "Italic", "BoldItalic")
#: Latin, Vietnamese, Greek (units, formulas), punctuation, signs that occur in documents
RANGES = (
    (0x20, 0x7E), (0xA0, 0x17F), (0x192, 0x192), (0x1A0, 0x1A1), (0x1AF, 0x1B0), (0x2C6, 0x2DD),
    (0x300, 0x303), (0x309, 0x309), (0x323, 0x323), (0x391, 0x3C9), (0x1E00, 0x1EFF),
    (0x2010, 0x2026), (0x2030, 0x203A), (0x2044, 0x2044), (0x2070, 0x208E), (0x20AB, 0x20AC),
    (0x2116, 0x2116), (0x2122, 0x2122), (0x2150, 0x215E), (0x2190, 0x2195), (0x2200, 0x22FF),
    (0x25A0, 0x25CF), (0xFB01, 0xFB02),
)  # fmt: skip


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    wanted = {code for first, last in RANGES for code in range(first, last + 1)}
    covered = set(wanted)
    for face in FACES:
        font = TTFont(SOURCE / f"Tinos-{face}.ttf", recalcTimestamp=False)
        covered &= set(font.getBestCmap())
        options = subset.Options(hinting=False, layout_features=["kern", "mark", "mkmk", "ccmp"])
        options.name_IDs = ["*"]
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=wanted)
        cutter.subset(font)
        path = TARGET / f"Tinos-{face}.ttf"
        font.save(path)
        print(path.name, path.stat().st_size)
    (TARGET / "coverage.json").write_text(json.dumps(_runs(sorted(covered))) + "\n")


def _runs(codes: list[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return runs


if __name__ == "__main__":
    main()
