"""What receivers report on our documents (trạng thái bên nhận)."""

from uuid import UUID

import sqlalchemy as sa

from engine.database import Query, Transaction
from exchange.gateway import MessageType
from exchange.identity import organ_key
from exchange.status import StatusCode, StatusMessage, derive_progress
from processes.agency_code import codes_of_same
from processes.delivery.change_request import asked_by_status, receive_request
from processes.delivery.departure import Departure
from processes.means import Means
from processes.recall.ask import settle_withdrawal
from records import journal
from records.change import (
    WITHDRAWALS,
    ChangeAnswer,
    ChangeRequest,
    requests_sent,
    settle_answers,
)
from records.document import OutgoingDocument
from records.recipient import Recipient, recipients_of
from records.transfer import Packet, StatusReceived
from records.vocabulary import Delivery

_DELIVERY = {
    StatusCode.ARRIVED: Delivery.ARRIVED,
    StatusCode.REFUSED: Delivery.REFUSED,
    StatusCode.ACCEPTED: Delivery.ACCEPTED,
    StatusCode.ASSIGNED: Delivery.ASSIGNED,
    StatusCode.PROCESSING: Delivery.IN_PROGRESS,
    StatusCode.COMPLETED: Delivery.COMPLETED,
}


def apply_status(
    tx: Transaction,
    means: Means,
    packet: Packet,
    message: StatusMessage,
    answers: UUID | None = None,
) -> None:
    """Keep a report and derive how far the document has got at that receiver.

    `answers` is the sending it names, where it names one.

    Reports come late, twice and out of order: all are kept, the state is derived from all.
    A 13 is no report: the sender of a document we received asks it back.
    """
    if message.code.comes_from_sender:
        receive_request(tx, means, packet, asked_by_status(message))
        return
    document = _document(tx, message)
    recipient = _recipient(tx, document, message) if document is not None else None
    if document is None or recipient is None:
        packet.result = "unmatched"
        packet.note = f"{message.code.value} {message.response.code}"[:500]
        return
    packet.outgoing_document_id = document.id
    packet.result = "accepted"
    tx.add(
        StatusReceived(
            agency_id=document.agency_id,
            recipient_id=recipient.id,
            code=message.code.value,
            description=message.description[:500],
            staff=message.staff.name if message.staff else "",
            reported_at=message.at,
            received_at=tx.now,
            packet_id=packet.packet_id or "",
            answers=answers,
        )
    )
    tx.flush()
    settle(tx, document, recipient)
    journal.record(
        tx, "receive_status", "outgoing_document", document.id, code=message.code.value,
        receiver=message.document_receiver, description=message.description[:200],
    )  # fmt: skip


_REPORTS = Query(
    sa.select(StatusReceived).where(
        StatusReceived.recipient_id == sa.bindparam("recipient", type_=sa.Uuid())
    )
)


def settle(tx: Transaction, document: OutgoingDocument, recipient: Recipient) -> None:
    """Derive from all reports of a recipient where the document stands there, since when and why.

    Nothing of it depends on the order in which the reports came, nor on how often each did.
    """
    reports = tx.scalars(_REPORTS, recipient=recipient.id)
    requests = [r for r in requests_sent(tx, document.id) if r.recipient_id == recipient.id]
    settle_answers(requests, reports, {sending_of(one): one.id for one in requests})
    ended = [r for r in requests if r.kind in WITHDRAWALS and r.answer is ChangeAnswer.AGREED]
    handling = derive_progress((StatusCode(r.code), r.reported_at) for r in reports).handling
    if ended:
        recipient.delivery = Delivery.RECALLED
        recipient.delivered_at = min(r.answered_at for r in ended if r.answered_at is not None)
        recipient.delivery_reason = ""
    elif handling is not None:
        said = [r for r in reports if r.code == handling.value]
        recipient.delivery = _DELIVERY[handling]
        recipient.delivered_at = min(r.reported_at for r in said)
        last = max(said, key=lambda r: (r.reported_at, r.description))
        # A reason belongs to a refusal; that of a failed attempt is over once the receiver has it.
        refused = handling is StatusCode.REFUSED
        recipient.delivery_reason = last.description if refused else ""
    if requests:
        settle_withdrawal(tx, document, recipients_of(tx, document))


def sending_of(request: ChangeRequest) -> UUID:
    """Return the send id of what carried a request of ours to its receiver."""
    key = f"change:{request.id}"
    return Departure(key, request.agency_id, MessageType.EDOC, "", request.organ_code).send_id


def _document(tx: Transaction, message: StatusMessage) -> OutgoingDocument | None:
    ids = list(message.document_ids)
    found = tx.scalars(
        sa.select(OutgoingDocument)
        .where(
            OutgoingDocument.agency_id == tx.acting.agency_id,
            OutgoingDocument.identifier.in_(ids),
        )
        .with_for_update()
    )
    return found[0] if found else None


def _recipient(
    tx: Transaction, document: OutgoingDocument, message: StatusMessage
) -> Recipient | None:
    """Return the recipient who reports: by any code of the same agency."""
    keys = codes_of_same(tx, message.document_receiver)
    found = tx.scalars(
        sa.select(Recipient).where(Recipient.outgoing_document_id == document.id).with_for_update()
    )
    return next((r for r in found if organ_key(r.organ_code) in keys), None)
