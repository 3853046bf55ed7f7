"""What is asked of a document after it left (lấy lại, thu hồi): both sides, with the answers."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask import Response

from api.answers import Answer, show
from api.bearer import Scope, guarded, transaction
from api.blueprint import Resource
from api.documents import read_document
from api.idempotency import carry_out
from api.installation import installation
from api.schemas.changes import (
    AskBackRequest,
    RequestList,
    UnreceivedPage,
    UnreceivedQuery,
    UpdateRequest,
)
from api.uploads import named_files
from engine.database import Transaction
from processes.recall.ask import AskBack, ask_back
from processes.unreceived import unreceived
from processes.update.ask import UpdateIssued, update_issued
from records.authority import Act, authorize
from records.calendar_day import load_calendar
from records.change import (
    ChangeKind,
    ChangeRequest,
    requests_received,
    requests_sent,
    requests_waiting,
)
from records.document import IncomingDocument, OutgoingDocument
from records.vocabulary import Urgency

outgoing = Resource("outgoing-requests", "outgoing-documents", "Văn bản đi")
incoming = Resource("incoming-requests", "incoming-documents", "Văn bản đến")


@outgoing.get("/<uuid:document_id>/requests")
@guarded(Scope.READ, Act.READ_DOCUMENT)
@outgoing.response(200, RequestList)
def sent(document_id: UUID) -> Response:
    """Return what was asked of the receivers of an outgoing document, and what they answered."""
    with transaction() as tx:
        document = read_document(tx, OutgoingDocument, document_id)
        return show(_listed(requests_sent(tx, document.id)))


@outgoing.post("/<uuid:document_id>/requests")
@guarded(Scope.WRITE, Act.RECALL_DOCUMENT)
@outgoing.arguments(AskBackRequest)
@outgoing.response(201, RequestList)
def ask(body: dict[str, Any], document_id: UUID) -> Response:
    """Ask receivers to give a document back, or recall it."""

    def effect(tx: Transaction) -> Answer:
        document = read_document(tx, OutgoingDocument, document_id)
        command = AskBack(
            document.id, ChangeKind(body["kind"]), body["reason"], body["recipient_ids"]
        )
        return Answer(_listed(ask_back(tx, command)), 201)

    return carry_out(effect)


@outgoing.post("/<uuid:document_id>/updates")
@guarded(Scope.WRITE, Act.RECALL_DOCUMENT)
@outgoing.arguments(UpdateRequest)
@outgoing.response(201, RequestList)
def update(body: dict[str, Any], document_id: UUID) -> Response:
    """Correct an issued document, supersede its paper, add or take off receivers."""

    def effect(tx: Transaction) -> Answer:
        document = read_document(tx, OutgoingDocument, document_id)
        files = named_files(tx, body["files"])
        urgency = body.get("urgency")
        command = UpdateIssued(
            document.id,
            body["reason"],
            subject=body.get("subject"),
            urgency=Urgency(urgency) if urgency else None,
            due_on=body.get("due_on"),
            paper=files[0] if files else None,
            annexes=named_files(tx, body["annexes"], "annexes"),
            drop_annexes=body["drop_annexes"],
            add=body["add"],
            remove=body["remove"],
        )
        return Answer(_listed(update_issued(tx, installation().means, command)), 201)

    return carry_out(effect)


@outgoing.get("/unreceived")
@guarded(Scope.READ, Act.READ_EXCHANGE)
@outgoing.arguments(UnreceivedQuery, location="query")
@outgoing.response(200, UnreceivedPage)
def unreceived_documents(query: dict[str, Any]) -> Response:
    """List what receivers have not taken in, the oldest first, with the day of receipt."""
    limit = query["limit"]
    with transaction() as tx:
        authorize(tx.acting, Act.READ_EXCHANGE)
        assert tx.acting.agency_id is not None
        calendar = load_calendar(tx, tx.acting.agency_id)
        found = unreceived(tx, calendar, after=query.get("after"), limit=limit + 1)
        items = [
            {
                "document_id": one.document.id,
                "reference": one.document.reference,
                "subject": one.document.subject,
                "recipient_id": one.recipient.id,
                "name": one.recipient.name,
                "organ_code": one.recipient.organ_code,
                "delivery": one.recipient.delivery,
                "delivery_reason": one.recipient.delivery_reason,
                "since": one.recipient.delivered_at or one.document.issued_at,
                "receipt_due_at": one.due_at,
                "overdue": one.due_at < tx.now,
            }
            for one in found[:limit]
        ]
    after = items[-1]["recipient_id"] if len(found) > limit else None
    return show({"items": items, "after": after})


@incoming.get("/requests")
@guarded(Scope.READ, Act.READ_EXCHANGE)
@incoming.response(200, RequestList)
def waiting() -> Response:
    """List what senders asked of documents that have not come here, newest first."""
    with transaction() as tx:
        authorize(tx.acting, Act.READ_EXCHANGE)
        return show(_listed(requests_waiting(tx)))


@incoming.get("/<uuid:document_id>/requests")
@guarded(Scope.READ, Act.READ_DOCUMENT)
@incoming.response(200, RequestList)
def received(document_id: UUID) -> Response:
    """Return what the sender of an incoming document asked, and what was answered."""
    with transaction() as tx:
        document = read_document(tx, IncomingDocument, document_id)
        return show(_listed(requests_received(tx, document.id)))


def _listed(requests: Iterable[ChangeRequest]) -> dict[str, Any]:
    names = (
        "id", "kind", "recipient_id", "organ_code", "reason", "asked_at", "sent_at", "received_at",
        "failure", "answer", "answer_reason", "answered_by", "answered_at",
    )  # fmt: skip
    return {
        "items": [
            {**{name: getattr(one, name) for name in names}, "asked_by": one.by_name}
            for one in requests
        ]
    }
