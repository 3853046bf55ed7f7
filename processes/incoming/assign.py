"""Assign within the unit (phân công, Quy chế Điều 9.4)."""

from datetime import datetime
from uuid import UUID

from engine.database import Transaction
from engine.errors import OfficeError
from processes.choices import worker
from processes.incoming.direct import end_of
from processes.means import Means
from processes.order import Decision, Order, text
from records.authority import Act, authorize
from records.directive import Assignment, PlannedAssignment, give_directive
from records.document import IncomingDocument
from records.vietnamese import moment_words
from records.vocabulary import AssignmentKind, AssignmentState


class LaterThanDirected(OfficeError):
    """The unit sets a deadline later than the leader's (hạn muộn hơn hạn lãnh đạo giao)."""

    code = "later-than-directed"
    citation = "Nghị định 30/2020/NĐ-CP, Điều 24; Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 9.4"
    vi = (
        "Hạn giải quyết không được muộn hơn hạn lãnh đạo giao là {deadline}. Chọn hạn sớm hơn, "
        "hoặc trả lại lãnh đạo kèm đề nghị gia hạn."
    )
    en = (
        "The deadline may not be later than the leader's, {deadline}. Choose an earlier one, or "
        "return the work to the leader and ask for more time."
    )


def assignment_of(tx: Transaction, variables: dict[str, object], key: str) -> Assignment | None:
    """Return the assignment a routing variable names; the step's own was read with the step."""
    named = variables.get(key)
    return tx.get(Assignment, UUID(str(named))) if named else None


def assign(tx: Transaction, means: Means, order: Order[IncomingDocument]) -> Decision:
    """Pass the unit's work on to an officer with a deadline, or return it to the leader.

    Raises `NotAWorker`, `LaterThanDirected`, `DeadlineMissing`, `DeadlinePast`.
    """
    authorize(tx.acting, Act.ASSIGN_WORK)
    variables = order.item.variables
    unit_part = assignment_of(tx, variables, "lead_assignment")
    if order.is_return:
        # An officer whom the leader named himself has given it back before his unit does.
        if unit_part is not None and unit_part.state is not AssignmentState.RETURNED:
            unit_part.give_back(order.reason)
        return Decision({"outcome": "return"}, f"Trả lại lãnh đạo: {order.reason}")
    officer = worker(tx, UUID(text(order.data, "lead_officer")), tx.acting.unit_id)
    deadline = _deadline(tx, means, order, unit_part)
    lines = [
        PlannedAssignment(
            AssignmentKind.LEAD, officer.full_name, officer_id=officer.id, deadline=deadline
        )
    ]
    for other in order.data.get("cooperating_officers") or []:
        helper = worker(tx, UUID(str(other)), tx.acting.unit_id)
        lines.append(
            PlannedAssignment(
                AssignmentKind.COOPERATING,
                helper.full_name,
                officer_id=helper.id,
                deadline=deadline,
            )
        )
    _, made = give_directive(
        tx, order.document, lines, text=text(order.data, "note"), round_no=2, under=unit_part
    )
    assert deadline is not None
    return Decision(
        {
            "outcome": "assign",
            "lead_officer": str(officer.id),
            "officer_assignment": str(made[0].id),
            "deadline": deadline.isoformat(),
        },
        f"Giao {officer.full_name} giải quyết",
    )


def _deadline(
    tx: Transaction,
    means: Means,
    order: Order[IncomingDocument],
    unit_part: Assignment | None,
) -> datetime | None:
    """Return the deadline chosen, at the latest the leader's, which holds when none is chosen.

    One that is over bounds nothing: work handed on after it needs a new deadline.
    """
    chosen = end_of(tx, means, order.data.get("deadline"))
    given = unit_part.deadline if unit_part is not None else None
    if chosen is not None and given is not None and chosen > given > tx.now:
        raise LaterThanDirected(deadline=moment_words(given))
    return chosen or given
