"""Give number and date (cấp số, ngày) to what the competent person has signed."""

from datetime import datetime

from engine.database import Transaction
from engine.errors import OfficeError
from processes.means import Means
from processes.order import Decision, Order, text
from processes.outgoing.paper import current_paper, keep_signed
from processes.registers import register_of
from records.authority import Act, authorize
from records.document import OutgoingDocument
from records.document_type import DocumentType
from records.reference import build_identifier
from records.register import enter
from records.vietnamese import local_date, serial_words
from records.vocabulary import OutgoingStatus, RegisterKind
from signing.number_row import place_number
from signing.signer import SignRequest, SignRole, sign_pdf


class AlreadyNumbered(OfficeError):
    """The document has its number (văn bản đã có số)."""

    code = "already-numbered"
    status = 409
    vi = "Văn bản đã được cấp số {reference}."
    en = "The document already has the number {reference}."


def number(tx: Transaction, means: Means, order: Order[OutgoingDocument]) -> Decision:
    """Take the next number of the series, date the document and print both on the signed PDF.

    They are the appearance of a signature of the agency, so that the person's signature stays
    whole. The number is taken under the series' row lock: a rollback leaves no gap.
    """
    authorize(tx.acting, Act.REGISTER_DOCUMENT)
    document = order.document
    document.ensure_signed()
    if document.serial_number is not None:
        raise AlreadyNumbered(reference=document.reference)
    kind = tx.get(DocumentType, document.type_id) if document.type_id else None
    register = register_of(tx, RegisterKind.OUTGOING)
    series = kind.series if kind else "hành chính"
    entry = enter(tx, register.id, series, document, at=tx.now)
    _date(document, entry.number, tx.now)
    pdf = means.content.read(current_paper(tx, document).file.sha256)
    keystore = means.signing.open_keystore(document.agency_id, text(order.data, "pin"))
    assert document.issued_on is not None
    placement = place_number(
        pdf, reference=document.reference, issued_on=document.issued_on, place=document.place
    )
    request = SignRequest(
        role=SignRole.NUMBER,
        signed_at=tx.now,
        placement=placement,
        name=document.organ_name,
        reason=f"Cấp số {document.reference}",
    )
    keep_signed(tx, means, document, sign_pdf(pdf, request, keystore), SignRole.NUMBER)
    document.status = OutgoingStatus.NUMBERED
    return Decision({"reference": document.reference}, f"Cấp số {document.reference}")


def _date(document: OutgoingDocument, serial: int, now: datetime) -> None:
    document.serial_number = serial
    document.code_number = serial_words(serial)
    document.issued_on = local_date(now)
    document.identifier = build_identifier(
        document.organ_code, document.issued_on, document.reference
    )
