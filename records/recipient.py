"""To whom an outgoing document goes (nơi nhận)."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Query, Transaction
from records.document import OutgoingDocument
from records.record import GuardedRecord, at_most
from records.vocabulary import Delivery, vocabulary


class Recipient(GuardedRecord):
    """One addressee of an outgoing document (nơi nhận) and how far it has got there."""

    __tablename__ = "recipient"
    called = ("nơi nhận", "recipient")
    __table_args__ = (*at_most({"organ_code": 35, "name": 200}),)

    outgoing_document_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("outgoing_document.id"), index=True
    )
    ordinal: Mapped[int] = mapped_column(default=1)
    #: set when the receiver lives in this installation too; no foreign key: it is another agency
    receiver_agency_id: Mapped[UUID | None]
    #: set for a unit of the issuing agency itself
    receiver_unit_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("unit.id"))
    organ_code: Mapped[str] = mapped_column(default="")
    name: Mapped[str]
    #: để biết, để báo cáo: no answer is expected
    for_information: Mapped[bool] = mapped_column(default=False)
    paper_copies: Mapped[int] = mapped_column(default=0)
    delivery: Mapped[Delivery] = mapped_column(vocabulary(Delivery), default=Delivery.PENDING)
    delivery_reason: Mapped[str] = mapped_column(default="")
    delivered_at: Mapped[datetime | None]


_OF = Query(
    sa.select(Recipient)
    .where(Recipient.outgoing_document_id == sa.bindparam("document"))
    .order_by(Recipient.ordinal, Recipient.id)
)


def recipients_of(tx: Transaction, document: OutgoingDocument) -> list[Recipient]:
    """Return the recipients of a document in their order."""
    return tx.scalars(_OF, document=document.id)
