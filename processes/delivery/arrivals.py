"""What arrives (nhận liên thông): fetched, accepted in one transaction, then confirmed.

At least once on the wire, once in effect: a packet already known is confirmed again and changes
nothing. It is never confirmed before what came of it is committed.
"""

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from engine import jobs
from engine.database import Query, Transaction
from engine.errors import OfficeError
from engine.faultpoint import Point, reach
from engine.handlers import Errand, GiveUp, Handlers
from engine.jobs import ClaimedJob, LeaseLost
from exchange import edxml
from exchange.envelope import Envelope
from exchange.errors import AnswerTooLarge, ExchangeError, MessageTooLarge
from exchange.gateway import Arrival, Gateway, MessageType, Outcome
from exchange.identity import organ_key
from exchange.mark import answered_of, receipts_of, send_id_of
from exchange.status import StatusMessage
from processes.delivery.accept import Examined, accept, examine
from processes.delivery.departure import keep_packet
from processes.delivery.gateway import gateway_of, tenants
from processes.delivery.receipt import (
    Given,
    ask_receipt,
    examine_receipts,
    look_again,
    take_receipt,
)
from processes.delivery.receipt_keys import RECEIPT_JOB
from processes.delivery.senders import DOUBT_JOB, SenderInDoubt, ensure_sender, post_doubt
from processes.delivery.silence import (
    SILENT_JOB,
    UNHEARD,
    end_silence,
    look_at_silence,
    note_silence,
    silent,
)
from processes.delivery.statuses import apply_status
from processes.means import Means
from records.content import Stored
from records.file_error import FileTooLarge
from records.transfer import Carriage, Direction, Packet

log = logging.getLogger(__name__)

#: what nobody here can hold; unless its sender is told it is listed for ever
_TOO_LARGE = (AnswerTooLarge, MessageTooLarge, FileTooLarge)

#: the result of a packet that could not be read
REFUSED = "refused"

#: the job that looks at the axis for one agency
POLL_JOB = "poll_axis"

#: where an operator has been told of a packet that cannot be taken in, the others wait this long
STUCK_PAUSE = timedelta(minutes=1)

# A question for each state, because each has an index of its own.
_LOOKING = """SELECT agency_id FROM job WHERE state = 'ready' AND kind = %s
UNION ALL SELECT agency_id FROM job WHERE state = 'running' AND kind = %s"""
_TOLD = "SELECT agency_id FROM incident WHERE closed_at IS NULL AND kind = %s"


def add_handlers(handlers: Handlers, means: Means) -> None:
    """Tell the worker how arrivals are taken in."""
    # What a look takes in is a packet; there are as many looks a day as seconds.
    handlers.outside(
        POLL_JOB, lambda errand, job: poll(errand, job, means), forget=True, waits=True
    )
    handlers.outside(DOUBT_JOB, lambda errand, job: take_in_kept(errand, job, means))
    handlers.outside(RECEIPT_JOB, look_again)
    handlers.outside(
        SILENT_JOB, lambda errand, job: look_at_silence(errand, job, means), waits=True
    )


def post_polls(tx: Transaction) -> None:
    """Post a look at the axis for every agency that has none waiting."""
    looking = {row[0] for row in tx.execute(_LOOKING, POLL_JOB, POLL_JOB).fetchall()}
    told = {row[0] for row in tx.execute(_TOLD, POLL_JOB).fetchall()}
    unheard = silent(tx)
    for agency_id, code in tenants(tx):
        if agency_id not in looking:
            later = tx.now + STUCK_PAUSE if agency_id in told else None
            payload = {"code": code} | ({UNHEARD: True} if agency_id in unheard else {})
            jobs.post(tx, POLL_JOB, payload, run_at=later, agency_id=agency_id)


