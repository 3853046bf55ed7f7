"""What every record of the registry has (bản ghi): an id, its agency, who made it."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Acting, Base, new_id
from engine.tables import defaults


class Record(Base):
    """A record of one agency; its defaults hold from the moment it is made, not from the flush."""

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-3)
    agency_id: Mapped[UUID] = mapped_column(sa.ForeignKey("agency.id"), index=True, sort_order=-2)

    def __init__(self, **given: Any) -> None:
        """Take the `given` values and the defaults of the other columns."""
        for name, default in defaults(type(self)):
            if name not in given:
                given[name] = default(None) if callable(default) else default
        super().__init__(**given)


class GuardedRecord(Record):
    """A record that may change; `version` lets only one of two writers win."""

    __abstract__ = True

    version: Mapped[int] = mapped_column(default=1, sort_order=-1)


class Authored:
    """Who did it and in which position (người thực hiện, chức vụ), kept as it read that day."""

    by_officer_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("officer.id"))
    by_position_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("position.id"))
    by_name: Mapped[str] = mapped_column(default="")
    by_title: Mapped[str] = mapped_column(default="")


def author(acting: Acting) -> dict[str, Any]:
    """Return the columns of `Authored` for the officer who acts."""
    return {
        "by_officer_id": acting.officer_id,
        "by_position_id": acting.position_id,
        "by_name": acting.name,
        "by_title": acting.title,
    }


def at_most(lengths: dict[str, int]) -> list[sa.CheckConstraint]:
    """Return the CHECKs that hold each named text column to its greatest length."""
    return [
        sa.CheckConstraint(f"char_length({name}) <= {limit}", name=f"{name}_length")
        for name, limit in lengths.items()
    ]


def one_document(*, required: bool = True) -> sa.CheckConstraint:
    """Return the CHECK that a row is about one incoming or one outgoing document."""
    count = "num_nonnulls(incoming_document_id, outgoing_document_id)"
    return sa.CheckConstraint(f"{count} {'=' if required else '<='} 1", name="one_document")
