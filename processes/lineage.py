"""What a run did on former versions, as its present one calls it (bước đã làm ở bản cũ).

A step done keeps the id it had. After a migration that gives it another one, by the same table, id
or name as its tokens, it counts and is shown under that; after a return it is what it was.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from engine.database import Transaction
from engine.definition import program_of
from engine.diagram import Node
from engine.history import Event
from engine.migration import match
from engine.work_item import ItemStatus, WorkItem

Nodes = Mapping[str, Node]
#: the nodes of a version, by its id
Library = Callable[[str], Nodes]
#: the number of an event and what it says
Told = tuple[int, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Change:
    """A run carried over: at which event, and where each node of the old diagram is since."""

    seq: int
    places: Mapping[str, str]
    old: Nodes
    new: Nodes


@dataclass(frozen=True, slots=True)
class Lineage:
    """The versions a run has been on, in order; what was taken back is not among them."""

    changes: tuple[Change, ...] = ()

    def place(self, node: str, seq: int) -> str | None:
        """Return what the node of event `seq` is called at the end, None where it is gone."""
        current: str | None = node
        for change in self.changes:
            if change.seq > seq and current is not None:
                current = change.places.get(current)
        return current

    def step(self, node: str, seq: int) -> str | None:
        """Return the step that takes the place of one done, with the same work; else None.

        A table may put any step in the place of another: what was approved is not thereby signed.
        """
        place = self.place(node, seq)
        first = next((c.old.get(node) for c in self.changes if c.seq > seq), None)
        last = self.changes[-1].new.get(place or "") if self.changes else None
        if first is not None and (last is None or first.verb != last.verb):
            return None
        return place


def trace(events: Iterable[Told], nodes: Library) -> Lineage:
    """Return the lineage that the events of a run tell, each with its number, oldest first."""
    found: list[Change] = []
    for seq, facts in events:
        if facts["kind"] == "give_back":
            found = [one for one in found if one.seq != facts["undoes"]]
        elif facts["kind"] == "migrate":
            old, new = nodes(str(facts["from"])), nodes(str(facts["to"]))
            places = match(old.values(), new, facts["table"])
            found.append(Change(seq, places, old, new))
    return Lineage(tuple(found))


_KINDS = ("migrate", "give_back")


def done_before(tx: Transaction, item: WorkItem) -> set[str]:
    """Return the nodes whose steps were done before the run first came to this one.

    What was done after that, and then sent back, has to be done again: it lies ahead. What was
    withdrawn or skipped was not done.
    """
    times = _times(tx, item.instance_id)
    came = min((opened for node, opened, _ in times if node == item.node_id),
               default=item.opened_at)  # fmt: skip
    return {node for node, _, done in times if node and done is not None and done <= came}


def _times(tx: Transaction, run: UUID) -> list[tuple[str | None, datetime, datetime | None]]:
    """Return each step of a run as the present version calls it, when it opened and was done."""
    items = tx.rows(
        sa.select(
            WorkItem.id, WorkItem.node_id, WorkItem.opened_at,
            sa.case((WorkItem.status == ItemStatus.DONE.value, WorkItem.done_at)),
        ).where(WorkItem.instance_id == run)
    )  # fmt: skip
    carried = sa.select(Event.seq).where(Event.instance_id == run, Event.kind.in_(_KINDS)).limit(1)
    if not tx.rows(carried):
        return [(node, opened, done) for _, node, opened, done in items]
    told = [
        (int(seq), orjson.loads(body))
        for seq, body in tx.rows(
            sa.select(Event.seq, Event.body).where(Event.instance_id == run).order_by(Event.seq)
        )
    ]
    line = trace(told, lambda identity: program_of(tx, UUID(identity)).nodes)
    closed = {str(i): seq for seq, facts in told for i in (*facts.get("closed", ()),
              *([facts["item"]] if facts["kind"] == "complete" else []))}  # fmt: skip
    last = told[-1][0]
    found = []
    for identity, node, opened, done in items:
        seq = closed.get(str(identity), last)  # what is open is called by its present name
        place = line.place(node, seq) if done is None else line.step(node, seq)
        found.append((place, opened, done))
    return found
