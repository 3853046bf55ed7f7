"""Signs of life of the worker processes (nhịp báo sống)."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Base, Transaction


class Worker(Base):
    """A worker process that lives, as far as its last heartbeat tells (tiến trình xử lý)."""

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=sa.text("clock_timestamp()"))
    beat_at: Mapped[datetime] = mapped_column(server_default=sa.text("clock_timestamp()"))


def beat(tx: Transaction, name: str, version: str) -> None:
    """Write the heartbeat of worker `name`; forget workers silent for a day."""
    tx.execute(
        """INSERT INTO worker (name, version) VALUES (%s, %s)
           ON CONFLICT (name) DO UPDATE SET beat_at = clock_timestamp()""",
        *(name, version),
    )
    tx.execute("DELETE FROM worker WHERE beat_at < statement_timestamp() - interval '1 day'")


def silence(tx: Transaction) -> timedelta | None:
    """Return how long ago the last worker gave a sign of life; None when none ever did."""
    row = tx.execute("SELECT clock_timestamp() - max(beat_at) FROM worker").fetchone()
    return None if row is None else row[0]


def alive(tx: Transaction, within: timedelta) -> int:
    """Return how many workers gave a sign of life `within` this time: a killed one says no more."""
    row = tx.execute(
        "SELECT count(*) FROM worker WHERE beat_at > clock_timestamp() - %s::interval", within
    ).fetchone()
    return 0 if row is None else int(row[0])
