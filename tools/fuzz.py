"""Search for what breaks the engine and the reader of packets, for as long as told.

Expressions, tables, diagrams, states; `packets` (edXML) is guided by coverage.
`python tools/fuzz.py [seconds] [seed] [property]` (600 s, a fresh seed, all but the files of other
tools: `exports`, of which one in fifty still does not end). The seed is printed first and with a
failure; the same seed searches the same.
"""

import random
import sys
import time
import traceback
from itertools import count
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[1]
EXAMPLES = 100
#: enough for what was new to be changed again
PACKETS = 1_500


def search(name: str, seed: int) -> None:
    """Try one property on some hundred inputs drawn from a seed."""
    from fuzzing import LONG, PROPERTIES

    @hypothesis.seed(seed)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def tried(data: st.DataObject) -> None:
        (PROPERTIES | LONG)[name](data)

    tried()


def search_packets(seed: int) -> None:
    """Try some hundred changed packets; one that breaks is kept beside the tests."""
    from edxml_search import Broken, Search

    search = Search(seed)
    try:
        search.run(PACKETS)
    except Broken as broken:
        print(f"kept in {search.keep(broken).relative_to(ROOT)}", flush=True)
        raise


def main(seconds: float = 600, seed: int | None = None, only: str = "") -> int:
    """Search until the time is over; return 1 where something was found."""
    sys.path[:0] = [str(ROOT), *(str(ROOT / "tests" / room) for room in ("engine", "exchange"))]
    from fuzzing import PROPERTIES

    first = random.SystemRandom().randrange(10**6) if seed is None else seed
    print(f"seed {first}, {seconds:g} s", flush=True)
    names = [only] if only else [*PROPERTIES, "packets"]
    done = dict.fromkeys(names, 0)
    until = time.monotonic() + seconds
    for step in count():
        for name in names:
            if time.monotonic() > until:
                print(f"seed {first}: nothing found in {done}")
                return 0
            try:
                if name == "packets":
                    search_packets(first + step)
                else:
                    search(name, first + step)
            except Exception:  # noqa: BLE001 - whatever was found
                traceback.print_exc()
                print(f"found by: python tools/fuzz.py {seconds:g} {first + step} '{name}'")
                return 1
            done[name] += PACKETS if name == "packets" else EXAMPLES
    return 0


if __name__ == "__main__":
    given_ = sys.argv[1:]
    sys.exit(
        main(
            float(given_[0]) if given_ else 600,
            int(given_[1]) if len(given_) > 1 else None,
            given_[2] if len(given_) > 2 else "",
        )
    )
