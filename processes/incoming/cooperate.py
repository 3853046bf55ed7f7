"""Cooperate (phối hợp giải quyết): a cooperating unit does its part and says what it found."""

from uuid import UUID

import sqlalchemy as sa

from engine.database import Query, Transaction
from processes.means import Means
from processes.order import Decision, Order, text
from records.authority import Act, authorize
from records.content import attach_file
from records.directive import Assignment, Directive, report_progress
from records.document import IncomingDocument
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


def cooperate(tx: Transaction, _means: Means, order: Order[IncomingDocument]) -> Decision:
    """Record what the cooperating unit contributes and close its part."""
    authorize(tx.acting, Act.ASSIGN_WORK)
    unit = order.item.variables.get("cooperating_unit")
    words = text(order.data, "opinion")
    file_id = None
    for upload in order.files.get("files", ()):
        row = attach_file(
            tx, order.document, upload.stored, name=upload.name, kind=FileKind.OPINION
        )
        file_id = row.id
    part = None
    if unit:
        part = tx.scalar(_PART, document=order.document.id, unit=UUID(str(unit)))
    if part is not None and part.state is not AssignmentState.FINISHED:
        report_progress(tx, part, percent=100, text=words, file_id=file_id)
        part.finish(tx.now)
    return Decision({}, f"Ý kiến phối hợp: {words}" if words else "Đã phối hợp")
