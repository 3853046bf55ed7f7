"""The lists a form offers (danh sách lựa chọn): value and label, as of today, for this officer."""

from collections.abc import Callable, Mapping
from uuid import UUID

import sqlalchemy as sa

from engine.database import Transaction
from engine.errors import OfficeError
from forms.definition import FormDefinition
from records.directive import Assignment, Directive
from records.document import IncomingDocument
from records.document_type import DocumentType, in_order
from records.dossier import Dossier
from records.organization import (
    Officer,
    Role,
    choose_agencies,
    choose_officers,
    choose_units,
)
from records.register import Register
from records.vocabulary import DossierState, IncomingStatus, RegisterKind

Choices = Mapping[str, Mapping[str, str]]


class NotAWorker(OfficeError):
    """Work is given only to whom its role lets carry it out (không thể giao việc cho người này)."""

    code = "not-a-worker"
    citation = "Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 8, Điều 9"
    vi = (
        "{name} không thuộc diện được giao giải quyết văn bản tại đây. Chọn chuyên viên hoặc lãnh "
        "đạo đơn vị có trong danh sách."
    )
    en = "{name} cannot be given this work. Choose an officer or unit head from the list."


#: whom work is given to: the clerk's and the leader's duties are others (Quy chế, Điều 7, 8, 9)
_WORKERS = frozenset({Role.OFFICER, Role.UNIT_HEAD})


def _officers(tx: Transaction) -> dict[str, str]:
    return _workers(tx, None)


def _unit_officers(tx: Transaction) -> dict[str, str]:
    return _workers(tx, tx.acting.unit_id)


def _workers(tx: Transaction, unit_id: UUID | None) -> dict[str, str]:
    return {
        str(o.id): f"{o.full_name}, {p.title}"
        for o, p in choose_officers(tx, unit_id)
        if p.role in _WORKERS
    }


def worker(tx: Transaction, officer_id: UUID, unit_id: UUID | None = None) -> Officer:
    """Return the officer work may be given to, in the unit if one is named; raises `NotAWorker`."""
    officer = tx.get(Officer, officer_id)
    if str(officer_id) not in _workers(tx, unit_id):
        raise NotAWorker(name=officer.full_name)
    return officer


def _everyone(tx: Transaction) -> dict[str, str]:
    """Whoever may take a step: auditors and administrators complete none."""
    return {
        str(o.id): f"{o.full_name}, {p.title}"
        for o, p in choose_officers(tx)
        if Role.OFFICER in p.roles
    }


def _leaders(tx: Transaction) -> dict[str, str]:
    return {
        str(o.id): f"{o.full_name}, {p.title}"
        for o, p in choose_officers(tx)
        if p.role is Role.LEADER
    }


def _signatories(tx: Transaction) -> dict[str, str]:
    return {
        str(o.id): f"{o.full_name}, {p.title}"
        for o, p in choose_officers(tx)
        if p.signing_capacity is not None
    }


def _units(tx: Transaction) -> dict[str, str]:
    return {str(u.id): u.name for u in choose_units(tx)}


def _agencies(tx: Transaction) -> dict[str, str]:
    return {
        str(a.id): f"{a.name} ({code})" if code else a.name
        for a, code in choose_agencies(tx)
        if a.id != tx.acting.agency_id
    }


def _document_types(tx: Transaction) -> dict[str, str]:
    found = tx.scalars(
        sa.select(DocumentType).where(
            DocumentType.agency_id == tx.acting.agency_id, DocumentType.is_active.is_(True)
        )
    )
    return {str(t.id): t.name for t in in_order(found)}


def _dossiers(tx: Transaction) -> dict[str, str]:
    found = tx.scalars(
        sa.select(Dossier)
        .where(Dossier.agency_id == tx.acting.agency_id, Dossier.state == DossierState.OPEN)
        .order_by(Dossier.file_catalog.desc(), Dossier.file_notation)
        .limit(500)
    )
    return {str(d.id): f"{d.file_notation} · {d.title}" for d in found}


def _incoming_registers(tx: Transaction) -> dict[str, str]:
    return _registers(tx, RegisterKind.INCOMING)


def _outgoing_registers(tx: Transaction) -> dict[str, str]:
    return _registers(tx, RegisterKind.OUTGOING)


def _all_registers(tx: Transaction) -> dict[str, str]:
    """For forms of agencies that were drawn before the directions were told apart."""
    return _registers(tx, *RegisterKind)


def _registers(tx: Transaction, *kinds: RegisterKind) -> dict[str, str]:
    found = tx.scalars(
        sa.select(Register)
        .where(
            Register.agency_id == tx.acting.agency_id,
            Register.kind.in_(kinds),
            Register.is_active.is_(True),
        )
        .order_by(Register.id)
    )
    return {str(r.id): r.name for r in found}


def _answerable(tx: Transaction) -> dict[str, str]:
    """Incoming documents in hand that an answer may name, newest first."""
    given = (
        sa.select(Directive.incoming_document_id)
        .join(Assignment, Assignment.directive_id == Directive.id)
        .where(
            sa.or_(
                Assignment.officer_id == tx.acting.officer_id,
                Assignment.unit_id == tx.acting.unit_id,
            )
        )
    )
    found = tx.scalars(
        sa.select(IncomingDocument)
        .where(
            IncomingDocument.agency_id == tx.acting.agency_id,
            IncomingDocument.status.in_([IncomingStatus.DIRECTED, IncomingStatus.IN_PROGRESS]),
            IncomingDocument.id.in_(given),
        )
        .order_by(IncomingDocument.registered_at.desc())
        .limit(200)
    )
    return {
        str(d.id): f"{d.reference or 'Số đến ' + str(d.arrival_number)} · {d.subject}"
        for d in found
    }


SOURCES: dict[str, Callable[[Transaction], dict[str, str]]] = {
    "everyone": _everyone,
    "officers": _officers,
    "unit_officers": _unit_officers,
    "leaders": _leaders,
    "signatories": _signatories,
    "units": _units,
    "agencies": _agencies,
    "document_types": _document_types,
    "dossiers": _dossiers,
    "incoming_registers": _incoming_registers,
    "outgoing_registers": _outgoing_registers,
    "registers": _all_registers,
    "incoming_documents": _answerable,
}


def choices_for(tx: Transaction, form: FormDefinition) -> Choices:
    """Return the lists that `form` names, each value with its label; read only what it needs."""
    return {name: SOURCES[name](tx) for name in form.sources}
