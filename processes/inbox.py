"""The work that waits for an officer (hộp việc): first page in bounded time, however much waits.

Two ways to the same rows. Few groups: the first items of each group by its own index, merged. Many
groups that hold a good share of all open work: walk the items by their due moment and keep those of
the officer's groups. Either reads a bounded number of index rows; the choice needs only a rough
count of open items a group, which the worker refreshes off every officer's path.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql

from engine.database import Base, Query, Transaction
from engine.instance import ProcessInstance
from engine.work_item import Candidate, WorkItem
from records.document import IncomingDocument, OutgoingDocument
from records.organization import group_keys
from records.vocabulary import Authenticity, Urgency

PAGE = 20
_BEGINNING = datetime.fromisoformat("0001-01-02T00:00:00+00:00")
_END = datetime.fromisoformat("9999-12-31T00:00:00+00:00")
_NOBODY = UUID(int=0)


class GroupLoad(Base):
    """About how many items wait for a group (số việc đang chờ của nhóm); counted now and then."""

    __tablename__ = "group_load"
    __table_args__ = ({"info": {"read_by": "all"}},)

    group_key: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    open_items: orm.Mapped[int]
    counted_at: orm.Mapped[datetime]


class Basket(StrEnum):
    """A part of the inbox (rổ việc)."""

    MINE = "mine"
    OVERDUE = "overdue"
    TODAY = "today"
    INCOMING = "incoming"
    OUTGOING = "outgoing"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One line of the inbox."""

    item: WorkItem
    subject_type: str
    document_id: UUID
    reference: str
    subject: str
    organ_name: str
    type_name: str
    urgency: Urgency
    arrival_number: int | None
    authenticity: Authenticity | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: the due moment and id of its last item."""

    due_at: datetime
    item_id: UUID


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the inbox and where the next one begins, None at the end."""

    rows: tuple[InboxRow, ...]
    following: Cursor | None


_groups = sa.bindparam("groups", type_=postgresql.ARRAY(sa.Text()))
_after_due = sa.bindparam("after_due", type_=sa.DateTime(timezone=True))
_after_id = sa.bindparam("after_id", type_=sa.Uuid())
_until = sa.bindparam("until", type_=sa.DateTime(timezone=True))

_key = sa.tuple_(Candidate.due_at, Candidate.work_item_id)
_after = sa.tuple_(_after_due, _after_id)


def _by_group(limit: int) -> sa.Subquery:
    group = sa.func.unnest(_groups).table_valued("key", name="wanted").render_derived()
    first = (
        sa.select(Candidate.due_at, Candidate.work_item_id)
        .where(Candidate.group_key == group.c.key, _key > _after, Candidate.due_at <= _until)
        .order_by(Candidate.due_at, Candidate.work_item_id)
        .limit(sa.literal_column(str(limit)))
        .lateral("first")
    )
    return (
        sa.select(first.c.due_at, first.c.work_item_id)
        .select_from(group.join(first, sa.true()))
        .distinct()
        .order_by(first.c.due_at, first.c.work_item_id)
        .limit(sa.literal_column(str(limit)))
        .subquery("page")
    )


def _by_due(limit: int) -> sa.Subquery:
    other = orm.aliased(Candidate)
    again = sa.exists().where(
        other.work_item_id == Candidate.work_item_id,
        other.group_key < Candidate.group_key,
        other.group_key == sa.any_(_groups),
    )
    return (
        sa.select(Candidate.due_at, Candidate.work_item_id)
        .where(
            Candidate.group_key == sa.any_(_groups),
            _key > _after,
            Candidate.due_at <= _until,
            ~again,
        )
        .order_by(Candidate.due_at, Candidate.work_item_id)
        .limit(sa.literal_column(str(limit)))
        .subquery("page")
    )


