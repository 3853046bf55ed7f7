"""Counting what may be tried only so often (giới hạn số lần thử), in the database of all nodes."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Base, Transaction
from engine.errors import OfficeError

WINDOW = timedelta(minutes=15)


class TooManyAttempts(OfficeError):
    """It was tried too often (thử quá nhiều lần)."""

    code = "too-many-attempts"
    status = 429
    vi = "Đã thử quá nhiều lần. Hãy đợi {minutes} phút rồi thử lại, hoặc liên hệ quản trị cơ quan."
    en = "Too many attempts. Wait {minutes} minutes, or ask the administrator of your agency."


class Throttle(Base):
    """How often something was tried since the first attempt of its window."""

    __tablename__ = "throttle"

    key: Mapped[str] = mapped_column(primary_key=True)
    attempts: Mapped[int]
    since: Mapped[datetime]


_COUNT = """
INSERT INTO throttle AS t (key, attempts, since) VALUES (%s, 1, %s)
ON CONFLICT (key) DO UPDATE SET
  attempts = CASE WHEN t.since <= %s THEN 1 ELSE t.attempts + 1 END,
  since = CASE WHEN t.since <= %s THEN excluded.since ELSE t.since END
"""
_READ = sa.select(Throttle.key, Throttle.attempts, Throttle.since)


def count(tx: Transaction, key: str) -> None:
    """Count one attempt; who counts the same key waits until this transaction ends."""
    old = tx.now - WINDOW
    tx.execute(_COUNT, key, tx.now, old, old)


def attempts_left(tx: Transaction, limits: dict[str, int]) -> int | None:
    """Return None while every key is within its limit, else how many minutes to wait."""
    rows = tx.rows(_READ.where(Throttle.key.in_(list(limits)), Throttle.since > tx.now - WINDOW))
    waits = [since + WINDOW - tx.now for key, attempts, since in rows if attempts > limits[key]]
    return max(1, -(-max(waits) // timedelta(minutes=1))) if waits else None


def forget(tx: Transaction, key: str) -> None:
    """Begin to count anew, after a success."""
    tx.execute("DELETE FROM throttle WHERE key = %s", key)


def sweep_throttles(tx: Transaction) -> int:
    """Remove the counts whose window is over."""
    return tx.execute("DELETE FROM throttle WHERE since <= %s", tx.now - WINDOW).rowcount
