"""Procedures (quy trình): the list, the designer, findings, publishing with a reason."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import (
    Blueprint,
    Response,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from markupsafe import Markup
from werkzeug.wrappers import Response as WerkzeugResponse

from engine.database import Transaction
from engine.definition import Definition, NotPublishable, Prepared
from engine.diagram import DiagramRefused
from engine.errors import OfficeError, Stale
from engine.instance import InstanceStatus, ProcessInstance
from forms.definition import load_form, shipped_keys
from processes import master, procedures
from processes.catalogue import VERBS
from processes.procedures import PublishProcedure, UnknownProcedure
from processes.second_person import Proposal, ReasonMissing
from records import journal
from records.authority import Act, may
from records.organization import Officer, Role
from records.vietnamese import local_date
from web import fields, words
from web.changes import changes_from
from web.door import language, transaction
from web.finding import counted, first_way, shown_findings
from web.policy import needs
from web.running import pilot_field, trial_badge
from web.security import allow_editor
from web.shell import say
from web.svg import render_diagram
from web.tongue import _, ngettext

pages = Blueprint("procedure", __name__)
#: `engine.diagram` refuses larger ones as well; this is what a form carries
LARGEST = 4 << 20


class NoDiagram(OfficeError):
    """Neither a drawing nor a file was sent (chưa có sơ đồ)."""

    code = "no-diagram"
    vi = "Chưa có sơ đồ để công bố. Chọn tệp BPMN, hoặc mở trình vẽ trên trang này."
    en = "There is no diagram to publish. Choose a BPMN file, or draw it on this page."


@pages.get("/procedures")
@needs(Act.READ_PROCESS)
def listing() -> WerkzeugResponse:
    """List the agency's procedures, each with its drawing."""
    with transaction() as tx:
        found = procedures.current_procedures(tx)
        running = _running(tx)
        behind = set(master.behind(tx))
        rows = [_row(tx, one, running, is_behind=one.key in behind) for one in found]
    shown = {
        "title": _("Quy trình"),
        "summary": _(
            "Quy trình đang áp dụng tại cơ quan; hồ sơ đang chạy giữ phiên bản lúc bắt đầu."
        ),
        "new": None,
        "rows": rows,
    }  # fmt: skip
    return make_response(render_template("process_list.html", processes=shown))


def _running(tx: Transaction) -> dict[Any, int]:
    rows = tx.rows(
        sa.select(ProcessInstance.definition_id, sa.func.count(ProcessInstance.id))
        .where(ProcessInstance.status.in_([InstanceStatus.RUNNING, InstanceStatus.INCIDENT]))
        .group_by(ProcessInstance.definition_id)
    )
    return {key: int(count) for key, count in rows}


def _row(
    tx: Transaction, one: Definition, running: dict[Any, int], *, is_behind: bool
) -> dict[str, Any]:
    count = running.get(one.id, 0)
    warnings = len(one.findings)
    return {
        "key": one.key,
        "name": one.name,
        "href": url_for("procedure.show", key=one.key),
        "version_text": _("bản %(n)s", n=one.number),
        "master_href": url_for("master.show", key=one.key) if is_behind else "",
        "running": ngettext("%(num)d hồ sơ đang chạy", "%(num)d hồ sơ đang chạy", count),
        "draft_text": "",
        "changed_text": _("công bố %(at)s", at=words.moment(one.published_at, tx.now)),
        "findings_text": _("%(n)s lưu ý", n=warnings) if warnings else _("không có lỗi"),
        "findings_tone": "warn" if warnings else "ok",
        "svg": _drawing(one.xml_original, language(), compact=True),
    }


@pages.get("/procedures/<key>")
@needs(Act.READ_PROCESS)
def show(key: str) -> WerkzeugResponse:
    """Show a procedure in the designer; only administrators may change it."""
    number = request.args.get("version", type=int)
    return _designer(key, number)


