"""What do 10,000 timers that are due at once cost? (`python -m benchmarks.timers`)

Drained as the worker does it, over as many completions of the shipped procedure by turns with it;
none fires early and none twice. Beside it what the library alone needs for one, of three steps.
"""

import statistics
import time
from datetime import timedelta

import psycopg

from benchmarks import stock
from benchmarks.copies import multiply, rows_of
from benchmarks.line import end, report
from benchmarks.setting import Bench, installation
from engine.work_item import WorkItem
from office.runner import Runner
from processes import timers

COUNT = 10_000
NOT_DUE = 500
TURNS = 10

_FIRED = """SELECT count(*), count(DISTINCT instance_id),
  count(*) FILTER (WHERE e.at < (convert_from(e.body, 'utf8')::jsonb ->> 'due')::timestamptz)
FROM event e WHERE kind = 'timer'"""
_LEFT = "SELECT count(*) FROM subscription WHERE kind = 'timer' AND due_at < now()"


def drain(bench: Bench, runner: Runner, count: int) -> float:
    """Fire so many due timers; return the seconds of each."""
    database, fired = bench.office.database, 0
    started = time.perf_counter()
    while fired < count:
        found = runner.claim(bench.settings.job_threads)
        if not found:
            with database.transaction() as tx:
                if not timers.post_due(tx):
                    raise SystemExit("no timer is due any more")
        for job in found:
            runner.carry_out(job)
            fired += job.kind == timers.TIMER_JOB
    return (time.perf_counter() - started) / count


def complete(bench: Bench, item: WorkItem, count: int) -> tuple[float, WorkItem]:
    """Complete a step so often; return the seconds of each and the step that waits then."""
    started = time.perf_counter()
    for _ in range(count):
        item = bench.report(item)
    return (time.perf_counter() - started) / count, item


def main() -> None:
    """Drain and complete by turns; compare the medians."""
    each = COUNT // TURNS
    with installation() as bench:
        url = bench.settings.database_url.replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            item = bench.item_in_hand()
            [now] = connection.execute("SELECT clock_timestamp()").fetchone()
            hours = timedelta(hours=2)
            multiply(
                connection, rows_of(connection, item.instance_id), COUNT + NOT_DUE,
                lambda n: now + hours if n < NOT_DUE else now - timedelta(microseconds=n),
            )  # fmt: skip
            runner = Runner(bench.office.database, bench.office.handlers(), name="bench")
            _, item = complete(bench, item, 100)
            drained, completed = [], []
            for _ in range(TURNS):
                drained.append(drain(bench, runner, each))
                taken, item = complete(bench, item, each)
                completed.append(taken)
            fired, runs, early = connection.execute(_FIRED).fetchone()
            [left] = connection.execute(_LEFT).fetchone()
    ours, least = statistics.median(drained), statistics.median(completed)
    ratio = ours / least
    exact = (fired, runs, early, left) == (COUNT, COUNT, 0, 0)
    end(
        [
            report(
                "10,000 due timers: one fired over one completion", ours * 1e3, "ms",
                floor=least * 1e3, ratio=ratio, bound="<= 1.5, each once, none early",
                ok=ratio <= 1.5 and exact, fired=fired, twice=fired - runs, early=early, left=left,
                stock_without_database_ms=round(stock.fire() * 1e3, 3),
            )
        ]
    )  # fmt: skip


if __name__ == "__main__":
    main()
