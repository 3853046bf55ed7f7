"""Timers and messages of running procedures (hẹn giờ, thông điệp): rows fire them.

A due timer becomes a job of its own agency, so that one whose procedure cannot run on is tried
again and at last an incident, while all other clocks go on.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine import jobs, runtime
from engine.database import Query, Transaction
from engine.handlers import Handlers
from engine.incident import stopping
from engine.machine import NotWaiting
from engine.subscription import Subscription
from processes.means import Means

#: the job that fires one timer
TIMER_JOB = "fire_timer"

#: timers handed to jobs in one statement
BATCH = 1_000

#: due by the database's own clock and not handed to a job yet; a repeating timer is due anew
_DUE = """SELECT id, agency_id, due_at FROM subscription s
WHERE kind = 'timer' AND due_at <= clock_timestamp() AND NOT EXISTS (
  SELECT FROM job
  WHERE key = 'timer:' || s.id || ':' || (extract(epoch FROM s.due_at) * 1000000)::bigint)
ORDER BY due_at LIMIT %s"""

#: the run that has waited longest for a message: the first entry of the index, however many wait.
#: The pair is compared, not the name alone, so that no plan but the index gives this order.
_FIRST = """SELECT instance_id FROM subscription
WHERE agency_id = %s AND kind <> 'timer' AND kind = 'message'
  AND (name, instance_id) >= (%s, '00000000-0000-0000-0000-000000000000'::uuid)
  AND (name, instance_id) <= (%s, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
ORDER BY name, instance_id LIMIT 1"""

_SIGNALLED = Query(
    sa.select(Subscription.instance_id).where(
        Subscription.kind == "signal",
        Subscription.name == sa.bindparam("name"),
        Subscription.agency_id == sa.bindparam("agency_id"),
    )
)


def add_handlers(handlers: Handlers, means: Means) -> None:
    """Tell the worker how a timer is fired and a message delivered."""
    handlers.in_transaction(TIMER_JOB, lambda tx, job: fire(tx, means, job.payload))
    handlers.in_transaction("deliver_event", lambda tx, job: deliver_event(tx, means, job.payload))


def post_due(tx: Transaction) -> int:
    """Post a job for each timer that is due by the database's clock; return how many."""
    due = tx.execute(_DUE, BATCH).fetchall()
    jobs.post_all(tx, TIMER_JOB, [_job(i, due_at, agency) for i, agency, due_at in due])
    return len(due)


def post_again(tx: Transaction, late: Subscription, attempt: int) -> None:
    """Post the job of a timer whose first one found the run held and was done with it."""
    assert late.due_at is not None
    job = _job(late.id, late.due_at, late.agency_id)
    key = f"{job.key}:{attempt}"
    jobs.post(tx, TIMER_JOB, job.payload, key=key, agency_id=late.agency_id)


def _job(identity: UUID, due_at: datetime, agency_id: UUID) -> jobs.Post:
    moment = round(due_at.timestamp() * 1_000_000)
    payload = {"subscription": str(identity), "due": due_at.isoformat()}
    return jobs.Post(f"timer:{identity}:{moment}", payload, agency_id)


def fire(tx: Transaction, means: Means, payload: Mapping[str, Any]) -> bool:
    """Fire a timer if its token still waits for that moment; return whether it did."""
    found = runtime.find_timer(tx, UUID(payload["subscription"]))
    if found is None or found[0].due_at != datetime.fromisoformat(payload["due"]):
        return False
    with stopping(found[1].id, found[0].node_id):
        return runtime.fire(tx, means.desk, *found) is not None


def deliver_event(tx: Transaction, means: Means, payload: Mapping[str, Any]) -> None:
    """Deliver a message to the run that has waited longest for it, a signal to each by its own job.

    So one that cannot get on keeps the signal from no other.
    """
    kind, name, agency_id = payload["kind"], payload["name"], tx.acting.agency_id
    if "instance" in payload:
        chosen = [UUID(payload["instance"])]
    elif kind == "message":
        chosen = [row[0] for row in tx.execute(_FIRST, agency_id, name, name)]
    else:
        chosen = sorted(set(tx.scalars(_SIGNALLED, name=name, agency_id=agency_id)))
    if len(chosen) > 1:
        for instance_id in chosen:
            one = {**payload, "instance": str(instance_id)}
            jobs.post(tx, "deliver_event", one, agency_id=agency_id)
        return
    for instance_id in chosen:
        with stopping(instance_id):
            _deliver(tx, means, instance_id, payload)


def _deliver(tx: Transaction, means: Means, instance_id: UUID, payload: Mapping[str, Any]) -> None:
    kind, name = payload["kind"], payload["name"]
    try:
        runtime.deliver(tx, means.desk, instance_id, kind, name, payload["payload"])
    except NotWaiting:
        if "instance" not in payload:  # one of many may have moved on since they were counted
            raise
