"""What arrives (nhận liên thông): fetched, accepted in one transaction, then confirmed.

At least once on the wire, once in effect: a packet already known is confirmed again and changes
nothing. It is never confirmed before what came of it is committed.
"""

import hashlib
import logging
from uuid import UUID

import sqlalchemy as sa

from engine import jobs
from engine.database import Transaction
from engine.handlers import Errand, Handlers
from engine.jobs import ClaimedJob
from exchange import edxml
from exchange.envelope import Envelope
from exchange.errors import ExchangeError
from exchange.gateway import Arrival, Gateway, MessageType, Outcome
from exchange.status import StatusMessage
from processes.delivery.accept import Examined, accept, examine
from processes.delivery.gateway import gateway_of, tenants
from processes.delivery.send import EDXML
from processes.delivery.statuses import apply_status
from processes.means import Means
from records.content import Stored
from records.transfer import Direction, Packet

log = logging.getLogger(__name__)

#: the job that looks at the axis for one agency
POLL_JOB = "poll_axis"


def add_handlers(handlers: Handlers, means: Means) -> None:
    """Tell the worker how arrivals are taken in."""
    handlers.outside(POLL_JOB, lambda errand, job: poll(errand, job, means))


def post_polls(tx: Transaction) -> None:
    """Post a look at the axis for every agency that has none waiting."""
    for agency_id, code in tenants(tx):
        waiting = tx.execute(
            "SELECT 1 FROM job WHERE kind = %s AND agency_id = %s AND state IN ('ready','running')"
            " LIMIT 1",
            POLL_JOB,
            agency_id,
        ).fetchone()
        if waiting is None:
            jobs.post(tx, POLL_JOB, {"code": code}, agency_id=agency_id)


def poll(errand: Errand, job: ClaimedJob, means: Means) -> None:
    """Take in all that waits for an agency, documents first: statuses may answer them."""
    assert job.agency_id is not None
    gateway = gateway_of(means, job.agency_id, job.payload["code"])
    try:
        for message_type in (MessageType.EDOC, MessageType.STATUS):
            for arrival in gateway.list_received(message_type):
                take_in(errand, means, gateway, job.agency_id, arrival)
    except ExchangeError as error:
        # The next look comes by itself; only an axis that stays away is worth a word.
        log.info("agency %s: the axis does not answer: %s", job.agency_id, error)


def take_in(
    errand: Errand, means: Means, gateway: Gateway, agency_id: UUID, arrival: Arrival
) -> None:
    """Fetch one packet, accept it in one transaction, confirm it after the commit."""
    if known(errand, agency_id, arrival.packet_id):
        gateway.confirm(arrival.packet_id, Outcome.DONE, "Đã nhận trước đó")
        return
    data = gateway.fetch(arrival.packet_id)
    try:
        message = edxml.read(data)
    except ExchangeError as error:
        gateway.confirm(arrival.packet_id, Outcome.FAIL, error.text("vi")[:500])
        _note_refused(errand, means, agency_id, arrival, data, error.text("vi"))
        return
    stored = means.content.put(data, accept=EDXML)
    examined = None
    with errand.transaction() as tx:
        now = tx.now
    if isinstance(message, Envelope):
        examined = examine(means, message, now)
    with errand.transaction() as tx:
        _accept(tx, means, agency_id, arrival, stored, message, examined)
    gateway.confirm(arrival.packet_id, Outcome.DONE)


def known(errand: Errand, agency_id: UUID, packet_id: str) -> bool:
    """Return whether this packet was taken in before."""
    with errand.transaction() as tx:
        return (
            tx.scalar(
                sa.select(Packet.id).where(
                    Packet.agency_id == agency_id,
                    Packet.direction == Direction.IN,
                    Packet.packet_id == packet_id,
                )
            )
            is not None
        )


def _accept(
    tx: Transaction,
    means: Means,
    agency_id: UUID,
    arrival: Arrival,
    stored: Stored,
    message: Envelope | StatusMessage,
    examined: Examined | None,
) -> None:
    packet = Packet(
        agency_id=agency_id,
        direction=Direction.IN,
        message_type=arrival.message_type.value,
        packet_id=arrival.packet_id,
        send_key=None,
        sha256=stored.sha256,
        size=stored.size,
        from_code=message.sender.organ_id,
        to_code=arrival.receiver,
        at=tx.now,
    )
    # Two looks at once: the second meets the unique key and changes nothing.
    tx.add(packet)
    tx.flush()
    if isinstance(message, StatusMessage):
        apply_status(tx, packet, message)
    else:
        assert examined is not None
        accept(tx, means, packet, message, examined)


def _note_refused(
    errand: Errand, means: Means, agency_id: UUID, arrival: Arrival, data: bytes, why: str
) -> None:
    """Keep what could not be read: the bytes by digest, the reason for the clerk."""
    digest = hashlib.sha256(data).hexdigest()
    try:
        digest = means.content.put(data, accept=frozenset()).sha256
    except Exception:  # noqa: BLE001 - not storable is part of what is noted
        log.warning("an unreadable packet of %d bytes was not kept", len(data))
    with errand.transaction() as tx:
        tx.add(
            Packet(
                agency_id=agency_id,
                direction=Direction.IN,
                message_type=arrival.message_type.value,
                packet_id=arrival.packet_id,
                sha256=digest,
                size=len(data),
                from_code=arrival.sender,
                to_code=arrival.receiver,
                result="refused",
                note=why[:500],
                at=tx.now,
            )
        )
