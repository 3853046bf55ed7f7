"""What happened in an instance, chained (lịch sử xử lý): who did what, when, and which way it went.

Each event holds the hash of the one before it; the last hash stands in the instance row, which is
locked by the command that appends, so no writer waits for another instance. The state after the
event is stored with it: any moment is a point read.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy import orm

from engine.database import Base, Transaction
from engine.instance import ProcessInstance
from engine.tables import Packed


class Event(Base):
    """One event of an instance (sự kiện); append-only.

    `body` is canonical JSON, `hash` = sha256(previous, body); `state` is what the command left.
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
    state: orm.Mapped[bytes] = orm.mapped_column(Packed)
    previous: orm.Mapped[bytes]
    hash: orm.Mapped[bytes]


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
        state=instance.state,
        previous=instance.head,
        hash=chain(instance.head, body),
    )
    instance.seq = seq
    instance.head = event.hash
    return tx.add(event)


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
    return list(
        session.scalars(
            sa.select(Event).where(Event.instance_id == instance_id).order_by(Event.seq)
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
        state = hashlib.sha256(event.state).hexdigest()
        if facts["state"] != state:
            return Broken(seq, "trạng thái lưu kèm bị thay đổi")
        head = event.hash
    if seq != instance.seq or head != instance.head:
        return Broken(seq + 1, "mất sự kiện ở cuối chuỗi")
    if state != hashlib.sha256(instance.state).hexdigest():
        return Broken(seq, "trạng thái hiện tại bị thay đổi")
    return None


#: what stands in the body and, to be searched by, in columns beside it
_COLUMNS = (
    ("kind", "kind"), ("node", "node_id"), ("officer", "officer_id"), ("at", "at"),
    ("position", "position_id"), ("on_behalf_of", "on_behalf_of"),
)  # fmt: skip


def _shown(value: Any) -> Any:
    return orjson.loads(
        orjson.dumps(value.astimezone(UTC) if isinstance(value, datetime) else value)
    )
