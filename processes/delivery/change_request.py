"""What the sender of an incoming document asks of it (yêu cầu của bên gửi): kept, then decided.

A request may come before its document, twice, or for one we never had: it waits for the document
by identifier and sender, a repetition is none, and no reason is lost.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine import runtime
from engine.database import Query, Transaction
from exchange.envelope import BusinessType, Envelope, ResponseFor
from exchange.identity import DocumentId, organ_key
from exchange.status import StatusMessage
from processes.agency_code import codes_of_same, own_codes
from processes.means import Means
from processes.procedures import procedure_in_use
from processes.recall.decide import answer_gone, is_gone
from processes.status_reports import report_status
from processes.subjects import INCOMING
from processes.update.decide import SUPERSEDED
from processes.update.version import read_update, told_changes
from records import journal
from records.change import (
    WITHDRAWALS,
    ChangeAnswer,
    ChangeKind,
    ChangeRequest,
    requests_received,
)
from records.document import IncomingDocument
from records.transfer import Direction, Packet
from records.vocabulary import IncomingStatus

#: longer reasons stay whole in the packet
REASON_LENGTH = 4_000

_KINDS = {BusinessType.RECALL: ChangeKind.RECALL, BusinessType.UPDATE: ChangeKind.UPDATE}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came: what for, of which document, why, by whom and when."""

    kind: ChangeKind
    #: what the document may be known by, the most trustworthy first
    identifiers: tuple[str, ...]
    organ_code: str
    reference: str
    reason: str
    at: datetime
    by: str = ""
    content: dict[str, Any] = field(default_factory=dict)
    successor_id: UUID | None = None


def asked_by_status(message: StatusMessage) -> Asked:
    """Return what a status 13 asks: its receiver gives the document back (lấy lại)."""
    return Asked(
        ChangeKind.TAKE_BACK,
        message.document_ids,
        message.sender.organ_id,
        _reference(message.response),
        message.description,
        message.at,
        message.staff.name if message.staff else "",
    )


def _reference(response: ResponseFor) -> str:
    """Return the number and notation meant; a deployed system swaps them with the agency's code."""
    named = DocumentId.parse(response.document_id)
    told = (response.code, named.reference if named else "", response.organ_id)
    return next((one for one in told if "/" in one), response.code)


def asked_by_envelope(tx: Transaction, envelope: Envelope) -> Asked:
    """Return what a recall or an update asks of the document it acts on.

    The envelope bears no time of its own: that of its first hop counts, else now. An update that
    takes this agency off the receivers asks the document back.
    """
    first = next((hop.at for hop in envelope.trace if hop.at is not None), None)
    staff = envelope.business.staff
    answered = [r.code for r in envelope.responses if r.document_id in envelope.targets]
    kind = _KINDS[envelope.business.type]
    changes = envelope.business.receiver_changes
    off = {organ_key(c.organ_id) for c in changes if not c.added}
    content = {"removed": True} if off and not off.isdisjoint(own_codes(tx)) else {}
    return Asked(
        kind,
        envelope.targets,
        envelope.sender.organ_id,
        answered[0] if answered else str(envelope.code),
        envelope.business.reason,
        first or tx.now,
        staff.name if staff else "",
        content,
    )


def replacements_by(
    tx: Transaction, envelope: Envelope, successor: IncomingDocument
) -> list[Asked]:
    """Return what a replacement asks of each document it names for this agency."""
    own = own_codes(tx)
    first = next((hop.at for hop in envelope.trace if hop.at is not None), None)
    return [
        Asked(
            ChangeKind.REPLACE, (one.document_id,), envelope.sender.organ_id, "",
            envelope.business.reason, first or tx.now, successor_id=successor.id,
        )
        for one in envelope.business.replacements
        if not one.organ_ids or not own.isdisjoint(map(organ_key, one.organ_ids))
    ]  # fmt: skip


def receive_request(
    tx: Transaction,
    means: Means,
    packet: Packet,
    asked: Asked,
    beside: IncomingDocument | None = None,
) -> ChangeRequest | None:
    """Keep a request and put it before the clerk; None where it says again what is known.

    A packet that brought a document `beside` the request stays that document's.
    """
    assert tx.acting.agency_id is not None
    for identifier in asked.identifiers:
        tx.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            f"arrival {tx.acting.agency_id} {identifier}",
        )
    document = find_document(tx, asked)
    if beside is None:
        packet.note = asked.reason[:500]
        packet.incoming_document_id = document.id if document is not None else None
    known = _known(tx, asked, document)
    if known is not None:
        packet.result = "duplicate" if beside is None else packet.result
        if known.answer is ChangeAnswer.OPEN and asked.reason not in known.reason:
            known.reason = f"{known.reason}\n{asked.reason}".strip()[:REASON_LENGTH]
        return None
    packet.result = "accepted"
    request = tx.add(
        ChangeRequest(
            agency_id=tx.acting.agency_id,
            direction=Direction.IN,
            kind=asked.kind,
            incoming_document_id=document.id if document is not None else None,
            identifier=asked.identifiers[0] if asked.identifiers else "",
            organ_code=asked.organ_code,
            reference=asked.reference[:100],
            reason=asked.reason[:REASON_LENGTH],
            asked_at=asked.at,
            received_at=tx.now,
            packet_id=packet.id,
            content=asked.content,
            successor_id=asked.successor_id,
            by_name=asked.by,
        )
    )
    tx.flush()
    journal.record(
        tx, "receive_request", "change_request", request.id, asked=asked.kind.value,
        reason=asked.reason[:200], document=document.id if document is not None else None,
    )  # fmt: skip
    if document is not None:
        present(tx, means, request, document)
    return request


