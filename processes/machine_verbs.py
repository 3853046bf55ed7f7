"""What a diagram may ask of the machine (việc của máy): steps nobody has to click."""

from engine.database import Transaction
from processes import status_reports
from processes.means import Means
from processes.order import Decision, Order
from records.document import Document, IncomingDocument
from records.vocabulary import IncomingStatus


def report_status(tx: Transaction, _means: Means, order: Order[Document]) -> Decision:
    """Report the document's present status to its sender once more."""
    document = order.document
    if isinstance(document, IncomingDocument) and document.status.wire is not None:
        code = IncomingStatus(document.status).wire or ""
        status_reports.report_status(tx, document, code, document.status.vi)
    return Decision({}, "Đã báo trạng thái cho bên gửi")
