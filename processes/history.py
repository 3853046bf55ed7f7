"""What happened in a run (quá trình xử lý), for those who may know: events, chain checked."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy import orm

from engine import history
from engine.database import Transaction
from engine.errors import Named, NotFound
from engine.history import Event
from engine.instance import ProcessInstance
from processes import attestation
from processes.reach import facts_of_document
from processes.subjects import INCOMING
from records import journal
from records.authority import Act, authorize
from records.document import Document, IncomingDocument, OutgoingDocument


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """One event as it was chained: its place, what was said, its hash and the one before."""

    seq: int
    body: dict[str, Any]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class History:
    """A run with its events in order; `broken` names the first that does not hold, and why."""

    instance: ProcessInstance
    events: list[ToldEvent]
    broken: history.Broken | None


def read_instance(tx: Transaction, instance_id: UUID) -> ProcessInstance:
    """Return a run whose document the acting officer may follow; raises `NotFound`, `NoRight`."""
    instance = tx.get(ProcessInstance, instance_id)
    _authorize(tx, subject_of(tx, instance))
    return instance


def instances_of(tx: Transaction, document_id: UUID) -> list[ProcessInstance]:
    """Return the runs over a document, oldest first; raises `NotFound`, `NoRight`."""
    found = tx.scalars(
        sa.select(ProcessInstance)
        .where(ProcessInstance.subject_id == document_id)
        .order_by(ProcessInstance.started_at, ProcessInstance.id)
    )
    if not found:
        vi, en = ProcessInstance.called
        words = (f"{vi} của văn bản này", f"{en} over this document")
        raise NotFound(what=Named("process_instance", words))
    _authorize(tx, subject_of(tx, found[0]))
    return found


def subject_of(tx: Transaction, instance: ProcessInstance) -> Document:
    """Return the document of a run, not locked."""
    if instance.subject_type == INCOMING:
        return tx.get(IncomingDocument, instance.subject_id)
    return tx.get(OutgoingDocument, instance.subject_id)


def _authorize(tx: Transaction, document: Document) -> None:
    authorize(tx.acting, Act.READ_HISTORY, facts_of_document(tx, document))


def tell(tx: Transaction, session: orm.Session, instance_id: UUID) -> History:
    """Return the history of a run, checked against its chain, and note that it was read.

    `session` reads in the acting agency. Raises `NotFound`, `NoRight`.
    """
    read_instance(tx, instance_id)
    journal.record(tx, "view_history", "process_instance", instance_id)
    instance = session.get_one(ProcessInstance, instance_id)
    broken = history.verify(session, instance) or attestation.lost_of(session, instance)
    events = [_told(event) for event in history.events_of(session, instance_id)]
    return History(instance, events, broken)


def _told(event: Event) -> ToldEvent:
    return ToldEvent(event.seq, orjson.loads(event.body), event.previous.hex(), event.hash.hex())
