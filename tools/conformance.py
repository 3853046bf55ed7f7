"""Write docs/conformance.md from the rows of tests/engine/conformance.py; `-` prints it."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "engine")]
    from conformance import page

    if "-" in sys.argv:
        sys.stdout.reconfigure(encoding="utf-8")
        sys.stdout.write(page())
    else:
        (ROOT / "docs" / "conformance.md").write_text(page(), encoding="utf-8")
