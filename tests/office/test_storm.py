"""A long storm over the whole house: everything that can die dies, every job is done once."""

import os
import random
import signal
from collections.abc import Callable

import pytest

from engine import jobs
from engine.errors import OfficeError

JOBS = 1500
SEED = int(os.environ.get("STORM_SEED", "188"))


@pytest.mark.faults
@pytest.mark.parametrize("with_broker", [False, True], ids=["embedded", "celery"])
def test_each_job_has_one_effect(
    with_broker: bool, house, eventually: Callable, request: pytest.FixtureRequest
):
    """`STORM_SEED=n` draws other deaths; the default is repeatable as far as processes are."""
    chance = random.Random(SEED)
    broker = request.getfixturevalue("broker") if with_broker else None
    house.start(**({"CELERY_BROKER_URL": broker.url} if broker else {}))
    eventually(house.is_ready, 60)

    def tried(act: Callable) -> object:
        """Act on a database that may be dead at this moment; None means: not now."""
        try:
            with house.database() as database, database.transaction() as tx:
                return act(tx)
        except (OfficeError, OSError):
            return None

    def post(tx, keys: range) -> bool:
        for number in keys:
            jobs.post(tx, "note", {}, key=f"job {number}")
        return True

    for start in range(0, JOBS, 50):
        # A client that heard no answer asks again with the same key, as ours do.
        eventually(lambda: tried(lambda tx: post(tx, range(start, start + 50))))  # noqa: B023
        if start % 250 == 0:
            victim = chance.choice(["congvan worker", "congvan worker", "postgres", "flush"])
            if victim == "flush" and broker:
                broker.flush()
            elif pid := house.child(victim):
                os.kill(pid, signal.SIGKILL)

    def waiting(tx) -> int:
        # What failed or was reaped is not kept waiting; only rows nobody is about to claim.
        tx.execute(
            "UPDATE job SET run_at = clock_timestamp()"
            " WHERE state = 'ready' AND run_at > clock_timestamp() + interval '1 second'"
        )
        return tx.execute("SELECT count(*) FROM job WHERE state <> 'done'").fetchone()[0]

    eventually(lambda: tried(waiting) == 0, 120)
    counts = tried(
        lambda tx: tx.execute("SELECT count(*), count(DISTINCT job) FROM effect").fetchone()
    )
    assert counts == (JOBS, JOBS)
