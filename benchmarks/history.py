"""Does a completion cost more after 5,000 rounds? (`python -m benchmarks.history`)"""

import statistics
import time

from benchmarks.floor import Floor
from benchmarks.line import end, report
from benchmarks.setting import installation
from engine.database import SYSTEM
from engine.instance import ProcessInstance

ROUNDS = 5_000
SAMPLE = 500
LARGEST_STATE = 8_192


def main() -> None:
    """Run 5,000 rounds of one instance, a floor beside each, and compare the ends."""
    with installation() as bench:
        floor = Floor(bench.settings.database_url)
        item = bench.item_in_hand()
        for _ in range(20):
            item = bench.report(item)
            floor.once()
        taken, floors = [], []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            item = bench.report(item)
            taken.append(time.perf_counter() - started)
            floors.append(floor.once())
        with bench.office.database.transaction(SYSTEM) as tx:
            state = len(tx.get(ProcessInstance, item.instance_id).state)
    first, last = _over(taken, floors, slice(0, SAMPLE)), _over(taken, floors, slice(-SAMPLE, None))
    growth = last / first
    results = [
        report(
            "history: last 500 of 5,000 over first 500", growth, "ratio", floor=1.0, ratio=growth,
            bound="<= 1.3", ok=growth <= 1.3,
            first_ms=statistics.median(taken[:SAMPLE]) * 1e3,
            last_ms=statistics.median(taken[-SAMPLE:]) * 1e3,
        ),
        report(
            "history: state", state, "bytes", bound=f"<= {LARGEST_STATE}", ok=state <= LARGEST_STATE
        ),
    ]  # fmt: skip
    end(results)


def _over(taken: list[float], floors: list[float], part: slice) -> float:
    return statistics.median(taken[part]) / statistics.median(floors[part])


if __name__ == "__main__":
    main()
