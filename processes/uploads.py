"""Files on their way into a step (tệp tải lên chờ dùng): sent first, named by a form afterwards.

The bytes lie in the content store already; the row says whose they are. It expires by itself.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Query, Transaction
from processes.order import Upload
from records.authority import Act, authorize
from records.content import Stored, clean_name
from records.record import Record

#: how long a file may wait for its step; shorter than the store keeps bytes that no row names
LIFE = timedelta(hours=24)


class WaitingFile(Record):
    """A file an officer sent and has not used yet, or not long ago (tệp chờ dùng)."""

    __tablename__ = "waiting_file"

    officer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("officer.id"), index=True)
    sha256: Mapped[str]
    size: Mapped[int]
    media_type: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)

    @property
    def upload(self) -> Upload:
        """Return the file as verbs take it."""
        return Upload(self.name, Stored(self.sha256, self.size, self.media_type))


_MINE = Query(
    sa.select(WaitingFile).where(
        WaitingFile.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid()))),
        WaitingFile.officer_id == sa.bindparam("officer"),
        WaitingFile.expires_at > sa.bindparam("now"),
    )
)


def keep_waiting(tx: Transaction, stored: Stored, name: str) -> WaitingFile:
    """Note a stored file as the acting officer's, for him alone to use within `LIFE`."""
    authorize(tx.acting, Act.DRAFT_DOCUMENT)
    assert tx.acting.agency_id is not None
    return tx.add(
        WaitingFile(
            agency_id=tx.acting.agency_id,
            officer_id=tx.acting.officer_id,
            sha256=stored.sha256,
            size=stored.size,
            media_type=stored.media_type,
            name=clean_name(name),
            created_at=tx.now,
            expires_at=tx.now + LIFE,
        )
    )


def find_waiting(tx: Transaction, references: Iterable[str]) -> dict[str, Upload]:
    """Return the acting officer's own files by reference; what is unknown or too old is left out.

    A form then refuses the reference in its own words.
    """
    ids = [identity for r in references if (identity := _identity(r)) is not None]
    if not ids:
        return {}
    found = tx.scalars(_MINE, ids=ids, officer=tx.acting.officer_id, now=tx.now)
    return {str(row.id): row.upload for row in found}


def _identity(reference: str) -> UUID | None:
    try:
        return UUID(reference)
    except ValueError:
        return None


def sweep(tx: Transaction) -> int:
    """Forget the files whose time is over; run by the worker now and then."""
    return tx.execute("DELETE FROM waiting_file WHERE expires_at <= %s", tx.now).rowcount
