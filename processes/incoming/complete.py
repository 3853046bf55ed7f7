"""Confirm completion (xác nhận hoàn thành) by whoever assigned, or ask for more work."""

from datetime import datetime
from uuid import UUID

from engine.database import Transaction
from engine.errors import OfficeError
from processes.incoming.assign import assignment_of
from processes.incoming.direct import end_of
from processes.means import Means
from processes.order import Decision, Order, text
from processes.status_reports import report_status
from records.authority import Act, authorize, bound_by
from records.directive import PlannedAssignment, give_directive
from records.document import IncomingDocument
from records.organization import Officer
from records.vocabulary import AssignmentKind, AssignmentState, IncomingStatus


class OwnWork(OfficeError):
    """Nobody confirms his own work (không tự xác nhận việc của mình)."""

    code = "own-work"
    status = 403
    citation = "Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 9.5"
    vi = (
        "Bạn là người trực tiếp giải quyết nên không tự xác nhận hoàn thành. Đề nghị lãnh đạo khác "
        "xác nhận."
    )
    en = "You did this work yourself; somebody else must confirm it."


#: done, or given back by the officer it was given to and done by another of his unit
_CLOSED = frozenset({AssignmentState.FINISHED, AssignmentState.RETURNED})


def complete(tx: Transaction, means: Means, order: Order[IncomingDocument]) -> Decision:
    """Close the unit's part and tell the sender the document is done (06), or ask for more work.

    Work asked for after its deadline gets a new one. Raises `OwnWork`, `DeadlineMissing`,
    `DeadlinePast`.
    """
    authorize(tx.acting, Act.ASSIGN_WORK)
    if order.item.variables.get("processed_by") in bound_by(tx.acting):
        raise OwnWork
    document = order.document
    if order.is_return:
        return _ask_for_more(tx, means, order)
    part = assignment_of(tx, order.item.variables, "lead_assignment")
    if part is not None and part.state not in _CLOSED:
        part.finish(tx.now)
    document.status = IncomingStatus.COMPLETED
    document.completed_at = tx.now
    report_status(tx, document, "06", text(order.data, "summary") or "Đã hoàn thành")
    return Decision({"outcome": "accept"}, "Đã hoàn thành")


def _ask_for_more(tx: Transaction, means: Means, order: Order[IncomingDocument]) -> Decision:
    seen = order.item.variables
    words = f"Yêu cầu giải quyết tiếp: {order.reason}"
    new = end_of(tx, means, order.data.get("deadline"))
    old = seen.get("deadline")
    if new is None and (not old or tx.now < datetime.fromisoformat(str(old))):
        return Decision({"outcome": "return"}, words)
    officer = tx.get(Officer, UUID(str(seen.get("lead_officer") or seen["processed_by"])))
    line = PlannedAssignment(
        AssignmentKind.LEAD, officer.full_name, officer_id=officer.id, deadline=new
    )
    under = assignment_of(tx, seen, "lead_assignment")
    _, (part,) = give_directive(
        tx, order.document, [line], text=order.reason, round_no=2, under=under
    )
    assert part.deadline is not None  # `give_directive` refuses a lead without one
    variables = {
        "outcome": "return",
        "officer_assignment": str(part.id),
        "deadline": part.deadline.isoformat(),
    }
    return Decision(variables, words)
