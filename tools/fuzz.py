"""Search for what breaks the engine, for as long as told: expressions, tables, diagrams, states.

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


def main(seconds: float = 600, seed: int | None = None, only: str = "") -> int:
    """Search until the time is over; return 1 where something was found."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "engine")]
    from fuzzing import PROPERTIES

    first = random.SystemRandom().randrange(10**6) if seed is None else seed
    print(f"seed {first}, {seconds:g} s", flush=True)
    names = [only] if only else [*PROPERTIES]
    done = dict.fromkeys(names, 0)
    until = time.monotonic() + seconds
    for step in count():
        for name in names:
            if time.monotonic() > until:
                print(f"seed {first}: nothing found in {done}")
                return 0
            try:
                search(name, first + step)
            except Exception:  # noqa: BLE001 - whatever was found
                traceback.print_exc()
                print(f"found by: python tools/fuzz.py {seconds:g} {first + step} '{name}'")
                return 1
            done[name] += EXAMPLES
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
