"""Events that tokens wait for (chờ sự kiện): the index by which timers and messages are found."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from engine.database import Base


class Subscription(Base):
    """A token waiting for a timer, a message or a signal (chờ sự kiện); its id is the token's."""

    __tablename__ = "subscription"
    __table_args__ = (
        sa.Index("ix_subscription_due", "due_at", postgresql_where=sa.text("kind = 'timer'")),
        sa.Index("ix_subscription_instance", "instance_id"),
        sa.Index(
            "ix_subscription_name", "agency_id", "name", "instance_id",
            postgresql_where=sa.text("kind <> 'timer'"),
        ),
    )  # fmt: skip

    id: orm.Mapped[UUID] = orm.mapped_column(primary_key=True)
    agency_id: orm.Mapped[UUID]
    instance_id: orm.Mapped[UUID] = orm.mapped_column(sa.ForeignKey("process_instance.id"))
    node_id: orm.Mapped[str]
    kind: orm.Mapped[str]
    name: orm.Mapped[str]
    due_at: orm.Mapped[datetime | None]
