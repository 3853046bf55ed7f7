"""Dossiers (hồ sơ công việc): the list, one with what lies in it; opened, renamed, closed."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.parameters import LONGEST_SEARCH
from forms.fields import composed
from forms.page import FieldView, FormView
from processes import reach
from processes.dossiers import ChangeDossier, DossierChanged, change_dossier, read_dossier
from processes.filing import DossierSymbolTaken, open_dossier
from processes.search import matches
from records import journal
from records.authority import Act, may
from records.dossier import LENGTHS, PERMANENT, BadRetention, Dossier, DossierItem
from records.encoding import is_unicode
from records.organization import Role
from records.vocabulary import DossierState
from web import dossier_view, fields, paper, words
from web.door import acting, language, reading, transaction
from web.policy import asked_below, ensure, needs
from web.shell import say
from web.tongue import _

pages = Blueprint("dossier", __name__)
PAGE = 50
#: what Decree 30/2020, annex VI, lets each field hold
_LONGEST = LENGTHS | {"notation": LENGTHS["file_notation"]}
#: the steps of the forms that file a document; other periods stand in the agency's list
_RETENTION_YEARS = (70, 50, 20, 15, 10, 5, 2)
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
        select = select.where(matches(Dossier, text))
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
        "new": _new(),
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
        dossier = read_dossier(tx, dossier_id)
        asked_below()
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
            "facts": dossier_view.facts(dossier),
            "acts": _acts(dossier),
            "warnings": [],
            "documents": [dossier_view.thing(tx, item) for item in items],
            "history": [dossier_view.filed(tx, item) for item in reversed(items)],
        }
    return make_response(render_template("dossier.html", dossier=shown))


def _new() -> dict[str, str] | None:
    if not may(acting(), Act.OPEN_DOSSIER):
        return None
    return {"href": url_for("dossier.new"), "label": _("Mở hồ sơ")}


def _acts(one: Dossier) -> list[dict[str, str]]:
    """Return what the officer may do to an open dossier; a closed one stays as it is."""
    if one.state is not DossierState.OPEN:
        return []
    if not may(acting(), Act.WRITE_DOSSIER, reach.owners_of_dossier(one)):
        return []
    return [
        {
            "label": _("Sửa tiêu đề, ghi chú"),
            "href": url_for("dossier.edit", dossier_id=one.id),
            "icon": "pen-line",
        },
        {
            "label": _("Kết thúc hồ sơ"),
            "href": url_for("dossier.close", dossier_id=one.id),
            "icon": "done",
        },
    ]


# opened, renamed, closed -----------------------------------------------------------------------


@pages.route("/dossiers/new", methods=["GET", "POST"])
@needs(Act.OPEN_DOSSIER)
def new() -> Response:
    """Open a dossier in the officer's name, before there is anything to put into it."""
    given = _given("title", "notation", "retention")
    if request.method == "GET":
        return _new_page(given)
    if errors := _errors(given):
        return _new_page(given, errors, 422)
    try:
        with transaction() as tx:
            assert tx.acting.agency_id is not None
            opened = open_dossier(
                tx,
                tx.acting.agency_id,
                title=given["title"],
                notation=given["notation"],
                retention=given["retention"] or PERMANENT,
            )
            target = url_for("dossier.show", dossier_id=opened.id)
            told = _("Đã mở hồ sơ %(code)s.", code=opened.file_notation)
    except DossierSymbolTaken as error:
        return _new_page(given, {"notation": error.text(language())}, error.status)
    except BadRetention as error:
        return _new_page(given, {"retention": error.text(language())}, error.status)
    say(told)
    return redirect(target, 303)


@pages.route("/dossiers/<uuid:dossier_id>/edit", methods=["GET", "POST"])
@needs(Act.WRITE_DOSSIER, each=True)
def edit(dossier_id: UUID) -> Response:
    """Correct what a dossier is called and what is noted of it."""
    dossier = _to_change(dossier_id)
    if request.method == "GET":
        kept = {"title": dossier.title, "description": dossier.description}
        return _edit_page(dossier, kept, dossier.version)
    given, version = _given("title", "description"), _version()
    if errors := _errors(given):
        return _edit_page(dossier, given, version, errors, 422)
    command = ChangeDossier(dossier_id, given["title"], given["description"], version=version)
    try:
        with transaction() as tx:
            change_dossier(tx, command)
    except DossierChanged as error:
        return _edit_page(dossier, given, dossier.version, {"": error.text(language())}, 409)
    say(_("Đã sửa hồ sơ."))
    return redirect(url_for("dossier.show", dossier_id=dossier_id), 303)