def poll(errand: Errand, job: ClaimedJob, means: Means) -> None:
    """Take in all that waits for an agency, documents first: statuses may answer them."""
    assert job.agency_id is not None
    stuck: list[Exception] = []
    listed: list[str] = []
    confirmed: list[str] = []
    for message_type in (MessageType.EDOC, MessageType.STATUS):
        try:
            with means.roads.taken(f"axis of {job.agency_id}", ExchangeError):
                gateway = gateway_of(means, job.agency_id, job.payload["code"])
                waiting = gateway.list_received(message_type)
        except ExchangeError as error:
            # The next look comes by itself; only an axis that stays away is worth a word.
            log.info("agency %s: the axis does not answer: %s", job.agency_id, error)
            note_silence(errand, job)
            break
        listed += [arrival.packet_id for arrival in waiting]
        for arrival in waiting:
            try:
                take_in(errand, means, gateway, job.agency_id, arrival)
                confirmed.append(arrival.packet_id)
            except ExchangeError as error:
                log.info("agency %s: %s waits: %s", job.agency_id, arrival.packet_id, error)
            except LeaseLost:
                raise
            except Exception as error:
                # One packet that cannot be taken in holds up no other.
                log.exception("agency %s: packet %s", job.agency_id, arrival.packet_id)
                stuck.append(error)
    else:
        end_silence(errand, job)
    if confirmed:
        with errand.transaction() as tx:
            tx.execute(_CONFIRMED, job.agency_id, confirmed, tx.now - FORGOTTEN, listed)
    if stuck:
        with errand.transaction() as tx:
            told = tx.execute(_TOLD, POLL_JOB).fetchone()
        # One incident says it: a new one every minute would bury the others.
        if told is None:
            raise stuck[0]


def take_in(
    errand: Errand, means: Means, gateway: Gateway, agency_id: UUID, arrival: Arrival
) -> None:
    """Fetch one packet, accept it in one transaction, confirm it after the commit."""
    packet = known(errand, agency_id, arrival.packet_id)
    if packet is not None and packet.result != REFUSED:
        log.info("agency %s: %s came again", agency_id, arrival.packet_id)
        gateway.confirm(arrival.packet_id, Outcome.DONE, "Đã nhận trước đó")
        return
    stored = None
    try:
        data = gateway.fetch(arrival.packet_id)
        reach(Point.RECEIVE_FETCHED)
        stored = keep_packet(means, data)
        message = edxml.read(data)
        with errand.transaction() as tx:
            now = tx.now
            ensure_sender(tx, means, arrival, message.sender.organ_id)
    except (ExchangeError, FileTooLarge, SenderInDoubt) as error:
        if stored is None and not isinstance(error, _TOO_LARGE):
            raise  # it could not be fetched: the next look tries again
        _note_refused(errand, agency_id, arrival, stored, error)
        gateway.confirm(arrival.packet_id, Outcome.FAIL, error.text("vi")[:500])
        return
    examined = examine(means, message, now) if isinstance(message, Envelope) else None
    kept = Kept(arrival, data, stored, examine_receipts(means, receipts_of(data), now))
    with errand.transaction() as tx:
        _accept(tx, means, agency_id, kept, message, examined)
        reach(Point.RECEIVE_KEEPING, tx.flush)
    reach(Point.RECEIVE_KEPT)
    gateway.confirm(arrival.packet_id, Outcome.DONE)
    reach(Point.RECEIVE_CONFIRMED)


_KNOWN = Query(
    sa.select(Packet).where(
        Packet.agency_id == sa.bindparam("agency_id"),
        Packet.direction == Direction.IN,
        Packet.packet_id == sa.bindparam("packet_id"),
    )
)


def known(errand: Errand, agency_id: UUID, packet_id: str) -> Packet | None:
    """Return the packet if it came before, counting that it does: taken in, or unreadable."""
    with errand.transaction() as tx:
        packet: Packet | None = tx.scalar(_KNOWN, agency_id=agency_id, packet_id=packet_id)
        if packet is not None:
            packet.repeats += 1
        return packet


@dataclass(frozen=True, slots=True)
class Kept:
    """A packet as it was fetched, its bytes and where they are kept."""

    arrival: Arrival
    data: bytes
    stored: Stored
    receipts: list[Given] = field(default_factory=list)


def _accept(
    tx: Transaction,
    means: Means,
    agency_id: UUID,
    kept: Kept,
    message: Envelope | StatusMessage,
    examined: Examined | None,
) -> None:
    stored = kept.stored
    packet = tx.scalar(_KNOWN, agency_id=agency_id, packet_id=kept.arrival.packet_id)
    if packet is None:
        packet = tx.add(_packet(tx, agency_id, kept.arrival, stored))
    elif packet.result != REFUSED:
        return  # another look at the same time was first
    packet.sha256, packet.size = stored.sha256, stored.size
    packet.from_code = message.sender.organ_id
    packet.send_id = send_id_of(kept.data)
    packet.state = Carriage.RECEIVED
    packet.note = ""
    # Two looks at once: the second meets the unique key and changes nothing.
    tx.flush()
    first = came_before(tx, packet)
    if first is not None:
        packet.result = "duplicate"
        packet.note = f"Đã nhận lúc {first.at.isoformat(timespec='seconds')}, gói {first.packet_id}"
        log.info("agency %s: %s came as %s", agency_id, packet.packet_id, first.packet_id)
    elif isinstance(message, StatusMessage):
        apply_status(tx, means, packet, message, answered_of(kept.data))
        tx.execute(_ACKNOWLEDGED, *(agency_id, agency_id, packet.packet_id) * 2)
        for receipt in kept.receipts:
            take_receipt(tx, means, receipt, packet.from_code)
    else:
        assert examined is not None
        accept(tx, means, packet, message, examined)
        if packet.incoming_document_id is not None:
            ask_receipt(tx, packet)


