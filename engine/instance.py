"""Running procedures (lần chạy quy trình)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from engine.database import Base, new_id


class InstanceStatus(StrEnum):
    """Where a running procedure is in its life."""

    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    INCIDENT = "incident"


class ProcessInstance(Base):
    """One run of a procedure over one document (lần chạy quy trình).

    `state` is the engine's small state (about 4 kB), `seq` and `head` the end of its chain of
    events, `subject_id` the document it handles, `standing` the node ids where tokens stand.
    """

    __tablename__ = "process_instance"
    called = ("lần chạy quy trình", "run of a procedure")
    __table_args__ = (
        sa.Index("ix_process_instance_subject", "subject_id"),
        {"postgresql_with": {"fillfactor": "50"}},
    )

    id: orm.Mapped[UUID] = orm.mapped_column(primary_key=True, default=new_id)
    agency_id: orm.Mapped[UUID] = orm.mapped_column(sa.ForeignKey("agency.id"))
    definition_id: orm.Mapped[UUID] = orm.mapped_column(sa.ForeignKey("definition.id"))
    subject_type: orm.Mapped[str]
    subject_id: orm.Mapped[UUID]
    status: orm.Mapped[str] = orm.mapped_column(default=InstanceStatus.RUNNING.value)
    version: orm.Mapped[int] = orm.mapped_column(default=1)
    seq: orm.Mapped[int] = orm.mapped_column(default=0)
    head: orm.Mapped[bytes] = orm.mapped_column(default=b"")
    state: orm.Mapped[bytes]
    standing: orm.Mapped[list[str]]
    started_at: orm.Mapped[datetime]
    updated_at: orm.Mapped[datetime]
    ended_at: orm.Mapped[datetime | None]
