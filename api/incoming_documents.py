"""Incoming documents (văn bản đến): list, read, receive, and what their signatures are worth."""

from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from flask import Response

from api.answers import Answer, show
from api.bearer import Scope, guarded, transaction
from api.blueprint import Resource
from api.documents import list_documents, read_document, show_document
from api.errors import Fault, RequestInvalid
from api.idempotency import carry_out
from api.installation import installation
from api.problems import language
from api.schemas.documents import (
    Begun,
    DocumentPage,
    DocumentQuery,
    IncomingDetail,
    IncomingRequest,
    SignatureReports,
)
from api.steps import opened
from api.uploads import named_files
from engine.database import Transaction
from processes.incoming.receive import ReceiveIncoming, receive
from records.authority import Act
from records.content import files_of
from records.document import IncomingDocument
from records.document_type import DocumentType
from records.verification import checks_of
from records.vocabulary import Channel, Secrecy, Urgency

blueprint = Resource("incoming-documents", "incoming-documents", "Văn bản đến")


@blueprint.get("")
@guarded(Scope.READ, Act.READ_DOCUMENT)
@blueprint.arguments(DocumentQuery, location="query")
@blueprint.response(200, DocumentPage)
def index(query: dict[str, Any]) -> Response:
    """List incoming documents, newest first."""
    return list_documents(IncomingDocument, query)


@blueprint.get("/<uuid:document_id>")
@guarded(Scope.READ, Act.READ_DOCUMENT)
@blueprint.response(200, IncomingDetail)
def read(document_id: UUID) -> Response:
    """Read an incoming document; the journal notes it."""
    return show_document(IncomingDocument, document_id)


@blueprint.post("")
@guarded(Scope.WRITE, Act.RECEIVE_DOCUMENT)
@blueprint.arguments(IncomingRequest)
@blueprint.response(201, Begun)
def receive_document(body: dict[str, Any]) -> Response:
    """Receive what arrived at the counter, by post or by mail, and start its procedure."""
    wanted = body.pop("files")
    words = {"channel": Channel, "urgency": Urgency, "secrecy": Secrecy}
    given: dict[str, Any] = {
        name: words[name](value) if name in words else value for name, value in body.items()
    }

    def effect(tx: Transaction) -> Answer:
        if "type_id" in given:
            given["type_name"] = _type_name(tx, given["type_id"])
        command = ReceiveIncoming(**given, files=named_files(tx, wanted))
        document, started = receive(tx, installation().means, command)
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


def _type_name(tx: Transaction, type_id: UUID) -> str:
    """Return the name of a kind of the caller's own agency; raises `RequestInvalid`."""
    name = tx.scalar(
        sa.select(DocumentType.name).where(
            DocumentType.id == type_id, DocumentType.agency_id == tx.acting.agency_id
        )
    )
    if name is None:
        say = "The agency has no such kind." if language() == "en" else "Cơ quan không có loại này."
        raise RequestInvalid([Fault(say, "/type_id")])
    return name


@blueprint.get("/<uuid:document_id>/signatures")
@guarded(Scope.READ, Act.READ_DOCUMENT)
@blueprint.response(200, SignatureReports)
def signatures(document_id: UUID) -> Response:
    """Return the newest report on the signatures of each file that was checked."""
    with transaction() as tx:
        document = read_document(tx, IncomingDocument, document_id)
        files = {file.id: file for file in files_of(tx, document)}
        checks = checks_of(tx, list(files))
    items = [
        {
            "file_id": file_id,
            "name": files[file_id].name,
            "verdict": check.verdict,
            "checked_at": check.checked_at,
            "report": orjson.Fragment(check.report),
        }
        for file_id, check in checks.items()
    ]
    return show({"authenticity": document.authenticity, "items": items})
