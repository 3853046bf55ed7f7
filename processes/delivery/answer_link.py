"""What an incoming document answers (văn bản trả lời): linked to ours, or known by its words."""

import sqlalchemy as sa

from engine.database import Transaction
from exchange.envelope import Envelope, ResponseFor
from exchange.identity import organ_key
from processes.agency_code import codes_of_same, own_codes
from records.document import IncomingDocument, OutgoingDocument
from records.link import DocumentLink, link_documents
from records.vocabulary import LinkKind


def link_answers(tx: Transaction, document: IncomingDocument, envelope: Envelope) -> None:
    """Link a document that came to each it answers: issued by us, received by us, or unknown here.

    Some systems repeat a document or leave the group empty; both say nothing new.
    """
    if not envelope.responses:
        return
    own = own_codes(tx)
    seen: set[tuple[str, str]] = set()
    for one in envelope.responses:
        named = (one.document_id, one.code)
        if named == ("", "") or named in seen or one.document_id == document.identifier:
            continue
        seen.add(named)
        found = _ours(tx, document, one, own) or _received(tx, document, one)
        if found is not None:
            link_documents(tx, document, found, LinkKind.REPLIES_TO)
            continue
        tx.add(
            DocumentLink(
                agency_id=document.agency_id,
                kind=LinkKind.REPLIES_TO,
                from_incoming_id=document.id,
                to_identifier=one.document_id[:200],
                to_organ_code=one.organ_id[:35],
                to_reference=one.code[:100],
                to_issued_on=one.promulgated_on,
                created_at=tx.now,
            )
        )


def _ours(
    tx: Transaction, document: IncomingDocument, one: ResponseFor, own: set[str]
) -> OutgoingDocument | None:
    """Return the document we issued that is answered: by identifier, else by reference and day."""
    if one.organ_id and organ_key(one.organ_id) not in own:
        return None
    issued = sa.select(OutgoingDocument).where(
        OutgoingDocument.agency_id == document.agency_id, OutgoingDocument.issued_at.is_not(None)
    )
    if one.document_id:
        found = tx.scalars(issued.where(OutgoingDocument.identifier == one.document_id))
        if found:
            return found[0]
    number, _slash, notation = one.code.partition("/")
    if not notation:
        return None
    alike = issued.where(
        OutgoingDocument.code_number == number.strip(),
        OutgoingDocument.code_notation == notation.strip(),
    )
    if one.promulgated_on is not None:
        alike = alike.where(OutgoingDocument.issued_on == one.promulgated_on)
    return next(iter(tx.scalars(alike.order_by(OutgoingDocument.issued_on.desc()))), None)


def _received(
    tx: Transaction, document: IncomingDocument, one: ResponseFor
) -> IncomingDocument | None:
    if not one.document_id:
        return None
    found = tx.scalars(
        sa.select(IncomingDocument)
        .where(
            IncomingDocument.agency_id == document.agency_id,
            IncomingDocument.identifier == one.document_id,
            IncomingDocument.id != document.id,
        )
        .order_by(IncomingDocument.received_at.desc())
    )
    issuer = codes_of_same(tx, one.organ_id) if one.organ_id else None
    return next((d for d in found if issuer is None or organ_key(d.organ_code) in issuer), None)