def _joined(page: sa.Subquery) -> Any:
    incoming, outgoing = IncomingDocument, OutgoingDocument
    return Query(
        sa.select(
            WorkItem,
            ProcessInstance.subject_type,
            ProcessInstance.subject_id,
            sa.func.coalesce(incoming.code_number, outgoing.code_number, ""),
            sa.func.coalesce(incoming.code_notation, outgoing.code_notation, ""),
            sa.func.coalesce(incoming.subject, outgoing.subject, ""),
            sa.func.coalesce(incoming.organ_name, outgoing.organ_name, ""),
            sa.func.coalesce(incoming.type_name, outgoing.type_name, ""),
            sa.cast(sa.func.coalesce(incoming.urgency, outgoing.urgency), sa.Text()),
            incoming.arrival_number,
            sa.cast(incoming.authenticity, sa.Text()),
        )
        .select_from(
            page.join(WorkItem, WorkItem.id == page.c.work_item_id)
            .join(ProcessInstance, ProcessInstance.id == WorkItem.instance_id)
            .outerjoin(incoming, incoming.id == ProcessInstance.subject_id)
            .outerjoin(outgoing, outgoing.id == ProcessInstance.subject_id)
        )
        .order_by(page.c.due_at, page.c.work_item_id)
    )


@lru_cache(maxsize=64)
def _query(*, by_due: bool, limit: int) -> Any:
    """Return the question for pages of this size: the planner must know how few rows it is."""
    return _joined(_by_due(limit) if by_due else _by_group(limit))


_SHARE = Query(
    sa.select(
        sa.func.coalesce(
            sa.func.sum(GroupLoad.open_items).filter(GroupLoad.group_key == sa.any_(_groups)), 0
        ),
        sa.func.coalesce(sa.func.sum(GroupLoad.open_items), 0),
    )
)


_COUNT = Query(
    sa.select(
        sa.func.count(sa.distinct(Candidate.work_item_id)),
        sa.func.count(sa.distinct(Candidate.work_item_id)).filter(Candidate.due_at < _until),
    ).where(Candidate.group_key == sa.any_(_groups))
)


def walks_by_due(groups: int, page: int, mine: int, total: int) -> bool:
    """Return whether to walk by due moment: it reads page/share rows, the other groups*page."""
    if not total or not mine:
        return False
    return groups * page > page * total / mine


def first_page(
    tx: Transaction,
    *,
    after: Cursor | None = None,
    until: datetime | None = None,
    limit: int = PAGE,
) -> Page:
    """Return a page of the acting officer's work, most urgent first; `until` keeps what is due.

    `after` is where the page before ended. Items the officer may not take (his own drafts to
    approve) are left out.
    """
    found = page_of(tx, group_keys(tx.acting), after=after, until=until, limit=limit)
    me = str(tx.acting.officer_id)
    rows = tuple(_row(line) for line in found if me not in line[0].excluded)
    last = found[-1][0] if len(found) == limit else None
    return Page(rows, Cursor(last.due_at, last.id) if last else None)


def page_of(
    tx: Transaction,
    groups: list[str],
    *,
    after: Cursor | None = None,
    until: datetime | None = None,
    limit: int = PAGE,
) -> list[tuple[Any, ...]]:
    """Return the raw lines of a page for these groups, by the cheaper of the two ways."""
    values = {
        "groups": groups,
        "after_due": after.due_at if after else _BEGINNING,
        "after_id": after.item_id if after else _NOBODY,
        "until": until or _END,
    }
    [(mine, total)] = tx.rows(_SHARE, groups=groups)
    query = _query(
        by_due=walks_by_due(len(groups), limit, int(mine), int(total)),
        limit=max(1, min(limit, 200)),
    )
    return list(tx.rows(query, **values))


def _row(line: tuple[Any, ...]) -> InboxRow:
    (
        item,
        subject_type,
        subject_id,
        number,
        notation,
        subject,
        organ,
        kind,
        urgency,
        arrival,
        auth,
    ) = line
    return InboxRow(
        item=item,
        subject_type=subject_type,
        document_id=subject_id,
        reference=f"{number}/{notation}" if number else "",
        subject=subject,
        organ_name=organ,
        type_name=kind,
        urgency=Urgency(urgency or "normal"),
        arrival_number=arrival,
        authenticity=Authenticity(auth) if auth else None,
    )


def count(tx: Transaction) -> tuple[int, int]:
    """Return how many items wait for the acting officer and how many of them are overdue."""
    [(waiting, overdue)] = tx.rows(_COUNT, groups=group_keys(tx.acting), until=tx.now)
    return int(waiting), int(overdue)


def refresh_load(tx: Transaction) -> None:
    """Count the open items of every group anew; the worker does so once a minute."""
    tx.execute("DELETE FROM group_load")
    tx.execute(
        "INSERT INTO group_load (group_key, open_items, counted_at)"
        " SELECT group_key, count(*), %s FROM candidate GROUP BY group_key",
        tx.now,
    )
