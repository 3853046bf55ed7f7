"""What happened in an instance, chained (lịch sử xử lý): who did what, when, and which way it went.

Each event holds the hash of the one before it; the last hash stands in the instance row, which is
locked by the command that appends, so no writer waits for another instance. The state after the
event is stored with it: any moment is a point read.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy import orm

from engine import delta
from engine.database import Base, Query, Transaction
from engine.instance import ProcessInstance
from engine.tables import Packed


class Event(Base):
    """One event of an instance (sự kiện); append-only.

    `body` is canonical JSON, `hash` = sha256(previous, body). What the command left is kept whole,
    or as a difference to what an earlier event left (`stored`).
    """

    __tablename__ = "event"
    __table_args__ = ({"info": {"append_only": True}},)

    instance_id: orm.Mapped[UUID] = orm.mapped_column(primary_key=True)
    seq: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    agency_id: orm.Mapped[UUID]
    kind: orm.Mapped[str]
    node_id: orm.Mapped[str]
    officer_id: orm.Mapped[UUID | None]
    position_id: orm.Mapped[UUID | None]
    on_behalf_of: orm.Mapped[UUID | None]
    at: orm.Mapped[datetime]
    body: orm.Mapped[bytes]
    stored: orm.Mapped[bytes] = orm.mapped_column("state", Packed, key="stored")
    previous: orm.Mapped[bytes]
    hash: orm.Mapped[bytes]

    #: what the event left whole that a difference is told against
    base: ClassVar[bytes | None] = None

    @property
    def state(self) -> bytes:
        """Return the state that the command left; raises `ValueError` where its base is amiss."""
        return delta.whole(self.stored, self.base)


def chain(previous: bytes, body: bytes) -> bytes:
    """Return the hash of an event: sha256 over the previous hash and its body (32 bytes)."""
    return hashlib.sha256(previous + b"\x00" + body).digest()


def append(
    tx: Transaction, instance: ProcessInstance, kind: str, node_id: str, facts: dict[str, Any]
) -> Event:
    """Append an event to the chain of `instance`, whose row the caller holds."""
    acting = tx.acting
    seq = instance.seq + 1
    body = orjson.dumps(
        {
            "instance": instance.id,
            "seq": seq,
            "kind": kind,
            "node": node_id,
            "at": tx.now.astimezone(UTC),
            "officer": acting.officer_id,
            "position": acting.position_id,
            "on_behalf_of": acting.on_behalf_of,
            "name": acting.name,
            "title": acting.title,
            "definition": instance.definition_id,
            "state": hashlib.sha256(instance.state).hexdigest(),
            **facts,
        },
        option=orjson.OPT_SORT_KEYS,
    )
    event = Event(
        instance_id=instance.id,
        seq=seq,
        agency_id=instance.agency_id,
        kind=kind,
        node_id=node_id,
        officer_id=acting.officer_id,
        position_id=acting.position_id,
        on_behalf_of=acting.on_behalf_of,
        at=tx.now,
        body=body,
        stored=_stored(instance, seq),
        previous=instance.head,
        hash=chain(instance.head, body),
    )
    instance.seq = seq
    instance.head = event.hash
    return tx.add(event)


def _stored(instance: ProcessInstance, seq: int) -> bytes:
    """Return the state as an event keeps it: a base stands whole in the event that left it."""
    base = instance.base
    return instance.stored if base is None or delta.base_of(instance.stored) != seq else base


def facts_of(event: Event) -> dict[str, Any]:
    """Return what an event says."""
    return dict(orjson.loads(event.body))


@dataclass(frozen=True, slots=True)
class Broken:
    """The first event where the chain does not hold, and why."""

    seq: int
    reason: str


def events_of(session: orm.Session, instance_id: UUID) -> list[Event]:
    """Return the events of an instance in order."""
    events = list(
        session.scalars(
            sa.select(Event).where(Event.instance_id == instance_id).order_by(Event.seq)
        )
    )
    stored = {event.seq: event.stored for event in events}
    for event in events:
        if delta.is_difference(event.stored):
            event.__dict__["base"] = stored.get(delta.base_of(event.stored), b"")
    return events


def event_at(tx: Transaction, instance: ProcessInstance, seq: int) -> Event | None:
    """Return one event of an instance, or None."""
    event = tx.scalar(_EVENT, instance=instance.id, seq=seq)
    if event is not None and delta.is_difference(event.stored):
        base = tx.scalar(_EVENT, instance=instance.id, seq=delta.base_of(event.stored))
        event.__dict__["base"] = b"" if base is None else base.stored
    return event


_EVENT = Query(
    sa.select(Event).where(
        Event.instance_id == sa.bindparam("instance"), Event.seq == sa.bindparam("seq")
    )
)


def verify(session: orm.Session, instance: ProcessInstance) -> Broken | None:
    """Return where the history of an instance was altered, or None where it holds.

    A changed body or column, a removed, swapped or added event, a changed state, of an event or
    of the instance itself, and a cut tail are found.
    """
    head, seq, state = b"", 0, ""
    for event in events_of(session, instance.id):
        seq += 1
        if event.seq != seq:
            return Broken(seq, "thiếu sự kiện trong chuỗi")
        if event.previous != head or event.hash != chain(head, event.body):
            return Broken(seq, "mã băm không khớp")
        facts = orjson.loads(event.body)
        if facts["seq"] != seq or facts["instance"] != str(instance.id):
            return Broken(seq, "sự kiện bị đổi chỗ")
        if any(facts[name] != _shown(getattr(event, column)) for name, column in _COLUMNS):
            return Broken(seq, "cột của sự kiện bị thay đổi")
        state = _digest(event)
        if facts["state"] != state:
            return Broken(seq, "trạng thái lưu kèm bị thay đổi")
        head = event.hash
    if seq != instance.seq or head != instance.head:
        return Broken(seq + 1, "mất sự kiện ở cuối chuỗi")
    if state != _digest(instance):
        return Broken(seq, "trạng thái hiện tại bị thay đổi")
    return None


def _digest(one: Event | ProcessInstance) -> str:
    """Return the digest of its state, "" where what is stored tells none."""
    try:
        return hashlib.sha256(one.state).hexdigest()
    except ValueError:
        return ""


#: what stands in the body and, to be searched by, in columns beside it
_COLUMNS = (
    ("kind", "kind"), ("node", "node_id"), ("officer", "officer_id"), ("at", "at"),
    ("position", "position_id"), ("on_behalf_of", "on_behalf_of"),
)  # fmt: skip


def _shown(value: Any) -> Any:
    return orjson.loads(
        orjson.dumps(value.astimezone(UTC) if isinstance(value, datetime) else value)
    )
