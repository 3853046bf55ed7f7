"""The codes an agency is known by on the axis (mã định danh): any of them names it."""

import sqlalchemy as sa

from engine.database import Transaction
from exchange.identity import organ_key
from records.organization import AgencyCode


def codes_of_same(tx: Transaction, code: str) -> set[str]:
    """Return all codes of the agency that bears this one, this one among them, to compare by."""
    siblings = sa.select(AgencyCode.agency_id).where(AgencyCode.code == code)
    own = tx.scalars(sa.select(AgencyCode.code).where(AgencyCode.agency_id.in_(siblings)))
    return {organ_key(code), *map(organ_key, own)}


def own_codes(tx: Transaction) -> set[str]:
    """Return the codes of the acting agency, to compare by."""
    own = sa.select(AgencyCode.code).where(AgencyCode.agency_id == tx.acting.agency_id)
    return set(map(organ_key, tx.scalars(own)))
