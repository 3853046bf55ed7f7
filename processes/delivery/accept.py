"""A document from the exchange comes in (tiếp nhận văn bản liên thông)."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from engine.database import Query, Transaction
from engine.errors import OfficeError, StorageFull
from exchange.envelope import Attachment, BusinessType, Envelope
from exchange.identity import organ_key
from processes.agency_code import codes_of_same
from processes.delivery.answer_link import link_answers
from processes.delivery.change_request import (
    asked_by_envelope,
    find_document,
    receive_request,
    replacements_by,
    take_up_waiting,
    was_called_back,
)
from processes.incoming.receive import begin
from processes.means import Means
from processes.status_reports import report_status
from processes.verify import main_of, post_check
from records import journal
from records.content import Stored, attach_file
from records.document import INCOMING_LENGTHS, IncomingDocument
from records.document_type import DocumentType, find_type
from records.inspection import PDF
from records.staffing import add_partner
from records.transfer import Packet
from records.vocabulary import Authenticity, Channel, FileKind, IncomingStatus, Urgency
from signing.verdict import Verdict
from signing.xml import XmlReport, verify_xml


@dataclass(frozen=True, slots=True)
class KeptFile:
    """An attachment as it was stored; `refusal` says why it was not."""

    name: str
    stored: Stored | None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Examined:
    """An envelope before any transaction: its attachments are stored, its signature is judged."""

    files: list[KeptFile] = field(default_factory=list)
    #: what can be said of a signature on the envelope itself; None where it bears none
    envelope: XmlReport | None = None


def examine(means: Means, envelope: Envelope, now: datetime) -> Examined:
    """Store the attachments; nothing that fails is lost.

    What the file store refuses stays in the packet, whose bytes are kept; the clerk is told why. A
    signature on the envelope is looked at and told, and is no condition: most bear none. Those on
    the papers are checked afterwards, so that no document waits for the checking of another.
    """
    files = [_keep_one(means, a) for a in envelope.attachments]
    return Examined(files, _examine_envelope(means, envelope, now))


def _examine_envelope(means: Means, envelope: Envelope, now: datetime) -> XmlReport | None:
    original = envelope.original
    if original is None or original.data is None or not original.carries_signature:
        return None
    known = means.signing.known()
    return verify_xml(
        original.data,
        trust=known.trust,
        revocation=known.revocation(),
        policy=known.policy,
        at=now,
    )


def _told(report: XmlReport) -> str:
    """Return one sentence on the envelope's signature, as the clerk reads it."""
    verdict = {
        Verdict.VALID: "hợp lệ",
        Verdict.INVALID: "không hợp lệ",
    }.get(report.verdict, "chưa xác định được")
    who = f" của {report.subject}" if report.subject else ""
    why = f" ({report.reason})" if report.reason else ""
    return f"Chữ ký số trên gói tin{who}: {verdict}{why}"


def _keep_one(means: Means, attachment: Attachment) -> KeptFile:
    try:
        return KeptFile(attachment.name, means.content.put(attachment.content))
    except StorageFull:
        raise
    except OfficeError as error:
        return KeptFile(attachment.name, None, error.text("vi"))


def accept(
    tx: Transaction, means: Means, packet: Packet, envelope: Envelope, examined: Examined
) -> IncomingDocument | None:
    """Make the incoming document, start its procedure and tell the sender it arrived (01).

    A document that is here already is no second one: the packet is noted as a duplicate.
    """
    assert tx.acting.agency_id is not None
    if envelope.business.type is BusinessType.RECALL:
        receive_request(tx, means, packet, asked_by_envelope(tx, envelope))
        return None
    if envelope.business.type is BusinessType.UPDATE and _updates(tx, means, packet, envelope):
        return None
    if envelope.business.type is not BusinessType.UPDATE and _is_here(tx, envelope):
        packet.result = "duplicate"
        return None
    document = _document(tx, envelope, examined)
    tx.add(document)
    _attach(tx, document, examined.files)
    packet.incoming_document_id = document.id
    packet.result = "accepted"
    signed = examined.envelope
    if signed is not None:
        packet.note = _told(signed)[:500]
    tx.flush()
    report_status(tx, document, "01", "Văn bản đã đến hệ thống")
    begin(tx, means, document)
    link_answers(tx, document, envelope)
    take_up_waiting(tx, means, document)
    for asked in replacements_by(tx, envelope, document):
        receive_request(tx, means, packet, asked, beside=document)
    journal.record(
        tx, "accept_envelope", "incoming_document", document.id, packet=packet.packet_id,
        sha256=packet.sha256, authenticity=document.authenticity.value,
        envelope=signed.to_data() if signed is not None else None,
    )  # fmt: skip
    return document


