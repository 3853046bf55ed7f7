"""Check the layout (kiểm tra thể thức, Decree 30/2020 Điều 12.2), or return it with the reason."""

from engine.database import Transaction
from processes.means import Means
from processes.order import Decision, Order
from processes.outgoing.approve_content import judge
from records.authority import Act, authorize
from records.document import OutgoingDocument
from records.vocabulary import OutgoingStatus


def check_format(tx: Transaction, _means: Means, order: Order[OutgoingDocument]) -> Decision:
    """Find the layout right, as the person charged with it, or return the draft."""
    authorize(tx.acting, Act.ASSIGN_WORK)
    _, returned = judge(tx, order, stage="format", words=str(order.data.get("text") or ""))
    if returned:
        return Decision({"outcome": "return"}, f"Trả lại, chưa đạt thể thức: {order.reason}")
    order.document.format_checker_id = tx.acting.officer_id
    order.document.status = OutgoingStatus.FORMAT_APPROVED
    return Decision({"outcome": "approve"}, "Thể thức đạt yêu cầu")