def _designer(
    key: str,
    number: int | None = None,
    *,
    prepared: Prepared | None = None,
    error: str = "",
    reason: str = "",
    status: int = 200,
) -> WerkzeugResponse:
    with transaction() as tx:
        versions = procedures.versions(tx, key)
        current = next((v for v in versions if v.is_current), versions[0])
        chosen = next((v for v in versions if v.number == number), None)
        if number is not None and chosen is None:
            raise UnknownProcedure(key)
        chosen = chosen or current
        checked = prepared or procedures.check_version(chosen.xml_original, key, local_date(tx.now))
        running = _running(tx)
        by = tx.get(Officer, chosen.published_by).full_name if chosen.published_by else ""
        journal.record(tx, "view", "definition", chosen.id, key=key, number=chosen.number)
        process = _process(tx, versions, chosen, running, by, reason=reason, error=error)
    process["svg"] = _drawing(checked.original, language(), first_way(checked))
    allow_editor()
    return make_response(
        render_template(
            "designer.html",
            process=process,
            findings=shown_findings(checked),
            changes=changes_from(current.xml_original, checked.original),
            summary=counted(checked.findings),
        ),
        status,
    )


@lru_cache(maxsize=64)
def _drawing(
    xml: bytes, tongue: str, way: tuple[str, ...] = (), *, compact: bool = False
) -> Markup:
    """Draw a diagram, a wrong way in red; those that were looked at last are kept."""
    return render_diagram(xml, language=tongue, way=way, compact=compact)


def _process(
    tx: Transaction,
    versions: Sequence[Definition],
    chosen: Definition,
    running: dict[Any, int],
    by: str,
    *,
    reason: str,
    error: str,
) -> dict[str, Any]:
    current = next((v for v in versions if v.is_current), versions[0])
    editable = may(tx.acting, Act.PUBLISH_PROCESS)
    count = running.get(current.id, 0)
    origin = _("%(why)s · công bố %(at)s", why=chosen.reason,
               at=words.moment(chosen.published_at, tx.now))  # fmt: skip
    return {
        "key": chosen.key,
        "name": chosen.name,
        "origin_text": f"{origin}, {by}" if by else origin,
        "draft_text": _("bản %(n)s", n=chosen.number),
        "runs_href": url_for("running.show", key=chosen.key),
        "master_href": url_for("master.show", key=chosen.key),
        "trial_text": trial_badge(versions),
        "in_use_text": _("Đang dùng: bản %(n)s, %(count)s hồ sơ", n=current.number, count=count),
        "xml_href": url_for("procedure.xml", key=chosen.key, version=chosen.number),
        "etag": current.sha256,
        "lint_href": url_for("procedure.lint", key=chosen.key),
        "tables_href": url_for("decision.lint", key=chosen.key),
        "publish": _publish_form(tx, versions, current, count, reason=reason, error=error),
        "tabs": _tabs(versions, chosen),
        "vocabulary": _vocabulary(),
        "editable": editable,
    }


def _publish_form(
    tx: Transaction,
    versions: Sequence[Definition],
    current: Definition,
    count: int,
    *,
    reason: str,
    error: str,
) -> dict[str, Any]:
    label = _("Lý do và căn cứ thay đổi")
    part = fields.field("textarea", "reason", label, reason, error=error, required=True)
    intro = _("Bản mới áp dụng cho hồ sơ mới; không có hồ sơ nào đang chạy ở bản đang dùng.")
    if count:
        intro = _(
            "%(count)s hồ sơ đang chạy ở bản %(n)s giữ nguyên bản đó; bản mới áp dụng cho hồ sơ "
            "mới.", count=count, n=current.number,
        )  # fmt: skip
    return {
        "action": url_for("procedure.publish", key=current.key),
        "intro": intro,
        "form": fields.form("publish", part, pilot_field(tx)),
        "submit": _("Công bố bản %(n)s", n=versions[0].number + 1),
        "rehearse": url_for("rehearsal.rehearse", key=current.key),
    }


def _tabs(versions: Sequence[Definition], chosen: Definition) -> list[dict[str, Any]]:
    return [
        {
            "label": _("bản %(n)s", n=v.number),
            "href": url_for("procedure.show", key=v.key, version=v.number),
            "current": v.id == chosen.id,
        }
        for v in versions[:5]
    ]


def _vocabulary() -> dict[str, list[dict[str, str]]]:
    """Return the words a diagram may use, for the panel of the editor."""
    tongue = language()

    def entry(value: str, label: str) -> dict[str, str]:
        return {"value": value, "label": label}

    return {
        "verbs": [entry(v.name, v.label(tongue)) for v in VERBS.values()],
        "forms": [entry(key, load_form(key).title(tongue)) for key in shipped_keys()],
        "roles": [
            *(entry(r.value, r.label(tongue)) for r in Role),
            entry("machine", _("Hệ thống tự làm")),
        ],
        "statuses": [],
        "priorities": [],
    }


