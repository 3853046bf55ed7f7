"""What incoming and outgoing documents have in common at this door (văn bản đến, văn bản đi)."""

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from flask import Response

from api.answers import show, show_page
from api.bearer import transaction
from api.cursors import read_cursor, write_cursor
from api.errors import Fault, RequestInvalid
from api.problems import language
from engine.database import Transaction
from engine.errors import NotFound
from processes.reach import facts_of_document, own_reach, within_reach
from processes.subjects import subject_type_of
from records import journal
from records.authority import Act, authorize
from records.content import File, files_of
from records.document import Document, IncomingDocument, OutgoingDocument
from records.file_error import NotScanned
from records.vocabulary import IncomingStatus, OutgoingStatus, Scan

D = TypeVar("D", IncomingDocument, OutgoingDocument)

_STATUS = {IncomingDocument: IncomingStatus, OutgoingDocument: OutgoingStatus}

_SHARED = (
    "version", "identifier", "type_id", "code_number", "code_notation", "issued_on", "organ_code",
    "language", "page_amount", "description", "signer_position", "signer_name", "secrecy",
    "is_petition", "due_on", "created_at",
)  # fmt: skip
_OWN = {
    "incoming": (
        "channel", "arrived_on", "received_at", "registered_at", "completed_at",
        "authenticity_reason", "refusal_reason", "proposal", "handed_to", "handed_on", "to_places",
    ),
    "outgoing": (
        "serial_number", "place", "issue_form", "off_system_reason", "signing_capacity",
        "issued_amount", "signed_at", "sealed_at", "issued_at", "recalled_at",
    ),
}  # fmt: skip
_FILE = (
    "id", "name", "kind", "media_type", "size", "sha256", "version_no", "scan", "created_at",
)  # fmt: skip


def brief(document: Document) -> dict[str, Any]:
    """Return what a list says of a document."""
    said = {
        "id": document.id,
        "kind": subject_type_of(document),
        "reference": document.reference,
        "subject": document.subject,
        "type_name": document.type_name,
        "organ_name": document.organ_name,
        "urgency": document.urgency,
        "status": document.status,
    }
    if isinstance(document, IncomingDocument):
        said["arrival_number"] = document.arrival_number
        said["authenticity"] = document.authenticity
    return said


def detail(document: Document, files: Iterable[File]) -> dict[str, Any]:
    """Return all the fields of a document, and its files."""
    said = brief(document)
    names = (*_SHARED, *_OWN[said["kind"]])
    listed = [{name: getattr(file, name) for name in _FILE} for file in files]
    return {**said, **{name: getattr(document, name) for name in names}, "files": listed}


def read_document(tx: Transaction, entity: type[D], document_id: UUID) -> D:
    """Return a document the acting officer may read; raises `NotFound`, `NoRight`."""
    document = tx.get(entity, document_id)
    authorize(tx.acting, Act.READ_DOCUMENT, facts_of_document(tx, document))
    return document


def read_file(tx: Transaction, file_id: UUID) -> File:
    """Return a file of a document the officer may read; raises `NotScanned` from quarantine."""
    file = tx.get(File, file_id)
    if file.incoming_document_id is not None:
        read_document(tx, IncomingDocument, file.incoming_document_id)
    elif file.outgoing_document_id is not None:
        read_document(tx, OutgoingDocument, file.outgoing_document_id)
    else:
        raise NotFound(what="tệp")
    if file.scan is Scan.QUARANTINE:
        raise NotScanned(name=file.name, state="bị cách ly", act="tải tệp")
    return file


def show_document(entity: type[D], document_id: UUID) -> Response:
    """Return a document with its files; that it was read is in the journal."""
    with transaction() as tx:
        document = read_document(tx, entity, document_id)
        kind = subject_type_of(document)
        journal.record(tx, "view", f"{kind}_document", document.id)
        found = detail(document, files_of(tx, document))
    return show(found)


def list_documents(entity: type[D], query: dict[str, Any]) -> Response:
    """Return a page of the documents within the officer's reach, newest first."""
    limit = query["limit"]
    with transaction() as tx:
        authorize(tx.acting, Act.READ_DOCUMENT, own_reach(tx.acting))
        select = sa.select(entity).where(within_reach(tx.acting, entity))
        if status := query.get("status"):
            select = select.where(entity.status == _status(entity, status))
        if cursor := query.get("cursor"):
            [after] = read_cursor(cursor, UUID)
            select = select.where(entity.id < after)
        found = tx.scalars(select.order_by(entity.id.desc()).limit(limit + 1))
    following = write_cursor(found[limit - 1].id) if len(found) > limit else None
    return show_page([brief(document) for document in found[:limit]], following)


def _status(entity: type[D], word: str) -> Any:
    words = _STATUS[entity]
    try:
        return words(word)
    except ValueError:
        known = ", ".join(words)
        say = "Must be one of: {}." if language() == "en" else "Phải là một trong: {}."
        raise RequestInvalid([Fault(say.format(known), parameter="status")]) from None
