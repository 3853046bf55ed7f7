"""What a step's form already knows (điền sẵn): never ask again for what is on record."""

from collections.abc import Callable
from typing import Any

from engine.database import Transaction
from processes.order import Order
from processes.outgoing.issue import recipients_of
from records.document import Document, IncomingDocument, OutgoingDocument
from records.draft import drafts_of
from records.vietnamese import local_date

Values = dict[str, Any]


def server_values(order: Order[Document]) -> Values:
    """Return the values of read-only fields: the server's word, whatever was sent."""
    document = order.document
    values: Values = {"reference": document.reference, "subject": document.subject}
    if isinstance(document, OutgoingDocument):
        values["signer_name"] = document.signer_name
        values["notation"] = document.code_notation
    return values


def initial_values(tx: Transaction, order: Order[Document]) -> Values:
    """Return what the form shows before anything was typed, from the record and earlier drafts."""
    fill = _FILLS.get(order.item.form)
    return {**server_values(order), **(fill(tx, order) if fill else {})}


def _register(tx: Transaction, order: Order[IncomingDocument]) -> Values:
    document = order.document
    return {
        "document_type": str(document.type_id) if document.type_id else None,
        "subject": document.subject,
        "code_number": document.code_number,
        "code_notation": document.code_notation,
        "issued_on": document.issued_on,
        "organ_name": document.organ_name,
        "signer_position": document.signer_position,
        "signer_name": document.signer_name,
        "page_amount": document.page_amount or None,
        "urgency": document.urgency.value,
        "due_on": document.due_on,
        "language": document.language,
        "description": document.description,
        "arrived_on": document.arrived_on or local_date(tx.now),
    }


def _draft(tx: Transaction, order: Order[OutgoingDocument]) -> Values:
    document = order.document
    drafts = drafts_of(tx, document.id)
    last = drafts[-1].fields if drafts and drafts[-1].fields else {}
    attachment = (last.get("attachments") or [{}])[0]
    return {
        "document_type": str(document.type_id) if document.type_id else None,
        "subject": document.subject,
        "urgency": document.urgency.value,
        "secrecy": document.secrecy.value,
        "is_petition": document.is_petition,
        "due_on": document.due_on,
        "signatory": str(document.signatory_id) if document.signatory_id else None,
        "source": drafts[-1].source.value if drafts else "template",
        "legal_bases": "\n".join(last.get("bases") or []),
        "body": last.get("body", ""),
        "internal_recipients": "\n".join(last.get("recipients") or []),
        "attachment_name": attachment.get("name", ""),
        "attachment_subject": attachment.get("subject", ""),
        "attachment_body": attachment.get("body", ""),
        "recipients": [
            {"agency": str(r.receiver_agency_id), "for_information": r.for_information}
            for r in recipients_of(tx, document)
            if r.receiver_agency_id
        ],
        "cooperating_units": list(order.item.variables.get("cooperating") or []),
    }


def _outgoing_register(_tx: Transaction, order: Order[OutgoingDocument]) -> Values:
    document = order.document
    return {
        "issue_form": document.issue_form.value,
        "off_system_reason": document.off_system_reason,
        "copies": document.issued_amount or None,
        "page_amount": document.page_amount,
        "original_kept_at": document.original_kept_at,
        "file_copy_kept_at": document.file_copy_kept_at,
    }


_FILLS: dict[str, Callable[[Transaction, Order[Any]], Values]] = {
    "incoming-register": _register,
    "outgoing-draft": _draft,
    "outgoing-register": _outgoing_register,
    "outgoing-issue": _outgoing_register,
    "outgoing-store": _outgoing_register,
}
