"""Whom a receiver may call about what came (cán bộ liên hệ): the clerk who issued it."""

from uuid import UUID

import sqlalchemy as sa

from engine.database import Transaction
from exchange.envelope import Staff
from records.document import OutgoingDocument
from records.organization import Agency, Officer, Position, Unit

_LONGEST = 200


def contact_of(tx: Transaction, document: OutgoingDocument, position: str | None) -> Staff:
    """Return who holds the position, else the agency's clerks: a deployed hub wants somebody."""
    found = None
    if position:
        found = tx.rows(
            sa.select(Officer.full_name, Officer.email, Unit.name, Position.title)
            .join(Position, Position.officer_id == Officer.id)
            .outerjoin(Unit, Unit.id == Position.unit_id)
            .where(Position.id == UUID(position))
        )
    if not found:
        name = tx.get(Agency, document.agency_id).name
        return Staff(name=f"Văn thư {name}"[:_LONGEST], department="Văn thư")
    [(name, email, unit, title)] = found
    return Staff(name=name, department=(unit or title)[:_LONGEST], email=email)
