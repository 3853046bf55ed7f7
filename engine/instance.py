"""Running procedures (lần chạy quy trình)."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from engine import delta
from engine.database import Base, new_id
from engine.errors import OfficeError
from engine.tables import Packed


class InstanceStatus(StrEnum):
    """Where a running procedure is in its life."""

    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    INCIDENT = "incident"
    SUSPENDED = "suspended"


class Suspended(OfficeError):
    """The run is held (hồ sơ đang tạm dừng): nothing of it goes on until it is resumed."""

    code = "suspended"
    status = 409
    vi = (
        "Hồ sơ đang tạm dừng xử lý nên chưa làm được việc này. Chưa có gì được ghi; chờ người có "
        "thẩm quyền cho tiếp tục, hoặc liên hệ lãnh đạo, quản trị cơ quan."
    )
    en = (
        "The run is suspended, so this cannot be done now. Nothing was written; wait until it is "
        "resumed, or ask a leader or the administrator of your agency."
    )


class ProcessInstance(Base):
    """One run of a procedure over one document (lần chạy quy trình).

    `seq` and `head` are the end of its chain of events, `subject_id` the document it handles,
    `standing` the node ids where tokens stand. The state of the last event is kept whole, or, where
    it is large, as a difference to `base`.
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
    stored: orm.Mapped[bytes] = orm.mapped_column("state", Packed, key="stored")
    base: orm.Mapped[bytes | None] = orm.mapped_column(Packed)
    standing: orm.Mapped[list[str]]
    started_at: orm.Mapped[datetime]
    updated_at: orm.Mapped[datetime]
    ended_at: orm.Mapped[datetime | None]

    #: a state as stored and whole: it is asked for several times in a command
    _whole: ClassVar[tuple[bytes, bytes]] = (b"", b"")

    @property
    def state(self) -> bytes:
        """Return the engine's small state (about 4 kB)."""
        if self._whole[0] is not self.stored:
            self.__dict__["_whole"] = (self.stored, delta.whole(self.stored, self.base))
        return self._whole[1]

    @state.setter
    def state(self, state: bytes) -> None:
        """Keep what the next event leaves."""
        self.stored, self.base = delta.kept(self.seq + 1, self.stored, self.base, state)
        self.__dict__["_whole"] = (self.stored, state)

    @property
    def goes_on(self) -> bool:
        """Whether steps of it may be done; an incident keeps nobody from the others."""
        return self.status in {InstanceStatus.RUNNING, InstanceStatus.INCIDENT}
