"""Decide on a replacement (ghi nhận văn bản bị thay thế): the receiver's clerk.

The new document is registered by the procedure for incoming documents; then the one it replaces is
marked and the two are linked.
"""

from engine.database import Transaction
from engine.errors import OfficeError
from processes.means import Means
from processes.order import Decision, Order
from processes.recall.decide import answered, decided, withdraw
from records.authority import Act, authorize
from records.change import ChangeAnswer
from records.document import IncomingDocument
from records.link import link_documents
from records.vocabulary import IncomingStatus, LinkKind


class SuccessorNotRegistered(OfficeError):
    """What replaces it is not in the register yet (văn bản thay thế chưa vào sổ)."""

    code = "successor-not-registered"
    status = 409
    citation = "Nghị định 30/2020/NĐ-CP, Điều 18, 22"
    vi = (
        "Văn bản thay thế «{subject}» chưa vào sổ. Đăng ký văn bản đó trước rồi ghi nhận thay thế; "
        "nếu đã trả lại bên gửi thì chọn «Không thay thế» và ghi lý do."
    )
    en = (
        "The document that replaces it, «{subject}», is not registered yet. Register it first; if "
        "it was returned to its sender, choose not to replace and give the reason."
    )


def decide_replace(tx: Transaction, means: Means, order: Order[IncomingDocument]) -> Decision:
    """Mark the document as superseded by its successor, or keep it with the reason (16).

    Raises `SuccessorNotRegistered`, `AnswerReasonMissing`, `AlreadyDecided`.
    """
    authorize(tx.acting, Act.RECEIVE_DOCUMENT)
    request, answer = decided(tx, order)
    document = order.document
    if answer is ChangeAnswer.AGREED:
        assert request.successor_id is not None
        successor = tx.get(IncomingDocument, request.successor_id)
        if not successor.is_registered:
            raise SuccessorNotRegistered(subject=successor.subject)
        named = successor.reference or f"đến {successor.arrival_number}"
        words = f"văn bản thay thế số {named} ({request.reason})"
        withdraw(tx, means, order, request, IncomingStatus.REPLACED, words)
        link_documents(tx, successor, document, LinkKind.REPLACES)
        # the sender learns of it from the statuses of the new document
        request.decide(answer, "", tx.acting.name, tx.now)
        return Decision({"outcome": "agree"}, f"Bị thay thế: {words}")
    return answered(tx, document, request, answer, order.reason.strip())
