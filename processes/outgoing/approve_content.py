"""Approve the content (duyệt nội dung, Decree 30/2020 Điều 12.1), or return it with the reason."""

from engine.database import Transaction
from engine.errors import OfficeError
from processes.means import Means
from processes.order import Decision, Order
from processes.outgoing.paper import Paper, current_paper
from records.authority import Act, authorize, bound_by
from records.document import OutgoingDocument
from records.draft import give_opinion
from records.vocabulary import OutgoingStatus, Verdict


class OwnDraft(OfficeError):
    """Nobody approves or signs off his own draft (không tự duyệt dự thảo của mình)."""

    code = "own-draft"
    status = 403
    citation = "Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 9.5; Nghị định 30/2020/NĐ-CP, Điều 12"
    vi = "Bạn là người soạn thảo văn bản này nên không được tự duyệt. Chuyển người có thẩm quyền."
    en = "You wrote this draft and may not approve it yourself. Pass it to somebody competent."


class AlreadySigned(OfficeError):
    """A signed document is no draft any more (văn bản đã ký)."""

    code = "already-signed"
    status = 409
    vi = "Văn bản đã được ký nên không duyệt hoặc trả lại bản thảo được nữa."
    en = "The document is signed; its draft can no longer be approved or returned."


def judge(
    tx: Transaction, order: Order[OutgoingDocument], *, stage: str, words: str
) -> tuple[Paper, bool]:
    """Record the approver's opinion on the paper; return it and whether it was sent back.

    Raises `OwnDraft`, `AlreadySigned`, `NoPaper`, `OpinionWithoutText` (a return needs its reason).
    """
    document = order.document
    if str(document.author_id) in bound_by(tx.acting):
        raise OwnDraft
    if document.is_signed:
        raise AlreadySigned
    paper = current_paper(tx, document)
    if paper.draft is not None:
        verdict = Verdict.RETURNS if order.is_return else Verdict.AGREES
        give_opinion(tx, paper.draft, verdict, stage=stage, text=order.reason or words)
    if order.is_return:
        document.status = OutgoingStatus.DRAFTING
    return paper, order.is_return


def approve_content(tx: Transaction, _means: Means, order: Order[OutgoingDocument]) -> Decision:
    """Approve what the document says, as head of the drafting unit, or return it."""
    authorize(tx.acting, Act.ASSIGN_WORK)
    _, returned = judge(tx, order, stage="content", words=str(order.data.get("text") or ""))
    if returned:
        return Decision({"outcome": "return"}, f"Trả lại dự thảo: {order.reason}")
    order.document.reviewer_id = tx.acting.officer_id
    order.document.status = OutgoingStatus.CONTENT_APPROVED
    return Decision({"outcome": "approve"}, "Đã duyệt nội dung")
