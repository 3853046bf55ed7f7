"""Steps that wait for somebody (việc cần xử lý) and who may take them."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from engine.database import Base

#: the group of the worker's own items
MACHINE_GROUP = "machine"


class ItemStatus(StrEnum):
    """Whether a work item still waits."""

    OPEN = "open"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class WorkItem(Base):
    """One step of one instance that waits for an officer or for the machine (việc cần xử lý).

    Its id is the token's. `variables` is what the step sees (the element of a multi-instance, for
    example); `outcome` what was decided.
    """

    __tablename__ = "work_item"
    called = ("việc cần xử lý", "work item")
    __table_args__ = (
        sa.Index(
            "ix_work_item_instance", "instance_id", postgresql_where=sa.text("status = 'open'")
        ),
        sa.Index(
            "ix_work_item_due", "agency_id", "due_at", "id",
            postgresql_where=sa.text("status = 'open'"),
        ),
        {"postgresql_with": {"fillfactor": "80"}},
    )  # fmt: skip

    id: orm.Mapped[UUID] = orm.mapped_column(primary_key=True)
    agency_id: orm.Mapped[UUID]
    instance_id: orm.Mapped[UUID] = orm.mapped_column(sa.ForeignKey("process_instance.id"))
    node_id: orm.Mapped[str]
    name: orm.Mapped[str]
    lane: orm.Mapped[str]
    verb: orm.Mapped[str]
    form: orm.Mapped[str]
    form_sha256: orm.Mapped[str]
    groups: orm.Mapped[list[str]]
    excluded: orm.Mapped[list[str]]
    priority: orm.Mapped[int]
    status: orm.Mapped[str] = orm.mapped_column(default=ItemStatus.OPEN.value)
    version: orm.Mapped[int] = orm.mapped_column(default=1)
    due_at: orm.Mapped[datetime]
    opened_at: orm.Mapped[datetime]
    variables: orm.Mapped[dict[str, Any]]
    accepted_at: orm.Mapped[datetime | None]
    accepted_by: orm.Mapped[UUID | None]
    done_at: orm.Mapped[datetime | None]
    done_by: orm.Mapped[UUID | None]
    outcome: orm.Mapped[dict[str, Any] | None]


class Candidate(Base):
    """One group that may take an open item: the inbox itself (hộp việc); gone when it closes.

    Keys alone, and no agency: what an item says is read from the item, which row-level security
    guards, while a policy here would keep the planner from walking the index in its order.
    """

    __tablename__ = "candidate"
    __table_args__ = (
        sa.Index("ix_candidate_item", "work_item_id"),
        sa.Index("ix_candidate_due", "due_at", "work_item_id"),
    )

    group_key: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    due_at: orm.Mapped[datetime] = orm.mapped_column(primary_key=True)
    work_item_id: orm.Mapped[UUID] = orm.mapped_column(
        sa.ForeignKey("work_item.id"), primary_key=True
    )
