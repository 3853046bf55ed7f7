"""What a new agency is given (thành lập cơ quan): kinds, registers, procedures, the axis."""

from uuid import UUID

from engine.database import Transaction
from exchange.axis import Axis
from office.office import Office
from processes import procedures
from processes.delivery.gateway import codes_of, secret_of
from records.axis import AxisStore
from records.document_type import seed_types
from records.organization import Agency
from records.register import Register
from records.vocabulary import RegisterKind


def furnish(tx: Transaction, agency_id: UUID) -> None:
    """Give a new agency what it works with: kinds of documents, registers, procedures."""
    seed_types(tx, agency_id)
    for kind in (RegisterKind.INCOMING, RegisterKind.OUTGOING):
        tx.add(Register(agency_id=agency_id, kind=kind, name=kind.vi))
    tx.flush()
    procedures.seed(tx, agency_id)
    tx.flush()


def admit(tx: Transaction, office: Office, agency_id: UUID) -> None:
    """Connect an agency to our axis under a secret of its own, with all its codes."""
    agency = tx.get(Agency, agency_id)
    axis = Axis(AxisStore(tx), clock=lambda: tx.now)
    axis.admit_system(str(agency_id), secret_of(office.means, agency_id))
    first, *others = codes_of(tx, agency_id)
    axis.admit_agency(str(agency_id), first, agency.name, others)
