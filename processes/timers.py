"""Timers and messages of running procedures (hẹn giờ, thông điệp): rows fire them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine import runtime
from engine.database import Query, Transaction
from engine.subscription import DUE, Subscription
from processes.means import Means

#: timers fired in one transaction
BATCH = 50

_NAMED = Query(
    sa.select(Subscription.instance_id).where(
        Subscription.kind == sa.bindparam("kind"),
        Subscription.name == sa.bindparam("name"),
        Subscription.agency_id == sa.bindparam("agency_id"),
    )
)


def fire_due(tx: Transaction, means: Means) -> int:
    """Fire the timers that are due by the database's clock; return how many."""
    due = tx.scalars(DUE, limit=BATCH)
    fired = 0
    for subscription in due:
        fired += runtime.fire(tx, means.desk, subscription) is not None
        tx.flush()
    return fired


def deliver_event(tx: Transaction, means: Means, payload: Mapping[str, Any]) -> None:
    """Deliver a message to the first instance that waits for it, a signal to all of them."""
    waiting = tx.scalars(
        _NAMED, kind=payload["kind"], name=payload["name"], agency_id=tx.acting.agency_id
    )
    chosen: list[UUID] = sorted(set(waiting))
    if payload["kind"] == "message":
        chosen = chosen[:1]
    for instance_id in chosen:
        runtime.deliver(
            tx, means.desk, instance_id, payload["kind"], payload["name"], payload["payload"]
        )
        tx.flush()
