"""Direct (cho ý kiến chỉ đạo, phân phối): who leads, cooperates, is informed, and until when."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from engine.database import Transaction
from processes.choices import worker
from processes.incoming.acknowledge import party_of, unseen
from processes.means import Means
from processes.order import Decision, Order, text
from processes.status_reports import report_status
from records.authority import Act, authorize
from records.directive import Assignment, PlannedAssignment, give_directive
from records.document import IncomingDocument
from records.organization import Officer, Position, Unit, positions_of
from records.vietnamese import local_date
from records.vocabulary import AssignmentKind, IncomingStatus


def direct(tx: Transaction, means: Means, order: Order[IncomingDocument]) -> Decision:
    """Record the leader's directive with its assignments, or return the document to the clerk.

    Exactly one lead; a deadline for the lead and each cooperating unit (Decree 30/2020, Phụ lục IV:
    phiếu giải quyết văn bản đến); whom it informs gets to see it and holds nothing up. Raises
    `FormInvalid` where both a unit and an officer lead, `NotAWorker`, `NotOneLead`,
    `DeadlineMissing`, `DeadlinePast`.
    """
    authorize(tx.acting, Act.DIRECT_DOCUMENT)
    document = order.document
    if order.is_return:
        document.status = IncomingStatus.REGISTERED
        return Decision({"outcome": "return"}, f"Trả lại văn thư: {order.reason}")
    lines = plan(tx, means, order.data)
    informs = any(line.kind is AssignmentKind.INFORMED for line in lines)
    waiting = {party_of(a) for a in unseen(tx, document)} if informs else set()
    _, assignments = give_directive(tx, document, lines, text=text(order.data, "opinion"))
    lead = next(a for a in assignments if a.kind is AssignmentKind.LEAD)
    unit = lead.unit_id or _unit_of(tx, lead.officer_id)
    document.status = IncomingStatus.DIRECTED
    document.handed_to = lead.name
    document.handed_on = local_date(tx.now)
    report_status(tx, document, "04", f"Đã phân công: {lead.name}")
    assert lead.deadline is not None
    cooperating = [a for a in assignments if a.kind is AssignmentKind.COOPERATING]
    variables = {
        "outcome": "direct",
        "director": str(tx.acting.officer_id),
        "lead_unit": str(unit) if unit else None,
        "lead_officer": str(lead.officer_id) if lead.officer_id else None,
        "lead_assignment": str(lead.id),
        "officer_assignment": None,
        "deadline": lead.deadline.isoformat(),
        "cooperating": [str(a.unit_id) for a in cooperating],
        "cooperation": [_part(a) for a in cooperating],
        "informed": [
            party
            for a in assignments
            if a.kind is AssignmentKind.INFORMED and (party := party_of(a)) not in waiting
        ],
    }
    return Decision(variables, f"Giao {lead.name} chủ trì")


def _part(line: Assignment) -> dict[str, str]:
    """Return what the diagram must know of one who cooperates: the unit and its own deadline."""
    assert line.deadline is not None
    return {"unit": str(line.unit_id), "deadline": line.deadline.isoformat()}


def plan(tx: Transaction, means: Means, data: Mapping[str, Any]) -> list[PlannedAssignment]:
    """Return the lines of a directive form: the lead, the cooperating, the informed.

    A deadline given as a day ends with that day's working hours.
    """
    lines = [
        _line(
            tx, means, AssignmentKind.LEAD, data.get("lead_unit"), data.get("lead_officer"),
            data.get("deadline"),
        )
    ]  # fmt: skip
    lines += [
        _line(tx, means, AssignmentKind.COOPERATING, row.get("unit"), None, row.get("deadline"))
        for row in data.get("cooperating") or []
    ]
    lines += [
        _line(tx, means, AssignmentKind.INFORMED, unit, None, None)
        for unit in data.get("informed") or []
    ]
    lines += [
        _line(tx, means, AssignmentKind.INFORMED, None, officer, None)
        for officer in data.get("informed_officers") or []
    ]
    return lines


def _line(
    tx: Transaction,
    means: Means,
    kind: AssignmentKind,
    unit: Any,
    officer: Any,
    deadline: date | None,
) -> PlannedAssignment:
    unit_id = UUID(str(unit)) if unit else None
    officer_id = UUID(str(officer)) if officer else None
    name = ""
    if officer_id is not None and kind is AssignmentKind.INFORMED:
        name = tx.get(Officer, officer_id).full_name
    elif officer_id is not None:
        name = worker(tx, officer_id).full_name
    elif unit_id is not None:
        name = tx.get(Unit, unit_id).name
    return PlannedAssignment(kind, name, unit_id, officer_id, end_of(tx, means, deadline))


def end_of(tx: Transaction, means: Means, day: date | datetime | None) -> datetime | None:
    """Return the end of working hours of a day chosen as a deadline."""
    if day is None or isinstance(day, datetime):
        return day
    assert tx.acting.agency_id is not None
    return means.desk.calendar(tx, tx.acting.agency_id).close_of(day)


def _unit_of(tx: Transaction, officer_id: UUID | None) -> UUID | None:
    """Return the unit in which an officer chosen as lead works."""
    if officer_id is None:
        return None
    held: list[Position] = [p for p, _ in positions_of(tx, officer_id, local_date(tx.now))]
    return next((p.unit_id for p in held if p.unit_id is not None), None)
