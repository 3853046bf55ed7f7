"""How an agency reaches the axis (kết nối trục liên thông)."""

import hashlib
import hmac
from uuid import UUID

import sqlalchemy as sa

from engine.database import Transaction
from exchange.axis_client import AxisClient, Connection, Secret
from exchange.gateway import Gateway
from processes.means import Means
from records.organization import Agency, AgencyCode


def secret_of(means: Means, agency_id: UUID) -> str:
    """Return the secret under which an agency of this installation calls the axis."""
    return hmac.new(means.axis_secret.encode(), agency_id.bytes, hashlib.sha256).hexdigest()


def gateway_of(means: Means, agency_id: UUID, code: str) -> Gateway:
    """Return the client of an agency's connection to the axis."""
    if means.gateway is not None:
        return means.gateway(agency_id, code)
    connection = Connection(
        endpoint=means.axis_endpoint,
        system_id=str(agency_id),
        secret=Secret(secret_of(means, agency_id)),
        organ_id=code,
    )
    return AxisClient(connection)


def codes_of(tx: Transaction, agency_id: UUID) -> list[str]:
    """Return the codes of an agency, the preferred one first."""
    return tx.scalars(
        sa.select(AgencyCode.code)
        .where(AgencyCode.agency_id == agency_id)
        .order_by(AgencyCode.preferred.desc(), AgencyCode.code)
    )


def tenants(tx: Transaction) -> list[tuple[UUID, str]]:
    """Return the agencies that work in this installation with their preferred codes."""
    return tx.rows(
        sa.select(Agency.id, AgencyCode.code)
        .join(AgencyCode, AgencyCode.agency_id == Agency.id)
        .where(Agency.is_tenant.is_(True), AgencyCode.preferred.is_(True))
    )
