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


class Carriage(Term):
    """Chặng truyền của gói tin, apart from what becomes of the document in it."""

    QUEUED = "queued", "Chờ gửi", "Queued"
    SENDING = "sending", "Đang gửi", "Being sent"
    SENT = "sent", "Trục đã nhận", "Taken by the axis"
    ACKNOWLEDGED = "acknowledged", "Bên nhận đã nhận", "Taken by the receiver"
    FAILED = "failed", "Không gửi được", "Not sent"
    RECEIVED = "received", "Đã nhận", "Received"
    CONFIRMED = "confirmed", "Đã xác nhận với trục", "Confirmed to the axis"


class AttemptOutcome(Term):
    """Kết quả một lần gửi; only the next attempt tells what became of one that was cut off."""

    BEGUN = "begun", "Chưa rõ kết quả", "Outcome unknown"
    SENT = "sent", "Đã gửi", "Sent"
    FAILED = "failed", "Không gửi được, sẽ thử lại", "Failed, to be tried again"
    GIVEN_UP = "given_up", "Không gửi được, đã thôi", "Failed for good"


class Packet(Record):
    """One packet as it passed, byte for byte (gói tin); its bytes lie in the content store.

    `packet_id` is the axis's. `send_key` is our own: the operation and whom it is for, fixed before
    the first attempt and the same on every one; `send_id` (mã lần gửi) is what the message itself
    says of it, and what tells a second coming of one that arrived.
    """

    __tablename__ = "packet"
    called = ("gói tin", "packet")
    __table_args__ = (
        one_document(required=False),
        sa.UniqueConstraint("agency_id", "direction", "packet_id"),
        sa.UniqueConstraint("agency_id", "send_key"),
        sa.Index("ix_packet_send_id", "send_id", postgresql_where=sa.text("send_id IS NOT NULL")),
        sa.Index(
            "ix_packet_under_way", "agency_id", "at",
            postgresql_where=sa.text("state IN ('sent', 'received')"),
        ),
    )  # fmt: skip

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
    #: the addressee of ours it is for
    recipient_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("recipient.id"), index=True)
    send_id: Mapped[UUID | None]
    state: Mapped[Carriage] = mapped_column(vocabulary(Carriage))
    #: how often it came again after it was here
    repeats: Mapped[int] = mapped_column(default=0)
    #: `accepted`, `duplicate`, `refused`; `composed` (to be sent), `sent`
    result: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]


class Attempt(Record):
    """One attempt to send a packet (lần gửi): written before it is made, completed after."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (sa.Index("ix_delivery_attempt_road", "agency_id", "address", "started_at"),)

    of_packet_id: Mapped[UUID] = mapped_column(sa.ForeignKey("packet.id"), index=True)
    number: Mapped[int]
    address: Mapped[str]
    outcome: Mapped[AttemptOutcome] = mapped_column(
        vocabulary(AttemptOutcome), default=AttemptOutcome.BEGUN
    )
    error_code: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SignedReceipt(Record):
    """A signed receipt for a packet (biên nhận): one we gave, or one we were given.

    `direction` is that of the packet: `out` where a receiver signed for what we sent. `body` is the
    signed XML, `None` until it is signed; `verdict` what its examination here found.
    """

    __tablename__ = "delivery_receipt"
    called = ("biên nhận", "receipt")
    __table_args__ = (sa.UniqueConstraint("of_packet_id"),)

    of_packet_id: Mapped[UUID] = mapped_column(sa.ForeignKey("packet.id"))
    direction: Mapped[Direction] = mapped_column(vocabulary(Direction))
    body: Mapped[bytes | None]
    verdict: Mapped[str] = mapped_column(default="")
    signer: Mapped[str] = mapped_column(default="")
    fingerprint: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]


_NAMED = Query(
    sa.select(Packet.id).where(Packet.sha256 == sa.bindparam("sha256", type_=sa.Text())).limit(1)
)


def is_named(tx: Transaction, sha256: str) -> bool:
    """Return whether these bytes are a packet's; only the system may ask."""
    return bool(tx.scalars(_NAMED, sha256=sha256))


class StatusReport(Record):
    """A status this agency reported to the sender of an incoming document.

    Each code once, 15 and 16 once for each request they answer.
    """

    __tablename__ = "status_report"
    called = ("thông báo trạng thái", "status report")
    __table_args__ = (
        sa.UniqueConstraint(
            "incoming_document_id", "code", "change_id", postgresql_nulls_not_distinct=True
        ),
    )

    incoming_document_id: Mapped[UUID] = mapped_column(sa.ForeignKey("incoming_document.id"))
    code: Mapped[str]
    change_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("change_request.id"))
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
    #: the sending an answer (15, 16) names, None from systems that name none
    answers: Mapped[UUID | None]