def _updates(tx: Transaction, means: Means, packet: Packet, envelope: Envelope) -> bool:
    """Put an update before the clerk where its document is here; elsewhere it is a new document.

    Who is added to the receivers simply gets the document; who is taken off need not have it. One
    asked before the document was called back came late, and brings it back to nobody.
    """
    asked = asked_by_envelope(tx, envelope)
    found = find_document(tx, asked)
    gone = {IncomingStatus.REFUSED, IncomingStatus.CANCELLED}
    is_away = found is None or (found.status in gone and not was_called_back(tx, found, asked.at))
    if is_away and not asked.content.get("removed"):
        return False
    receive_request(tx, means, packet, asked)
    return True


_SENDERS = Query(
    sa.select(IncomingDocument.organ_code).where(
        IncomingDocument.agency_id == sa.bindparam("agency_id"),
        IncomingDocument.identifier == sa.bindparam("identifier", type_=sa.Text()),
        IncomingDocument.status != IncomingStatus.REFUSED,
    )
)
_TYPES = Query(sa.select(DocumentType).where(DocumentType.agency_id == sa.bindparam("agency_id")))


def _is_here(tx: Transaction, envelope: Envelope) -> bool:
    """Return whether this sender's document is here; whose identifier it bears proves nothing.

    A sender is one agency under any of its codes. Two packets of one document wait for each other.
    """
    tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
        f"arrival {tx.acting.agency_id} {envelope.identifier}",
    )
    agency_id = tx.acting.agency_id
    senders = tx.scalars(_SENDERS, agency_id=agency_id, identifier=envelope.identifier)
    return not codes_of_same(tx, envelope.sender.organ_id).isdisjoint(map(organ_key, senders))


def _document(tx: Transaction, envelope: Envelope, examined: Examined) -> IncomingDocument:
    agency_id: UUID = tx.acting.agency_id  # type: ignore[assignment] # checked by the caller
    add_partner(tx, envelope.sender.name or envelope.sender.organ_id, envelope.sender.organ_id)
    types = tx.scalars(_TYPES, agency_id=agency_id)
    kind = find_type(types, envelope.document_type.name)
    remarks = [f"Không nhận tệp {f.name}: {f.refusal}" for f in examined.files if f.refusal]
    if examined.envelope is not None:
        remarks.append(_told(examined.envelope))
    signer = envelope.signer
    stated = {
        "type_name": envelope.document_type.name,
        "code_number": envelope.code.number,
        "code_notation": envelope.code.notation,
        "organ_code": envelope.sender.organ_id,
        "organ_name": envelope.sender.name,
        "subject": envelope.subject,
        "signer_position": signer.position if signer else "",
        "signer_name": signer.full_name if signer else "",
        "to_places": "; ".join(envelope.to_places),
    }
    # Others are more generous than Phụ lục VI; the packet keeps every word.
    fitting = {name: text[: INCOMING_LENGTHS[name]] for name, text in stated.items()}
    if any(fitting[name] != stated[name] for name in ("code_number", "code_notation")):
        remarks.insert(0, f"Số, ký hiệu ghi trong gói tin: {envelope.code}")
    return IncomingDocument(
        **fitting,
        agency_id=agency_id,
        channel=Channel.EXCHANGE,
        identifier=envelope.identifier,
        type_id=kind.id if kind else None,
        wire_type=f"{envelope.document_type.number or ''}/{envelope.document_type.detail or ''}",
        issued_on=envelope.promulgated_on,
        page_amount=max(0, min(envelope.pages or 0, 999)),
        description="\n".join(remarks)[:500],
        urgency=Urgency.of_wire(int(envelope.priority)),
        due_on=envelope.due_on,
        trace=[
            {"organ": hop.organ_id, "at": hop.at.isoformat() if hop.at else None}
            for hop in envelope.trace
        ],
        received_at=tx.now,
        created_at=tx.now,
    )


def _attach(tx: Transaction, document: IncomingDocument, files: list[KeptFile]) -> None:
    """Attach what came and have the signatures checked (Quy chế, Điều 7.1)."""
    kept = [(one.name, one.stored) for one in files if one.stored is not None]
    main = main_of([stored for _, stored in kept])
    for name, stored in kept:
        kind = FileKind.MAIN if stored is main else FileKind.ANNEX
        file = attach_file(tx, document, stored, name=name, kind=kind)
        if file.media_type == PDF:
            post_check(tx, file)
    if main is None or main.media_type != PDF:
        document.authenticity = Authenticity.UNSIGNED
