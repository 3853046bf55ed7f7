"""Typed links between documents (liên kết văn bản, Quy chế Điều 8.3)."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Transaction
from records.document import Document, about
from records.record import Record
from records.vocabulary import LinkKind, vocabulary


class DocumentLink(Record):
    """A typed link from one document to another (trả lời, căn cứ, liên quan, thay thế).

    The other end may be a document this agency never received: then only its words are known.
    """

    __tablename__ = "document_link"
    __table_args__ = (
        sa.CheckConstraint("num_nonnulls(from_incoming_id, from_outgoing_id) = 1", name="from"),
        sa.CheckConstraint(
            "num_nonnulls(to_incoming_id, to_outgoing_id) = 1"
            " OR (num_nonnulls(to_incoming_id, to_outgoing_id) = 0"
            " AND (to_reference <> '' OR to_identifier <> ''))",
            name="to",
        ),
    )

    kind: Mapped[LinkKind] = mapped_column(vocabulary(LinkKind))
    from_incoming_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("incoming_document.id"), index=True
    )
    from_outgoing_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("outgoing_document.id"), index=True
    )
    to_incoming_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("incoming_document.id"), index=True
    )
    to_outgoing_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("outgoing_document.id"), index=True
    )
    to_identifier: Mapped[str] = mapped_column(default="")
    to_organ_code: Mapped[str] = mapped_column(default="")
    to_reference: Mapped[str] = mapped_column(default="")
    to_issued_on: Mapped[date | None]
    created_at: Mapped[datetime]


def link_documents(
    tx: Transaction, source: Document, target: Document, kind: LinkKind
) -> DocumentLink:
    """Link two documents of one agency and return the link."""
    link = DocumentLink(agency_id=source.agency_id, kind=kind, created_at=tx.now)
    for side, document in (("from", source), ("to", target)):
        for column, key in about(document).items():
            setattr(link, f"{side}_{column.replace('_document', '')}", key)
    return tx.add(link)
