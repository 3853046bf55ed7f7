"""Does the first page cost more when 100 times as much waits? (`python -m benchmarks.inbox`)

First page of 20, the same number of rows, 100,000 open items against 1,000, for officers in 5, 40
and 200 of 200 groups of one agency.
"""

import statistics
import time

import psycopg

from benchmarks.line import end, report
from benchmarks.setting import Bench, installation
from processes import inbox

GROUPS = 200
ROUNDS = 60

_FILL = """
WITH one AS (
  SELECT i.id instance_id, i.agency_id FROM process_instance i
  WHERE i.agency_id = %(agency)s LIMIT 1
), made AS (
  INSERT INTO work_item (id, agency_id, instance_id, node_id, name, lane, verb, form, form_sha256,
    groups, excluded, priority, status, version, due_at, opened_at, variables)
  SELECT gen_random_uuid(), one.agency_id, one.instance_id, 'process', 'Giải quyết', 'Chuyên viên',
    'process', 'incoming-process', '', ARRAY['bench:' || (n %% %(groups)s)], '{}', 50, 'open', 1,
    now() + make_interval(mins => (n * 7919) %% 100000), now(), '{}'
  FROM one, generate_series(1, %(count)s) n
  RETURNING id, due_at, groups[1] AS group_key
)
INSERT INTO candidate (group_key, due_at, work_item_id)
SELECT group_key, due_at, id FROM made
"""


def fill(bench: Bench, count: int) -> None:
    """Have exactly `count` open items wait, spread over the groups."""
    agency = bench.acting("vanthu.stttt").agency_id
    url = bench.settings.database_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM candidate")
        connection.execute("DELETE FROM work_item WHERE groups[1] LIKE 'bench:%'")
        connection.execute(_FILL, {"agency": agency, "count": count, "groups": GROUPS})
        connection.execute("VACUUM ANALYZE candidate, work_item, process_instance")
    with bench.office.database.transaction() as tx:
        inbox.refresh_load(tx)


def measure(bench: Bench, groups: int) -> float:
    """Return the median seconds of a first page for an officer in so many groups."""
    names = [f"bench:{n}" for n in range(groups)]
    acting = bench.acting("chuyenvien.stttt")
    taken = []
    for turn in range(ROUNDS + 10):
        with bench.office.database.transaction(acting) as tx:
            started = time.perf_counter()
            rows = inbox.page_of(tx, names)
            if turn >= 10:
                taken.append(time.perf_counter() - started)
        if len(rows) != inbox.PAGE:
            raise SystemExit(f"{len(rows)} rows, not {inbox.PAGE}")
    return statistics.median(taken)


def main() -> None:
    """Measure both sizes twice, in turn, and compare the medians."""
    sizes = (1_000, 100_000)
    wide = (5, 40, GROUPS)
    found: dict[tuple[int, int], list[float]] = {}
    with installation() as bench:
        bench.item_in_hand()
        for _ in range(3):
            for size in sizes:
                fill(bench, size)
                for groups in wide:
                    found.setdefault((size, groups), []).append(measure(bench, groups))
    results = []
    for groups in wide:
        small, large = (statistics.median(found[size, groups]) for size in sizes)
        ratio = large / small
        results.append(
            report(
                f"inbox, officer in {groups} groups: 100,000 open over 1,000", large * 1e3, "ms",
                floor=small * 1e3, ratio=ratio, bound="<= 1.5", ok=ratio <= 1.5,
            )
        )  # fmt: skip
    end(results)


if __name__ == "__main__":
    main()
