"""What an operator sees of the axis (vận hành trục): queues, stuck packets, who is silent.

Headers only: the bytes of a message are opened with a reason, which the journal keeps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine import jobs
from engine.database import Transaction
from exchange.axis_acceptance import entry
from exchange.axis_log import LogKind
from exchange.axis_store import Packet, PacketState, Route
from records.axis import FORWARD_JOB, AxisStore

#: most packets shown at once
LISTED = 100


@dataclass(frozen=True, slots=True)
class Queue:
    """One member's queue (hàng đợi): how much waits since when, when the system asked last."""

    system_id: str
    agencies: tuple[str, ...]
    waiting: int
    oldest_at: datetime | None
    polled_at: datetime | None

    def is_silent(self, now: datetime, longest: timedelta) -> bool:
        """Say whether the system has not asked for longer than that, or never."""
        return self.polled_at is None or now - self.polled_at > longest


_QUEUES = """
SELECT s.system_id, coalesce(a.names, '{}'), coalesce(q.waiting, 0), q.oldest, s.polled_at
FROM axis_system s
LEFT JOIN (SELECT system_id, array_agg(code || ' ' || name ORDER BY code) names
           FROM axis_agency WHERE NOT is_deleted GROUP BY system_id) a USING (system_id)
LEFT JOIN (SELECT g.system_id, count(*) waiting, min(p.created_at) oldest
           FROM axis_packet p JOIN axis_agency g ON g.key = p.receiver
           WHERE p.state IN ('initial', 'processing') AND p.route = 'local'
           GROUP BY g.system_id) q USING (system_id)
ORDER BY q.waiting DESC NULLS LAST, s.system_id"""


def queues_of(tx: Transaction) -> list[Queue]:
    """Return the queue of every system, the longest first."""
    return [Queue(row[0], tuple(row[1]), *row[2:]) for row in tx.execute(_QUEUES).fetchall()]


_STUCK = """
SELECT packet_id, count(*) OVER () FROM axis_packet
WHERE state = 'fail' AND updated_at > %s
   OR state IN ('initial', 'processing') AND created_at < %s
ORDER BY state <> 'fail', created_at, packet_id LIMIT %s"""


def stuck(tx: Transaction, patience: timedelta, memory: timedelta) -> tuple[list[Packet], int]:
    """Return what failed within `memory`, then what waits longer than `patience`; and how many.

    The oldest first of both; what failed needs somebody, what waits may need only its receiver.
    """
    rows = tx.execute(_STUCK, tx.now - memory, tx.now - patience, LISTED).fetchall()
    found = {one.packet_id: one for one in AxisStore(tx).packets([row[0] for row in rows])}
    return [found[row[0]] for row in rows], rows[0][1] if rows else 0


def names_of(tx: Transaction, packets: Sequence[Packet]) -> dict[str, str]:
    """Return what the agencies of these packets are called, by agency; strangers have no name."""
    keys = sorted({key for one in packets for key in (one.sender, one.receiver)})
    asked = "SELECT key, name FROM axis_agency WHERE key = ANY(%s::text[])"
    return {row[0]: row[1] for row in tx.execute(asked, keys).fetchall()}


def offer_again(tx: Transaction, packet: Packet, who: str) -> None:
    """Offer a packet to its receiver again, or to the axis above, and write down who did."""
    state = PacketState.INITIAL
    changed = replace(packet, state=state, forwarded_as="", description="", updated_at=tx.now)
    store = AxisStore(tx)
    store.put_packet(changed)
    store.note([entry(LogKind.OFFERED, packet, tx.now, who)])
    if packet.route is Route.UPSTREAM:
        jobs.post(tx, FORWARD_JOB, {"sending": packet.sending_id})


def note_opened(tx: Transaction, packet: Packet, who: str) -> None:
    """Write down that an operator opened the content; why stands in the journal."""
    AxisStore(tx).note([entry(LogKind.OPENED, packet, tx.now, who)])
