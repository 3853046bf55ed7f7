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

#: timers handed to jobs in one transaction
BATCH = 200

#: due by the database's own clock and not handed to a job yet; a repeating timer is due anew
_DUE = """SELECT id, agency_id, due_at FROM subscription s
WHERE kind = 'timer' AND due_at <= clock_timestamp() AND NOT EXISTS (
  SELECT FROM job
  WHERE key = 'timer:' || s.id || ':' || (extract(epoch FROM s.due_at) * 1000000)::bigint)
ORDER BY due_at LIMIT %s"""

_TIMER = Query(
    sa.select(Subscription).where(Subscription.id == sa.bindparam("id")).with_for_update()
)

_NAMED = Query(
    sa.select(Subscription.instance_id).where(
        Subscription.kind == sa.bindparam("kind"),
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
    for identity, agency_id, due_at in due:
        _post(tx, identity, due_at, agency_id)
    return len(due)


def post_again(tx: Transaction, late: Subscription, attempt: int) -> None:
    """Post the job of a timer whose first one found the run held and was done with it."""
    assert late.due_at is not None
    _post(tx, late.id, late.due_at, late.agency_id, f":{attempt}")


def _post(
    tx: Transaction, identity: UUID, due_at: datetime, agency_id: UUID, again: str = ""
) -> None:
    moment = round(due_at.timestamp() * 1_000_000)
    payload = {"subscription": str(identity), "due": due_at.isoformat()}
    key = f"timer:{identity}:{moment}{again}"
    jobs.post(tx, TIMER_JOB, payload, key=key, agency_id=agency_id)


def fire(tx: Transaction, means: Means, payload: Mapping[str, Any]) -> bool:
    """Fire a timer if its token still waits for that moment; return whether it did."""
    subscription = tx.scalar(_TIMER, id=UUID(payload["subscription"]))
    if subscription is None or subscription.due_at != datetime.fromisoformat(payload["due"]):
        return False
    with stopping(subscription.instance_id, subscription.node_id):
        return runtime.fire(tx, means.desk, subscription) is not None


def deliver_event(tx: Transaction, means: Means, payload: Mapping[str, Any]) -> None:
    """Deliver a message to the first instance that waits for it, a signal to each by its own job.

    So one that cannot get on keeps the signal from no other.
    """
    kind, name = payload["kind"], payload["name"]
    if "instance" in payload:
        chosen = [UUID(payload["instance"])]
    else:
        waiting = tx.scalars(_NAMED, kind=kind, name=name, agency_id=tx.acting.agency_id)
        chosen = sorted(set(waiting))
    if kind == "message":
        chosen = chosen[:1]
    if len(chosen) > 1:
        for instance_id in chosen:
            one = {**payload, "instance": str(instance_id)}
            jobs.post(tx, "deliver_event", one, agency_id=tx.acting.agency_id)
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
