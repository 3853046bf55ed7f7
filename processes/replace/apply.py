"""A new document takes the place of an issued one (thay thế): the sender's side.

Errors of content are mended by a document of equal form that replaces the first (Decree 30/2020,
Điều 18). Only receivers who got the first are told that theirs is replaced.
"""

import sqlalchemy as sa

from engine.database import Query, Transaction
from exchange.envelope import Business, BusinessType, Replacement
from exchange.identity import organ_key
from processes.agency_code import codes_of_same
from records import journal
from records.document import OutgoingDocument
from records.link import DocumentLink
from records.recipient import Recipient
from records.vietnamese import day_text
from records.vocabulary import LinkKind, OutgoingStatus

_REPLACED = Query(
    sa.select(OutgoingDocument)
    .join(DocumentLink, DocumentLink.to_outgoing_id == OutgoingDocument.id)
    .where(
        DocumentLink.from_outgoing_id == sa.bindparam("document", type_=sa.Uuid()),
        DocumentLink.kind == LinkKind.REPLACES,
    )
    .order_by(OutgoingDocument.id)
)


def replaced_by(tx: Transaction, document: OutgoingDocument) -> list[OutgoingDocument]:
    """Return the documents of ours that this one replaces."""
    return tx.scalars(_REPLACED, document=document.id)


def supersede(tx: Transaction, document: OutgoingDocument) -> list[OutgoingDocument]:
    """Mark what an issued document replaces as replaced and frozen; a recalled one stays so."""
    ended = []
    for old in replaced_by(tx, document):
        if old.status is not OutgoingStatus.ISSUED:
            continue
        old.status = OutgoingStatus.REPLACED
        old.frozen_at = old.frozen_at or tx.now
        old.recalled_at = tx.now
        old.withdrawn_reason = f"văn bản thay thế số {document.reference}"
        journal.record(tx, "supersede", "outgoing_document", old.id, by=document.id)
        ended.append(old)
    return ended


def business_of(tx: Transaction, document: OutgoingDocument, recipient: Recipient) -> Business:
    """Return what the envelope of a document does at one recipient: new, or a replacement.

    It depends on nothing that changes while attempts go on.
    """
    old = [
        one
        for one in replaced_by(tx, document)
        if one.identifier and _got(tx, one, recipient.organ_code)
    ]
    if not old:
        return Business(reason="Văn bản điện tử mới")
    named = ", ".join(
        f"số {one.reference}" + (f" ngày {day_text(one.issued_on)}" if one.issued_on else "")
        for one in old
    )
    return Business(
        type=BusinessType.REPLACE,
        reason=f"Thay thế văn bản {named}",
        replacements=tuple(
            Replacement(one.identifier or "", (recipient.organ_code,)) for one in old
        ),
    )


def _got(tx: Transaction, document: OutgoingDocument, code: str) -> bool:
    """Return whether a document was addressed to the agency that bears this code."""
    wanted = codes_of_same(tx, code)
    codes = sa.select(Recipient.organ_code).where(Recipient.outgoing_document_id == document.id)
    return any(organ_key(one) in wanted for one in tx.scalars(codes))
