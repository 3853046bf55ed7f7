"""Decide on a recall (trả lời yêu cầu lấy lại, thu hồi): the receiver's clerk, status 15 or 16."""

from uuid import UUID

import sqlalchemy as sa

from engine import runtime
from engine.database import Transaction
from engine.errors import OfficeError
from engine.instance import InstanceStatus, ProcessInstance
from processes.means import Means
from processes.order import Decision, Order
from processes.status_reports import report_status
from records.authority import Act, authorize
from records.change import ChangeAnswer, ChangeKind, ChangeRequest, requests_received
from records.directive import Assignment, Directive
from records.document import IncomingDocument
from records.vocabulary import AssignmentKind, AssignmentState, IncomingStatus


class AlreadyDecided(OfficeError):
    """The request was answered already (yêu cầu đã được trả lời)."""

    code = "already-decided"
    status = 409
    vi = "Yêu cầu này đã được trả lời: {answer}. Tải lại trang để xem."
    en = "This request was answered already: {answer}. Reload the page."


class AnswerReasonMissing(OfficeError):
    """Who refuses the sender's request says why (từ chối phải ghi lý do)."""

    code = "answer-reason-missing"
    vi = "Từ chối yêu cầu của bên gửi thì phải ghi lý do; lý do được gửi tới bên gửi."
    en = "Give the reason for refusing the sender's request; it is sent to the sender."


def decide_recall(tx: Transaction, means: Means, order: Order[IncomingDocument]) -> Decision:
    """Give the document back or keep it; the sender is told which and why.

    Agreeing cancels the document and ends the work on it; its number, files and history stay
    (Decree 30/2020, annex VI, part I, L-48). Raises `AnswerReasonMissing`, `AlreadyDecided`.
    """
    authorize(tx.acting, Act.RECEIVE_DOCUMENT)
    request, answer = decided(tx, order)
    if answer is ChangeAnswer.AGREED:
        withdraw(tx, means, order, request, IncomingStatus.CANCELLED, request.reason)
    return answered(tx, order.document, request, answer, order.reason.strip())


def decided(tx: Transaction, order: Order[IncomingDocument]) -> tuple[ChangeRequest, ChangeAnswer]:
    """Return the request a step is about, locked, and what the clerk answers to it.

    Raises `AnswerReasonMissing`, `AlreadyDecided`.
    """
    answer = ChangeAnswer.AGREED if order.outcome == "agree" else ChangeAnswer.REFUSED
    if answer is ChangeAnswer.REFUSED and not order.reason.strip():
        raise AnswerReasonMissing
    request = tx.get(ChangeRequest, UUID(str(order.item.variables["change"])), lock=True)
    if request.answer is not ChangeAnswer.OPEN:
        raise AlreadyDecided(answer=request.answer.vi)
    return request, answer


def answered(
    tx: Transaction,
    document: IncomingDocument,
    request: ChangeRequest,
    answer: ChangeAnswer,
    reason: str,
) -> Decision:
    """Keep the answer with its reason and tell the sender: 15 or 16."""
    request.decide(answer, reason, tx.acting.name, tx.now)
    agreed = answer is ChangeAnswer.AGREED
    said = f"{answer.vi} {request.kind.vi.lower()}" + (f": {reason}" if reason else "")
    report_status(tx, document, answer.wire or "", reason or said, request)
    return Decision({"outcome": "agree" if agreed else "refuse"}, said)


def withdraw(
    tx: Transaction,
    means: Means,
    order: Order[IncomingDocument],
    request: ChangeRequest,
    status: IncomingStatus,
    reason: str,
) -> None:
    """End an incoming document: cancelled or superseded, frozen, its open work ended with why.

    What else is asked of it is answered; the run that decides goes on to its end.
    """
    document, why = order.document, f"{status.vi}: {reason}"
    document.status = status
    document.withdrawn_at = tx.now
    document.withdrawn_reason = reason
    document.frozen_at = document.frozen_at or tx.now
    for key in tx.scalars(
        sa.select(ProcessInstance.id).where(
            ProcessInstance.subject_id == document.id,
            ProcessInstance.status.not_in([InstanceStatus.COMPLETED, InstanceStatus.CANCELLED]),
        )
    ):
        if key != order.instance.id:
            run = tx.get(ProcessInstance, key, lock=True)
            if run.ended_at is None:
                runtime.cancel(tx, means.desk, run, {"reason": why})
    for part in tx.scalars(
        sa.select(Assignment)
        .join(Directive, Directive.id == Assignment.directive_id)
        .where(
            Directive.incoming_document_id == document.id,
            Assignment.kind != AssignmentKind.INFORMED,
            Assignment.state.in_([AssignmentState.GIVEN, AssignmentState.ACCEPTED]),
        )
    ):
        part.give_back(why)
    for other in requests_received(tx, document.id):
        if other.answer is ChangeAnswer.OPEN and other.id != request.id:
            answer_gone(tx, document, other)


#: what is said of a document that is not there any more
_GONE = {
    IncomingStatus.REFUSED: "Văn bản đã được từ chối tiếp nhận, trả lại trước đó",
    IncomingStatus.CANCELLED: "Văn bản đã được thu hồi trước đó",
    IncomingStatus.REPLACED: "Văn bản đã được thay thế trước đó",
}


def is_gone(document: IncomingDocument) -> bool:
    """Return whether a document was refused, given back or replaced."""
    return document.status in _GONE


def answer_gone(tx: Transaction, document: IncomingDocument, request: ChangeRequest) -> None:
    """Answer what is asked of a document that is gone: it is given back, it is not updated."""
    words = _GONE[document.status]
    agreed = request.kind is not ChangeKind.UPDATE or request.takes_back
    if not agreed:
        words = f"{words}, không còn văn bản để cập nhật"
    answer = ChangeAnswer.AGREED if agreed else ChangeAnswer.REFUSED
    request.decide(answer, words, tx.acting.name, tx.now)
    if request.kind is not ChangeKind.REPLACE:
        report_status(tx, document, answer.wire or "", words, request)
