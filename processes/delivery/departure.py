"""A message that leaves (gói tin đi): one send id, the same bytes and a row for every attempt.

What is sent is kept and committed before anybody gets it, so that whoever takes an interrupted job
up sends the same bytes under the same id, and what was tried before is known.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from engine.database import Query, Transaction
from engine.faultpoint import Point, reach
from engine.handlers import Errand
from engine.jobs import ClaimedJob
from exchange.gateway import MessageType
from exchange.limits import DEFAULT_LIMITS
from exchange.mark import put_marks
from processes.delivery.receipt import keep_signed
from processes.means import Means
from records.content import Stored
from records.inspection import DEFAULT
from records.transfer import Attempt, AttemptOutcome, Carriage, Direction, Packet

#: a packet is larger than the files in it: base64 adds a third
PACKET = replace(DEFAULT, file_bytes=DEFAULT_LIMITS.message)
COMPOSED, SENT = "composed", "sent"
_SEND_IDS = UUID("5d1f8f0e-7f35-5a39-9d0c-188201800005")


def keep_packet(means: Means, data: bytes) -> Stored:
    """Keep the bytes of a message as they pass, readable or not; raises `StorageFull`."""
    return means.content.put(data, accept=None, limits=PACKET)


@dataclass(frozen=True, slots=True)
class Attempted:
    """An attempt that has begun: the bytes to send, where they are kept, its row."""

    data: bytes
    stored: Stored
    attempt_id: UUID


@dataclass(frozen=True, slots=True)
class Departure:
    """One message to one receiver (lượt gửi).

    `key` is the operation and whom it is for, `envelope:<recipient>` for a new document: the same
    on all attempts, and never that of another message.
    """

    key: str
    agency_id: UUID
    message_type: MessageType
    sender: str
    receiver: str
    outgoing_document_id: UUID | None = None
    incoming_document_id: UUID | None = None
    recipient_id: UUID | None = None

    @property
    def send_id(self) -> UUID:
        """The immutable id of this sending (mã lần gửi)."""
        return uuid.uuid5(_SEND_IDS, f"{self.agency_id} {self.key}")

    def address(self, means: Means) -> str:
        """Return which way it goes: the road that an attempt is noted on."""
        return f"{means.carrier or means.axis_endpoint or 'gateway'} → {self.receiver}"

    def kept(self, tx: Transaction) -> str | None:
        """Return the SHA-256 of what an earlier attempt sent, None before the first."""
        packet = self._known(tx)
        return packet.sha256 if packet is not None else None

    def begin(
        self,
        errand: Errand,
        job: ClaimedJob,
        means: Means,
        written: bytes,
        *,
        kept: str | None,
        now: datetime,
        receipts: Mapping[UUID, bytes],
    ) -> Attempted:
        """Commit what this attempt sends, `written` where none was before, and that it begins.

        Signed anew a message need not have the same bytes. Raises `EnvelopeNotSigned`.
        """
        if kept is not None:
            data = means.content.read(kept)
        else:
            data = put_marks(written, self.send_id, tuple(receipts.values()))
            if means.envelope_signer is not None:
                data = means.envelope_signer.sign(data, now)
        stored = keep_packet(means, data)
        with errand.transaction() as tx:
            packet = self._known(tx) or tx.add(self._packet(tx, stored))
            if packet.state is not Carriage.ACKNOWLEDGED:
                packet.state = Carriage.SENDING
            attempt = Attempt(
                agency_id=self.agency_id,
                of_packet_id=packet.id,
                number=job.attempt,
                address=self.address(means),
                started_at=tx.now,
            )
            tx.add(attempt)
            keep_signed(tx, receipts)
            reach(Point.SEND_COMPOSING, tx.flush)
        reach(Point.SEND_COMPOSED)
        return Attempted(data, stored, attempt.id)

    def note_sent(self, tx: Transaction, attempted: Attempted, packet_id: str) -> None:
        """Write down that the message left, once."""
        packet = self._known(tx) or tx.add(self._packet(tx, attempted.stored))
        if packet.packet_id != packet_id:  # first, or to an axis that had forgotten it
            packet.packet_id, packet.result, packet.at = packet_id, SENT, tx.now
        if packet.state is not Carriage.ACKNOWLEDGED:
            packet.state = Carriage.SENT
        _end(tx, attempted.attempt_id, AttemptOutcome.SENT)
        reach(Point.SEND_NOTING, tx.flush)

    def note_failed(
        self, tx: Transaction, attempt_id: UUID | None, code: str, words: str, *, final: bool
    ) -> None:
        """Write down that an attempt failed and whether another will be made."""
        packet = self._known(tx)
        if packet is not None and packet.state is not Carriage.ACKNOWLEDGED:
            packet.state = Carriage.FAILED if final else Carriage.QUEUED
        outcome = AttemptOutcome.GIVEN_UP if final else AttemptOutcome.FAILED
        if attempt_id is not None:
            _end(tx, attempt_id, outcome, code, words)

    def _known(self, tx: Transaction) -> Packet | None:
        return tx.scalar(_OF_KEY, agency_id=self.agency_id, key=self.key)

    def _packet(self, tx: Transaction, stored: Stored) -> Packet:
        return Packet(
            agency_id=self.agency_id,
            direction=Direction.OUT,
            message_type=self.message_type.value,
            send_key=self.key,
            send_id=self.send_id,
            sha256=stored.sha256,
            size=stored.size,
            from_code=self.sender,
            to_code=self.receiver,
            outgoing_document_id=self.outgoing_document_id,
            incoming_document_id=self.incoming_document_id,
            recipient_id=self.recipient_id,
            state=Carriage.QUEUED,
            result=COMPOSED,
            at=tx.now,
        )


_OF_KEY = Query(
    sa.select(Packet).where(
        Packet.agency_id == sa.bindparam("agency_id"), Packet.send_key == sa.bindparam("key")
    )
)


def _end(
    tx: Transaction, attempt_id: UUID, outcome: AttemptOutcome, code: str = "", words: str = ""
) -> None:
    tx.execute(
        "UPDATE delivery_attempt SET outcome = %s, error_code = %s, error = %s, ended_at = %s"
        " WHERE id = %s",
        *(outcome.value, code, words[:500], tx.now, attempt_id),
    )