def came_before(tx: Transaction, packet: Packet) -> Packet | None:
    """Return the packet in which this very sending came before; only its own sender's counts.

    Two packets of one sending wait for each other.
    """
    if packet.send_id is None:
        return None
    tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
        f"sending {packet.agency_id} {packet.send_id}",
    )
    found: list[Packet] = tx.scalars(_SENDING, agency_id=packet.agency_id, send_id=packet.send_id)
    sender = organ_key(packet.from_code)
    others = (p for p in found if p.id != packet.id and p.result != REFUSED)
    return next((p for p in others if organ_key(p.from_code) == sender), None)


_SENDING = Query(
    sa.select(Packet)
    .where(
        Packet.agency_id == sa.bindparam("agency_id"),
        Packet.direction == Direction.IN,
        Packet.send_id == sa.bindparam("send_id", type_=sa.Uuid()),
    )
    .order_by(Packet.at)
)
#: whoever reports on a document has it, whoever answers a request has that
_ACKNOWLEDGED = """WITH had AS (UPDATE packet SET state = 'acknowledged'
WHERE agency_id = %s AND direction = 'out' AND message_type = 'edoc' AND recipient_id IN
  (SELECT recipient_id FROM status_received WHERE agency_id = %s AND packet_id = %s))
UPDATE packet SET state = 'acknowledged'
WHERE agency_id = %s AND direction = 'out' AND send_id IN
  (SELECT answers FROM status_received WHERE agency_id = %s AND packet_id = %s)"""
#: a worker that died between confirming and noting left some behind
_CONFIRMED = """UPDATE packet SET state = 'confirmed'
WHERE agency_id = %s AND state = 'received' AND (packet_id = ANY(%s)
  OR at < %s AND NOT packet_id = ANY(%s))"""
FORGOTTEN = timedelta(hours=1)


def _note_refused(
    errand: Errand,
    agency_id: UUID,
    arrival: Arrival,
    stored: Stored | None,
    why: ExchangeError | OfficeError,
) -> None:
    """Keep the reason for the clerk why a packet was not taken in; its bytes where they fit."""
    with errand.transaction() as tx:
        packet = tx.scalar(_KNOWN, agency_id=agency_id, packet_id=arrival.packet_id)
        if packet is None:
            packet = tx.add(_packet(tx, agency_id, arrival, stored))
        packet.result = REFUSED
        packet.note = why.text("vi")[:500]
        if isinstance(why, SenderInDoubt):
            post_doubt(tx, packet)


def take_in_kept(errand: Errand, job: ClaimedJob, means: Means) -> None:
    """Take in a packet whose sender was in doubt, from the bytes at hand, if it no longer is."""
    with errand.transaction() as tx:
        packet, now = tx.get(Packet, UUID(job.payload["packet"])), tx.now
    kind = MessageType(packet.message_type)
    arrival = Arrival(packet.packet_id or "", kind, packet.from_code, packet.to_code)
    data = means.content.read(packet.sha256)
    message = edxml.read(data)
    try:
        with errand.transaction() as tx:
            ensure_sender(tx, means, arrival, message.sender.organ_id)
    except SenderInDoubt as error:
        raise GiveUp(f"{error.text('vi')} {error.text('en')}") from error
    examined = examine(means, message, now) if isinstance(message, Envelope) else None
    stored = keep_packet(means, data)
    with errand.finish() as tx:
        _accept(tx, means, packet.agency_id, Kept(arrival, data, stored), message, examined)


def _packet(tx: Transaction, agency_id: UUID, arrival: Arrival, stored: Stored | None) -> Packet:
    return Packet(
        agency_id=agency_id,
        direction=Direction.IN,
        message_type=arrival.message_type.value,
        packet_id=arrival.packet_id,
        sha256=stored.sha256 if stored else "",
        size=stored.size if stored else 0,
        from_code=arrival.sender,
        to_code=arrival.receiver,
        state=Carriage.RECEIVED,
        at=tx.now,
    )
