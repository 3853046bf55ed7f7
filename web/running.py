"""Running work of a procedure (hồ sơ đang chạy): on which versions, which of them is on trial."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.database import Transaction
from engine.definition import Definition
from engine.errors import OfficeError
from engine.instance import InstanceStatus, ProcessInstance
from engine.work_item import ItemStatus, WorkItem
from forms.page import FieldView, OptionView
from processes import migration, procedures, standing
from processes.second_person import Proposal
from records import journal
from records.authority import Act, may
from records.organization import Unit, choose_units
from web import fields, words
from web.door import language, transaction
from web.migration import crumbs, line
from web.policy import needs
from web.run import called_all, status_words
from web.shell import say
from web.tongue import _

pages = Blueprint("running", __name__)


@pages.get("/procedures/<key>/runs")
@needs(Act.READ_PROCESS)
def show(key: str) -> Response:
    """Show what runs on which version, which one is on trial, and what was carried over."""
    return _runs(key)


def _runs(key: str, error: str = "", status: int = 200) -> Response:
    with transaction() as tx:
        versions = procedures.versions(tx, key)
        shown = {
            "title": _("Hồ sơ đang chạy: %(name)s", name=versions[0].name),
            "crumbs": crumbs(versions[0], _("Hồ sơ đang chạy")),
            "versions": _versions(tx, versions),
            "trial": _trial(tx, versions, error),
            "rows": _rows(tx, key) if may(tx.acting, Act.STEER_PROCESS) else None,
            "migrations": [],
        }
        if may(tx.acting, Act.MIGRATE_PROCESS):
            shown["migrations"] = [line(tx, one) for one in migration.migrations(tx, key)]
        journal.record(tx, "view", "definition", versions[0].id, key=key)
    return make_response(render_template("process_runs.html", runs=shown), status)


def _versions(tx: Transaction, versions: Sequence[Definition]) -> list[dict[str, Any]]:
    """Return the versions in use or with running work, and how many runs could go over to each."""
    rows = tx.rows(
        sa.select(ProcessInstance.definition_id, sa.func.count(ProcessInstance.id))
        .where(
            ProcessInstance.definition_id.in_([v.id for v in versions]),
            ProcessInstance.status.in_([InstanceStatus.RUNNING, InstanceStatus.SUSPENDED]),
        )
        .group_by(ProcessInstance.definition_id)
    )
    counts = {key: int(count) for key, count in rows}
    total = sum(counts.values())
    carries = may(tx.acting, Act.MIGRATE_PROCESS)
    return [
        {
            "text": _("bản %(n)s", n=v.number),
            "href": url_for("procedure.show", key=v.key, version=v.number),
            "state": _state(v),
            "tone": "ok" if v.is_current else "warn" if v.pilot_units is not None else "",
            "reason": v.reason,
            "published": words.moment(v.published_at, tx.now),
            "count": counts.get(v.id, 0),
            "carry_href": (
                url_for("migration.preview", key=v.key, number=v.number)
                if carries and total > counts.get(v.id, 0) and _state(v)
                else None
            ),
            "carry_text": _("Chuyển hồ sơ đang chạy sang bản %(n)s", n=v.number),
        }
        for v in versions
        if _state(v) or v.id in counts
    ]


def _state(version: Definition) -> str:
    if version.is_current:
        return _("đang áp dụng")
    return _("đang áp dụng thử") if version.pilot_units is not None else ""


def _rows(tx: Transaction, key: str) -> list[dict[str, Any]]:
    found = standing.running(tx, key)
    names = called_all(tx, [one.subject_id for one in found])
    steps: dict[UUID, list[str]] = {}
    for run, name in tx.rows(
        sa.select(WorkItem.instance_id, WorkItem.name)
        .where(
            WorkItem.instance_id.in_([one.id for one in found]),
            WorkItem.status == ItemStatus.OPEN.value,
        )
        .order_by(WorkItem.due_at)
    ):
        steps.setdefault(run, []).append(name)
    versions = sa.select(Definition.id, Definition.number).where(Definition.key == key)
    numbers = dict(tx.rows(versions))
    return [
        {
            "name": names.get(one.subject_id, ""),
            "href": url_for("run.show", instance_id=one.id),
            "steps": "; ".join(dict.fromkeys(steps.get(one.id, ()))),
            "status": status_words(one.status),
            "tone": "warn" if one.status == InstanceStatus.SUSPENDED else "",
            "version": _("bản %(n)s", n=numbers.get(one.definition_id, "")),
            "since": words.moment(one.started_at, tx.now),
        }
        for one in found
    ]


# a version on trial ------------------------------------------------------------------------------


def trial_badge(versions: Sequence[Definition]) -> str:
    """Return which version is on trial, empty when none is."""
    numbers = (v.number for v in versions if v.pilot_units is not None)
    return "".join(_("Áp dụng thử: bản %(n)s", n=number) for number in numbers)


def _trial_text(tx: Transaction, versions: Sequence[Definition]) -> str:
    tried = next((v for v in versions if v.pilot_units is not None), None)
    if tried is None:
        return ""
    units = [tx.get(Unit, one).name for one in tried.pilot_units or ()]
    return _("Bản %(n)s đang áp dụng thử tại: %(units)s", n=tried.number, units=", ".join(units))


def _trial(tx: Transaction, versions: Sequence[Definition], error: str) -> dict[str, Any] | None:
    text = _trial_text(tx, versions)
    if not text:
        return None
    reason = fields.field("textarea", "reason", _("Lý do"), request.form.get("reason", ""),
                          error=error, required=True, max_length=1000)  # fmt: skip
    ends = may(tx.acting, Act.PUBLISH_PROCESS)
    return {
        "text": text,
        "form": fields.form("trial", reason) if ends else None,
        "action": url_for("running.end_trial", key=versions[0].key),
    }


def pilot_field(tx: Transaction) -> FieldView:
    """Return the units that may try a version before the whole agency does."""
    sent = request.form.getlist("pilot_units")
    options = tuple(OptionView(str(u.id), u.name, str(u.id) in sent) for u in choose_units(tx))
    return FieldView(
        "pilot_units", "f-pilot_units", "checklist", _("Áp dụng thử cho đơn vị"), options=options,
        hint=_("Không chọn đơn vị nào thì áp dụng cho toàn cơ quan."),
    )  # fmt: skip


@pages.post("/procedures/<key>/trial")
@needs(Act.PUBLISH_PROCESS)
def end_trial(key: str) -> Response:
    """End a trial: for the whole agency from now on, or its units go back."""
    adopt = request.form.get("end") == "adopt"
    try:
        with transaction() as tx:
            made = procedures.end_trial(tx, key, request.form.get("reason", ""), adopt=adopt)
            number = made.order["number"] if isinstance(made, Proposal) else made.number
    except OfficeError as error:
        if error.status in {403, 404} or error.status >= 500:
            raise
        return _runs(key, error.text(language()), error.status)
    if isinstance(made, Proposal):
        say(_("Đã gửi đề nghị. Bản %(n)s vẫn áp dụng thử cho đến khi người thứ hai đồng ý.",
              n=number))  # fmt: skip
    elif adopt:
        say(_("Bản %(n)s áp dụng cho toàn cơ quan.", n=number))
    else:
        say(_("Đã kết thúc áp dụng thử bản %(n)s. Hồ sơ mới theo bản đang áp dụng.", n=number))
    return redirect(url_for("running.show", key=key), 303)
