"""How the packets of a document fared (gói tin của văn bản): attempts, receipt, failures."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from engine.database import Transaction
from processes.delivery.unsent import Unsent, unsent
from records.document import Document, IncomingDocument, about
from records.transfer import Attempt, Direction, Packet, SignedReceipt


@dataclass(frozen=True, slots=True)
class Sending:
    """A packet that came or left, its attempts in their order, the signed receipt for it."""

    packet: Packet
    attempts: Sequence[Attempt]
    receipt: SignedReceipt | None


def sendings_of(tx: Transaction, document: Document) -> list[Sending]:
    """Return the packets of a document: all that left about it, and the one it came in."""
    ((column, key),) = about(document).items()
    packets = tx.scalars(
        sa.select(Packet)
        .where(
            getattr(Packet, column) == key,
            sa.or_(Packet.direction == Direction.OUT, Packet.message_type == "edoc"),
        )
        .order_by(Packet.at, Packet.id)
    )
    ids = [packet.id for packet in packets]
    attempts: dict[UUID, list[Attempt]] = {}
    for one in tx.scalars(
        sa.select(Attempt)
        .where(Attempt.of_packet_id.in_(ids))
        .order_by(Attempt.started_at, Attempt.id)
    ):
        attempts.setdefault(one.of_packet_id, []).append(one)
    receipts = {
        one.of_packet_id: one
        for one in tx.scalars(sa.select(SignedReceipt).where(SignedReceipt.of_packet_id.in_(ids)))
    }
    return [Sending(p, attempts.get(p.id, []), receipts.get(p.id)) for p in packets]


def given_up(tx: Transaction, document: Document) -> list[Unsent]:
    """Return what was given up about a document, the oldest first."""
    way = "incoming" if isinstance(document, IncomingDocument) else "outgoing"
    return [one for one in unsent(tx) if (one.way, one.document_id) == (way, document.id)]
