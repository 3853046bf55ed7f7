"""A document that came twice (văn bản trùng): found, warned of, closed with reference to the first.

What is the same is not registered again (Decree 30/2020, Phụ lục VI, Phần I); the clerk decides,
and the record says which document counts and why.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from engine.database import Transaction
from engine.errors import OfficeError
from processes.order import Decision, Order
from processes.status_reports import report_status
from records.document import IncomingDocument, duplicates_of
from records.link import DocumentLink, link_documents
from records.vietnamese import day_text
from records.vocabulary import IncomingStatus, LinkKind


class PossibleDuplicate(OfficeError):
    """The register has a document like it (có thể trùng văn bản đã đăng ký); the clerk decides."""

    code = "possible-duplicate"
    status = 409
    citation = "Nghị định 30/2020/NĐ-CP, Phụ lục VI, Phần I"
    vi = (
        "Có thể trùng với văn bản đã vào sổ: {found}. Nếu đúng là văn bản khác, đánh dấu «Vẫn đăng "
        "ký» rồi gửi lại; nếu trùng, chọn «Trùng văn bản đã vào sổ» và ghi lý do."
    )
    en = (
        "It may be a duplicate of {found}. Tick “register all the same” if it is another document; "
        "else choose “duplicate” and give the reason."
    )


class FirstUnknown(OfficeError):
    """Nothing says which document it repeats (chưa rõ trùng văn bản nào)."""

    code = "first-unknown"
    vi = (
        "Chưa xác định được văn bản đã vào sổ mà văn bản này trùng. Ghi đúng số đến của văn bản đó "
        "tại «Số đến của văn bản đã vào sổ»."
    )
    en = "It is not clear which document this one repeats. Give that document's arrival number."


def registered_like(tx: Transaction, document: IncomingDocument) -> list[IncomingDocument]:
    """Return the registered documents that `document` may repeat, the oldest first."""
    found = duplicates_of(
        tx,
        agency_id=document.agency_id,
        identifier=document.identifier,
        code_number=document.code_number,
        code_notation=document.code_notation,
        organ_name=document.organ_name,
        except_id=document.id,
    )
    return [one for one in found if one.is_registered]


def named(found: Sequence[IncomingDocument], language: str = "vi") -> str:
    """Return registered documents as the clerk knows them: số đến 5 ngày 03/11/2026."""
    number, of = ("arrival number", "of") if language == "en" else ("số đến", "ngày")
    return "; ".join(
        f"{number} {one.arrival_number}"
        + (f" {of} {day_text(one.arrived_on)}" if one.arrived_on else "")
        for one in found
    )


def refuse_duplicate(tx: Transaction, document: IncomingDocument, *, confirmed: bool) -> None:
    """Raise `PossibleDuplicate` where the register has its like and the clerk does not insist."""
    if not confirmed and (found := registered_like(tx, document)):
        raise PossibleDuplicate(found=named(found))


def close_duplicate(tx: Transaction, order: Order[IncomingDocument]) -> Decision:
    """Close the document as a repetition of one in the register, with the reason.

    Raises `FirstUnknown` unless an arrival number, or exactly one document alike, says which.
    """
    document = order.document
    first = _first(tx, document, order.data.get("duplicate_number"))
    words = f"Trùng với văn bản đã vào sổ, {named([first])}: {order.reason}"
    document.status = IncomingStatus.REFUSED
    document.refusal_reason = words
    present = tx.scalars(
        sa.select(DocumentLink.id).where(
            DocumentLink.from_incoming_id == document.id, DocumentLink.to_incoming_id == first.id
        )
    )
    if not present:
        link_documents(tx, document, first, LinkKind.RELATED)
    if document.identifier != first.identifier:  # else the sender would take the first for refused
        report_status(tx, document, "02", words)
    return Decision({"outcome": "duplicate"}, words)


def _first(tx: Transaction, document: IncomingDocument, number: object) -> IncomingDocument:
    if number is None:
        found = registered_like(tx, document)
        if len(found) != 1:
            raise FirstUnknown
        return found[0]
    numbered = tx.scalars(
        sa.select(IncomingDocument)
        .where(
            IncomingDocument.agency_id == document.agency_id,
            IncomingDocument.arrival_number == int(str(number)),
            IncomingDocument.id != document.id,
        )
        .order_by(IncomingDocument.registered_at.desc())  # numbers begin anew every year
        .limit(1)
    )
    if not numbered:
        raise FirstUnknown
    return numbered[0]
