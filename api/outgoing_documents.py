"""Outgoing documents (văn bản đi): list, read, begin, and how far each recipient has got."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Response

from api.answers import Answer, show
from api.bearer import Scope, guarded, transaction
from api.blueprint import Resource
from api.documents import list_documents, read_document, show_document
from api.idempotency import carry_out
from api.installation import installation
from api.schemas.documents import (
    Begun,
    DocumentPage,
    DocumentQuery,
    OutgoingDetail,
    OutgoingRequest,
    RecipientList,
)
from api.steps import opened
from engine.database import Transaction
from processes.outgoing.begin import begin
from processes.unreceived import Standing, standings
from records.authority import Act
from records.calendar_day import load_calendar
from records.document import IncomingDocument, OutgoingDocument
from records.recipient import Recipient, recipients_of
from records.transfer import StatusReceived

blueprint = Resource("outgoing-documents", "outgoing-documents", "Văn bản đi")


@blueprint.get("")
@guarded(Scope.READ, Act.READ_DOCUMENT)
@blueprint.arguments(DocumentQuery, location="query")
@blueprint.response(200, DocumentPage)
def index(query: dict[str, Any]) -> Response:
    """List outgoing documents, newest first."""
    return list_documents(OutgoingDocument, query)


@blueprint.get("/<uuid:document_id>")
@guarded(Scope.READ, Act.READ_DOCUMENT)
@blueprint.response(200, OutgoingDetail)
def read(document_id: UUID) -> Response:
    """Read an outgoing document; the journal notes it."""
    return show_document(OutgoingDocument, document_id)


@blueprint.post("")
@guarded(Scope.WRITE, Act.DRAFT_DOCUMENT)
@blueprint.arguments(OutgoingRequest)
@blueprint.response(201, Begun)
def begin_document(body: dict[str, Any]) -> Response:
    """Begin an outgoing document, perhaps the answer to an incoming one."""
    answered = body.get("in_reply_to")

    def effect(tx: Transaction) -> Answer:
        if answered is not None:
            read_document(tx, IncomingDocument, answered)
        document, started = begin(
            tx, installation().means, subject=body.get("subject", ""), in_reply_to=answered
        )
        return Answer(
            {
                "id": document.id,
                "instance_id": started.instance.id,
                "opened": opened(started),
            },
            201,
            {"Location": f"{blueprint.url_prefix}/{document.id}"},
        )

    return carry_out(effect)


@blueprint.get("/<uuid:document_id>/recipients")
@guarded(Scope.READ, Act.READ_DOCUMENT)
@blueprint.response(200, RecipientList)
def recipients(document_id: UUID) -> Response:
    """Return the recipients, how far the document has got there, and what they reported."""
    with transaction() as tx:
        document = read_document(tx, OutgoingDocument, document_id)
        found = recipients_of(tx, document)
        reported: dict[UUID, list[dict[str, Any]]] = {}
        for status in tx.scalars(
            sa.select(StatusReceived)
            .where(StatusReceived.recipient_id.in_([recipient.id for recipient in found]))
            .order_by(StatusReceived.reported_at, StatusReceived.id)
        ):
            reported.setdefault(status.recipient_id, []).append(_status(status))
        calendar = load_calendar(tx, document.agency_id)
        where = standings(tx, document, found, calendar)
        now = tx.now
    return show(
        {"items": [_line(one, reported.get(one.id, []), where[one.id], now) for one in found]}
    )


def _line(
    recipient: Recipient, statuses: list[dict[str, Any]], where: Standing, now: datetime
) -> dict[str, Any]:
    names = (
        "id", "ordinal", "organ_code", "name", "for_information", "delivery", "delivery_reason",
        "delivered_at",
    )  # fmt: skip
    said = {"by": where.by, "receipt_due_at": where.due_at, "overdue": where.is_overdue(now)}
    return {**{name: getattr(recipient, name) for name in names}, **said, "statuses": statuses}


def _status(status: StatusReceived) -> dict[str, Any]:
    names = ("code", "description", "staff", "reported_at", "received_at")
    return {name: getattr(status, name) for name in names}
