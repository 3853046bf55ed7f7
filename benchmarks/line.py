"""One figure, printed as one line of JSON."""

import json
import sys


def report(
    name: str, value: float, unit: str, *, floor: float | None = None, bound: str = "",
    ok: bool = True, ratio: float | None = None, **more: object,
) -> bool:  # fmt: skip
    """Print a figure with its floor, its ratio to it, its bound and whether it holds."""
    line = {
        "name": name,
        "value": round(value, 4),
        "unit": unit,
        "floor": None if floor is None else round(floor, 4),
        "ratio": None if ratio is None else round(ratio, 3),
        "bound": bound,
        "ok": ok,
        **more,
    }
    print(json.dumps(line, ensure_ascii=False), flush=True)
    return ok


def end(results: list[bool]) -> None:
    """End with status 1 where a bound does not hold."""
    sys.exit(0 if all(results) else 1)
