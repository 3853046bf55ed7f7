"""What carrying work over and trying a draft cost (`python -m benchmarks.migration`).

A thousand running documents go over to another version in one job; the floor is one completion of
the same documents, measured between. A thousand past cases are walked again on a draft.
"""

import statistics
import time
from uuid import UUID

from benchmarks.line import end, report
from benchmarks.setting import Bench, installation
from engine.database import SYSTEM
from engine.handlers import Errand
from office.runner import Runner
from processes import carrying, migration, procedures, rehearsal
from processes.migration import MIGRATION_JOB, MigrateRuns
from processes.outgoing.begin import begin
from processes.procedures import PublishProcedure
from processes.rehearsal import RehearseDraft

RUNS = 1_000
CASES = 50
COMPLETIONS = 300
ADMIN = "quantri.stttt"


def redrawn(key: str) -> bytes:
    """Return the shipped diagram with one more limit, so that it is another version."""
    return procedures.shipped_xml(key).replace(b'congvan:due="P1D"', b'congvan:due="P3D"', 1)


def publish(bench: Bench, key: str) -> int:
    """Publish the redrawn diagram; return the number of its version."""
    with bench.office.database.transaction(bench.acting(ADMIN)) as tx:
        return procedures.publish(tx, PublishProcedure(key, redrawn(key), "đo hiệu năng")).number


def carried(bench: Bench) -> list[bool]:
    """Carry a thousand drafts over; the floor is a completion, by turns of a hundred runs."""
    for _ in range(RUNS):
        with bench.office.database.transaction(bench.acting("chuyenvien.stttt")) as tx:
            begin(tx, bench.office.means)
    number = publish(bench, "outgoing")
    with bench.office.database.transaction(bench.acting(ADMIN)) as tx:
        made = migration.migrate(
            tx, bench.office.means, MigrateRuns("outgoing", number, "đo hiệu năng", {})
        )
    runner = Runner(bench.office.database, bench.office.handlers(), name="bench")
    [job] = [j for j in runner.claim(50) if j.kind == MIGRATION_JOB]
    floors = completions(bench, COMPLETIONS)
    started = time.perf_counter()
    carrying.carry_runs(Errand(bench.office.database, job), bench.office.means, job)
    each = (time.perf_counter() - started) / RUNS
    floors += completions(bench, COMPLETIONS)
    with bench.office.database.transaction(bench.acting(ADMIN)) as tx:
        done = migration.outcome(tx, made.id).counts.get("carried", 0)
    floor = statistics.median(floors)
    return [
        report("migration: runs carried over", done, "runs", bound=f"= {RUNS}", ok=done == RUNS),
        report(
            "migration: one run of a thousand over one completion", each * 1e3, "ms",
            floor=floor * 1e3, ratio=each / floor, bound="<= 3", ok=each / floor <= 3,
        ),
    ]  # fmt: skip


def completions(bench: Bench, count: int) -> list[float]:
    """Return how long completions take, each with all its writes."""
    item = bench.item_in_hand()
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        item = bench.report(item)
        taken.append(time.perf_counter() - started)
    return taken


def rehearsed(bench: Bench) -> list[bool]:
    """Walk a thousand past cases on a draft: some real ones, each told many times."""
    cases = []
    for _ in range(CASES):
        item = bench.item_in_hand()
        for _ in range(3):
            item = bench.report(item)
        cases.append(item.instance_id)
    for number in range(1, RUNS // CASES):
        for case in cases:
            _tell_again(bench, case, number)
    draft = RehearseDraft("incoming", redrawn("incoming"), cases=RUNS)
    started = time.perf_counter()
    with bench.office.database.transaction(bench.acting(ADMIN)) as tx:
        told = rehearsal.rehearse(tx, draft)
    taken = time.perf_counter() - started
    return [
        report("rehearsal: cases", told.cases, "cases", bound=f"= {RUNS}", ok=told.cases == RUNS),
        report(
            "rehearsal of 1,000 past cases", taken, "s", bound="< 30", ok=taken < 30,
            per_case_ms=taken / max(told.cases, 1) * 1e3,
        ),
    ]  # fmt: skip


def _tell_again(bench: Bench, case: UUID, number: int) -> None:
    """Copy a run with its events: the same case, as if it had happened once more."""
    with bench.office.database.transaction(SYSTEM) as tx:
        for table, key in (("process_instance", "id"), ("event", "instance_id")):
            columns = [
                row[0]
                for row in tx.execute(
                    "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass"
                    " AND attnum > 0 AND NOT attisdropped",
                    table,
                ).fetchall()
            ]
            names = ", ".join(f'"{c}"' for c in columns)
            chosen = ", ".join(
                f"md5({key}::text || '{number}')::uuid" if c == key else f'"{c}"' for c in columns
            )
            tx.execute(
                f"INSERT INTO {table} ({names}) SELECT {chosen} FROM {table} WHERE {key} = %s", case
            )


def main() -> None:
    """Measure both."""
    with installation() as bench:
        end([*carried(bench), *rehearsed(bench)])


if __name__ == "__main__":
    main()
