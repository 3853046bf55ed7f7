"""The search of every page (tìm kiếm): documents that came and went, dossiers, each by its kind."""

from typing import Any

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from api.parameters import LONGEST_SEARCH
from engine.database import Transaction
from processes import reach
from processes.search import Found, Kind, search
from records.authority import Act
from records.dossier import Dossier
from web import fields, paper, words
from web.door import acting, language, transaction
from web.policy import ensure, needs
from web.tongue import _, ngettext

pages = Blueprint("search", __name__)
PAGE = 50


@pages.get("/search")
@needs(Act.READ_DOCUMENT, each=True)
def show() -> Response:
    """Look for documents and dossiers by number, subject or agency, with or without accents."""
    ensure(acting(), Act.READ_DOCUMENT, reach.own_reach(acting()))
    text, before = request.args.get("q", "").strip(), request.args.get("before", "")
    asked = request.args.get("kind", "")
    kinds = [Kind(asked)] if asked in set(Kind) else list(Kind)
    with transaction() as tx:
        after = paper.key_of(before) if before else None
        found = search(tx, text, kinds, before=after, limit=PAGE + 1)
        page, more = found[:PAGE], len(found) > PAGE
        rows = _rows(tx, page)
    kept: dict[str, Any] = {"q": text or None, "kind": asked or None}
    shown = {
        "title": _("Tìm kiếm"),
        "summary": _summary(text, len(page), more),
        "tabs": _tabs(text, asked if asked in set(Kind) else ""),
        "filters": fields.form(
            "search",
            fields.field(
                "text", "q", _("Số, ký hiệu, trích yếu, cơ quan"), text, max_length=LONGEST_SEARCH
            ),
        ),
        "filter_action": url_for("search.show"),
        "rows": rows,
        "empty": _empty(text),
        "page": {
            "text": ngettext("%(num)d kết quả", "%(num)d kết quả", len(page)),
            "older": url_for("search.show", **kept, before=page[-1][1].id) if more else None,
            "newer": url_for("search.show", **kept) if before else None,
        },
    }  # fmt: skip
    return make_response(render_template("search.html", search=shown))


def _summary(text: str, count: int, more: bool) -> str:
    if not text:
        return _("Nhập số, ký hiệu hoặc vài từ trích yếu, có dấu hay không dấu đều được.")
    if more:
        return _("%(n)s kết quả mới nhất cho «%(wanted)s»", n=count, wanted=text)
    return _("%(n)s kết quả cho «%(wanted)s»", n=count, wanted=text)


def _empty(text: str) -> dict[str, str]:
    if not text:
        return {"title": _("Chưa nhập nội dung tìm"), "text": ""}
    told = _("Thử ít từ hơn, hoặc chỉ ghi số, ký hiệu.")
    return {"title": _("Không có kết quả"), "text": told}


def _tabs(text: str, chosen: str) -> list[dict[str, Any]]:
    named = [("", _("Tất cả")), *((kind.value, kind.label(language())) for kind in Kind)]
    return [
        {
            "label": label,
            "href": url_for("search.show", q=text or None, kind=value or None),
            "current": value == chosen,
        }
        for value, label in named
    ]


def _rows(tx: Transaction, found: list[tuple[Kind, Found]]) -> list[dict[str, Any]]:
    places = paper.recipient_names(tx, [one.id for kind, one in found if kind is Kind.OUTGOING])
    return [_row(kind, one, places.get(one.id, "")) for kind, one in found]


def _row(kind: Kind, one: Found, recipients: str) -> dict[str, Any]:
    row = {
        "kind": kind.label(language()),
        "status_text": one.state.label(language()) if isinstance(one, Dossier) else "",
        "status_tone": "",
    }
    if isinstance(one, Dossier):
        return row | {
            "reference": one.file_notation,
            "href": url_for("dossier.show", dossier_id=one.id),
            "urgency": "normal",
            "subject": one.title,
            "party": one.creator,
            "dated": words.day(one.started_on),
        }
    return row | {
        "reference": paper.reference(one),
        "href": paper.page_of(one),
        "urgency": one.urgency.value,
        "subject": one.subject or _("(chưa có trích yếu)"),
        "party": recipients if kind is Kind.OUTGOING else one.organ_name,
        "dated": words.day(one.issued_on),
        "status_text": one.status.label(language()),
    }
