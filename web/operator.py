"""Operating (vận hành): jobs, incidents and their retry, workers, the age of the journal's seal."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from engine import heartbeat, jobs
from engine.database import Transaction
from engine.jobs import Incident, Job, JobState
from processes import revocation_lists
from records import journal
from records.authority import Act, Facts
from records.journal import JournalLeaf
from records.seal import JournalSeal
from records.vietnamese import VIETNAM
from web import words
from web.door import acting, office, system_transaction
from web.journal_words import job_words
from web.policy import ensure, needs
from web.shell import say
from web.tongue import _

pages = Blueprint("operator", __name__)
#: a worker beats every second, the journal is sealed every second
_SILENT = timedelta(seconds=15)
_HOURS = 12
#: what belongs to no agency: an operator sees all of the installation's jobs, and no document
_INSTALLATION = Facts(None)


@pages.get("/operator")
@needs(Act.OPERATE, each=True)
def show() -> Response:
    """Show whether the machine runs: services, queues, incidents."""
    ensure(acting(), Act.OPERATE, _INSTALLATION)
    with system_transaction() as tx:
        incidents = _incidents(tx)
        shown = {
            "title": _("Vận hành"),
            "updated_text": _("Cập nhật %(at)s", at=words.exact(tx.now)),
            "notes": [],
            "acts": [],
            "axis_href": url_for("axis_page.show"),
            "services": _services(tx),
            "queues": _queues(tx),
            "backups": None,
            "incidents": incidents,
            "incidents_text": _("%(n)s nhóm", n=len(incidents)),
        }
    return make_response(render_template("operator.html", operator=shown))


def _services(tx: Transaction) -> list[dict[str, str]]:
    version = str((tx.execute("SHOW server_version").fetchone() or ("",))[0])
    size = (tx.execute("SELECT pg_database_size(current_database())").fetchone() or (0,))[0]
    found = [
        _service(_("Trang web"), text=_("đang trả lời trang này")),
        _service(_("Cơ sở dữ liệu"), text=f"PostgreSQL {version}, {words.size(int(size))}"),
    ]
    alive = heartbeat.alive(tx, _SILENT)
    if not alive:
        silence = heartbeat.silence(tx)
        text = _("chưa từng chạy") if silence is None else _("im lặng %(t)s", t=_span(silence))
        found.append(_service(_("Tiến trình xử lý"), "bad", _("không chạy"), text))
    else:
        text = _("%(n)s tiến trình", n=alive)
        found.append(_service(_("Tiến trình xử lý"), text=text))
    found.append(_journal(tx))
    found.append(_lists(tx))
    return found


def _lists(tx: Transaction) -> dict[str, str]:
    """Return how many lists of withdrawn certificates could not be renewed in time."""
    name = _("Danh sách thu hồi")
    known = office().means.signing.known()
    troubled = revocation_lists.troubled(known, tx.now)
    stale = [one for one in troubled if not one.is_current(tx.now)]
    if stale:
        text = _("%(n)s danh sách hết hạn hoặc chưa tải được", n=len(stale))
        return _service(name, "bad", _("hết hạn"), text)
    if troubled:
        text = _("%(n)s danh sách chưa cập nhật được", n=len(troubled))
        return _service(name, "warn", _("chậm"), text)
    return _service(name, text=_("còn hạn"))


def _service(name: str, state: str = "", state_text: str = "", text: str = "") -> dict[str, str]:
    shown = state_text or _("hoạt động")
    return {"name": name, "state": state, "state_text": shown, "text": text}


def _journal(tx: Transaction) -> dict[str, str]:
    """Return how old the newest seal is while leaves wait for one."""
    name = _("Niêm phong nhật ký")
    last = tx.scalar(sa.select(JournalSeal).order_by(JournalSeal.no.desc()).limit(1))
    newest = tx.scalar(sa.select(JournalLeaf.at).order_by(JournalLeaf.id.desc()).limit(1))
    if last is None:
        return _service(name, "warn", _("chưa có"), _("tiến trình xử lý chưa niêm phong lần nào"))
    text = _("số %(n)s, %(at)s", n=last.no, at=words.moment(last.sealed_at, tx.now))
    if newest is not None and newest - last.sealed_at > _SILENT:
        return _service(name, "warn", _("chậm"), text)
    return _service(name, text=text)


def _queues(tx: Transaction) -> list[dict[str, Any]]:
    since = tx.now - timedelta(hours=_HOURS)
    count = sa.func.count()
    rows = tx.rows(
        sa.select(
            Job.kind,
            count.filter(Job.state == JobState.READY.value),
            count.filter(Job.state == JobState.RUNNING.value),
            count.filter(Job.state == JobState.FAILED.value),
            sa.func.min(Job.run_at).filter(Job.state == JobState.READY.value),
        )
        .group_by(Job.kind)
        .order_by(Job.kind)
    )
    trend = _trend(tx, since)
    found = []
    for kind, waiting, running, broken, oldest in rows:
        late = bool(oldest) and tx.now - oldest > timedelta(minutes=1)
        state, tone = _("Bình thường"), "ok"
        if broken:
            state, tone = _("Có việc hỏng"), "bad"
        elif late:
            state, tone = _("Chậm"), "warn"
        found.append(
            {
                "name": job_words(kind),
                "waiting": waiting,
                "running": running,
                "failed": broken,
                "oldest": _span(tx.now - oldest) if late else "",
                "trend": trend.get(kind, [0] * _HOURS),
                "state_text": state,
                "state_tone": tone,
            }
        )
    return found


def _trend(tx: Transaction, since: datetime) -> dict[str, list[int]]:
    """Return how many jobs of each kind were posted in each of the last hours."""
    hour = sa.func.date_trunc("hour", Job.created_at)
    rows = tx.rows(
        sa.select(Job.kind, hour, sa.func.count()).where(Job.created_at >= since).group_by(
            Job.kind, hour
        )
    )  # fmt: skip
    start = tx.now.astimezone(VIETNAM).replace(minute=0, second=0, microsecond=0)
    found: dict[str, list[int]] = {}
    for kind, at, count in rows:
        back = int((start - at) / timedelta(hours=1))
        if 0 <= back < _HOURS:
            found.setdefault(kind, [0] * _HOURS)[_HOURS - 1 - back] = int(count)
    return found


def _span(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    if seconds < 120:
        return _("%(n)s giây", n=seconds)
    if seconds < 7200:
        return _("%(n)s phút", n=seconds // 60)
    return _("%(n)s giờ", n=seconds // 3600)


def _incidents(tx: Transaction) -> list[dict[str, Any]]:
    """Return what failed for good, grouped by kind and message."""
    groups: dict[tuple[str, str], list[Incident]] = {}
    for one in tx.scalars(
        sa.select(Incident).where(Incident.closed_at.is_(None)).order_by(Incident.id).limit(500)
    ):
        groups.setdefault((one.kind, one.error.split("\n")[0][:200]), []).append(one)
    return [
        {
            "message": message,
            "step": job_words(kind),
            "count": len(found),
            "since": words.exact(found[0].opened_at),
            "state_text": _("đã thôi thử lại"),
            "state_tone": "bad",
            "retry_action": url_for("operator.retry", incident_id=found[0].id),
            "retry_label": _("Thử lại %(n)s việc", n=len(found)),
        }
        for (kind, message), found in groups.items()
    ]


@pages.post("/operator/incidents/<uuid:incident_id>/retry")
@needs(Act.OPERATE, each=True)
def retry(incident_id: UUID) -> Response:
    """Have all jobs that failed like this one tried again."""
    ensure(acting(), Act.OPERATE, _INSTALLATION)
    me = acting()
    with system_transaction() as tx:
        first = tx.get(Incident, incident_id)
        alike = tx.scalars(
            sa.select(Incident)
            .where(
                Incident.kind == first.kind,
                Incident.closed_at.is_(None),
                sa.func.split_part(Incident.error, "\n", 1) == first.error.split("\n")[0],
            )
            .with_for_update(skip_locked=True)
        )
        for one in alike:
            jobs.retry(tx, one)
            one.closed_by = me.officer_id
            journal.record(tx, "retry", "incident", one.id, acting=me, job=one.job_id)
    say(_("Đang thử lại %(n)s việc.", n=len(alike)))
    return redirect(url_for("operator.show"), 303)
