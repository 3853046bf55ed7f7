"""Write the table of codes in docs/edxml.md from tests/exchange/deviations.py."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "exchange")]
    from deviations import table

    page = ROOT / "docs" / "edxml.md"
    old = re.compile(r"^\| Mã \(code\).*?\n(?!\|)", re.DOTALL | re.MULTILINE)
    page.write_text(old.sub(lambda _: table(), page.read_text("utf-8")), "utf-8")
