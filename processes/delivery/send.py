"""What leaves (gửi liên thông): envelopes and status reports, by jobs, each once in effect."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from engine.database import Query, Transaction
from engine.handlers import Errand, Handlers
from engine.jobs import ClaimedJob
from exchange import edxml
from exchange.document_type import document_type
from exchange.envelope import (
    Attachment,
    BusinessType,
    Code,
    Envelope,
    Party,
    Priority,
    ResponseFor,
    Signer,
    Staff,
    TraceHop,
)
from exchange.gateway import MessageType
from exchange.mark import put_answered
from exchange.status import StatusCode, StatusMessage
from processes.delivery.contact import contact_of
from processes.delivery.departure import Departure
from processes.delivery.receipt import sign_receipts, wanted_for
from processes.delivery.trip import NotIssued, Trip
from processes.means import Means
from processes.outgoing.annex import annexes_to_send
from processes.outgoing.issue import SEND_JOB
from processes.outgoing.paper import current_paper
from processes.replace.apply import business_of
from processes.status_reports import STATUS_JOB
from records import journal
from records.change import ChangeRequest
from records.document import IncomingDocument, OutgoingDocument
from records.document_type import DocumentType
from records.link import DocumentLink
from records.organization import Agency
from records.recipient import Recipient, recipients_of
from records.transfer import Direction, Packet, StatusReport
from records.vocabulary import Delivery, LinkKind


def add_handlers(handlers: Handlers, means: Means) -> None:
    """Tell the worker how envelopes and status reports are sent."""
    for kind, send in ((SEND_JOB, send_envelope), (STATUS_JOB, send_status)):
        call = partial(_with, send, means)
        handlers.outside(kind, call, waits=True, backoff=means.sending)


def _with(send: Callable[..., None], means: Means, errand: Errand, job: ClaimedJob) -> None:
    send(errand, job, means)


def send_envelope(errand: Errand, job: ClaimedJob, means: Means) -> None:
    """Carry a document to one recipient; the same bytes under the same id on every attempt.

    The guard of Quy chế, Điều 6.2 is asked once more here: nothing exempt or unsigned leaves,
    whatever posted the job. What cannot be sent is shown on the recipient and is an incident.
    """
    recipient_id = UUID(job.payload["recipient"])
    trip = Trip(errand, job, means, recipient_id)
    with trip.told(), errand.transaction() as tx:
        recipient = tx.get(Recipient, recipient_id)
        if recipient.delivery is Delivery.RECALLED:
            return  # taken back before it could leave
        document = tx.get(OutgoingDocument, recipient.outgoing_document_id)
        kind = tx.get(DocumentType, document.type_id) if document.type_id else None
        trip.departure = departure = Departure(
            f"envelope:{recipient_id}", document.agency_id, MessageType.EDOC,
            document.organ_code, recipient.organ_code, outgoing_document_id=document.id,
            recipient_id=recipient_id,
        )  # fmt: skip
        document.refuse_exchange(kind)
        kept, now = trip.kept(tx), tx.now
        written = b"" if kept else _written(tx, means, document, recipient, job)
    packet_id = trip.make(written, kept, now)
    with errand.finish() as tx:
        recipient = tx.get(Recipient, recipient_id, lock=True)
        if recipient.delivery in {Delivery.PENDING, Delivery.FAILED}:
            recipient.delivery = Delivery.SENT
            recipient.delivery_reason = ""
            recipient.delivered_at = tx.now
        trip.note_sent(tx, f"{packet_id}:{departure.receiver}")
        journal.record(
            tx, "send_envelope", "outgoing_document", recipient.outgoing_document_id,
            to=departure.receiver, packet=packet_id, sha256=trip.sha256,
        )  # fmt: skip


def _written(
    tx: Transaction,
    means: Means,
    document: OutgoingDocument,
    recipient: Recipient,
    job: ClaimedJob,
) -> bytes:
    envelope = envelope_of(tx, means, document, recipient)
    staff = contact_of(tx, document, job.payload.get("position"))
    named = replace(envelope, business=replace(envelope.business, staff=staff))
    return edxml.write(named, at=tx.now)


def envelope_of(
    tx: Transaction, means: Means, document: OutgoingDocument, recipient: Recipient
) -> Envelope:
    """Return the envelope of an issued document: the same for every recipient but for `To`.

    Where the carrier takes a document once only, `To` names all who get it as a new one.
    """
    agency = tx.get(Agency, document.agency_id)
    recipients = recipients_of(tx, document)
    paper = current_paper(tx, document)
    attachments = [
        Attachment.of(paper.file.name, means.content.read(paper.file.sha256), "Văn bản chính")
    ]
    attachments += [
        Attachment.of(f.name, means.content.read(f.sha256), "Phụ lục")
        for f in annexes_to_send(paper.files)
    ]
    issued_on = document.issued_on
    if issued_on is None or document.issued_at is None:
        raise NotIssued(reference=document.reference or document.subject)
    named = [recipient]
    if means.names_all_receivers and _is_new_to(tx, document, recipient):
        named = [one for one in recipients if one is recipient or _is_new_to(tx, document, one)]
    return Envelope(
        sender=Party(document.organ_code, agency.name, in_charge=agency.name),
        receivers=tuple(Party(one.organ_code, one.name) for one in named),
        code=Code(document.code_number, document.code_notation),
        promulgated_on=issued_on,
        document_type=document_type(document.type_name),
        subject=document.subject,
        document_id=document.identifier or "",
        promulgated_at=document.place,
        content=document.subject,
        signer=Signer(
            document.signer_name,
            document.signer_position,
            document.signing_capacity.vi,
        ),
        due_on=document.due_on,
        to_places=tuple(r.name for r in recipients),
        priority=Priority(document.urgency.wire),
        pages=document.page_amount or None,
        copies=document.issued_amount or None,
        responses=tuple(_responses(tx, document)),
        business=business_of(tx, document, recipient),
        trace=(TraceHop(document.organ_code, document.issued_at),),
        attachments=tuple(attachments),
    )


def _is_new_to(tx: Transaction, document: OutgoingDocument, recipient: Recipient) -> bool:
    """Say whether a recipient gets the document through the axis, and as a new one."""
    left_out = {Delivery.PAPER_ONLY, Delivery.RECALLED}
    if not recipient.organ_code or recipient.delivery in left_out:
        return False
    return business_of(tx, document, recipient).type is BusinessType.NEW


_ANSWERED = Query(
    sa.select(DocumentLink).where(
        DocumentLink.from_outgoing_id == sa.bindparam("document"),
        DocumentLink.kind == LinkKind.REPLIES_TO,
    )
)


def _responses(tx: Transaction, document: OutgoingDocument) -> list[ResponseFor]:
    found = []
    for link in tx.scalars(_ANSWERED, document=document.id):
        if link.to_incoming_id is None:
            continue
        answered = tx.get(IncomingDocument, link.to_incoming_id)
        found.append(
            ResponseFor(
                answered.organ_code,
                answered.reference,
                answered.issued_on,
                answered.identifier or "",
            )
        )
    return found


def send_status(errand: Errand, job: ClaimedJob, means: Means) -> None:
    """Carry one status report to the sender of an incoming document."""
    report_id = UUID(job.payload["report"])
    trip = Trip(errand, job, means)
    with trip.told(), errand.transaction() as tx:
        report = tx.get(StatusReport, report_id)
        document = tx.get(IncomingDocument, report.incoming_document_id)
        own = _received_as(tx, document)
        trip.departure = Departure(
            f"status:{report.id}", document.agency_id, MessageType.STATUS,
            own, document.organ_code, incoming_document_id=document.id,
        )  # fmt: skip
        kept, now = trip.kept(tx), tx.now
        agency = tx.get(Agency, document.agency_id)
        written = edxml.write_status(_status_of(agency, own, document, report))
        answered = tx.scalar(_ASKED, change=report.change_id) if report.change_id else None
        if answered is not None:
            written = put_answered(written, answered)
        wanted = [] if kept else wanted_for(tx, document)
    trip.receipts = sign_receipts(means, wanted)
    packet_id = trip.make(written, kept, now)
    with errand.finish() as tx:
        report = tx.get(StatusReport, report_id, lock=True)
        if report.sent_at is None:
            report.sent_at = tx.now
        trip.note_sent(tx, packet_id)


def _received_as(tx: Transaction, document: IncomingDocument) -> str:
    """Return the code of ours under which a document came."""
    return tx.scalar(_CAME_AS, document=document.id) or ""


_CAME_AS = Query(
    sa.select(Packet.to_code)
    .where(
        Packet.incoming_document_id == sa.bindparam("document", type_=sa.Uuid()),
        Packet.direction == Direction.IN,
        Packet.message_type == "edoc",
    )
    .order_by(Packet.at)
    .limit(1)
)


#: the sending that brought what a report answers
_ASKED = Query(
    sa.select(Packet.send_id)
    .join(ChangeRequest, ChangeRequest.packet_id == Packet.id)
    .where(ChangeRequest.id == sa.bindparam("change", type_=sa.Uuid()))
)


def _status_of(
    agency: Agency, own: str, document: IncomingDocument, report: StatusReport
) -> StatusMessage:
    return StatusMessage(
        sender=Party(own, agency.name, in_charge=agency.name),
        response=ResponseFor(
            document.organ_code,
            document.reference,
            document.issued_on,
            document.identifier or "",
        ),
        code=StatusCode(report.code),
        at=report.reported_at,
        description=report.description or StatusCode(report.code).vi,
        staff=Staff(name=report.staff_name, department=report.staff_unit),
    )
