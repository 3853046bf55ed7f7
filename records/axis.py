"""The tables of our own axis (trục liên thông): systems, directory, packets; its `Store`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Base, Query, Transaction
from exchange.axis_store import Agency, AgencyCode, Packet, PacketState, Period, Sending, System
from exchange.gateway import MessageType
from exchange.identity import organ_key


class AxisSystem(Base):
    """A system connected to the axis (hệ thống kết nối)."""

    __tablename__ = "axis_system"

    system_id: Mapped[str] = mapped_column(primary_key=True)
    secret: Mapped[str]


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
    digest: Mapped[str] = mapped_column(sa.ForeignKey("axis_message.digest"))
    reference: Mapped[str]
    subject: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    state: Mapped[str]
    description: Mapped[str] = mapped_column(default="")


_CODES = (
    sa.select(AxisAgency, AxisCode)
    .join(AxisCode, AxisCode.agency == AxisAgency.key)
    .order_by(AxisAgency.code, AxisCode.no)
)
_KEYS = sa.any_(sa.bindparam("keys", type_=sa.ARRAY(sa.Text())))
# two questions: in one, the plan without statistics compares every code with every code
_HELD = Query(sa.select(AxisCode.key, AxisCode.agency).where(AxisCode.key == _KEYS))
_OF_KEYS = Query(_CODES.where(AxisAgency.key == _KEYS))
_CHANGED = Query(_CODES.where(AxisAgency.revision > sa.bindparam("since", type_=sa.BigInteger())))
_SPEAKER = Query(sa.select(AxisAgency.system_id).where(AxisAgency.key == sa.bindparam("id")))
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
        return self.holders([code]).get(organ_key(code))

    def holders(self, codes: Iterable[str]) -> Mapping[str, Agency]:
        """Return the agencies that hold these codes, by `organ_key` of the code."""
        held = dict(self.tx.rows(_HELD, keys=sorted({organ_key(code) for code in codes})))
        found = self.tx.rows(_OF_KEYS, keys=sorted(set(held.values()))) if held else []
        agencies = {agency.agency_id: agency for agency in _agencies(found)}
        return {key: agencies[agency_id] for key, agency_id in held.items()}

    def speaker(self, agency_id: str) -> str | None:
        """Return the system that speaks for an agency."""
        return self.tx.scalar(_SPEAKER, id=agency_id)

    def put_agency(self, agency: Agency) -> None:
        """Add or replace the agency of this id under the next version of the directory.

        One change at a time: a copy that asks for what is newer than it has misses nothing.
        """
        self.tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('axis directory', 0))")
        newest = self.tx.scalar(sa.select(sa.func.max(AxisAgency.revision))) or 0
        values = {
            "code": agency.code,
            "name": agency.name,
            "system_id": agency.system_id,
            "changed_at": agency.changed_at,
            "revision": max(newest + 1, int(agency.changed_at.timestamp())),
            "intermediaries": list(agency.intermediaries),
            "parent": agency.parent,
            "mail": agency.mail,
            "is_locked": agency.is_locked,
            "is_deleted": agency.is_deleted,
        }
        key = agency.agency_id
        row = self.tx.scalar(sa.select(AxisAgency).where(AxisAgency.key == key))
        if row is None:
            self.tx.add(AxisAgency(key=key, **values))
        else:
            for name, value in values.items():
                setattr(row, name, value)
        self.tx.flush()
        self._put_codes(agency)

    def _put_codes(self, agency: Agency) -> None:
        codes = agency.codes
        kept = [organ_key(one.code) for one in codes]
        self.tx.execute(
            "DELETE FROM axis_code WHERE agency = %s AND key <> ALL(%s::text[])",
            *(agency.agency_id, kept),
        )
        self.tx.execute(
            """INSERT INTO axis_code (key, code, agency, no, valid_from, valid_until, successor)
               SELECT key, code, %s, no, valid_from, valid_until, successor
               FROM unnest(%s::text[], %s::text[], %s::date[], %s::date[], %s::text[])
                 WITH ORDINALITY AS new (key, code, valid_from, valid_until, successor, no)
               ON CONFLICT (key) DO UPDATE SET code = excluded.code, no = excluded.no,
                 valid_from = excluded.valid_from, valid_until = excluded.valid_until,
                 successor = excluded.successor, agency = excluded.agency""",
            *(agency.agency_id, kept, [one.code for one in codes]),
            *([one.valid_from for one in codes], [one.valid_until for one in codes]),
            [one.successor for one in codes],
        )

    def agencies(self, since: int = 0) -> Sequence[Agency]:
        """Return the agencies changed after this version, deleted ones included, by code."""
        return _agencies(self.tx.rows(_CHANGED, since=since))

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
        self.tx.flush()
        fresh = [replace(p, sending_id=sending_id) for p in packets if p.receiver not in reached]
        if fresh:
            self.tx.execute(
                "INSERT INTO axis_message (digest, data) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                *(sending.digest, data),
            )
            self._add(fresh)
        return sending_id

    def _add(self, packets: list[Packet]) -> None:
        """Insert the packets of one send, however many: they differ in what is unnested."""
        one = packets[0]
        self.tx.execute(
            """INSERT INTO axis_packet (packet_id, receiver, addressed_as, sending_id, message_type,
                 sender, sent_as, sent_by, digest, reference, subject, created_at, updated_at,
                 state, description)
               SELECT packet_id, receiver, addressed_as, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
                 %s, %s
               FROM unnest(%s::text[], %s::text[], %s::text[])
                 AS new (packet_id, receiver, addressed_as)""",
            *(one.sending_id, one.message_type.value, one.sender, one.sent_as, one.sent_by),
            *(one.digest, one.reference, one.subject, one.created_at, one.updated_at),
            *(one.state.value, one.description),
            [p.packet_id for p in packets],
            [p.receiver for p in packets],
            [p.addressed_as for p in packets],
        )

    def waiting(
        self, system_id: str, message_type: MessageType, period: Period, limit: int
    ) -> Sequence[Packet]:
        """Return the oldest packets waiting for the agencies of a system."""
        select = (
            _within(sa.select(AxisPacket), message_type, period)
            .join(AxisAgency, AxisAgency.key == AxisPacket.receiver)
            .where(AxisAgency.system_id == system_id)
            .where(AxisPacket.state.in_(["initial", "processing"]))
            .order_by(AxisPacket.created_at, AxisPacket.packet_id)
        )
        return [_packet(r) for r in self.tx.scalars(select.limit(limit))]

    def sent(
        self, system_id: str, message_type: MessageType, period: Period, limit: int
    ) -> Sequence[Packet]:
        """Return the newest packets that a system sent, or that others sent for its agencies."""
        own = sa.select(AxisAgency.key).where(AxisAgency.system_id == system_id)
        select = (
            _within(sa.select(AxisPacket), message_type, period)
            .where(sa.or_(AxisPacket.sent_by == system_id, AxisPacket.sender.in_(own)))
            .order_by(AxisPacket.created_at.desc(), AxisPacket.packet_id)
        )
        return [_packet(r) for r in self.tx.scalars(select.limit(limit))]

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


def _within(
    select: "sa.Select[AxisPacket]", message_type: MessageType, period: Period
) -> "sa.Select[AxisPacket]":
    select = select.where(AxisPacket.message_type == message_type.value)
    if period.since is not None:
        select = select.where(AxisPacket.created_at >= period.since)
    if period.until is not None:
        select = select.where(AxisPacket.created_at < period.until)
    return select


def _agencies(rows: Iterable[tuple[AxisAgency, AxisCode]]) -> list[Agency]:
    """Return agencies from rows of one code each, those of an agency together."""
    held: dict[str, tuple[AxisAgency, list[AgencyCode]]] = {}
    for row, one in rows:
        code = AgencyCode(one.code, one.valid_from, one.valid_until, one.successor)
        held.setdefault(row.key, (row, []))[1].append(code)
    return [_agency(row, tuple(codes)) for row, codes in held.values()]


def _agency(row: AxisAgency, codes: tuple[AgencyCode, ...]) -> Agency:
    return Agency(
        row.key,
        row.code,
        row.name,
        row.system_id,
        codes,
        row.changed_at,
        row.parent,
        row.mail,
        row.is_locked,
        row.is_deleted,
        tuple(row.intermediaries),
        row.revision,
    )


def _packet(row: AxisPacket) -> Packet:
    return Packet(
        row.packet_id,
        row.sending_id,
        MessageType(row.message_type),
        row.sender,
        row.sent_as,
        row.sent_by,
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
