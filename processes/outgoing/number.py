"""Give number and date (cấp số, ngày) to what the competent person has signed."""

from datetime import datetime

from engine.database import Transaction
from engine.errors import OfficeError
from processes.means import Means
from processes.order import Decision, Order
from processes.outgoing.paper import NoPaper, current_paper, keep_signed
from processes.registers import register_of
from processes.signature import signed, told_place
from records.authority import Act, authorize
from records.document import OutgoingDocument
from records.document_type import DocumentType
from records.reference import build_identifier, dated_notation
from records.register import enter
from records.vietnamese import day_text, local_date, serial_words
from records.vocabulary import OutgoingStatus, RegisterKind
from signing.errors import SigningError
from signing.number_row import Printed, place_number, read_printed
from signing.placement import Placement
from signing.signer import SignRequest, SignRole


class AlreadyNumbered(OfficeError):
    """The document has its number (văn bản đã có số)."""

    code = "already-numbered"
    status = 409
    vi = "Văn bản đã được cấp số {reference}."
    en = "The document already has the number {reference}."


class YearPrinted(OfficeError):
    """The signed page prints another year than that of its number (năm in sẵn không khớp)."""

    code = "year-printed"
    status = 409
    citation = "Nghị định 30/2020/NĐ-CP, Điều 15 và Phụ lục I"
    vi = (
        "Trang đầu của văn bản đã ký in sẵn năm {printed}, còn số được cấp trong năm {year}. Chưa "
        "cấp số. Soạn lại văn bản, để trống năm trong ký hiệu và trong ngày ban hành, rồi trình ký."
    )
    en = (
        "The signed page prints the year {printed}, but the number is one of {year}. Draft it "
        "again with the year left blank in symbol and date, and have it signed."
    )


class OtherPrinted(OfficeError):
    """The signed page prints another number or day than the register gives (số, ngày in sẵn)."""

    code = "other-printed"
    status = 409
    citation = "Nghị định 30/2020/NĐ-CP, Điều 15 và Phụ lục I"
    vi = (
        "Trang đầu của văn bản đã ký in sẵn «{printed}», còn số được cấp là {reference}, ngày "
        "{day}. Chưa cấp số. Soạn lại văn bản, để trống số và ngày, rồi trình ký."
    )
    en = (
        "The signed page prints “{printed}”, but the number is {reference} of {day}. Draft it "
        "again with number and date left blank, and have it signed."
    )


def printed_on(tx: Transaction, means: Means, document: OutgoingDocument) -> Printed | None:
    """Return what the paper prints already where number and date belong; None where it is blank.

    A page that cannot be read is told by the steps that must read it, not by looking ahead.
    """
    try:
        paper = current_paper(tx, document)
        printed = read_printed(means.content.read(paper.file.sha256))
    except (NoPaper, SigningError):
        return None
    return None if printed.is_blank else printed


def number(tx: Transaction, means: Means, order: Order[OutgoingDocument]) -> Decision:
    """Take the next number of the series, date the document and print both on the signed PDF.

    They are the appearance of a signature of the agency, so that the person's signature stays
    whole. The number is taken under the series' row lock: a rollback leaves no gap. The year is
    that of this day in Vietnam. Raises `YearPrinted`, `OtherPrinted` where the page already says
    another, `WrongRegister`.
    """
    authorize(tx.acting, Act.REGISTER_DOCUMENT)
    document = order.document
    document.ensure_signed()
    if document.serial_number is not None:
        raise AlreadyNumbered(reference=document.reference)
    kind = tx.get(DocumentType, document.type_id) if document.type_id else None
    register = register_of(tx, RegisterKind.OUTGOING, order.data.get("register"))
    series = kind.series if kind else "hành chính"
    entry = enter(tx, register.id, series, document, at=tx.now)
    _date(document, kind, entry.number, tx.now)
    pdf = means.content.read(current_paper(tx, document).file.sha256)
    placement = _placement(pdf, document)
    request = SignRequest(
        role=SignRole.NUMBER,
        signed_at=tx.now,
        placement=placement,
        name=document.organ_name,
        reason=f"Cấp số {document.reference}",
    )
    numbered = signed(tx, means, order, document.agency_id, pdf, request)
    keep_signed(tx, means, document, numbered, SignRole.NUMBER)
    document.status = OutgoingStatus.NUMBERED
    words = f"Cấp số {document.reference}{told_place(placement)}"
    return Decision({"reference": document.reference}, words)


def _date(
    document: OutgoingDocument, kind: DocumentType | None, serial: int, now: datetime
) -> None:
    document.serial_number = serial
    document.code_number = serial_words(serial)
    document.issued_on = local_date(now)
    if kind is not None and kind.is_legal_normative:
        document.code_notation = dated_notation(document.code_notation, document.issued_on)
    document.ensure_lengths()
    document.identifier = build_identifier(
        document.organ_code, document.issued_on, document.reference
    )


def _placement(pdf: bytes, document: OutgoingDocument) -> Placement:
    day = document.issued_on
    assert day is not None  # `_date` came first
    found = place_number(pdf, reference=document.reference, issued_on=day, place=document.place)
    other = next((year for year in found.years if year != day.year), None)
    if other is not None:
        raise YearPrinted(printed=other, year=day.year)
    printed = read_printed(pdf)
    assert document.serial_number is not None
    if printed.contradicts(document.serial_number, day):
        raise OtherPrinted(printed=str(printed), reference=document.reference, day=day_text(day))
    return found