@pages.route("/dossiers/<uuid:dossier_id>/close", methods=["GET", "POST"])
@needs(Act.WRITE_DOSSIER, each=True)
def close(dossier_id: UUID) -> Response:
    """End a dossier, asked once more: nothing is put into it or changed afterwards."""
    dossier = _to_change(dossier_id)
    if request.method == "POST":
        with transaction() as tx:
            change_dossier(tx, ChangeDossier(dossier_id, close=True))
        say(_("Đã kết thúc hồ sơ."))
        return redirect(url_for("dossier.show", dossier_id=dossier_id), 303)
    intro = _(
        "«%(title)s», %(n)s văn bản. Hồ sơ đã kết thúc thì không thêm tài liệu, không sửa được "
        "nữa.",
        title=dossier.title, n=dossier.doc_total,
    )  # fmt: skip
    return _form_page(
        _("Kết thúc hồ sơ %(code)s", code=dossier.file_notation),
        intro,
        url_for("dossier.close", dossier_id=dossier_id),
        fields.form("dossier-close"),
        _("Kết thúc hồ sơ"),
        dossier,
    )


def _to_change(dossier_id: UUID) -> Dossier:
    """Return an open dossier the officer may change; raises `NoRight`, `DossierClosed`."""
    with transaction() as tx:
        dossier = tx.get(Dossier, dossier_id)
        ensure(tx.acting, Act.WRITE_DOSSIER, reach.owners_of_dossier(dossier))
        dossier.ensure_open()
    return dossier


def _given(*names: str) -> dict[str, str]:
    return {name: " ".join(composed(request.form.get(name, "")).split()) for name in names}


def _version() -> int:
    given = request.args.get("version", "")
    return int(given) if given.isdecimal() and len(given) < 10 else 0


def _errors(given: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong by itself: no title, too long, or no Unicode."""
    found = {
        name: _("Dài %(n)s ký tự; tối đa %(most)s.", n=len(value), most=_LONGEST[name])
        for name, value in given.items()
        if len(value) > _LONGEST[name]
    }
    found |= {name: fields.old_encoding() for name, text in given.items() if not is_unicode(text)}
    if not given["title"]:
        found["title"] = _("Ghi tiêu đề hồ sơ.")
    return found


def _title_field(given: Mapping[str, str], errors: Mapping[str, str]) -> FieldView:
    return fields.field(
        "textarea", "title", _("Tiêu đề hồ sơ"), given["title"],
        error=errors.get("title", ""),
        hint=_("Nêu vấn đề, địa danh, thời gian; ví dụ: Hồ sơ về việc tập huấn văn thư năm 2026."),
        required=True,
        max_length=_LONGEST["title"],
    )  # fmt: skip


def _new_page(
    given: Mapping[str, str], errors: Mapping[str, str] = MappingProxyType({}), status: int = 200
) -> Response:
    years = [f"{n} năm" for n in _RETENTION_YEARS]
    periods = [(PERMANENT, _("Vĩnh viễn")), *((y, _("%(n)s năm", n=y.split()[0])) for y in years)]
    form = fields.form(
        "dossier-new",
        _title_field(given, errors),
        fields.field(
            "text", "notation", _("Số và ký hiệu hồ sơ"), given["notation"],
            error=errors.get("notation", ""),
            hint=_("Theo Danh mục hồ sơ, ví dụ 01.TCCB. Để trống thì lấy số tiếp theo trong năm."),
            max_length=_LONGEST["notation"],
        ),
        replace(
            fields.choice(
                "retention", _("Thời hạn bảo quản"), periods, given["retention"] or PERMANENT,
                error=errors.get("retention", ""),
            ),
            required=True,
        ),
    )  # fmt: skip
    intro = _("Mở hồ sơ khi bắt đầu giải quyết công việc (Nghị định 30/2020/NĐ-CP, Điều 29).")
    return _form_page(
        _("Mở hồ sơ"), intro, url_for("dossier.new"), form, _("Mở hồ sơ"), None, status
    )


def _edit_page(
    dossier: Dossier,
    given: Mapping[str, str],
    version: int,
    errors: Mapping[str, str] = MappingProxyType({}),
    status: int = 200,
) -> Response:
    form = fields.form(
        "dossier-edit",
        _title_field(given, errors),
        fields.field(
            "textarea", "description", _("Ghi chú"), given["description"],
            error=errors.get("description", ""),
            max_length=_LONGEST["description"],
        ),
    )  # fmt: skip
    if whole := errors.get(""):
        form = replace(form, errors=(("", whole), *form.errors))
    return _form_page(
        _("Sửa hồ sơ %(code)s", code=dossier.file_notation),
        _("Số, ký hiệu, mã hồ sơ và những gì đã đưa vào hồ sơ không đổi."),
        url_for("dossier.edit", dossier_id=dossier.id, version=version),
        form,
        _("Lưu"),
        dossier,
        status,
    )


def _form_page(
    title: str,
    intro: str,
    action: str,
    form: FormView,
    submit: str,
    dossier: Dossier | None,
    status: int = 200,
) -> Response:
    back = url_for("dossier.listing")
    if dossier is not None:
        back = url_for("dossier.show", dossier_id=dossier.id)
    shown = {
        "title": title,
        "intro": intro,
        "action": action,
        "form": form,
        "uploads": [],
        "submit": submit,
        "cancel_href": back,
        "aside": None,
    }
    return make_response(render_template("new_document.html", new=shown), status)
