"""Assign within the unit (phân công, Quy chế Điều 9.4)."""

from uuid import UUID

import sqlalchemy as sa

from engine.database import Query, Transaction
from processes.incoming.direct import end_of
from processes.means import Means
from processes.order import Decision, Order, text
from records.authority import Act, authorize
from records.directive import Assignment, PlannedAssignment, give_directive
from records.document import IncomingDocument
from records.organization import Officer
from records.vocabulary import AssignmentKind, AssignmentState

_ASSIGNMENT = Query(
    sa.select(Assignment).where(Assignment.id == sa.bindparam("id")).with_for_update()
)


def assignment_of(tx: Transaction, variables: dict[str, object], key: str) -> Assignment | None:
    """Return the assignment a routing variable names, locked."""
    named = variables.get(key)
    return tx.scalar(_ASSIGNMENT, id=UUID(str(named))) if named else None


def assign(tx: Transaction, means: Means, order: Order[IncomingDocument]) -> Decision:
    """Pass the unit's work on to an officer with a deadline, or return it to the leader."""
    authorize(tx.acting, Act.ASSIGN_WORK)
    variables = order.item.variables
    unit_part = assignment_of(tx, variables, "lead_assignment")
    if order.is_return:
        # An officer whom the leader named himself has given it back before his unit does.
        if unit_part is not None and unit_part.state is not AssignmentState.RETURNED:
            unit_part.give_back(order.reason)
        return Decision({"outcome": "return"}, f"Trả lại lãnh đạo: {order.reason}")
    officer = tx.get(Officer, UUID(text(order.data, "lead_officer")))
    deadline = end_of(tx, means, order.data.get("deadline"))
    if deadline is None and unit_part is not None:
        deadline = unit_part.deadline
    lines = [
        PlannedAssignment(
            AssignmentKind.LEAD, officer.full_name, officer_id=officer.id, deadline=deadline
        )
    ]
    for other in order.data.get("cooperating_officers") or []:
        helper = tx.get(Officer, UUID(str(other)))
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
