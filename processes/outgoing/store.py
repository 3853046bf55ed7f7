"""Store (lưu văn bản đi): the original's place, and the dossier (Decree 30/2020 Điều 19)."""

from engine.database import Transaction
from processes.filing import choose_dossier, file_document
from processes.means import Means
from processes.order import Decision, Order, text
from records.authority import Act, Facts, authorize
from records.document import OutgoingDocument


def store(tx: Transaction, _means: Means, order: Order[OutgoingDocument]) -> Decision:
    """Note where the kept copies lie and file the document; refuses missing paper ones."""
    facts = Facts(order.item.agency_id, frozenset(order.item.groups))
    authorize(tx.acting, Act.WRITE_DOSSIER, facts)
    document = order.document
    document.kept_by = text(order.data, "kept_by") or document.kept_by
    document.original_kept_at = text(order.data, "original_kept_at") or document.original_kept_at
    document.file_copy_kept_at = text(order.data, "file_copy_kept_at") or document.file_copy_kept_at
    document.ensure_paper_kept()
    dossier = choose_dossier(tx, document, order.data)
    file_document(tx, dossier, document)
    return Decision({}, f"Lưu, lập hồ sơ {dossier.file_notation}: {dossier.title}")
