"""The tables of our own axis (trục liên thông): systems, directory, packets; its `Store`."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Base, Query, Transaction
from exchange.axis_store import Agency, Packet, PacketState, Period, Sending, System
from exchange.gateway import MessageType
from exchange.identity import organ_key


class AxisSystem(Base):
    """A system connected to the axis (hệ thống kết nối)."""

    __tablename__ = "axis_system"

    system_id: Mapped[str] = mapped_column(primary_key=True)
    secret: Mapped[str]


class AxisAgency(Base):
    """An agency in the directory of the axis (danh bạ liên thông); `keys` compare its codes."""

    __tablename__ = "axis_agency"
    __table_args__ = (sa.Index("ix_axis_agency_keys", "keys", postgresql_using="gin"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    system_id: Mapped[str] = mapped_column(sa.ForeignKey("axis_system.system_id"), index=True)
    codes: Mapped[list[str]]
    keys: Mapped[list[str]]
    changed_at: Mapped[datetime]
    parent: Mapped[str] = mapped_column(default="")
    mail: Mapped[str] = mapped_column(default="")
    is_locked: Mapped[bool] = mapped_column(default=False)
    is_deleted: Mapped[bool] = mapped_column(default=False)


class AxisMessage(Base):
    """The bytes of a message, once for all its receivers (nội dung gói tin)."""

    __tablename__ = "axis_message"

    digest: Mapped[str] = mapped_column(primary_key=True)
    data: Mapped[bytes]


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
    )  # fmt: skip

    packet_id: Mapped[str] = mapped_column(primary_key=True)
    sending_id: Mapped[str]
    message_type: Mapped[str]
    sender: Mapped[str]
    receiver: Mapped[str]
    addressed_as: Mapped[str]
    digest: Mapped[str] = mapped_column(sa.ForeignKey("axis_message.digest"))
    reference: Mapped[str]
    subject: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    state: Mapped[str]
    description: Mapped[str] = mapped_column(default="")


_AGENCY = Query(
    sa.select(AxisAgency).where(
        AxisAgency.keys.contains(sa.bindparam("keys", type_=sa.ARRAY(sa.Text())))
    )
)
_PACKET = Query(
    sa.select(AxisPacket).where(AxisPacket.packet_id == sa.bindparam("id")).with_for_update()
)


class AxisStore:
    """The `Store` of an axis over the tables above; one for each transaction."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx

    def system(self, system_id: str) -> System | None:
        """Return a connected system."""
        row = self.tx.scalar(sa.select(AxisSystem).where(AxisSystem.system_id == system_id))
        return System(row.system_id, row.secret) if row else None

    def put_system(self, system: System) -> None:
        """Add a system or give it a new secret."""
        row = self.tx.scalar(sa.select(AxisSystem).where(AxisSystem.system_id == system.system_id))
        if row is None:
            self.tx.add(AxisSystem(system_id=system.system_id, secret=system.secret))
        else:
            row.secret = system.secret
        self.tx.flush()

    def agency(self, code: str) -> Agency | None:
        """Return the agency that holds this code, preferred or not, deleted or not."""
        row = self.tx.scalar(_AGENCY, keys=[organ_key(code)])
        return _agency(row) if row else None

    def put_agency(self, agency: Agency) -> None:
        """Add or replace the agency of this preferred code."""
        key = organ_key(agency.code)
        values = {
            "code": agency.code,
            "name": agency.name,
            "system_id": agency.system_id,
            "codes": list(agency.codes),
            "keys": [organ_key(c) for c in agency.codes],
            "changed_at": agency.changed_at,
            "parent": agency.parent,
            "mail": agency.mail,
            "is_locked": agency.is_locked,
            "is_deleted": agency.is_deleted,
        }
        row = self.tx.scalar(sa.select(AxisAgency).where(AxisAgency.key == key))
        if row is None:
            self.tx.add(AxisAgency(key=key, **values))
        else:
            for name, value in values.items():
                setattr(row, name, value)
        self.tx.flush()

    def agencies(self) -> Sequence[Agency]:
        """Return all agencies, deleted ones included, by preferred code."""
        return [_agency(r) for r in self.tx.scalars(sa.select(AxisAgency).order_by(AxisAgency.key))]

    def keep(self, sending: Sending, packets: Iterable[Packet], data: bytes) -> str:
        """Keep a send and return its id; what was sent before is known again by its keys."""
        # Two sends of the same document at once: the second waits here and finds the first.
        self.tx.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", f"axis {sending.sender}"
        )
        known = self.tx.scalars(
            sa.select(AxisSending).where(
                AxisSending.sender == sending.sender, AxisSending.key.in_(sending.keys)
            )
        )
        sending_id = known[0].sending_id if known else sending.sending_id
        for key in set(sending.keys) - {k.key for k in known}:
            self.tx.add(
                AxisSending(
                    sender=sending.sender,
                    key=key,
                    sending_id=sending_id,
                    accepted_at=sending.accepted_at,
                )
            )
        reached = set(
            self.tx.scalars(
                sa.select(AxisPacket.receiver).where(AxisPacket.sending_id == sending_id)
            )
        )
        fresh = [p for p in packets if p.receiver not in reached]
        if fresh:
            self.tx.execute(
                "INSERT INTO axis_message (digest, data) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                sending.digest,
                data,
            )
        for packet in fresh:
            self.tx.add(
                AxisPacket(
                    packet_id=packet.packet_id,
                    sending_id=sending_id,
                    message_type=packet.message_type.value,
                    sender=packet.sender,
                    receiver=packet.receiver,
                    addressed_as=packet.addressed_as,
                    digest=packet.digest,
                    reference=packet.reference,
                    subject=packet.subject,
                    created_at=packet.created_at,
                    updated_at=packet.updated_at,
                    state=packet.state.value,
                    description=packet.description,
                )
            )
        self.tx.flush()
        return sending_id

    def waiting(
        self, system_id: str, message_type: MessageType, period: Period, limit: int
    ) -> Sequence[Packet]:
        """Return the oldest packets waiting for the agencies of a system."""
        select = self._of_system(AxisPacket.receiver, system_id, message_type, period)
        waiting = AxisPacket.state.in_(["initial", "processing"])
        select = select.where(waiting).order_by(AxisPacket.created_at, AxisPacket.packet_id)
        return [_packet(r) for r in self.tx.scalars(select.limit(limit))]

    def sent(
        self, system_id: str, message_type: MessageType, period: Period, limit: int
    ) -> Sequence[Packet]:
        """Return the newest packets sent by the agencies of a system."""
        select = self._of_system(AxisPacket.sender, system_id, message_type, period)
        select = select.order_by(AxisPacket.created_at.desc(), AxisPacket.packet_id)
        return [_packet(r) for r in self.tx.scalars(select.limit(limit))]

    def _of_system(
        self, side: Mapped[str], system_id: str, message_type: MessageType, period: Period
    ) -> "sa.Select[AxisPacket]":
        select = (
            sa.select(AxisPacket)
            .join(AxisAgency, AxisAgency.code == side)
            .where(AxisAgency.system_id == system_id, AxisPacket.message_type == message_type.value)
        )
        if period.since is not None:
            select = select.where(AxisPacket.created_at >= period.since)
        if period.until is not None:
            select = select.where(AxisPacket.created_at < period.until)
        return select

    def packet(self, packet_id: str) -> Packet | None:
        """Return a packet, locked."""
        row = self.tx.scalar(_PACKET, id=packet_id)
        return _packet(row) if row else None

    def put_packet(self, packet: Packet) -> None:
        """Replace a packet whose state changed."""
        row = self.tx.scalar(_PACKET, id=packet.packet_id)
        if row is not None:
            row.state = packet.state.value
            row.description = packet.description
            row.updated_at = packet.updated_at

    def data(self, digest: str) -> bytes:
        """Return the bytes of a message as they came in."""
        found = self.tx.scalar(sa.select(AxisMessage.data).where(AxisMessage.digest == digest))
        if found is None:
            raise KeyError(digest)
        return found


def _agency(row: AxisAgency) -> Agency:
    return Agency(
        row.code,
        row.name,
        row.system_id,
        tuple(row.codes),
        row.changed_at,
        row.parent,
        row.mail,
        row.is_locked,
        row.is_deleted,
    )


def _packet(row: AxisPacket) -> Packet:
    return Packet(
        row.packet_id,
        row.sending_id,
        MessageType(row.message_type),
        row.sender,
        row.receiver,
        row.addressed_as,
        row.digest,
        row.reference,
        row.subject,
        row.created_at,
        row.updated_at,
        PacketState(row.state),
        row.description,
    )
