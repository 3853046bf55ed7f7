"""The tables of our own axis (trục liên thông): systems, directory, messages, packets."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Base


class AxisSystem(Base):
    """A system connected to the axis (hệ thống kết nối)."""

    __tablename__ = "axis_system"

    system_id: Mapped[str] = mapped_column(primary_key=True)
    secret: Mapped[str]
    #: its own quotas instead of the axis's; 0 for none of its own
    messages_per_hour: Mapped[int] = mapped_column(default=0)
    bytes_per_hour: Mapped[int] = mapped_column(default=0)
    #: when it asked for its packets last, to the minute
    polled_at: Mapped[datetime | None]


class AxisUsage(Base):
    """What a system sent in an hour, in slots so that its calls do not wait for each other."""

    __tablename__ = "axis_usage"

    system_id: Mapped[str] = mapped_column(sa.ForeignKey("axis_system.system_id"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    messages: Mapped[int]
    bytes: Mapped[int]


class AxisAgency(Base):
    """An agency in the directory of the axis (danh bạ liên thông); its key stays for good."""

    __tablename__ = "axis_agency"

    key: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    system_id: Mapped[str] = mapped_column(sa.ForeignKey("axis_system.system_id"), index=True)
    changed_at: Mapped[datetime]
    #: version of the directory in which this was changed last
    revision: Mapped[int] = mapped_column(index=True)
    #: systems that may send with its `From` beside its own
    intermediaries: Mapped[list[str]]
    parent: Mapped[str] = mapped_column(default="")
    mail: Mapped[str] = mapped_column(default="")
    is_locked: Mapped[bool] = mapped_column(default=False)
    is_deleted: Mapped[bool] = mapped_column(default=False)


class AxisCode(Base):
    """A code of an agency (mã định danh) with the days on which it is in force."""

    __tablename__ = "axis_code"

    #: the code as codes are compared
    key: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str]
    agency: Mapped[str] = mapped_column(sa.ForeignKey("axis_agency.key"), index=True)
    #: its place among the codes of the agency
    no: Mapped[int]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    successor: Mapped[str] = mapped_column(default="")


class AxisMessage(Base):
    """The bytes of a message, once for all its receivers (nội dung gói tin), until removed."""

    __tablename__ = "axis_message"
    __table_args__ = (
        sa.Index("ix_axis_message_kept", "kept_at", postgresql_where=sa.text("data IS NOT NULL")),
    )

    digest: Mapped[str] = mapped_column(primary_key=True)
    data: Mapped[bytes | None]
    kept_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class AxisSending(Base):
    """One key by which a repeated send is known again (lần gửi)."""

    __tablename__ = "axis_sending"

    sender: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    sending_id: Mapped[str]
    accepted_at: Mapped[datetime]


class AxisPacket(Base):
    """One message on its way to one agency (gói tin)."""

    __tablename__ = "axis_packet"
    __table_args__ = (
        sa.UniqueConstraint("sending_id", "receiver"),
        sa.Index(
            "ix_axis_packet_waiting", "receiver", "message_type", "created_at",
            postgresql_where=sa.text("state IN ('initial', 'processing')"),
        ),
        sa.Index("ix_axis_packet_sender", "sender", "created_at"),
        sa.Index("ix_axis_packet_sent_by", "sent_by", "created_at"),
    )  # fmt: skip

    packet_id: Mapped[str] = mapped_column(primary_key=True)
    sending_id: Mapped[str]
    message_type: Mapped[str]
    sender: Mapped[str]
    sent_as: Mapped[str]
    sent_by: Mapped[str]
    receiver: Mapped[str]
    addressed_as: Mapped[str]
    digest: Mapped[str] = mapped_column(sa.ForeignKey("axis_message.digest"), index=True)
    reference: Mapped[str]
    subject: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    state: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    route: Mapped[str] = mapped_column(default="local")
    forwarded_as: Mapped[str] = mapped_column(default="")
