"""Keys that sign the receipts of partners (khóa ký biên nhận của bên nhận), of this installation.

A partner is named by one of its codes, as codes are compared. Whose key it is nobody vouches for:
the first that signed counts, or one that somebody entered, and another only once it is confirmed.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Base, Transaction, new_id
from records.vocabulary import Term, vocabulary


class KeyOrigin(Term):
    """Vì sao tin khóa ký biên nhận."""

    FIRST = "first", "Khóa đầu tiên đã ký", "The first that signed"
    ENTERED = "entered", "Người vận hành nhập, xác nhận", "Entered or confirmed by the operator"


class ReceiptKey(Base):
    """A key whose receipts count for a partner; `fingerprint` is of its certificate (SHA-256)."""

    __tablename__ = "receipt_key"
    __table_args__ = (sa.UniqueConstraint("partner", "fingerprint"),)
    called = ("khóa ký biên nhận", "receipt key")

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner: Mapped[str]
    fingerprint: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    origin: Mapped[KeyOrigin] = mapped_column(vocabulary(KeyOrigin))
    added_at: Mapped[datetime]
    added_by: Mapped[str] = mapped_column(default="")


def keys_of(tx: Transaction, codes: Collection[str]) -> list[ReceiptKey]:
    """Return the keys of a partner under any of these codes, the oldest first."""
    return tx.scalars(
        sa.select(ReceiptKey)
        .where(ReceiptKey.partner.in_(sorted(codes)))
        .order_by(ReceiptKey.added_at, ReceiptKey.id)
    )


def all_keys(tx: Transaction) -> list[ReceiptKey]:
    """Return all keys, by partner."""
    return tx.scalars(sa.select(ReceiptKey).order_by(ReceiptKey.partner, ReceiptKey.added_at))
