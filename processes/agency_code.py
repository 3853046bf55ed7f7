"""The codes an agency is known by on the axis (mã định danh): any of them names it."""

import sqlalchemy as sa

from engine.database import Query, Transaction
from exchange.identity import organ_key
from records.organization import AgencyCode

_SAME = Query(
    sa.select(AgencyCode.code).where(
        AgencyCode.agency_id.in_(
            sa.select(AgencyCode.agency_id).where(AgencyCode.code == sa.bindparam("code"))
        )
    )
)
_OWN = Query(sa.select(AgencyCode.code).where(AgencyCode.agency_id == sa.bindparam("agency_id")))


def codes_of_same(tx: Transaction, code: str) -> set[str]:
    """Return all codes of the agency that bears this one, this one among them, to compare by."""
    return {organ_key(code), *map(organ_key, tx.scalars(_SAME, code=code))}


def own_codes(tx: Transaction) -> set[str]:
    """Return the codes of the acting agency, to compare by."""
    return set(map(organ_key, tx.scalars(_OWN, agency_id=tx.acting.agency_id)))
