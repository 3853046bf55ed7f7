"""A message that leaves (gói tin đi): its bytes are the same on every attempt."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

import sqlalchemy as sa

from engine.database import Transaction
from engine.handlers import Errand
from exchange.gateway import MessageType
from exchange.limits import DEFAULT_LIMITS
from processes.means import Means
from records.content import Stored
from records.inspection import DEFAULT
from records.transfer import Direction, Packet

#: a packet is larger than the files in it: base64 adds a third
PACKET = replace(DEFAULT, file_bytes=DEFAULT_LIMITS.message)
COMPOSED, SENT = "composed", "sent"


def keep_packet(means: Means, data: bytes) -> Stored:
    """Keep the bytes of a message as they pass, readable or not; raises `StorageFull`."""
    return means.content.put(data, accept=None, limits=PACKET)


@dataclass(frozen=True, slots=True)
class Departure:
    """One message to one receiver; `key` is its own on all attempts, of one document."""

    key: str
    agency_id: UUID
    message_type: MessageType
    sender: str
    receiver: str
    outgoing_document_id: UUID | None = None
    incoming_document_id: UUID | None = None

    def compose(
        self, errand: Errand, means: Means, write: Callable[[], bytes]
    ) -> tuple[bytes, Stored]:
        """Return the bytes every attempt sends and where they are kept.

        Written anew a message has the same bytes, signed anew it need not: what is signed is kept
        before anybody gets it. Raises `EnvelopeNotSigned`.
        """
        with errand.transaction() as tx:
            known, now = self._known(tx), tx.now
            sha256 = known.sha256 if known is not None else None
        if sha256 is not None:
            data = means.content.read(sha256)
            return data, keep_packet(means, data)
        signer = means.envelope_signer
        if signer is None:
            data = write()
            return data, keep_packet(means, data)
        data = signer.sign(write(), now)
        stored = keep_packet(means, data)
        with errand.transaction() as tx:
            tx.add(self._packet(tx, stored))
        return data, stored

    def note_sent(self, tx: Transaction, stored: Stored, packet_id: str) -> None:
        """Write down that the message left, once."""
        packet = self._known(tx) or tx.add(self._packet(tx, stored))
        if packet.result == COMPOSED:
            packet.packet_id, packet.result, packet.at = packet_id, SENT, tx.now

    def _known(self, tx: Transaction) -> Packet | None:
        return tx.scalar(
            sa.select(Packet).where(Packet.agency_id == self.agency_id, Packet.send_key == self.key)
        )

    def _packet(self, tx: Transaction, stored: Stored) -> Packet:
        return Packet(
            agency_id=self.agency_id,
            direction=Direction.OUT,
            message_type=self.message_type.value,
            send_key=self.key,
            sha256=stored.sha256,
            size=stored.size,
            from_code=self.sender,
            to_code=self.receiver,
            outgoing_document_id=self.outgoing_document_id,
            incoming_document_id=self.incoming_document_id,
            result=COMPOSED,
            at=tx.now,
        )
