"""Cooperate (phối hợp giải quyết): a cooperating unit does its part and says what it found.

What is none of its business it gives back with the reason (Quy chế, Điều 14.4); whoever directed
then names another unit, the same one again, or lets it be.
"""

from uuid import UUID

import sqlalchemy as sa

from engine.database import Query, Transaction
from engine.errors import OfficeError
from processes.incoming.direct import end_of
from processes.means import Means
from processes.order import Decision, Order, text
from records.authority import Act, authorize
from records.content import attach_file
from records.directive import (
    AssignedTwice,
    Assignment,
    Directive,
    PlannedAssignment,
    ask_to_cooperate,
    report_progress,
)
from records.document import IncomingDocument
from records.organization import Unit
from records.vocabulary import AssignmentKind, AssignmentState, FileKind

_PART = Query(
    sa.select(Assignment)
    .join(Directive, Directive.id == Assignment.directive_id)
    .where(
        Directive.incoming_document_id == sa.bindparam("document"),
        Assignment.unit_id == sa.bindparam("unit"),
        Assignment.kind == AssignmentKind.COOPERATING,
    )
    .order_by(Directive.at.desc())
    .limit(1)
)


class NoWayBack(OfficeError):
    """The agency's diagram draws no way back from cooperation (sơ đồ chưa vẽ đường trả lại)."""

    code = "no-way-back"
    status = 409
    vi = (
        "Sơ đồ quy trình của cơ quan chưa có đường trả lại việc phối hợp. Ghi ý kiến phối hợp, "
        "hoặc báo quản trị cơ quan cập nhật sơ đồ theo quy trình mẫu."
    )
    en = (
        "The agency's diagram has no way back from cooperation. Say so in the contribution, or "
        "have the administrator update the diagram after the shipped procedure."
    )


#: a part that is done, or given back, is closed by nobody else
_CLOSED = frozenset({AssignmentState.FINISHED, AssignmentState.RETURNED})


def cooperate(tx: Transaction, _means: Means, order: Order[IncomingDocument]) -> Decision:
    """Record what the cooperating unit contributes and close its part, or give it back.

    Raises `ReturnReasonMissing`, `NoWayBack`.
    """
    authorize(tx.acting, Act.ASSIGN_WORK)
    part = _part(tx, order)
    is_open = part is not None and part.state not in _CLOSED
    if order.is_return:
        if not isinstance(order.item.variables.get("part"), dict):
            raise NoWayBack
        if part is not None and is_open:
            part.give_back(order.reason)
        return Decision({"outcome": "return"}, f"Trả lại việc phối hợp: {order.reason}")
    words = text(order.data, "opinion")
    file_id = None
    for upload in order.files.get("files", ()):
        row = attach_file(
            tx, order.document, upload.stored, name=upload.name, kind=FileKind.OPINION
        )
        file_id = row.id
    if part is not None and is_open:
        report_progress(tx, part, percent=100, text=words, file_id=file_id)
        part.finish(tx.now)
    said = f"Ý kiến phối hợp: {words}" if words else "Đã phối hợp"
    return Decision({"outcome": "contribute"}, said)


def _part(tx: Transaction, order: Order[IncomingDocument]) -> Assignment | None:
    """Return what the unit of this step was asked for last."""
    variables = order.item.variables
    asked = variables.get("part")
    # diagrams drawn before each unit had its own deadline name the unit alone
    unit = asked.get("unit") if isinstance(asked, dict) else variables.get("cooperating_unit")
    return tx.scalar(_PART, document=order.document.id, unit=UUID(str(unit))) if unit else None


def review_cooperation(tx: Transaction, means: Means, order: Order[IncomingDocument]) -> Decision:
    """Ask another unit, or the same again, to cooperate until a day; or do without.

    Raises `AssignedTwice` for the unit that leads, `DeadlineMissing`, `DeadlinePast`.
    """
    authorize(tx.acting, Act.DIRECT_DOCUMENT)
    words = text(order.data, "opinion")
    if order.outcome != "assign":
        said = f"Thôi phối hợp: {words}" if words else "Đồng ý thôi phối hợp"
        return Decision({"outcome": "release"}, said)
    unit = tx.get(Unit, UUID(text(order.data, "unit")))
    if str(unit.id) == order.item.variables.get("lead_unit"):
        raise AssignedTwice(name=unit.name)
    deadline = end_of(tx, means, order.data.get("deadline"))
    line = PlannedAssignment(
        AssignmentKind.COOPERATING, unit.name, unit_id=unit.id, deadline=deadline
    )
    asked = ask_to_cooperate(tx, order.document, line, text=words)
    assert asked.deadline is not None  # `ask_to_cooperate` refuses a part without one
    part = {"unit": str(unit.id), "deadline": asked.deadline.isoformat()}
    return Decision({"outcome": "assign", "part": part}, f"Giao {unit.name} phối hợp")
