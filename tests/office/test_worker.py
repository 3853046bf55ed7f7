"""Real worker processes, really killed: each job has exactly one effect."""

import signal
import subprocess
from collections.abc import Callable
from uuid import UUID

import pytest

from engine import jobs
from engine.database import Database
from office.child import end

QUICKLY = {"lease": 1.0, "threads": 2}


class Seen:
    """What the test programs left in the database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def rows(self, statement: str) -> list[tuple]:
        with self.database.transaction() as tx:
            return tx.execute(statement).fetchall()

    def effects(self) -> list[UUID]:
        return [row[0] for row in self.rows("SELECT job FROM effect")]

    def states(self) -> dict[UUID, str]:
        return dict(self.rows("SELECT id, state FROM job"))

    def started(self) -> list[tuple]:
        return self.rows("SELECT attempt, worker FROM met WHERE what = 'started' ORDER BY attempt")

    def lost(self) -> list[tuple]:
        return self.rows("SELECT attempt FROM met WHERE what = 'lost'")

    def all_done(self) -> bool:
        return set(self.states().values()) == {"done"}

    def open_gate(self) -> None:
        with self.database.transaction() as tx:
            tx.execute("INSERT INTO gate VALUES ('open')")

    def post(self, kind: str, count: int = 1) -> list[UUID]:
        with self.database.transaction() as tx:
            return [jobs.post(tx, kind, {}) for _ in range(count)]

    def hurry(self) -> None:
        """Have what waits for its next attempt tried now."""
        with self.database.transaction() as tx:
            tx.execute("UPDATE job SET run_at = clock_timestamp() WHERE state = 'ready'")


@pytest.fixture
def seen(traced: Database) -> Seen:
    return Seen(traced)


@pytest.fixture
def worker(start: Callable, seen: Seen) -> Callable[..., "subprocess.Popen[bytes]"]:
    def start_worker(**options):
        return start("work", url=seen.database.url, **{**QUICKLY, **options})

    return start_worker


def test_jobs_are_done_and_the_worker_stops_when_told(worker, seen: Seen, eventually):
    posted = seen.post("note", 50)
    process = worker()
    eventually(seen.all_done)
    assert sorted(seen.effects()) == sorted(posted)
    eventually(lambda: seen.rows("SELECT name FROM worker WHERE beat_at > now() - interval '5 s'"))
    assert end(process, ((signal.SIGTERM, 20),)) == 0


@pytest.mark.parametrize("kind", ["half_way", "errand"])
def test_a_job_of_a_killed_worker_is_done_once_by_another(kind, worker, seen: Seen, eventually):
    [posted] = seen.post(kind)
    first = worker()
    eventually(seen.started)
    first.kill()
    first.wait()
    assert seen.effects() == []
    seen.open_gate()
    worker()
    eventually(lambda: seen.hurry() or seen.all_done())
    assert seen.effects() == [posted]
    [(attempt,)] = seen.rows("SELECT attempt FROM job")
    assert attempt == 2


def test_a_worker_that_commits_before_it_works_loses_the_job(start, seen: Seen, eventually):
    """The negative control of the test above: the same kill, seen by the same count."""
    seen.post("errand")
    naive = start("work_naively", url=seen.database.url)
    eventually(seen.started)
    naive.kill()
    naive.wait()
    seen.open_gate()
    assert seen.states() == {}
    assert seen.effects() == []


def test_a_worker_that_hangs_is_passed_over_and_its_late_end_discarded(
    worker, seen: Seen, eventually
):
    [posted] = seen.post("errand")
    hung = worker()
    eventually(seen.started)
    hung.send_signal(signal.SIGSTOP)
    worker()
    eventually(lambda: seen.hurry() or len(seen.started()) == 2)
    seen.open_gate()
    eventually(seen.all_done)
    hung.send_signal(signal.SIGCONT)
    eventually(seen.lost)
    assert seen.lost() == [(1,)]
    assert seen.effects() == [posted]


def test_a_job_that_kills_its_worker_is_contained(worker, seen: Seen, eventually):
    [poison] = seen.post("poison")
    with seen.database.transaction() as tx:
        tx.execute("UPDATE job SET max_attempts = 2, priority = -1")
    for _ in range(2):
        process = worker()
        eventually(lambda: seen.hurry() or process.poll() is not None)  # noqa: B023
        assert process.returncode == -signal.SIGKILL
    posted = seen.post("note", 5)
    worker()
    eventually(lambda: len(seen.effects()) == 5)
    eventually(lambda: seen.states()[poison] == "failed")
    assert sorted(seen.effects()) == sorted(posted)
    assert seen.rows("SELECT job_id, kind FROM incident") == [(poison, "poison")]


def test_of_a_lane_one_job_runs_whatever_the_number_of_workers(worker, seen: Seen, eventually):
    seen.post("alone", 3)
    worker()
    worker()
    eventually(seen.started)
    seen.post("note", 4)
    eventually(lambda: len(seen.effects()) == 4)  # others go on
    assert len(seen.started()) == 1
    seen.open_gate()
    eventually(seen.all_done)
    assert len(seen.effects()) == 7


# -- with a broker --------------------------------------------------------------------------------


def test_the_same_jobs_through_celery_with_the_broker_wiped(worker, seen: Seen, eventually, broker):
    posted = seen.post("note", 150)
    worker(broker_url=broker.url, ring_again=1.0)
    for share in (20, 60, 100):
        eventually(lambda: len(seen.effects()) >= share)  # noqa: B023
        broker.flush()
    eventually(seen.all_done)
    assert sorted(seen.effects()) == sorted(posted)


def test_messages_that_the_broker_forgot_are_sent_again(worker, seen: Seen, eventually, broker):
    seen.post("errand", 2)  # both threads are busy, so what is rung next stays with the broker
    worker(broker_url=broker.url, ring_again=3600)
    eventually(lambda: len(seen.started()) == 2)
    seen.post("note", 6)
    eventually(lambda: seen.rows("SELECT count(rung_at) FROM job WHERE kind = 'note'") == [(6,)])
    eventually(broker.waiting)
    broker.flush()
    seen.open_gate()
    eventually(lambda: len(seen.effects()) >= 2)
    assert broker.waiting() == 0
    # The negative control: nothing is left to run these jobs, …
    assert "ready" in seen.states().values()
    worker(broker_url=broker.url, ring_again=1.0)  # … until somebody rings again.
    eventually(seen.all_done)
    assert len(seen.effects()) == 8


def test_a_lane_holds_through_celery_too(worker, seen: Seen, eventually, broker):
    seen.post("alone", 3)
    worker(broker_url=broker.url, ring_again=1.0)
    eventually(seen.started)
    seen.post("note", 4)
    eventually(lambda: len(seen.effects()) == 4)
    assert len(seen.started()) == 1
    seen.open_gate()
    eventually(seen.all_done)
    assert len(seen.effects()) == 7


def test_a_killed_celery_worker_and_a_dead_broker_lose_nothing(
    worker, seen: Seen, eventually, broker
):
    [posted] = seen.post("half_way")
    first = worker(broker_url=broker.url, ring_again=1.0)
    eventually(seen.started)
    first.kill()
    first.wait()
    broker.flush()
    seen.open_gate()
    worker(broker_url=broker.url, ring_again=1.0)
    eventually(lambda: seen.hurry() or seen.all_done())
    assert seen.effects() == [posted]


def test_without_an_answering_broker_jobs_wait_and_nothing_is_lost(
    worker, seen: Seen, eventually, broker
):
    nowhere = broker.url.rpartition(":")[0] + ":1/0"
    posted = seen.post("note", 5)
    process = worker(broker_url=nowhere, ring_again=1.0)
    eventually(lambda: seen.rows("SELECT 1 FROM worker"))
    assert set(seen.states().values()) == {"ready"}
    process.kill()
    process.wait()
    worker(broker_url=broker.url, ring_again=1.0)
    eventually(seen.all_done)
    assert sorted(seen.effects()) == sorted(posted)
