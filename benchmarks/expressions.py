"""A cached gateway condition over Python's uncached `eval` (`python -m benchmarks.expressions`)."""

import statistics
import time
from collections.abc import Callable

from benchmarks.line import end, report
from engine.expressions import compile_expression

OURS = 'outcome = "return" and count(cooperating) > 0 and urgency != "normal"'
PYTHON = 'outcome == "return" and len(cooperating) > 0 and urgency != "normal"'
VARIABLES = {"outcome": "return", "cooperating": ["a", "b"], "urgency": "express"}
TIMES, ROUNDS, BOUND = 2_000, 15, 0.2


def _each(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    for _ in range(TIMES):
        call()
    return (time.perf_counter() - started) / TIMES * 1e6


def main() -> None:
    """Evaluate both by turns."""
    ours: list[float] = []
    python: list[float] = []
    assert compile_expression(OURS).evaluate(VARIABLES) is True
    assert eval(PYTHON, {}, dict(VARIABLES)) is True
    for _ in range(ROUNDS):
        ours.append(_each(lambda: compile_expression(OURS).evaluate(VARIABLES)))
        python.append(_each(lambda: eval(PYTHON, {}, VARIABLES)))
    value, floor = statistics.median(ours), statistics.median(python)
    end(
        [
            report(
                "expressions: cached condition over uncached eval", value, "µs", floor=floor,
                ratio=value / floor, bound=f"<= {BOUND:g}", ok=value / floor <= BOUND,
            )
        ]
    )  # fmt: skip


if __name__ == "__main__":
    main()
