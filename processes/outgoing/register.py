"""Register an outgoing document (đăng ký văn bản đi): its particulars, files and paper copies."""

from engine.database import Transaction
from processes.means import Means
from processes.order import Decision, Order, term, text
from records.authority import Act, authorize
from records.content import attach_file, files_of
from records.document import OutgoingDocument
from records.document_type import DocumentType
from records.vocabulary import FileKind, IssueForm


def register_outgoing(tx: Transaction, _means: Means, order: Order[OutgoingDocument]) -> Decision:
    """Complete the entry in the register; raises `SourceFileMissing` (Quy chế, Điều 3.6)."""
    authorize(tx.acting, Act.REGISTER_DOCUMENT)
    document = order.document
    document.ensure_signed()
    document.issue_form = term(IssueForm, order.data, "issue_form", document.issue_form)
    document.off_system_reason = text(order.data, "off_system_reason")
    document.issued_amount = int(order.data.get("copies") or 0)
    document.original_kept_at = text(order.data, "original_kept_at")
    document.file_copy_kept_at = text(order.data, "file_copy_kept_at")
    document.description = text(order.data, "description")
    for upload in order.files.get("source_file", ()):
        attach_file(tx, document, upload.stored, name=upload.name, kind=FileKind.SOURCE)
    tx.flush()
    kinds = {f.kind for f in files_of(tx, document)}
    kind = tx.get(DocumentType, document.type_id) if document.type_id else None
    document.ensure_source_file(kind, kinds)
    document.ensure_paper_kept()
    document.ensure_lengths()
    return Decision({}, f"Đã đăng ký {document.reference}")
