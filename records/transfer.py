"""What passed between this agency and others (nhật ký liên thông): packets and status reports."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Query, Transaction
from records.record import Record, one_document
from records.vocabulary import Term, vocabulary


class Direction(Term):
    """Chiều của gói tin."""

    IN = "in", "Nhận", "In"
    OUT = "out", "Gửi", "Out"


class Packet(Record):
    """One packet as it passed, byte for byte (gói tin); its bytes lie in the content store.

    `packet_id` is the axis's, `send_key` our own, fixed before the first attempt and the same on
    every retry.
    """

    __tablename__ = "packet"
    __table_args__ = (
        one_document(required=False),
        sa.UniqueConstraint("agency_id", "direction", "packet_id"),
        sa.UniqueConstraint("agency_id", "send_key"),
    )

    direction: Mapped[Direction] = mapped_column(vocabulary(Direction))
    #: `edoc` or `status`
    message_type: Mapped[str]
    packet_id: Mapped[str | None]
    send_key: Mapped[str | None]
    sha256: Mapped[str] = mapped_column(index=True)
    size: Mapped[int]
    from_code: Mapped[str] = mapped_column(default="")
    to_code: Mapped[str] = mapped_column(default="")
    incoming_document_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("incoming_document.id"), index=True
    )
    outgoing_document_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("outgoing_document.id"), index=True
    )
    #: `accepted`, `duplicate`, `refused`; `composed` (signed, to be sent), `sent`
    result: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]


_NAMED = Query(
    sa.select(Packet.id).where(Packet.sha256 == sa.bindparam("sha256", type_=sa.Text())).limit(1)
)


def is_named(tx: Transaction, sha256: str) -> bool:
    """Return whether these bytes are a packet's; only the system may ask."""
    return bool(tx.scalars(_NAMED, sha256=sha256))


class StatusReport(Record):
    """A status this agency reported to the sender of an incoming document; each code once."""

    __tablename__ = "status_report"
    called = ("thông báo trạng thái", "status report")
    __table_args__ = (sa.UniqueConstraint("incoming_document_id", "code"),)

    incoming_document_id: Mapped[UUID] = mapped_column(sa.ForeignKey("incoming_document.id"))
    code: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    staff_name: Mapped[str] = mapped_column(default="")
    staff_unit: Mapped[str] = mapped_column(default="")
    reported_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class StatusReceived(Record):
    """A status a receiver reported on a document this agency issued (trạng thái bên nhận)."""

    __tablename__ = "status_received"
    __table_args__ = (
        sa.Index("ix_status_received_recipient_id", "recipient_id"),
        sa.UniqueConstraint("agency_id", "packet_id"),
    )

    recipient_id: Mapped[UUID] = mapped_column(sa.ForeignKey("recipient.id"))
    code: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    staff: Mapped[str] = mapped_column(default="")
    #: as the receiver dated it
    reported_at: Mapped[datetime]
    received_at: Mapped[datetime]
    packet_id: Mapped[str]
