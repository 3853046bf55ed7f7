"""What a diagram may ask of the machine (việc của máy): steps nobody has to click."""

from engine.database import Transaction
from processes.means import Means
from processes.order import Decision, Order, Verb
from processes.status_reports import report_status
from records.document import Document, IncomingDocument
from records.vocabulary import IncomingStatus


def report(tx: Transaction, _means: Means, order: Order[Document]) -> Decision:
    """Report the document's present status to its sender once more."""
    document = order.document
    if isinstance(document, IncomingDocument) and document.status.wire is not None:
        code = IncomingStatus(document.status).wire or ""
        report_status(tx, document, code, document.status.vi)
    return Decision({}, "Đã báo trạng thái cho bên gửi")


VERBS = (
    Verb(
        "report_status", "Báo trạng thái cho bên gửi", "Report the status", report, by_machine=True
    ),
)