@pages.get("/procedures/<key>/diagram.bpmn")
@needs(Act.READ_PROCESS)
def xml(key: str) -> Response:
    """Hand out a version as its author drew it."""
    number = request.args.get("version", type=int)
    with transaction() as tx:
        versions = procedures.versions(tx, key)
        found = next(
            (v for v in versions if v.number == number or (not number and v.is_current)), None
        )
        if found is None:
            raise UnknownProcedure(key)
        content, name = found.xml_original, f"{key}-{found.number}.bpmn"
    response = Response(content, mimetype="application/xml")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response  # fmt: skip


@pages.post("/procedures/<key>/lint")
@needs(Act.READ_PROCESS)
def lint(key: str) -> Response:
    """Tell what is wrong with a drawing, without keeping it."""
    with transaction() as tx:
        current = next((v for v in procedures.versions(tx, key) if v.is_current), None)
        day = local_date(tx.now)
    prepared = procedures.check(request.get_data()[: LARGEST + 1], key, day)
    before = prepared.original if current is None else current.xml_original
    changes = changes_from(before, prepared.original)
    return jsonify(_told(prepared, changes) | {"key": key})


def _told(prepared: Prepared, changes: Sequence[str] = ()) -> dict[str, Any]:
    html = render_template(
        "_findings.html", findings=shown_findings(prepared), summary=counted(prepared.findings),
        changes=changes,
    )  # fmt: skip
    return {
        "saved_text": "",
        "findings": [f.to_json() for f in prepared.findings],
        "findings_html": html,
    }


@pages.post("/procedures/<key>/versions")
@needs(Act.PUBLISH_PROCESS)
def publish(key: str) -> WerkzeugResponse:
    """Publish the drawing, or the file that was sent, as the next version."""
    reason = request.form.get("reason", "")
    sent = sent_drawing()
    asks = request.accept_mimetypes.best == "application/json"
    try:
        prepared = procedures.check(sent, key)
    except DiagramRefused as refused:
        if asks:
            return _problem(refused)
        return _designer(key, error=refused.text(language()), reason=reason, status=422)
    try:
        with transaction() as tx:
            versions = procedures.versions(tx, key)
            current = next((v for v in versions if v.is_current), versions[0])
            if request.form.get("etag", current.sha256) != current.sha256:
                raise Stale(what=current.name)
            pilot = tuple(request.form.getlist("pilot_units", type=UUID))
            based_on = current.number if current.is_current else None
            command = PublishProcedure(key, sent, reason, current.name, pilot, based_on=based_on)
            made = procedures.publish(tx, command)
            told, number = _outcome(made), getattr(made, "number", None) if pilot else None
    except NotPublishable as refused:
        if asks:
            return _problem(refused, prepared)
        return _designer(
            key, prepared=prepared, error=refused.text(language()), reason=reason, status=422
        )
    except ReasonMissing as refused:
        if asks:
            return _problem(refused, prepared)
        return _designer(
            key, prepared=prepared, error=refused.text(language()), reason=reason, status=422
        )
    say(told)
    target = url_for("procedure.show", key=key, version=number)
    if asks:
        return jsonify({"location": target})
    return redirect(target, 303)


def _outcome(made: Definition | Proposal) -> str:
    if isinstance(made, Proposal):
        return _("Đã gửi đề nghị công bố. Bản mới được công bố khi người thứ hai đồng ý.")
    if made.pilot_units is not None:
        return _("Đã công bố bản %(n)s để áp dụng thử tại các đơn vị được chọn.", n=made.number)
    return _("Đã công bố bản %(n)s. Hồ sơ mới theo bản này.", n=made.number)


def sent_drawing() -> bytes:
    """Return the drawing of the page, or the file of whoever works without scripts."""
    drawn = request.form.get("xml", "")
    if drawn:
        return drawn.encode()
    file = request.files.get("file")
    content = file.stream.read(LARGEST + 1) if file is not None else b""
    if not content:
        raise NoDiagram
    return content


def _problem(error: OfficeError, prepared: Prepared | None = None) -> Response:
    """Tell a script why nothing was published; the drawing stays on its page."""
    told = _told(prepared) if prepared is not None else {"findings": [], "findings_html": ""}
    answer = jsonify(
        {"title": _("Chưa công bố"), "status": error.status, "detail": error.text(language()),
         "code": error.code, **told}
    )  # fmt: skip
    answer.status_code = error.status
    answer.mimetype = "application/problem+json"
    return answer
