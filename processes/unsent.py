"""What an officer typed and has not sent (bản nháp của biểu mẫu): kept beside his step.

It decides nothing and nobody else sees it. It is read while the step is open, and goes by itself
once the step is closed: a completion need not ask for it.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Query, Transaction, new_id
from engine.work_item import ItemStatus, WorkItem
from forms.definition import FormDefinition
from forms.submission import without
from forms.validation import sensitive_paths
from processes.work_items import ensure_may_take
from records.record import Record


class UnsentForm(Record):
    """The form of one step as one officer left it (bản nháp).

    `body` is JSON: `values` as typed, never a secret such as a PIN, and `words`, the door's own
    names of the files that go with them.
    """

    __tablename__ = "unsent_form"
    __table_args__ = (sa.UniqueConstraint("item_id", "officer_id"),)

    item_id: Mapped[UUID] = mapped_column(sa.ForeignKey("work_item.id"))
    officer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("officer.id"))
    body: Mapped[str]
    kept_at: Mapped[datetime]

    @property
    def values(self) -> dict[str, Any]:
        """Return the values as typed."""
        found: dict[str, Any] = json.loads(self.body)["values"]
        return found

    @property
    def words(self) -> list[str]:
        """Return the door's own names of its files."""
        found: list[str] = json.loads(self.body)["words"]
        return found


_MINE = Query(
    sa.select(UnsentForm).where(
        UnsentForm.item_id == sa.bindparam("item", type_=sa.Uuid()),
        UnsentForm.officer_id == sa.bindparam("officer", type_=sa.Uuid()),
    )
)


def keep(
    tx: Transaction,
    item: WorkItem,
    form: FormDefinition,
    values: Mapping[str, Any],
    words: Sequence[str] = (),
) -> None:
    """Keep what the acting officer typed in place of what he left before.

    Raises `NoRight` or `ExcludedFromStep` where the step is not his to take.
    """
    ensure_may_take(tx, item)
    body = json.dumps({"values": without(values, sensitive_paths(form)), "words": list(words)})
    tx.execute(
        "INSERT INTO unsent_form (id, agency_id, item_id, officer_id, body, kept_at)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (item_id, officer_id)"
        " DO UPDATE SET body = excluded.body, kept_at = excluded.kept_at",
        new_id(),
        item.agency_id,
        item.id,
        tx.acting.officer_id,
        body,
        tx.now,
    )


def find(tx: Transaction, item: WorkItem) -> UnsentForm | None:
    """Return what the acting officer left at an open step, None where there is nothing."""
    if item.status != ItemStatus.OPEN:
        return None
    return tx.scalar(_MINE, item=item.id, officer=tx.acting.officer_id)


def discard(tx: Transaction, item: WorkItem) -> None:
    """Forget what the acting officer left (bỏ bản nháp)."""
    tx.execute(
        "DELETE FROM unsent_form WHERE item_id = %s AND officer_id = %s",
        item.id,
        tx.acting.officer_id,
    )


def sweep(tx: Transaction) -> int:
    """Forget what belongs to steps that are closed; run by the worker now and then."""
    return tx.execute(
        "DELETE FROM unsent_form u USING work_item i WHERE i.id = u.item_id AND i.status <> %s",
        ItemStatus.OPEN.value,
    ).rowcount
