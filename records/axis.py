"""The `Store` of our own axis (kho của trục liên thông) over its tables."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from engine import jobs
from engine.database import Query, Transaction
from exchange.axis_log import LogEntry
from exchange.axis_store import (
    Agency,
    AgencyCode,
    Packet,
    PacketState,
    Period,
    Route,
    Sending,
    System,
    Usage,
)
from exchange.gateway import MessageType
from exchange.identity import organ_key
from records.axis_log import append, unproven_since
from records.axis_tables import (
    AxisAgency,
    AxisCode,
    AxisMessage,
    AxisPacket,
    AxisSending,
    AxisSystem,
)

#: the job that takes a send on to the axis above
FORWARD_JOB = "forward_axis"

# columns, not records: nothing of them is changed here, and a send reads many
_CODES = (
    sa.select(
        *(AxisAgency.key, AxisAgency.code, AxisAgency.name, AxisAgency.system_id),
        *(AxisAgency.changed_at, AxisAgency.parent, AxisAgency.mail, AxisAgency.is_locked),
        *(AxisAgency.is_deleted, AxisAgency.intermediaries, AxisAgency.revision),
        *(AxisCode.code, AxisCode.valid_from, AxisCode.valid_until, AxisCode.successor),
    )
    .join(AxisCode, AxisCode.agency == AxisAgency.key)
    .order_by(AxisAgency.code, AxisCode.no)
)
_KEYS = sa.any_(sa.bindparam("keys", type_=sa.ARRAY(sa.Text())))
_FEW = 20
# of many codes in two questions: in one, a plan without statistics compares each with each
_HOLDERS = Query(
    _CODES.where(AxisAgency.key.in_(sa.select(AxisCode.agency).where(AxisCode.key == _KEYS)))
)
_HELD = Query(sa.select(AxisCode.key, AxisCode.agency).where(AxisCode.key == _KEYS))
_OF_KEYS = Query(_CODES.where(AxisAgency.key == _KEYS))
_CHANGED = Query(_CODES.where(AxisAgency.revision > sa.bindparam("since", type_=sa.BigInteger())))
_SPEAKER = Query(sa.select(AxisAgency.system_id).where(AxisAgency.key == sa.bindparam("id")))
_SYSTEM = Query(sa.select(AxisSystem).where(AxisSystem.system_id == sa.bindparam("id")))
_IDS = sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Text())))
_BY_IDS = Query(sa.select(AxisPacket).where(AxisPacket.packet_id == _IDS))
_KNOWN = Query(
    sa.select(AxisPacket)
    .where(
        AxisPacket.sending_id.in_(
            sa.select(AxisSending.sending_id).where(
                AxisSending.sender == sa.bindparam("sender"), AxisSending.key == _KEYS
            )
        )
    )
    .order_by(AxisPacket.sending_id)
)
#: what the packets of one send do not share
_OWN = ("packet_id", "receiver", "addressed_as", "route")
_KEEP = """
WITH keyed AS (
    INSERT INTO axis_sending (sender, key, sending_id, accepted_at)
    SELECT %s, key, %s, %s FROM unnest(%s::text[]) key ON CONFLICT DO NOTHING),
  kept AS (
    INSERT INTO axis_message (digest, data, kept_at) VALUES (%s, %s, %s)
    ON CONFLICT (digest) DO UPDATE SET data = excluded.data, kept_at = excluded.kept_at,
      removed_at = NULL WHERE axis_message.data IS NULL)
INSERT INTO axis_packet (packet_id, receiver, addressed_as, route, sending_id, message_type, sender,
  sent_as, sent_by, digest, reference, subject, created_at, updated_at, state, description,
  forwarded_as)
SELECT packet_id, receiver, addressed_as, route, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, ''
FROM json_to_recordset(%s)
  AS new (packet_id text, receiver text, addressed_as text, route text)"""
# states written out: of bound ones the server could not tell that they are those of the index
_WAITING = """
SELECT packet_id FROM axis_agency CROSS JOIN LATERAL (
    SELECT packet_id, created_at, row_number() OVER (ORDER BY created_at, packet_id) AS turn
    FROM (SELECT packet_id, created_at FROM axis_packet
          WHERE receiver = axis_agency.key AND state IN ('initial', 'processing')
            AND route = 'local' AND message_type = %s AND created_at >= %s AND created_at < %s
          ORDER BY created_at, packet_id LIMIT %s) oldest) queue
WHERE system_id = %s ORDER BY turn, created_at, packet_id LIMIT %s"""
_SENT = """
SELECT packet_id FROM (
  (SELECT packet_id, created_at FROM axis_packet WHERE sent_by = %s AND message_type = %s
     AND created_at >= %s AND created_at < %s ORDER BY created_at DESC LIMIT %s)
  UNION
  SELECT packet_id, created_at FROM axis_agency CROSS JOIN LATERAL (
    SELECT packet_id, created_at FROM axis_packet WHERE sender = axis_agency.key
      AND message_type = %s AND created_at >= %s AND created_at < %s
    ORDER BY created_at DESC LIMIT %s) own WHERE system_id = %s) AS found
