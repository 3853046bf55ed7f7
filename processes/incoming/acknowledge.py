"""Acknowledge (đã xem): whoever is to know of a document says that he has seen it."""

import sqlalchemy as sa

from engine.database import Transaction
from processes.means import Means
from processes.order import Decision, Order
from records.authority import Act, Facts, authorize
from records.directive import Assignment, Directive
from records.document import IncomingDocument
from records.organization import Role
from records.vocabulary import AssignmentKind, AssignmentState


def party_of(line: Assignment) -> str:
    """Return who is told of a line «để biết»: the officer, or whoever heads the unit."""
    if line.officer_id is not None:
        return f"officer:{line.officer_id}"
    return f"role:{Role.UNIT_HEAD}@{line.unit_id}"


def unseen(tx: Transaction, document: IncomingDocument) -> list[Assignment]:
    """Return the lines «để biết» on a document that nobody has acknowledged yet."""
    return tx.scalars(
        sa.select(Assignment)
        .join(Directive, Directive.id == Assignment.directive_id)
        .where(
            Directive.incoming_document_id == document.id,
            Assignment.kind == AssignmentKind.INFORMED,
            Assignment.state == AssignmentState.GIVEN,
        )
    )


def acknowledge(tx: Transaction, _means: Means, order: Order[IncomingDocument]) -> Decision:
    """Note that the document was seen by whom the directive informs; nothing waits for it."""
    facts = Facts(order.item.agency_id, frozenset(order.item.groups))
    authorize(tx.acting, Act.COMPLETE_WORK_ITEM, facts)
    party = order.item.variables.get("informed_party")
    for line in unseen(tx, order.document):
        if party_of(line) == party:
            line.finish(tx.now)
    return Decision({}, "Đã xem")
