"""The printed books (sổ in, đóng quyển): columns of Decree 30/2020, annex IV, and their rows.

Registers kept in the system must be printable in full (Điều 16.2b, 22.3b); a void number keeps its
line. Columns that are signed by hand stay empty.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from records.document import DocumentFields, IncomingDocument, OutgoingDocument
from records.recipient import Recipient
from records.register import RegisterEntry, RegisterSeries
from records.vietnamese import day_text, local_date, serial_words
from records.vocabulary import EntryState, OutgoingStatus


class BookColumn(NamedTuple):
    """One column of a printed book."""

    key: str
    vi: str
    en: str


INCOMING_BOOK = (
    BookColumn("arrived_on", "Ngày đến", "Arrived on"),
    BookColumn("number", "Số đến", "Arrival number"),
    BookColumn("organ", "Tác giả", "Author"),
    BookColumn("reference", "Số, ký hiệu", "Number and symbol"),
    BookColumn("issued_on", "Ngày tháng văn bản", "Date"),
    BookColumn("subject", "Tên loại và trích yếu nội dung", "Kind and subject"),
    BookColumn("receiver", "Đơn vị hoặc người nhận", "Unit or person receiving"),
    BookColumn("handed_on", "Ngày chuyển", "Handed on"),
    BookColumn("receipt", "Ký nhận", "Signed for"),
    BookColumn("note", "Ghi chú", "Note"),
)
OUTGOING_BOOK = (
    BookColumn("reference", "Số, ký hiệu văn bản", "Number and symbol"),
    BookColumn("issued_on", "Ngày tháng văn bản", "Date"),
    BookColumn("subject", "Tên loại và trích yếu nội dung văn bản", "Kind and subject"),
    BookColumn("signer", "Người ký", "Signatory"),
    BookColumn("recipients", "Nơi nhận văn bản", "Recipients"),
    BookColumn("kept_by", "Đơn vị, người nhận bản lưu", "Keeper of the file copy"),
    BookColumn("copies", "Số lượng bản", "Copies"),
    BookColumn("handed_on", "Ngày chuyển", "Sent on"),
    BookColumn("receipt", "Ký nhận", "Signed for"),
    BookColumn("note", "Ghi chú", "Note"),
)


def incoming_book_rows(
    session: orm.Session, register_id: UUID, year: int, *, after: int = 0, limit: int = 500
) -> list[dict[str, str]]:
    """Return the lines of sổ đăng ký văn bản đến after number `after`, keyed as `INCOMING_BOOK`."""
    lines = session.execute(
        sa.select(RegisterEntry, IncomingDocument)
        .join(RegisterSeries, RegisterSeries.id == RegisterEntry.series_id)
        .outerjoin(IncomingDocument, IncomingDocument.id == RegisterEntry.incoming_document_id)
        .where(
            RegisterSeries.register_id == register_id,
            RegisterSeries.year == year,
            RegisterEntry.number > after,
        )
        .order_by(RegisterEntry.number, RegisterSeries.key)
        .limit(limit)
    )
    return [_incoming_line(entry, document) for entry, document in lines]


def outgoing_book_rows(
    session: orm.Session,
    register_id: UUID,
    year: int,
    key: str,
    *,
    after: int = 0,
    limit: int = 500,
) -> list[dict[str, str]]:
    """Return the lines of sổ đăng ký văn bản đi for one series, keyed as `OUTGOING_BOOK`."""
    lines = session.execute(
        sa.select(RegisterEntry, OutgoingDocument)
        .join(RegisterSeries, RegisterSeries.id == RegisterEntry.series_id)
        .outerjoin(OutgoingDocument, OutgoingDocument.id == RegisterEntry.outgoing_document_id)
        .where(
            RegisterSeries.register_id == register_id,
            RegisterSeries.year == year,
            RegisterSeries.key == key,
            RegisterEntry.number > after,
        )
        .order_by(RegisterEntry.number)
        .limit(limit)
    ).all()
    places = _recipients(session, [e.outgoing_document_id for e, _ in lines])
    return [_outgoing_line(entry, document, places) for entry, document in lines]


def _recipients(
    session: orm.Session, documents: Iterable[UUID | None]
) -> dict[UUID, list[Recipient]]:
    found: dict[UUID, list[Recipient]] = {}
    for recipient in session.scalars(
        sa.select(Recipient)
        .where(Recipient.outgoing_document_id.in_(list(documents)))
        .order_by(Recipient.ordinal, Recipient.id)
    ):
        found.setdefault(recipient.outgoing_document_id, []).append(recipient)
    return found


def _incoming_line(entry: RegisterEntry, document: IncomingDocument | None) -> dict[str, str]:
    line = dict.fromkeys((column.key for column in INCOMING_BOOK), "")
    line["number"] = str(entry.number)
    if document is not None:
        line |= {
            "arrived_on": day_text(document.arrived_on) if document.arrived_on else "",
            "organ": document.organ_name,
            "receiver": document.handed_to,
            "handed_on": day_text(document.handed_on) if document.handed_on else "",
            **_shared(document),
        }
    return line | {"note": _note(entry, document)}


def _outgoing_line(
    entry: RegisterEntry, document: OutgoingDocument | None, places: dict[UUID, list[Recipient]]
) -> dict[str, str]:
    line = dict.fromkeys((column.key for column in OUTGOING_BOOK), "")
    line["reference"] = serial_words(entry.number)
    if document is not None:
        names = [recipient.name for recipient in places.get(document.id, [])]
        line |= {
            **_shared(document),
            "signer": document.signer_name,
            "recipients": "; ".join(names),
            "kept_by": document.kept_by,
            "copies": str(document.issued_amount or ""),
        }
        line["reference"] = document.reference or line["reference"]
    return line | {"note": _note(entry, document)}


def _shared(document: DocumentFields) -> dict[str, str]:
    return {
        "reference": document.reference,
        "issued_on": day_text(document.issued_on) if document.issued_on else "",
        "subject": " ".join(part for part in (document.type_name, document.subject) if part),
    }


def _note(entry: RegisterEntry, document: DocumentFields | None) -> str:
    notes = [document.description] if document is not None and document.description else []
    if (withdrawn := _withdrawn(document)) is not None:
        notes.append(withdrawn)
    if entry.state is not EntryState.ACTIVE:
        notes.append(f"{entry.state.vi}: {entry.reason}")
    if entry.actual_on is not None:
        notes.append(f"Nhập bù sau sự cố; thực tế ngày {day_text(entry.actual_on)}")
    return "; ".join(notes)


def _withdrawn(document: DocumentFields | None) -> str | None:
    """Return the note of a document that was recalled or replaced: its number stays in the book."""
    if isinstance(document, IncomingDocument):
        at = document.withdrawn_at
    elif isinstance(document, OutgoingDocument):
        ended = document.status in {OutgoingStatus.RECALLED, OutgoingStatus.REPLACED}
        at = document.recalled_at if ended else None
    else:
        return None
    if at is None:
        return None
    replaced = document.status.value == "replaced"
    words = "Đã bị thay thế" if replaced else "Đã thu hồi"
    return f"{words} ngày {day_text(local_date(at))}: {document.withdrawn_reason}"
