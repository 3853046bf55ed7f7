"""Who has been handed a document or dossier (phạm vi được giao): what authority asks of it.

Clerks, leaders and auditors see all of their agency; anybody else what came to him: by a step of
its procedure, by an assignment, or because he wrote or signs it.
"""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.database import Acting, Transaction
from engine.instance import ProcessInstance
from engine.work_item import WorkItem
from records.authority import Facts
from records.directive import Assignment, Directive
from records.document import Document, IncomingDocument, OutgoingDocument, about
from records.dossier import Dossier, DossierItem
from records.organization import Role, group_keys

_SEE_ALL = frozenset({Role.CLERK.value, Role.LEADER.value, Role.AUDITOR.value})


def facts_of_document(tx: Transaction, document: Document) -> Facts:
    """Return whose a document is and to whom it was given."""
    groups = {
        group
        for given in tx.scalars(
            sa.select(WorkItem.groups)
            .join(ProcessInstance, ProcessInstance.id == WorkItem.instance_id)
            .where(ProcessInstance.subject_id == document.id)
        )
        for group in given
    }
    ((column, key),) = about(document).items()
    for officer, unit in tx.rows(
        sa.select(Assignment.officer_id, Assignment.unit_id)
        .join(Directive, Directive.id == Assignment.directive_id)
        .where(getattr(Directive, column) == key)
    ):
        groups |= _keys(officer, unit)
    if isinstance(document, OutgoingDocument):
        groups |= _keys(document.author_id, None) | _keys(document.signatory_id, None)
    return Facts(document.agency_id, frozenset(groups))


def facts_of_dossier(tx: Transaction, dossier: Dossier) -> Facts:
    """Return whose a dossier is and to whom it, or something in it, was given."""
    groups = _keys(dossier.creator_id, dossier.unit_id)
    items = tx.rows(
        sa.select(DossierItem.incoming_document_id, DossierItem.outgoing_document_id).where(
            DossierItem.dossier_id == dossier.id
        )
    )
    inside = [key for pair in items for key in pair if key is not None]
    for given in tx.scalars(
        sa.select(WorkItem.groups)
        .join(ProcessInstance, ProcessInstance.id == WorkItem.instance_id)
        .where(ProcessInstance.subject_id.in_(inside))
    ):
        groups |= set(given)
    return Facts(dossier.agency_id, frozenset(groups))


def owners_of_dossier(dossier: Dossier) -> Facts:
    """Return who may change a dossier: its maker, the head of his unit, the agency's clerk.

    Whoever only works on something in it reads it: keeping a dossier is the duty of the officer
    and the unit that were given the work (Decree 30/2020, Điều 31).
    """
    groups = _keys(dossier.creator_id, None) | {f"role:{Role.CLERK}@{dossier.agency_id}"}
    if dossier.unit_id is not None:
        groups.add(f"role:{Role.UNIT_HEAD}@{dossier.unit_id}")
    return Facts(dossier.agency_id, frozenset(groups))


def own_reach(acting: Acting) -> Facts:
    """Return the facts of a list that shows an officer no more than what came to him."""
    return Facts(acting.agency_id, frozenset(group_keys(acting)))


def within_reach(
    acting: Acting, entity: type[IncomingDocument] | type[OutgoingDocument]
) -> sa.ColumnElement[bool]:
    """Return the condition that a listed document is one the officer may read."""
    own = entity.agency_id == acting.agency_id
    if acting.roles & _SEE_ALL:
        return own
    return sa.and_(own, sa.or_(*_ways(acting, entity)))


def dossiers_within_reach(acting: Acting) -> sa.ColumnElement[bool]:
    """Return the condition that a listed dossier is one the officer may read."""
    own = Dossier.agency_id == acting.agency_id
    if acting.roles & _SEE_ALL:
        return own
    item = DossierItem
    inside = sa.or_(
        item.incoming_document_id.in_(_taken(acting)), item.outgoing_document_id.in_(_taken(acting))
    )
    mine = [Dossier.creator_id == _officer(acting)]
    if acting.unit_id is not None:
        mine.append(Dossier.unit_id == acting.unit_id)
    held = Dossier.id.in_(sa.select(item.dossier_id).where(inside))
    return sa.and_(own, sa.or_(*mine, held))


def _ways(acting: Acting, entity: Any) -> list[sa.ColumnElement[bool]]:
    ways = [entity.id.in_(_taken(acting))]
    column = "incoming_document_id" if entity is IncomingDocument else "outgoing_document_id"
    to_me = [Assignment.officer_id == _officer(acting)]
    if acting.unit_id is not None:
        to_me.append(Assignment.unit_id == acting.unit_id)
    ways.append(
        entity.id.in_(
            sa.select(getattr(Directive, column))
            .join(Assignment, Assignment.directive_id == Directive.id)
            .where(sa.or_(*to_me), getattr(Directive, column).is_not(None))
        )
    )
    if entity is OutgoingDocument:
        ways += [entity.author_id == _officer(acting), entity.signatory_id == _officer(acting)]
    return ways


def _taken(acting: Acting) -> "sa.Select[UUID]":
    return (
        sa.select(ProcessInstance.subject_id)
        .join(WorkItem, WorkItem.instance_id == ProcessInstance.id)
        .where(WorkItem.groups.op("&&")(sa.cast(group_keys(acting), sa.ARRAY(sa.Text()))))
    )


def _officer(acting: Acting) -> UUID | None:
    """Whoever stands in for another reads that officer's work."""
    return acting.on_behalf_of or acting.officer_id


def _keys(officer: UUID | None, unit: UUID | None) -> set[str]:
    keys = {f"officer:{officer}"} if officer else set()
    return keys | ({f"unit:{unit}"} if unit else set())
