"""The promise of delivery between hosts: at least once on the wire, once in effect.

Sender, hub and receiver run as an operator starts them, in network namespaces of their own, each on
its own PostgreSQL, while cables are pulled, processes killed, disks filled and the hub restored from
a backup. `make hosts` does it at length and adds its figures to a file.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from host_driver import Run
from host_faults import Kind, draw
from host_ground import Hosts
from host_invariants import broken, read_books
from host_node import until

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(0)]

DOCUMENTS = int(os.environ.get("HOSTS_DOCUMENTS") or "24")
FAULTS = int(os.environ.get("HOSTS_FAULTS") or "0")
TOTALS = os.environ.get("HOSTS_TOTALS")
#: a short run has one of each that takes no half minute
SHORT = (
    Kind.POINT,
    Kind.PARTITION,
    Kind.KILL,
    Kind.ONE_WAY,
    Kind.RESTORE,
    Kind.FULL,
    Kind.DATABASE_FULL,
    Kind.POINT,
)
CARELESS = Path(__file__).with_name("careless_host.py")


@pytest.fixture(scope="module")
def over(lent: Hosts, seed: int, tell: Callable[[str], None]):
    """A run that is over, and what it broke."""
    run = Run(lent, seed, tell)
    random = Random(seed)
    began = time.monotonic()
    try:
        found = run.all(DOCUMENTS, FAULTS or [draw(random, kind) for kind in SHORT])
        for line in found[:20]:
            tell(line)
        figures = {**run.figures(), "seconds": round(time.monotonic() - began), "broken": found}
        tell(json.dumps(figures, ensure_ascii=False))
        if TOTALS and FAULTS:
            tell(add_up(Path(TOTALS), figures))
        yield run, found
    finally:
        run.close()


def add_up(file: Path, figures: dict) -> str:
    """Add a run to the file of all runs; return what they come to."""
    with file.open("a", encoding="utf-8") as added:
        added.write(json.dumps(figures, ensure_ascii=False) + "\n")
    runs = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    total = Counter[str]()
    for one in runs:
        total.update({name: one[name] for name in ("documents", "faults", "statuses", "seconds")})
        total["broken"] += len(one["broken"])
    return f"{len(runs)} runs: " + ", ".join(f"{count} {name}" for name, count in total.items())


def test_nothing_is_lost_and_nothing_comes_twice(over):
    run, found = over
    assert found == []
    assert run.acknowledged
    assert sum(run.befallen.values()) == (FAULTS or len(SHORT))
    assert run.books.numbered  # the clerk was at work too


def test_what_is_missing_or_double_is_found(lent, over):
    """The negative control of the checker: rows changed behind the back of everybody."""
    receiver, run = lent.receiver, over[0]
    first, second = sorted(run.acknowledged)[:2]
    renamed = "UPDATE incoming_document SET identifier = %s WHERE identifier = %s"
    receiver.rows(renamed, second, first)
    found = broken(read_books(lent, chains=False), run.acknowledged)
    assert f"lost: {first}" in found
    assert f"registered 2 times: {second}" in found
    number = "UPDATE incoming_document SET identifier = %s WHERE id = (SELECT id FROM"
    receiver.rows(f"{number} incoming_document WHERE identifier = %s LIMIT 1)", first, second)

    for act in ("khac", "accept_envelope"):
        receiver.rows(
            "SET session_replication_role = replica; UPDATE journal_leaf SET act = "
            f"'{act}' WHERE id = (SELECT id FROM journal_leaf WHERE act IN ('accept_envelope', 'khac')"
            " ORDER BY act = 'khac' DESC, id LIMIT 1)"
        )
        chains = read_books(lent).chains
        journals = [line for line in chains if line.startswith("journal of receiver")]
        assert bool(journals) == (act == "khac"), chains

    for note in ("khac", ""):
        lent.hub.rows(
            "SET session_replication_role = replica; UPDATE axis_log_entry SET note = "
            f"'{note}' WHERE no = 2"
        )
        logs = [line for line in read_books(lent).chains if line.startswith("message log of hub")]
        assert bool(logs) == (note == "khac"), logs


def test_a_sender_that_does_not_know_a_sending_again_is_found(lent, over):
    """The negative control of the run: the hub forgets reports, one host takes them in twice."""
    run = over[0]
    lent.sender.stop()
    lent.sender.program = [sys.executable, CARELESS]
    lent.sender.start()
    lent.sender.wait()
    lent.hub.back_up(run.backup)
    before = set(run.acknowledged)
    run.issue(2)
    issued = sorted(run.acknowledged - before)
    reported = """SELECT count(*) FROM status_received s JOIN recipient r ON r.id = s.recipient_id
        JOIN outgoing_document d ON d.id = r.outgoing_document_id WHERE d.identifier = ANY(%s)"""
    until(lambda: lent.sender.rows(reported, issued)[0][0] >= 2, "both are reported", 300)
    lent.hub.restore(run.backup)

    def doubled() -> list[str]:
        run.reconcile()  # one that comes while the hub is away tells nothing
        found = broken(read_books(lent, chains=False))
        return [line for line in found if "kept 2 times" in line]

    until(doubled, "a status is kept twice", 300)
