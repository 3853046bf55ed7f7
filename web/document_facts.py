"""What is on record of a document (thông tin văn bản): its fields, its makers, its receivers."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.database import Transaction
from processes.unreceived import standings
from records.change import requests_sent
from records.document import Document, IncomingDocument, OutgoingDocument
from records.organization import Officer, Unit
from records.recipient import Recipient
from records.transfer import StatusReceived
from web import change_view, words
from web.door import language
from web.tongue import _


def statuses(tx: Transaction, document: Document) -> list[dict[str, str]]:
    """Return every recipient with all that it reported, and what was asked of it and answered."""
    if not isinstance(document, OutgoingDocument):
        return []
    recipients = tx.scalars(
        sa.select(Recipient)
        .where(Recipient.outgoing_document_id == document.id)
        .order_by(Recipient.ordinal, Recipient.id)
    )
    reports: dict[UUID, list[StatusReceived]] = {}
    for report in tx.scalars(
        sa.select(StatusReceived)
        .where(StatusReceived.recipient_id.in_([r.id for r in recipients]))
        .order_by(StatusReceived.reported_at, StatusReceived.code)
    ):
        reports.setdefault(report.recipient_id, []).append(report)
    asked = change_view.told_of_recipients(tx, document.id)
    answered = {
        (r.recipient_id, r.answered_at, r.answer_reason) for r in requests_sent(tx, document.id)
    }
    calendar = words.calendar_of(tx, document.agency_id)
    where = standings(tx, document, recipients, calendar)
    rows = []
    for one in recipients:
        now = one.delivery.label(language())
        if one.delivery_reason:
            now = f"{now}: {one.delivery_reason}"
        if where[one.id].by:
            now = f"{now} ({where[one.id].by})"
        due = where[one.id].due_at
        if due is not None and where[one.id].is_overdue(tx.now):
            late = words.moment(due, tx.now)
            now = _("%(state)s · quá hạn tiếp nhận từ %(when)s", state=now, when=late)
        name = _("%(name)s (để biết)", name=one.name) if one.for_information else one.name
        at = words.moment(one.delivered_at, tx.now)
        rows.append({"agency": name, "code_text": now, "when": at})
        rows += [
            {
                "agency": "",
                "code_text": f"{report.code} {_code_words(report)}",
                "when": words.moment(report.reported_at, tx.now),
            }
            for report in reports.get(one.id, ())
            if report.code in _CODES or _said(report) not in answered
        ]
        rows += asked.get(one.id, [])
    return rows


def _said(report: StatusReceived) -> tuple[UUID, datetime, str]:
    return report.recipient_id, report.reported_at, report.description


#: an answer (15, 16) is told beside what it answers
_CODES = frozenset({"01", "02", "03", "04", "05", "06"})


def _code_words(report: StatusReceived) -> str:
    said = {
        "01": _("Đã đến"),
        "02": _("Từ chối tiếp nhận"),
        "03": _("Đã tiếp nhận"),
        "04": _("Phân công"),
        "05": _("Đang xử lý"),
        "06": _("Hoàn thành"),
        "15": _("Đồng ý"),
        "16": _("Từ chối"),
    }.get(report.code, "")
    reasoned = report.code in {"02", "16"} and report.description
    return f"{said}: {report.description}" if reasoned else said


def facts_of(document: Document) -> list[dict[str, Any]]:
    """Return the fields of Decree 30/2020, annex VI, part II, in its order."""
    values: list[tuple[str, Any]] = [
        (_("Mã định danh văn bản"), document.identifier),
        (_("Tên loại văn bản"), document.type_name),
        (_("Số của văn bản"), document.code_number),
        (_("Ký hiệu của văn bản"), document.code_notation),
        (_("Ngày, tháng, năm văn bản"), words.long_day(document.issued_on)),
        (_("Mã cơ quan ban hành"), document.organ_code),
        (_("Cơ quan ban hành"), document.organ_name),
        (_("Ngôn ngữ"), document.language),
        (_("Số trang"), document.page_amount or ""),
        (_("Chức vụ người ký"), document.signer_position),
        (_("Người ký"), document.signer_name),
        (_("Mức độ khẩn"), document.urgency.label(language())),
        (_("Hạn trả lời"), words.day(document.due_on)),
        (_("Ghi chú"), document.description),
    ]
    if isinstance(document, IncomingDocument):
        values += [
            (_("Số đến"), document.arrival_number),
            (_("Ngày đến"), words.day(document.arrived_on)),
            (_("Nguồn"), document.channel.label(language())),
            (_("Nơi nhận"), document.to_places),
            (_("Chuyển cho"), document.handed_to),
            (_("Kiểm tra xác thực"), document.authenticity.label(language())),
        ]
    else:
        values += [
            (_("Hình thức phát hành"), document.issue_form.label(language())),
            (_("Lý do phát hành bản giấy"), document.off_system_reason),
            (_("Số lượng bản phát hành"), document.issued_amount or ""),
            (_("Nơi lưu bản gốc"), document.original_kept_at),
            (_("Nơi lưu bản chính"), document.file_copy_kept_at),
            (_("Người nhận bản lưu"), document.kept_by),
        ]
    return [words.fact(label, value) for label, value in values if value not in {"", None}]


def makers(tx: Transaction, document: Document) -> list[dict[str, Any]]:
    """Return who wrote, reviewed and checked an outgoing document (Quy chế, Điều 12.2)."""
    if not isinstance(document, OutgoingDocument):
        return []
    people = (
        (_("Người soạn thảo"), document.author_id),
        (_("Người duyệt nội dung"), document.reviewer_id),
        (_("Người kiểm tra thể thức"), document.format_checker_id),
    )
    found = [
        words.fact(label, tx.get(Officer, key).full_name)
        for label, key in people
        if key is not None
    ]
    if document.unit_id is not None:
        found.insert(0, words.fact(_("Đơn vị soạn thảo"), tx.get(Unit, document.unit_id).name))
    return found
