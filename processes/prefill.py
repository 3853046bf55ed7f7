"""What a step's form already knows (điền sẵn): never ask again for what is on record."""

import unicodedata
from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.database import Transaction
from processes.incoming.duplicate import registered_like
from processes.order import Order
from processes.replace.apply import replaced_by
from records.calendar_day import load_calendar
from records.content import files_of
from records.document import Document, IncomingDocument, OutgoingDocument
from records.draft import drafts_of
from records.link import DocumentLink
from records.organization import choose_agencies, find_agency_by_code
from records.recipient import recipients_of
from records.urgency_limit import urgent_deadline
from records.verification import checks_of
from records.vietnamese import local_date
from records.vocabulary import Authenticity, IssueForm, LinkKind

Values = dict[str, Any]


def server_values(order: Order[Document]) -> Values:
    """Return the values of read-only fields: the server's word, whatever was sent."""
    document = order.document
    values: Values = {"reference": document.reference, "subject": document.subject}
    if "request" in order.item.variables:
        values |= {name: order.item.variables[name] for name in ("request", "asked_by")}
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
    alike = [] if document.is_registered else registered_like(tx, document)
    return {
        "duplicate_number": alike[0].arrival_number if alike else None,
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


def _check(tx: Transaction, order: Order[IncomingDocument]) -> Values:
    """Choose nothing beforehand where signatures are invalid: the form's default takes it.

    A scan says nothing of its paper, but what was altered after signing is hardly a scan.
    """
    files = [file.id for file in files_of(tx, order.document)]
    checked = checks_of(tx, files).values() if files else ()
    found = {order.document.authenticity, *(check.verdict for check in checked)}
    return {"outcome": ""} if Authenticity.INVALID in found else {}


def _direct(tx: Transaction, order: Order[IncomingDocument]) -> Values:
    """Offer as deadline the day the sender asks for, or what the urgency demands."""
    document = order.document
    calendar = load_calendar(tx, document.agency_id)
    urgent = urgent_deadline(document.urgency, tx.now, calendar)
    today = local_date(tx.now)
    asked = document.due_on if document.due_on and document.due_on > today else None
    return {"deadline": local_date(urgent) if urgent is not None else asked}


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
        "paper_only": document.issue_form is IssueForm.PAPER,
        "due_on": document.due_on,
        "signatory": str(document.signatory_id) if document.signatory_id else None,
        "source": drafts[-1].source.value if drafts else "template",
        "legal_bases": "\n".join(last.get("bases") or []),
        "body": last.get("body", ""),
        "internal_recipients": "\n".join(last.get("recipients") or []),
        "attachment_name": attachment.get("name", ""),
        "attachment_subject": attachment.get("subject", ""),
        "attachment_body": attachment.get("body", ""),
        "recipients": _recipients(tx, document) if drafts else _addressed(tx, document),
        "cooperating_units": list(order.item.variables.get("cooperating") or []),
    }


def _recipients(tx: Transaction, document: OutgoingDocument) -> list[Values]:
    return [
        {"agency": str(agency), "for_information": r.for_information}
        for r in recipients_of(tx, document)
        if (agency := r.receiver_agency_id or _agency(tx, r.organ_code, r.name)) is not None
    ]


def _addressed(tx: Transaction, document: OutgoingDocument) -> list[Values]:
    """Return whom a first draft goes to: who got what it replaces, who wrote what it answers."""
    replaced = [line for old in replaced_by(tx, document) for line in _recipients(tx, old)]
    return replaced or _answered(tx, document)


def _answered(tx: Transaction, document: OutgoingDocument) -> list[Values]:
    """Return as recipients the agencies that issued what this document answers, each once."""
    found = tx.scalars(
        sa.select(IncomingDocument)
        .join(DocumentLink, DocumentLink.to_incoming_id == IncomingDocument.id)
        .where(
            DocumentLink.from_outgoing_id == document.id, DocumentLink.kind == LinkKind.REPLIES_TO
        )
        .order_by(DocumentLink.id)
    )
    keys = dict.fromkeys(_agency(tx, one.organ_code, one.organ_name) for one in found)
    return [{"agency": str(key), "for_information": False} for key in keys if key is not None]


def _agency(tx: Transaction, code: str, name: str) -> UUID | None:
    """Return the agency one may write to that bears this code, or on paper this name alone."""
    others = [a for a, _ in choose_agencies(tx) if a.id != tx.acting.agency_id]
    if code:
        bearer = find_agency_by_code(tx, code)
        return next((a.id for a in others if bearer is not None and a.id == bearer.id), None)
    wanted = _folded(name)
    named = [a.id for a in others if wanted in {_folded(a.name), _folded(a.short_name)}]
    return named[0] if wanted and len(named) == 1 else None


def _folded(name: str) -> str:
    """Return a name without what spells it differently; `uỷ` and `ủy` are both in use."""
    text = unicodedata.normalize("NFC", name).casefold().replace("uỷ", "ủy")
    return " ".join(text.split())


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
    "incoming-check": _check,
    "incoming-register": _register,
    "incoming-direct": _direct,
    "outgoing-draft": _draft,
    "outgoing-register": _outgoing_register,
    "outgoing-issue": _outgoing_register,
    "outgoing-store": _outgoing_register,
}
