"""A drawing tried on past work before it is published (diễn tập): nothing real is touched."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.database import Transaction
from engine.definition import NotPublishable
from engine.diagram import DiagramRefused
from engine.errors import OfficeError
from engine.finding import Finding
from processes import procedures, rehearsal
from processes.rehearsal import SECTIONS, Line, RehearseDraft, Report
from records import journal
from records.authority import Act
from web import fields
from web.door import language, transaction
from web.migration import crumbs
from web.policy import needs
from web.procedure import sent_drawing
from web.run import called_all
from web.tongue import _

pages = Blueprint("rehearsal", __name__)

#: how many of the last cases are walked unless somebody asks for more
USUAL_CASES = 100
_CHOICES = [(str(n), str(n)) for n in (USUAL_CASES, 300, rehearsal.MOST_CASES)]


@pages.post("/procedures/<key>/rehearsal")
@needs(Act.PUBLISH_PROCESS)
def rehearse(key: str) -> Response:
    """Tell what the drawing that was sent would have made of the last cases."""
    cases = request.form.get("cases", USUAL_CASES, type=int)
    sent = sent_drawing()
    try:
        with transaction() as tx:
            report = rehearsal.rehearse(tx, RehearseDraft(key, sent, cases))
    except (DiagramRefused, OfficeError) as error:
        if error.status in {403, 404} or error.status >= 500:
            raise
        found = error.findings if isinstance(error, NotPublishable) else []
        return _page(key, None, sent, cases, error.text(language()), error.status, found)
    return _page(key, report, sent, cases)


def _page(
    key: str, report: Report | None, sent: bytes, cases: int, error: str = "", status: int = 200,
    findings: Iterable[Finding] = (),
) -> Response:  # fmt: skip
    with transaction() as tx:
        version = next(iter(procedures.versions(tx, key)))
        shown = {
            "title": _("Diễn tập quy trình"),
            "crumbs": crumbs(version, _("Diễn tập")),
            "intro": "" if report is None else _intro(report),
            "error": error,
            "errors": [f.en if language() == "en" else f.vi for f in findings if f.is_error],
            "is_empty": report is not None and not report.cases,
            "sections": [] if report is None else _sections(tx, report),
            "action": url_for("rehearsal.rehearse", key=key),
            "xml": sent.decode(errors="replace"),
            "form": fields.form(
                "rehearsal",
                fields.choice("cases", _("Số hồ sơ gần nhất"), _CHOICES, str(cases)),
            ),
            "back": url_for("procedure.show", key=key),
        }  # fmt: skip
        journal.record(
            tx, "rehearse", "definition", version.id, key=key,
            cases=report.cases if report else 0,
        )  # fmt: skip
    return make_response(render_template("rehearsal.html", rehearsal=shown), status)


def _intro(report: Report) -> str:
    if not report.cases:
        return _("Chưa có hồ sơ nào được xử lý theo quy trình này nên chưa diễn tập được.")
    return _(
        "%(cases)s hồ sơ gần nhất được xử lý lại trên bản vẽ này; %(same)s hồ sơ không có gì thay "
        "đổi so với bản %(n)s đang dùng. Không số nào được cấp, không văn bản nào được gửi.",
        cases=report.cases, same=report.unchanged, n=report.against,
    )  # fmt: skip


def _sections(tx: Transaction, report: Report) -> list[dict[str, Any]]:
    titles = {
        "stuck": _("Không xử lý tiếp được"),
        "left_over": _("Chưa kết thúc được"),
        "late": _("Thành quá hạn"),
        "given": _("Người thực hiện thay đổi"),
        "appeared": _("Bước thêm"),
        "vanished": _("Bước không còn"),
    }
    assert set(titles) == set(SECTIONS)
    found = {name: report.lines(name) for name in titles}
    names = _names(tx, (line for lines in found.values() for line in lines))
    return [
        {
            "key": name,
            "title": title,
            "tone": "bad" if name in {"stuck", "left_over"} else "warn" if name == "late" else "",
            "lines": [
                {
                    "text": line.en if language() == "en" else line.vi,
                    "count": line.count,
                    "documents": [names[d] for d in line.documents if d in names],
                }
                for line in found[name]
            ],
        }
        for name, title in titles.items()
        if found[name]
    ]


def _names(tx: Transaction, lines: Iterable[Line]) -> dict[Any, str]:
    return called_all(tx, {d for line in lines for d in line.documents})
