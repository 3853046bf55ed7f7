"""Whom the installation trusts, version by version (danh sách tin cậy và chính sách kiểm tra)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Base, Transaction, new_id
from engine.errors import Stale


class TrustVersion(Base):
    """One state of the list of trust and of the policy, whole and never changed (bản).

    It belongs to the installation, not to an agency: one axis, one list. The newest is in force.
    """

    __tablename__ = "trust_version"
    __table_args__ = (
        sa.UniqueConstraint("number"),
        {"info": {"append_only": True}},
    )
    called = ("bản danh sách tin cậy", "version of the list of trust")

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int]
    #: `processes.trust_rules.Rules.to_data`
    rules: Mapped[dict[str, Any]]
    #: what was changed against the version before, and to what
    change: Mapped[dict[str, Any]]
    reason: Mapped[str]
    #: None: the system itself, at first set-up
    changed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("officer.id"))
    changed_name: Mapped[str]
    changed_at: Mapped[datetime]


def newest(tx: Transaction) -> TrustVersion | None:
    """Return the version in force; None before the first."""
    return tx.scalar(sa.select(TrustVersion).order_by(TrustVersion.number.desc()).limit(1))


def newest_number(tx: Transaction) -> int:
    """Return the number of the version in force, 0 before the first."""
    return tx.scalar(sa.select(sa.func.max(TrustVersion.number))) or 0


def versions(tx: Transaction, limit: int = 50) -> list[TrustVersion]:
    """Return the versions, newest first."""
    return tx.scalars(sa.select(TrustVersion).order_by(TrustVersion.number.desc()).limit(limit))


def append(
    tx: Transaction,
    based_on: int,
    rules: dict[str, Any],
    change: dict[str, Any],
    reason: str,
) -> TrustVersion:
    """Add the version after `based_on`; raises `Stale` when another came first."""
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('trust_version', 0))")
    if newest_number(tx) != based_on:
        raise Stale
    return tx.add(
        TrustVersion(
            id=new_id(),
            number=based_on + 1,
            rules=rules,
            change=change,
            reason=reason,
            changed_by=tx.acting.officer_id,
            changed_name=tx.acting.name,
            changed_at=tx.now,
        )
    )