ORDER BY created_at DESC, packet_id LIMIT %s"""
_EVER, _NEVER = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_PACKET = Query(
    sa.select(AxisPacket, AxisAgency.system_id)
    .outerjoin(AxisAgency, AxisAgency.key == AxisPacket.receiver)
    .where(AxisPacket.packet_id == sa.bindparam("id"))
    .with_for_update(of=AxisPacket)
)


class AxisStore:
    """The `Store` of an axis over the tables above; one for each transaction."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        #: what one call asks for more than once: systems, agencies by code, who speaks for them
        self._systems: dict[str, AxisSystem] = {}
        self._holders: dict[str, Agency | None] = {}
        self._speakers: dict[str, str | None] = {}

    def system(self, system_id: str) -> System | None:
        """Return a connected system."""
        row = self._systems.get(system_id) or self.tx.scalar(_SYSTEM, id=system_id)
        if row is None:
            return None
        self._systems[system_id] = row
        return System(row.system_id, row.secret, row.messages_per_hour, row.bytes_per_hour)

    def put_system(self, system: System) -> None:
        """Add a system, or give it a new secret and quotas."""
        row = self.tx.scalar(_SYSTEM, id=system.system_id)
        values = {
            "secret": system.secret,
            "messages_per_hour": system.messages_per_hour,
            "bytes_per_hour": system.bytes_per_hour,
        }
        if row is None:
            self.tx.add(AxisSystem(system_id=system.system_id, **values))
        else:
            for name, value in values.items():
                setattr(row, name, value)
        self.tx.flush()

    def saw(self, system_id: str, at: datetime) -> None:
        """Note that a system asked for its packets, once a minute: it asks every few seconds."""
        row = self._systems.get(system_id) or self.tx.scalar(_SYSTEM, id=system_id)
        if row is not None and (row.polled_at is None or at - row.polled_at > _MINUTE):
            self.tx.execute(
                "UPDATE axis_system SET polled_at = %s WHERE system_id = %s"
                " AND (polled_at IS NULL OR polled_at < %s)",
                *(at, system_id, at),
            )

    def used(self, system_id: str, hour: datetime) -> Usage:
        """Return what a system has sent in an hour."""
        row = self.tx.execute(
            "SELECT coalesce(sum(messages), 0)::bigint, coalesce(sum(bytes), 0)::bigint"
            " FROM axis_usage WHERE system_id = %s AND hour = %s",
            *(system_id, hour),
        ).fetchone()
        return Usage(*(row or (0, 0)))

    def count(self, system_id: str, hour: datetime, size: int) -> None:
        """Count one more message, in the slot of this connection."""
        self.tx.execute(
            """INSERT INTO axis_usage (system_id, hour, slot, messages, bytes)
               VALUES (%s, %s, mod(pg_backend_pid(), 16), 1, %s)
               ON CONFLICT (system_id, hour, slot) DO UPDATE
               SET messages = axis_usage.messages + 1, bytes = axis_usage.bytes + excluded.bytes""",
            *(system_id, hour, size),
        )

    def agency(self, code: str) -> Agency | None:
        """Return the agency that holds this code, preferred or not, deleted or not."""
        return self.holders([code]).get(organ_key(code))

    def holders(self, codes: Iterable[str]) -> Mapping[str, Agency]:
        """Return the agencies that hold these codes, by `organ_key` of the code."""
        keys = {organ_key(code) for code in codes}
        if asked := sorted(keys - self._holders.keys()):
            found = self._holders_of(asked)
            self._holders.update((key, found.get(key)) for key in asked)
        return {key: agency for key in keys if (agency := self._holders[key]) is not None}

    def _holders_of(self, keys: list[str]) -> dict[str, Agency]:
        if len(keys) <= _FEW:
            few = _agencies(self.tx.rows(_HOLDERS, keys=keys))
            return {organ_key(one.code): agency for agency in few for one in agency.codes}
        held = dict(self.tx.rows(_HELD, keys=keys))
        found = self.tx.rows(_OF_KEYS, keys=sorted(set(held.values()))) if held else []
        agencies = {agency.agency_id: agency for agency in _agencies(found)}
        return {key: agencies[agency_id] for key, agency_id in held.items()}

    def speaker(self, agency_id: str) -> str | None:
        """Return the system that speaks for an agency."""
        if agency_id not in self._speakers:
            self._speakers[agency_id] = self.tx.scalar(_SPEAKER, id=agency_id)
        return self._speakers[agency_id]

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
        self._holders, self._speakers = {}, {}

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

    def known(self, sender: str, keys: Sequence[str]) -> tuple[str | None, Sequence[Packet]]:
        """Return the sending that has one of these keys, and its packets."""
        # Two sends of the same document at once: the second waits here, and the question that
        # travels behind the lock is asked when it holds: it finds the first.
        self.tx.hold(
            "SELECT pg_advisory_xact_lock(hashtextextended(key, 0))"
            " FROM (SELECT key FROM unnest(%s::text[]) key ORDER BY key) held",
            [f"axis {sender} {key}" for key in keys],
        )
        found = [_packet(row) for row in self.tx.scalars(_KNOWN, sender=sender, keys=[*keys])]
        if not found:
            return None, []
        sending_id = found[0].sending_id
        return sending_id, [packet for packet in found if packet.sending_id == sending_id]

    def keep(self, sending: Sending, packets: Sequence[Packet], data: bytes) -> None:
        """Keep the packets of one send, however many, in one statement.

        They differ in what is unnested. Bytes that were removed are there again. It travels with
        what comes next, COMMIT in the end.
        """
        one = packets[0]
        self.tx.hold(
            _KEEP,
            *(sending.sender, sending.sending_id, sending.accepted_at, [*sending.keys]),
            *(sending.digest, data, sending.accepted_at),
            *(one.sending_id, one.message_type.value, one.sender, one.sent_as, one.sent_by),
            *(one.digest, one.reference, one.subject, one.created_at, one.updated_at),
            *(one.state.value, one.description),
            orjson.dumps([{name: getattr(p, name) for name in _OWN} for p in packets]).decode(),
        )
        if any(packet.route is Route.UPSTREAM for packet in packets):
            jobs.post(self.tx, FORWARD_JOB, {"sending": sending.sending_id})

    def note(self, entries: Sequence[LogEntry]) -> None:
        """Append to the message log."""
        append(self.tx, entries)

    def unproven_since(self) -> datetime | None:
        """Return when the oldest entry was made that no timestamp covers."""
        return unproven_since(self.tx)

    def waiting(
        self, system_id: str, message_type: MessageType, period: Period, limit: int
    ) -> Sequence[Packet]:
        """Return packets waiting for the agencies of a system, the oldest of each first.

        Each of its agencies is asked by itself and all have their turn: one whose packets nobody
        takes away hides no other's, and the queues of others are not looked at.
        """
        # a plan made while the table was small is kept until the server counts it again
        self.tx.execute("SET LOCAL enable_seqscan = off")
        rows = self.tx.execute(
            _WAITING,
            *(message_type.value, period.since or _EVER, period.until or _NEVER, limit),
            *(system_id, limit),
        ).fetchall()
        return self.packets([row[0] for row in rows])

    def sent(
        self, system_id: str, message_type: MessageType, period: Period, limit: int
    ) -> Sequence[Packet]:
        """Return the newest packets that a system sent, or that others sent for its agencies."""
        given = (message_type.value, period.since or _EVER, period.until or _NEVER, limit)
        rows = self.tx.execute(_SENT, *(system_id, *given), *given, system_id, limit).fetchall()
        return self.packets([row[0] for row in rows])[::-1]

    def packets(self, ids: Sequence[str]) -> list[Packet]:
        """Return packets by their ids, the oldest first, not locked."""
        found = [_packet(row) for row in self.tx.scalars(_BY_IDS, ids=[*ids])]
        return sorted(found, key=lambda packet: (packet.created_at, packet.packet_id))

    def packet(self, packet_id: str) -> Packet | None:
        """Return a packet, locked."""
        row = self.tx.one(_PACKET, id=packet_id)
        if row is None:
            return None
        self._speakers[row[0].receiver] = row[1]
        return _packet(row[0])

    def put_packet(self, packet: Packet) -> None:
        """Replace a packet whose state changed."""
        self.tx.hold(
            "UPDATE axis_packet SET state = %s, description = %s, updated_at = %s,"
            " forwarded_as = %s WHERE packet_id = %s",
            *(packet.state.value, packet.description, packet.updated_at, packet.forwarded_as),
            packet.packet_id,
        )

    def data(self, digest: str) -> bytes | datetime:
        """Return the bytes of a message as they came in, or when they were removed."""
        found = self.tx.one(
            sa.select(AxisMessage.data, AxisMessage.removed_at).where(AxisMessage.digest == digest)
        )
        if found is None:
            raise KeyError(digest)
        held = found[0] if found[0] is not None else found[1]
        assert held is not None  # removed bytes leave their time
        return held


def _agencies(rows: Iterable[tuple[Any, ...]]) -> list[Agency]:
    """Return agencies from rows of `_CODES`, one for each code, those of an agency together."""
    held: dict[str, tuple[tuple[Any, ...], list[AgencyCode]]] = {}
    for row in rows:
        held.setdefault(row[0], (row, []))[1].append(AgencyCode(*row[11:]))
    return [_agency(row, tuple(codes)) for row, codes in held.values()]


def _agency(row: tuple[Any, ...], codes: tuple[AgencyCode, ...]) -> Agency:
    key, code, name, system_id, changed_at, parent, mail, locked, deleted, others, version = row[
        :11
    ]
    return Agency(
        key, code, name, system_id, codes, changed_at, parent, mail, locked, deleted,
        tuple(others), version,
    )  # fmt: skip


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
        Route(row.route),
        row.forwarded_as,
    )
