"""File into the dossier what was handled (lập hồ sơ, Decree 30/2020 Điều 28-29)."""

from engine.database import Transaction
from processes.filing import choose_dossier, file_document
from processes.means import Means
from processes.order import Decision, Order
from records.authority import Act, Facts, authorize
from records.document import IncomingDocument


def file_incoming(tx: Transaction, _means: Means, order: Order[IncomingDocument]) -> Decision:
    """File the document, its directives and what answers it into a dossier."""
    facts = Facts(order.item.agency_id, frozenset(order.item.groups))
    authorize(tx.acting, Act.WRITE_DOSSIER, facts)
    dossier = choose_dossier(tx, order.document, order.data)
    file_document(tx, dossier, order.document)
    return Decision({}, f"Lập hồ sơ {dossier.file_notation}: {dossier.title}")
