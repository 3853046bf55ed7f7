"""The `Store` of our own axis (kho của trục liên thông) over its tables."""

from collections.abc import Sequence
from datetime import UTC, datetime

import orjson
import sqlalchemy as sa

from engine import jobs
from engine.database import Query
from exchange.axis_log import LogEntry
from exchange.axis_store import Packet, PacketState, Page, Period, Route, Sending
from exchange.gateway import MessageType
from records.axis_directory import AxisDirectory
from records.axis_log import append, unproven_since
from records.axis_tables import AxisAgency, AxisMessage, AxisPacket, AxisSending

#: the job that takes a send on to the axis above
FORWARD_JOB = "forward_axis"

_KEYS = sa.any_(sa.bindparam("keys", type_=sa.ARRAY(sa.Text())))
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
_WAITING_AFTER = """
SELECT packet_id FROM axis_agency CROSS JOIN LATERAL (
  SELECT packet_id, created_at FROM axis_packet
  WHERE receiver = axis_agency.key AND state IN ('initial', 'processing')
    AND route = 'local' AND message_type = %s AND created_at >= %s AND created_at < %s
    AND (created_at, packet_id) > (%s, %s)
  ORDER BY created_at, packet_id LIMIT %s) queue
WHERE system_id = %s ORDER BY created_at, packet_id LIMIT %s"""
_COUNT = """
SELECT coalesce(sum(waiting), 0)::bigint FROM axis_agency CROSS JOIN LATERAL (
  SELECT count(*) AS waiting FROM axis_packet
  WHERE receiver = axis_agency.key AND state IN ('initial', 'processing')
    AND route = 'local' AND message_type = %s AND created_at >= %s AND created_at < %s) queue
WHERE system_id = %s"""
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
_SENT_AFTER = """
SELECT packet_id FROM (
  (SELECT packet_id, created_at FROM axis_packet WHERE sent_by = %s AND message_type = %s
     AND created_at >= %s AND created_at < %s AND (created_at, packet_id) > (%s, %s)
   ORDER BY created_at, packet_id LIMIT %s)
  UNION
  SELECT packet_id, created_at FROM axis_agency CROSS JOIN LATERAL (
    SELECT packet_id, created_at FROM axis_packet WHERE sender = axis_agency.key
      AND message_type = %s AND created_at >= %s AND created_at < %s
      AND (created_at, packet_id) > (%s, %s)
    ORDER BY created_at, packet_id LIMIT %s) own WHERE system_id = %s) AS found
ORDER BY created_at, packet_id LIMIT %s"""
_EVER, _NEVER = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_PACKET = Query(
    sa.select(AxisPacket, AxisAgency.system_id)
    .outerjoin(AxisAgency, AxisAgency.key == AxisPacket.receiver)
    .where(AxisPacket.packet_id == sa.bindparam("id"))
    .with_for_update(of=AxisPacket)
)


class AxisStore(AxisDirectory):
    """The `Store` of an axis over the tables above; one for each transaction."""

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
        self, system_id: str, message_type: MessageType, period: Period, page: Page
    ) -> Sequence[Packet]:
        """Return packets waiting for the agencies of a system, the oldest of each first.

        Each of its agencies is asked by itself and all have their turn: one whose packets nobody
        takes away hides no other's, and the queues of others are not looked at. Whoever reads on
        after a packet is given all of them by time.
        """
        # a plan made while the table was small is kept until the server counts it again
        self.tx.hold("SET LOCAL enable_seqscan = off")
        asked = (message_type.value, period.since or _EVER, period.until or _NEVER)
        text, place = (_WAITING_AFTER, page.after) if page.after else (_WAITING, ())
        rows = self.tx.execute(text, *asked, *place, page.limit, system_id, page.limit).fetchall()
        return self.packets([row[0] for row in rows])

    def count_waiting(self, system_id: str, message_type: MessageType, period: Period) -> int:
        """Return how many packets wait for the agencies of a system."""
        between = (period.since or _EVER, period.until or _NEVER)
        row = self.tx.execute(_COUNT, message_type.value, *between, system_id).fetchone()
        return int(row[0]) if row else 0

    def sent(
        self, system_id: str, message_type: MessageType, period: Period, page: Page
    ) -> Sequence[Packet]:
        """Return the newest packets that a system sent, or that others sent for its agencies."""
        asked = (message_type.value, period.since or _EVER, period.until or _NEVER)
        text, place = (_SENT_AFTER, page.after) if page.after else (_SENT, ())
        given = (*asked, *place, page.limit)
        rows = self.tx.execute(text, *(system_id, *given), *given, system_id, page.limit).fetchall()
        found = self.packets([row[0] for row in rows])
        return found if page.after else found[::-1]

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
