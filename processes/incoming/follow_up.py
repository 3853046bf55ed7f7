"""Urge on what is due (đôn đốc, Quy chế Điều 9.3)."""

from engine.database import Transaction
from processes.means import Means
from processes.order import Decision, Order, text
from records import journal
from records.authority import Act, authorize
from records.document import IncomingDocument


def follow_up(tx: Transaction, _means: Means, order: Order[IncomingDocument]) -> Decision:
    """Record what the leader directs about work that reached its deadline."""
    authorize(tx.acting, Act.DIRECT_DOCUMENT)
    words = text(order.data, "text")
    journal.record(tx, "urge", "incoming_document", order.document.id, text=words)
    return Decision({}, f"Đôn đốc: {words}" if words else "Đã đôn đốc")
