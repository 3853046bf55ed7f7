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
from api.schemas.changes import AskBackRequest, RequestList
from engine.database import Transaction
from processes.recall.ask import AskBack, ask_back
from records.authority import Act
from records.change import ChangeKind, ChangeRequest, requests_received, requests_sent
from records.document import IncomingDocument, OutgoingDocument

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
