"""What we ask of the receivers of our document leaves (gửi yêu cầu lấy lại, thu hồi)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

from engine.database import Transaction
from engine.handlers import Errand, GiveUp, Handlers
from engine.jobs import ClaimedJob
from exchange import edxml
from exchange.envelope import (
    Business,
    BusinessType,
    Envelope,
    Party,
    ReceiverChange,
    ResponseFor,
    Staff,
    TraceHop,
)
from exchange.gateway import MessageType
from exchange.status import StatusCode, StatusMessage
from processes.delivery.departure import Departure
from processes.delivery.send import envelope_of
from processes.delivery.trip import Trip
from processes.means import Means
from processes.recall.ask import CHANGE_JOB
from records import journal
from records.change import ChangeKind, ChangeRequest
from records.document import OutgoingDocument
from records.organization import Agency
from records.recipient import Recipient


def add_handlers(handlers: Handlers, means: Means) -> None:
    """Tell the worker how requests are sent."""
    handlers.outside(
        CHANGE_JOB,
        lambda errand, job: send_change(errand, job, means),
        waits=True,
        backoff=means.sending,
    )


def send_change(errand: Errand, job: ClaimedJob, means: Means) -> None:
    """Carry one request to one receiver; what cannot be sent is told on it and is an incident."""
    request_id = UUID(job.payload["change"])
    trip = Trip(errand, job, means)
    with _told(request_id), trip.told(), errand.transaction() as tx:
        request = tx.get(ChangeRequest, request_id)
        document = tx.get(OutgoingDocument, request.outgoing_document_id)
        recipient = tx.get(Recipient, request.recipient_id)
        taken_back = request.kind is ChangeKind.TAKE_BACK
        trip.departure = departure = Departure(
            f"change:{request_id}", document.agency_id,
            MessageType.STATUS if taken_back else MessageType.EDOC,
            document.organ_code, recipient.organ_code, outgoing_document_id=document.id,
        )  # fmt: skip
        kept, now = trip.kept(tx), tx.now
        message = message_of(tx, means, request, document, recipient)
        written = _written(message)
    with _told(request_id):
        packet_id = trip.make(written, kept, now)
    with errand.finish() as tx:
        request = tx.get(ChangeRequest, request_id, lock=True)
        request.sent_at, request.failure = tx.now, ""
        trip.note_sent(tx, f"{packet_id}:{departure.receiver}")
        journal.record(
            tx, "send_request", "outgoing_document", departure.outgoing_document_id,
            to=departure.receiver, packet=packet_id, asked=request.kind.value,
        )  # fmt: skip


def _written(message: StatusMessage | Envelope) -> bytes:
    if isinstance(message, StatusMessage):
        return edxml.write_status(message)
    return edxml.write(message)


@contextmanager
def _told(request_id: UUID) -> Iterator[None]:
    """Write on the request too why it was given up."""
    try:
        yield
    except GiveUp as given_up:
        words, noted = str(given_up), given_up.also

        def also(tx: Transaction) -> None:
            if noted is not None:
                noted(tx)
            tx.get(ChangeRequest, request_id, lock=True).failure = words[:500]

        raise GiveUp(words, also=also) from given_up


def message_of(
    tx: Transaction,
    means: Means,
    request: ChangeRequest,
    document: OutgoingDocument,
    recipient: Recipient,
) -> StatusMessage | Envelope:
    """Return a request as it goes over the wire: status 13, or an envelope of its type."""
    agency = tx.get(Agency, document.agency_id)
    own = Party(document.organ_code, agency.name, in_charge=agency.name)
    staff = Staff(name=request.by_name, department=request.by_title)
    if request.kind is ChangeKind.TAKE_BACK:
        return StatusMessage(
            sender=own,
            response=ResponseFor(
                recipient.organ_code,
                document.reference,
                document.issued_on,
                document.identifier or "",
            ),
            code=StatusCode.TAKE_BACK,
            at=request.asked_at,
            description=request.reason,
            staff=staff,
        )
    issued = envelope_of(tx, means, document, recipient)
    if request.kind is ChangeKind.UPDATE:
        return update_envelope(issued, request, staff)
    return recall_envelope(issued, request, staff)


def update_envelope(issued: Envelope, request: ChangeRequest, staff: Staff) -> Envelope:
    """Return an issued document as it reads now: whole header and files, and what changed."""
    said = request.content
    changes = tuple(
        ReceiverChange(code, added=added)
        for name, added in (("added", True), ("removed", False))
        for code in said.get(name) or ()
    )
    business = Business(
        type=BusinessType.UPDATE,
        reason=request.reason,
        document_id=issued.document_id,
        content_changed=bool(said.get("before")),
        receivers_changed=bool(changes),
        receiver_changes=changes,
        staff=staff,
    )
    hop = TraceHop(issued.sender.organ_id, request.asked_at)
    return replace(issued, business=business, trace=(hop,))


def recall_envelope(issued: Envelope, request: ChangeRequest, staff: Staff) -> Envelope:
    """Return the recall of an issued document: its header, no files, and where all look for it.

    Carriers disagree where a recall names its document, so it stands in all three places.
    """
    return replace(
        issued,
        responses=(
            ResponseFor(
                issued.sender.organ_id, str(issued.code), issued.promulgated_on, issued.document_id
            ),
        ),
        business=Business(
            type=BusinessType.RECALL,
            reason=request.reason,
            document_id=issued.document_id,
            staff=staff,
        ),
        trace=(TraceHop(issued.sender.organ_id, request.asked_at),),
        attachments=(),
    )
