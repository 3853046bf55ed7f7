"""What a dossier's page shows (trang hồ sơ): its fields, what lies in it, who filed it."""

from typing import Any

from flask import url_for

from engine.database import Transaction
from records.content import File
from records.directive import Directive
from records.document import IncomingDocument, OutgoingDocument
from records.dossier import Dossier, DossierItem
from records.vietnamese import local_date
from web import paper, words
from web.tongue import _


def facts(one: Dossier) -> list[dict[str, Any]]:
    """Return the fields of Decree 30/2020, annex VI, part II, table 1."""
    values = (
        (_("Mã hồ sơ"), one.file_code),
        (_("Năm hình thành"), one.file_catalog),
        (_("Đề mục"), one.heading),
        (_("Thời hạn bảo quản"), one.retention),
        (_("Chế độ sử dụng"), one.rights),
        (_("Người lập hồ sơ"), one.creator),
        (_("Ngôn ngữ"), one.language),
        (_("Thời gian bắt đầu"), words.day(one.started_on)),
        (_("Thời gian kết thúc"), words.day(one.ended_on)),
        (_("Tổng số tài liệu"), one.doc_total),
        (_("Tổng số trang"), one.page_total),
        (_("Ghi chú"), one.description),
    )
    return [words.fact(label, value) for label, value in values if value not in {"", None}]


def thing(tx: Transaction, item: DossierItem) -> dict[str, Any]:
    """Return one line of the list of contents (mục lục văn bản)."""
    row = {"ordinal": item.ordinal, "pages": "", "role": "", "author": "", "dated": ""}
    document: IncomingDocument | OutgoingDocument | None = None
    if item.incoming_document_id is not None:
        document = tx.get(IncomingDocument, item.incoming_document_id)
        row["role"] = _("Văn bản đến")
    elif item.outgoing_document_id is not None:
        document = tx.get(OutgoingDocument, item.outgoing_document_id)
        row["role"] = _("Văn bản đi")
    if document is not None:
        return row | {
            "reference": paper.reference(document),
            "href": paper.page_of(document),
            "dated": words.day(document.issued_on),
            "author": document.organ_name,
            "subject": document.subject,
            "pages": document.page_amount or "",
        }
    if item.file_id is not None:
        file = tx.get(File, item.file_id)
        return row | {
            "reference": file.name,
            "href": url_for("file.read", file_id=file.id),
            "author": file.by_name,
            "subject": paper.file_label(file),
            "pages": file.page_amount or "",
            "role": _("Tệp"),
        }
    directive = tx.get(Directive, item.directive_id)
    target = (
        url_for("document.incoming", document_id=directive.incoming_document_id)
        if directive.incoming_document_id
        else url_for("document.outgoing", document_id=directive.outgoing_document_id)
    )
    return row | {
        "reference": _("Ý kiến chỉ đạo"),
        "href": target,
        "author": directive.by_name,
        "subject": directive.text,
        "dated": words.day(local_date(directive.at)),
        "role": _("Bút phê"),
    }


def filed(tx: Transaction, item: DossierItem) -> dict[str, Any]:
    """Return one line of the history: who put something in, and when."""
    return {
        "who": item.by_name,
        "text": _("đưa vào hồ sơ, thứ tự %(n)s", n=item.ordinal),
        "when": words.moment(item.added_at, tx.now),
        "at": words.iso(item.added_at),
        "state": "",
    }
