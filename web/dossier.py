"""Dossiers (hồ sơ công việc): the list, and one with what lies in it."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from api.parameters import LONGEST_SEARCH
from engine.database import Transaction
from processes import reach
from records import journal
from records.authority import Act
from records.content import File
from records.directive import Directive
from records.document import IncomingDocument, OutgoingDocument
from records.dossier import Dossier, DossierItem
from records.organization import Role
from records.vietnamese import local_date
from records.vocabulary import DossierState
from web import fields, paper, words
from web.door import acting, language, reading, transaction
from web.policy import ensure, needs
from web.tongue import _

pages = Blueprint("dossier", __name__)
PAGE = 50
_TONES = {DossierState.OPEN: "act", DossierState.CLOSED: "", DossierState.DEPOSITED: "ok"}


@pages.get("/dossiers")
@needs(Act.READ_DOSSIER, each=True)
def listing() -> Response:
    """List the dossiers the officer may read, newest first."""
    ensure(acting(), Act.READ_DOSSIER, reach.own_reach(acting()))
    text, state = request.args.get("text", "").strip(), request.args.get("state", "")
    before = request.args.get("before", "")
    select = sa.select(Dossier).where(reach.dossiers_within_reach(acting()))
    if text:
        like = f"%{paper.like(text)}%"
        select = select.where(
            sa.func.unaccent(Dossier.title).ilike(sa.func.unaccent(like))
            | Dossier.file_notation.ilike(like)
        )
    if state in set(DossierState):
        select = select.where(Dossier.state == DossierState(state))
    if before:
        select = select.where(Dossier.id < paper.key_of(before))
    found = reading().scalars(select.order_by(Dossier.id.desc()).limit(PAGE + 1)).all()
    rows, more = found[:PAGE], len(found) > PAGE
    kept: dict[str, Any] = {"text": text or None, "state": state or None}
    older = url_for("dossier.listing", **kept, before=rows[-1].id) if more else None
    newer = url_for("dossier.listing", **kept) if before else None
    states = [("", _("Tất cả")), *((s.value, s.label(language())) for s in DossierState)]
    shown = {
        "title": _("Hồ sơ công việc"),
        "summary": _("Hồ sơ do bạn lập hoặc có văn bản được giao cho bạn."),
        "filters": fields.form(
            "dossiers",
            fields.field("text", "text", _("Tiêu đề, ký hiệu"), text, max_length=LONGEST_SEARCH),
            fields.choice("state", _("Trạng thái"), states, state),
        ),
        "filter_action": url_for("dossier.listing"),
        "new": None,
        "page": {"text": _("%(n)s hồ sơ", n=len(rows)), "older": older, "newer": newer},
        "rows": [_row(one) for one in rows],
    }
    if acting().roles & {Role.CLERK, Role.LEADER, Role.AUDITOR}:
        shown["summary"] = _("Hồ sơ của toàn cơ quan.")
    return make_response(render_template("dossiers.html", dossiers=shown))


def _row(one: Dossier) -> dict[str, Any]:
    return {
        "code": one.file_notation,
        "href": url_for("dossier.show", dossier_id=one.id),
        "title": one.title,
        "keeper": one.creator,
        "opened_on": words.day(one.started_on),
        "closed_on": words.day(one.ended_on),
        "documents": one.doc_total,
        "retention": one.retention,
        "status_text": one.state.label(language()),
        "status_tone": _TONES[one.state],
    }


@pages.get("/dossiers/<uuid:dossier_id>")
@needs(Act.READ_DOSSIER, each=True)
def show(dossier_id: UUID) -> Response:
    """Show a dossier with its things in their order."""
    with transaction() as tx:
        dossier = tx.get(Dossier, dossier_id)
        ensure(tx.acting, Act.READ_DOSSIER, reach.facts_of_dossier(tx, dossier))
        journal.record(tx, "view", "dossier", dossier.id)
        items = tx.scalars(
            sa.select(DossierItem)
            .where(DossierItem.dossier_id == dossier.id)
            .order_by(DossierItem.ordinal)
        )
        shown = {
            "crumbs": [
                {"label": _("Hồ sơ"), "href": url_for("dossier.listing")},
                {"label": dossier.file_notation, "href": ""},
            ],
            "code": dossier.file_notation,
            "title": dossier.title,
            "status_text": dossier.state.label(language()),
            "status_tone": _TONES[dossier.state],
            "facts": _facts(dossier),
            "acts": [],
            "warnings": [],
            "documents": [_thing(tx, item) for item in items],
            "history": [_filed(tx, item) for item in reversed(items)],
        }
    return make_response(render_template("dossier.html", dossier=shown))


def _facts(one: Dossier) -> list[dict[str, Any]]:
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


def _thing(tx: Transaction, item: DossierItem) -> dict[str, Any]:
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


def _filed(tx: Transaction, item: DossierItem) -> dict[str, Any]:
    return {
        "who": item.by_name,
        "text": _("đưa vào hồ sơ, thứ tự %(n)s", n=item.ordinal),
        "when": words.moment(item.added_at, tx.now),
        "at": words.iso(item.added_at),
        "state": "",
    }
