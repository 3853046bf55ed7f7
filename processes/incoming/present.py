"""Present to the person who directs (trình người có thẩm quyền cho ý kiến phân phối)."""

from engine.database import Transaction
from processes.means import Means
from processes.order import Decision, Order, text
from records.authority import Act, authorize
from records.document import IncomingDocument
from records.vocabulary import IncomingStatus


def present(tx: Transaction, _means: Means, order: Order[IncomingDocument]) -> Decision:
    """Hand the document to the leader who directs, with the clerk's proposal."""
    authorize(tx.acting, Act.REGISTER_DOCUMENT)
    order.document.proposal = text(order.data, "proposal")
    order.document.status = IncomingStatus.PRESENTED
    director = text(order.data, "director") or None
    return Decision({"outcome": "present", "director": director}, "Đã trình lãnh đạo")
