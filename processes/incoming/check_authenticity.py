"""Check origin and integrity before registration (kiểm tra tính xác thực và toàn vẹn)."""

from engine.database import Transaction
from engine.errors import OfficeError
from processes.means import Means
from processes.order import Decision, Order
from processes.status_reports import report_status
from records.authority import Act, authorize
from records.document import IncomingDocument
from records.vocabulary import Authenticity, IncomingStatus


class ReasonNeeded(OfficeError):
    """Accepting or refusing here needs its reason (phải ghi lý do)."""

    code = "reason-needed"
    citation = "Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 7.1"
    vi = "Văn bản không có chữ ký số hợp lệ: ghi lý do tiếp nhận, hoặc trả lại bên gửi kèm lý do."
    en = "The document bears no valid signature: give the reason for taking it, or return it."


class SignaturesUnchecked(OfficeError):
    """The worker has not checked the signatures yet (chữ ký số chưa kiểm tra xong)."""

    code = "signatures-unchecked"
    status = 409
    citation = "Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 7.1"
    vi = (
        "Hệ thống đang kiểm tra chữ ký số của văn bản. Chờ ít giây rồi gửi lại; nếu vẫn chưa xong, "
        "chọn «Tiếp nhận văn bản chưa có chữ ký số hợp lệ» và ghi lý do."
    )
    en = (
        "The signatures are still being checked. Wait some seconds and send again, or take the "
        "document without a valid signature and give the reason."
    )


#: what a clerk may take without a word of reason
_SOUND = frozenset({Authenticity.VALID, Authenticity.PAPER})


def check_authenticity(tx: Transaction, _means: Means, order: Order[IncomingDocument]) -> Decision:
    """Take the document in, or return it to its sender with the reason (status 02).

    Raises `ReasonNeeded` where it is refused, or taken although unsigned or not valid, unexplained;
    `SignaturesUnchecked` where nobody can know yet.
    """
    authorize(tx.acting, Act.RECEIVE_DOCUMENT)
    document = order.document
    if order.is_return:
        if not order.reason.strip():
            raise ReasonNeeded
        document.status = IncomingStatus.REFUSED
        document.refusal_reason = order.reason.strip()
        report_status(tx, document, "02", order.reason.strip())
        return Decision({"outcome": "return"}, f"Trả lại bên gửi: {order.reason.strip()}")
    if document.channel.is_paper and document.authenticity is Authenticity.UNCHECKED:
        document.authenticity = Authenticity.PAPER
    if document.authenticity not in _SOUND:
        if not order.reason.strip():
            is_open = document.authenticity is Authenticity.UNCHECKED
            raise SignaturesUnchecked if is_open else ReasonNeeded
        document.authenticity_reason = order.reason.strip()
    return Decision({"outcome": "accept"}, "Đã tiếp nhận")