def present(
    tx: Transaction, means: Means, request: ChangeRequest, document: IncomingDocument
) -> None:
    """Start the procedure by which the clerk decides, or answer what is decided already.

    A document that was refused, given back or replaced is not there any more; an update older than
    one that was agreed to is in it.
    """
    if is_gone(document):
        answer_gone(tx, document, request)
        return
    if request.kind is ChangeKind.UPDATE and any(
        one.kind is ChangeKind.UPDATE
        and one.answer is ChangeAnswer.AGREED
        and one.asked_at > request.asked_at
        for one in requests_received(tx, document.id)
    ):
        request.decide(ChangeAnswer.AGREED, SUPERSEDED, tx.acting.name, tx.now)
        report_status(tx, document, "15", SUPERSEDED, request)
        return
    definition = procedure_in_use(tx, document.agency_id, request.kind.procedure)
    runtime.start(
        tx,
        means.desk,
        definition,
        subject_type=INCOMING,
        subject_id=document.id,
        variables={
            "change": str(request.id),
            "kind": request.kind.value,
            "request": "\n".join(_told(tx, means, request, document)),
            "asked_by": request.by_name or document.organ_name,
            "outcome": None,
        },
    )


def _told(
    tx: Transaction, means: Means, request: ChangeRequest, document: IncomingDocument
) -> list[str]:
    """Return what the clerk reads before deciding: what is asked, why, and what would change."""
    lines = [f"{request.kind.vi}: {request.reason}"]
    if document.status is IncomingStatus.COMPLETED:
        lines.append("Văn bản đã giải quyết xong tại cơ quan")
    if request.takes_back and request.kind is ChangeKind.UPDATE:
        lines.append("Bên gửi bớt cơ quan này khỏi nơi nhận, đề nghị trả lại văn bản")
    elif request.kind is ChangeKind.UPDATE and request.packet_id is not None:
        lines += told_changes(tx, document, read_update(tx, means, request))
    return lines


_WAITING = Query(
    sa.select(ChangeRequest)
    .where(
        ChangeRequest.agency_id == sa.bindparam("agency", type_=sa.Uuid()),
        ChangeRequest.identifier == sa.bindparam("identifier", type_=sa.Text()),
        ChangeRequest.direction == Direction.IN,
        ChangeRequest.incoming_document_id.is_(None),
    )
    .order_by(ChangeRequest.asked_at, ChangeRequest.id)
)


def take_up_waiting(tx: Transaction, means: Means, document: IncomingDocument) -> None:
    """Put before the clerk what was asked of this document before it came (đến trước văn bản)."""
    if not document.identifier:
        return
    found = tx.scalars(_WAITING, agency=document.agency_id, identifier=document.identifier)
    if not found:
        return
    sender = codes_of_same(tx, document.organ_code)
    for request in found:
        if organ_key(request.organ_code) in sender:
            request.incoming_document_id = document.id
            present(tx, means, request, document)


def find_document(tx: Transaction, asked: Asked) -> IncomingDocument | None:
    """Return the newest document of this sender a request names: by identifier, else by reference.

    Some systems write an identifier of their own making; number and notation then tell.
    """
    own = IncomingDocument.agency_id == tx.acting.agency_id
    newest = IncomingDocument.received_at.desc()
    sender = codes_of_same(tx, asked.organ_code)
    named = sa.select(IncomingDocument).where(
        own, IncomingDocument.identifier.in_(asked.identifiers)
    )
    found = [d for d in tx.scalars(named.order_by(newest)) if organ_key(d.organ_code) in sender]
    if not found and "/" in asked.reference:
        number, _slash, notation = asked.reference.partition("/")
        alike = sa.select(IncomingDocument).where(
            own,
            IncomingDocument.code_number == number.strip(),
            IncomingDocument.code_notation == notation.strip(),
            IncomingDocument.received_at > asked.at - timedelta(days=366),
        )
        found = [d for d in tx.scalars(alike.order_by(newest)) if organ_key(d.organ_code) in sender]
    kept = [d for d in found if d.status is not IncomingStatus.REFUSED]
    return next(iter(kept or found), None)


def was_called_back(tx: Transaction, document: IncomingDocument, after: datetime) -> bool:
    """Return whether its sender called a document back after a moment, and got it."""
    return any(
        one.takes_back and one.answer is ChangeAnswer.AGREED and one.asked_at > after
        for one in requests_received(tx, document.id)
    )


def _known(
    tx: Transaction, asked: Asked, document: IncomingDocument | None
) -> ChangeRequest | None:
    """Return the request that this one repeats: still open, or of the same second and reason."""
    about = (
        ChangeRequest.incoming_document_id == document.id
        if document is not None
        else ChangeRequest.identifier.in_(asked.identifiers)
    )
    found = tx.scalars(
        sa.select(ChangeRequest)
        .where(
            ChangeRequest.agency_id == tx.acting.agency_id,
            ChangeRequest.direction == Direction.IN,
            about,
        )
        .order_by(ChangeRequest.asked_at, ChangeRequest.id)
        .with_for_update()
    )
    alike = [r for r in found if r.kind.procedure == asked.kind.procedure]
    same = [
        r
        for r in alike
        if r.kind is asked.kind and r.asked_at == asked.at and asked.reason in r.reason
    ]
    if asked.kind in WITHDRAWALS:
        same += [r for r in alike if r.answer is ChangeAnswer.OPEN]
    return next(iter(same), None)
