"""Replay (phát lại): a procedure shown as it stood after each event, and its chain checked."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from engine.database import Transaction
from engine.errors import NotFound
from engine.history import Broken
from engine.replay import Replayed, Report, Verdict
from processes import form_store, reach, replay
from processes.evidence import bundle
from records import journal
from records.authority import Act, may
from records.content import File
from records.document import Document, about
from records.draft import Draft
from records.organization import Officer
from records.seal import JournalSeal
from records.vietnamese import local_date
from records.vocabulary import FileKind
from web import paper, words
from web.course import Course, Happening, courses_of, handling
from web.document_view import run_href
from web.door import language, office, reading, transaction, wants_partial
from web.policy import ensure, needs
from web.tongue import _

pages = Blueprint("replay", __name__)

#: events that a page does again: half a second at most, however long a procedure has gone round
MOST = 300
_MOVES = frozenset({"start", "complete", "timer", "cancel", "move", "send_back", "skip"})


@pages.get("/<any(incoming, outgoing):way>/<uuid:document_id>/replay")
@needs(Act.READ_HISTORY, each=True)
def show(way: str, document_id: UUID) -> Response:
    """Show a procedure after event `at`, the last one unless told."""
    with transaction() as tx:
        document = paper.load_document(tx, way, document_id)
        ensure(tx.acting, Act.READ_HISTORY, reach.facts_of_document(tx, document))
        course = handling(courses_of(tx, document))
        if course is None or not course.happenings:
            raise NotFound(what=_("quá trình xử lý"))
        report = replay.report_of(reading(), course.instance, most=MOST)
        shown = _replay(tx, document, course, report)
        if not wants_partial("replay"):
            journal.record(tx, "replay", f"{way}_document", document.id)
    name = "_replay.html" if wants_partial("replay") else "replay.html"
    return make_response(render_template(name, replay=shown))


@pages.get("/<any(incoming, outgoing):way>/<uuid:document_id>/evidence")
@needs(Act.EXPORT_EVIDENCE, each=True)
def export(way: str, document_id: UUID) -> Response:
    """Hand over the evidence of a document's newest procedure; the journal notes its digest."""
    with transaction() as tx, office().database.session() as session:
        document = paper.load_document(tx, way, document_id)
        ensure(tx.acting, Act.EXPORT_EVIDENCE, reach.facts_of_document(tx, document))
        course = handling(courses_of(tx, document))
        if course is None:
            raise NotFound(what=_("quá trình xử lý"))
        made = bundle.make(tx, session, office().means, course.instance.id)
    response = make_response(made.content)
    response.content_type = "application/zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    return response


def _export_href(tx: Transaction, document: Document) -> str | None:
    may_export = may(tx.acting, Act.EXPORT_EVIDENCE, reach.facts_of_document(tx, document))
    if document.secrecy.is_secret or not may_export:
        return None
    return request.path.removesuffix("replay") + "evidence"


def _at(total: int) -> int:
    wanted = request.args.get("at", type=int) or request.args.get("step", type=int) or total
    return max(1, min(total, wanted))


def _replay(tx: Transaction, document: Document, course: Course, report: Report) -> dict[str, Any]:
    told = course.happenings
    total = len(told)
    at = _at(total)
    now = told[at - 1]
    kind = request.args.get("kind", "")
    action = request.path
    marked = [one.seq for one in told if one.is_marked]
    definition = course.version_at(at)
    return {
        "title": _("Phát lại: %(name)s", name=paper.reference(document)),
        "subtitle": _(
            "%(subject)s · %(procedure)s, bản %(n)s",
            subject=document.subject, procedure=definition.name, n=definition.number,
        ),
        "chain": _chain(total, report.broken),
        "again": _again(report),
        "alerts": _alerts(course),
        "export_href": _export_href(tx, document),
        "run_href": run_href(tx, document, course),
        "at": at,
        "total": total,
        "moment_text": words.exact(now.at),
        "first_text": words.moment(told[0].at, tx.now),
        "last_text": words.moment(told[-1].at, tx.now),
        "legend": _legend(marked, at),
        "action": action,
        "svg": course.draw(at),
        "ticks": [{"number": one.seq, "bad": one.is_marked} for one in told],
        "events": [
            {
                "number": one.seq,
                "href": f"{action}?at={one.seq}",
                "text": _capital(course.told(one)),
                "who": course.who(one),
                "when": words.exact(one.at),
                "hash": _hash(one.hash),
                "later": one.seq > at,
                "current": one.seq == at,
            }
            for one in reversed(told)
            if _is_wanted(one, kind)
        ],
        "filters": [
            {"label": _("Tất cả"), "href": f"{action}?at={at}", "current": kind == ""},
            {"label": _("Chuyển bước"), "href": f"{action}?at={at}&kind=move",
             "current": kind == "move"},
            {"label": _("Điều hành"), "href": f"{action}?at={at}&kind=steer",
             "current": kind == "steer"},
        ],
        "moments": [
            {"title": _("Ai, với tư cách gì"), "facts": _actor(tx, now)},
            {"title": _("Văn bản lúc đó"), "facts": _paper_then(tx, document, now)},
            {"title": _("Quy tắc lúc đó"),
             "facts": [*_rules(tx, course, now), *_recorded(course, report.events[at - 1])]},
        ],
        "anchor": _anchor(tx, now),
    }  # fmt: skip


def _chain(total: int, broken: Broken | None) -> dict[str, Any]:
    if broken is None:
        return {"ok": True, "text": _("Chuỗi băm khớp %(n)s/%(n)s sự kiện", n=total)}
    text = _("Chuỗi băm đứt tại sự kiện %(n)s: %(why)s", n=broken.seq, why=broken.reason)
    return {"ok": False, "text": text}


def _again(report: Report) -> dict[str, Any]:
    """Say whether the run, done again from what its events recorded, leads where it led."""
    if report.differing is not None:
        text = _("Thực hiện lại khác tại sự kiện %(n)s", n=report.differing.seq)
        return {"ok": False, "text": text}
    count = sum(event.verdict is Verdict.AGREES for event in report.events)
    text = _("Thực hiện lại khớp %(n)s/%(total)s", n=count, total=len(report.events))
    return {"ok": True, "text": text}


def _recorded(course: Course, event: Replayed) -> list[dict[str, Any]]:
    """Return how the gateways chose, and what doing the event again showed."""
    found = [
        words.fact(
            _("Cổng «%(name)s»", name=course.name_of(one["node"])),
            _(
                "%(asked)s; đi tới %(steps)s",
                asked=", ".join(f"{a['expression']} → {_truth(a['value'])}" for a in one["asked"]),
                steps=", ".join(f"«{course.name_of(node)}»" for node in one["took"]),
            ),
        )
        for one in event.facts.get("decisions") or ()
    ]
    shown = {
        Verdict.AGREES: _("khớp từng byte"),
        Verdict.DIFFERS: _("khác: %(why)s", why=event.reason[language() == "en"]),
        Verdict.NOT_EXECUTABLE: event.reason[language() == "en"],
    }[event.verdict]
    return [*found, words.fact(_("Thực hiện lại"), shown)]


def _truth(value: Any) -> str:
    if value is None:
        return _("không xác định")
    if isinstance(value, bool):
        return _("đúng") if value else _("sai")
    return str(value)


def _alerts(course: Course) -> list[str]:
    found = []
    returned = sum(one.is_return for one in course.happenings)
    instead = sum(one.on_behalf_of is not None for one in course.happenings)
    if returned:
        found.append(_("%(n)s lần trả lại", n=returned))
    steered = sum(one.is_steering for one in course.happenings)
    if steered:
        found.append(_("%(n)s lần điều hành", n=steered))
    if instead:
        found.append(_("%(n)s bước làm thay", n=instead))
    return found


def _legend(marked: Sequence[int], at: int) -> str:
    seen = _("Vạch đậm: đang xem (%(n)s)", n=at)
    if not marked:
        return seen
    where = ", ".join(map(str, marked))
    return _("Vạch đỏ: bị trả lại hoặc điều hành (%(n)s)", n=where) + " · " + seen


def _is_wanted(one: Happening, kind: str) -> bool:
    if kind == "steer":
        return one.is_steering
    return one.kind in _MOVES if kind == "move" else True


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _hash(value: bytes) -> str:
    text = value.hex()[:12]
    return "sha256 " + " ".join(text[i : i + 4] for i in range(0, 12, 4)) + "…"


def _actor(tx: Transaction, now: Happening) -> list[dict[str, Any]]:
    found = [
        words.fact(_("Người làm"), now.name or _("Hệ thống")),
        words.fact(_("Chức vụ"), now.title or _("không có")),
    ]
    if now.on_behalf_of is not None:
        found.append(words.fact(_("Làm thay"), tx.get(Officer, now.on_behalf_of).full_name))
    return found


def _paper_then(tx: Transaction, document: Document, now: Happening) -> list[dict[str, Any]]:
    """Return the file that was the document at that moment, by the store's own digest."""
    ((column, key),) = about(document).items()
    files = tx.scalars(
        sa.select(File)
        .where(getattr(File, column) == key, File.created_at <= now.at)
        .order_by(File.id.desc())
    )
    kinds = (FileKind.SIGNED, FileKind.MAIN, FileKind.SCAN, FileKind.DRAFT)
    then = next((f for kind in kinds for f in files if f.kind is kind), None)
    found = []
    drafts = tx.scalars(
        sa.select(Draft.version_no).where(
            Draft.outgoing_document_id == document.id, Draft.created_at <= now.at
        )
    )
    if drafts:
        found.append(words.fact(_("Dự thảo"), _("bản %(n)s", n=max(drafts))))
    if then is None:
        return [*found, words.fact(_("Tệp"), _("chưa có"))]
    return [
        *found,
        words.fact(_("Tệp"), f"{paper.file_label(then)}: {then.name}"),
        words.fact(_("Băm tệp"), _hash(bytes.fromhex(then.sha256))),
    ]


def _rules(tx: Transaction, course: Course, now: Happening) -> list[dict[str, Any]]:
    definition = course.version_at(now.seq)
    since = words.day(local_date(definition.published_at))
    item = next((i for i in course.items if str(i.id) == str(now.facts.get("item"))), None)
    found = [
        words.fact(
            _("Quy trình"),
            _("bản %(n)s, ban hành %(day)s", n=definition.number, day=since),
        ),
        words.fact(_("Băm quy trình"), _hash(bytes.fromhex(definition.sha256))),
    ]
    if item is not None and item.form_sha256:
        form = form_store.load(tx, item.form, item.form_sha256).title(language())
        found.append(
            words.fact(_("Biểu mẫu"), f"{form} · {_hash(bytes.fromhex(item.form_sha256))}")
        )
    node = course.model.nodes.get(now.node)
    if node is not None and node.documentation:
        found.append(words.fact(_("Căn cứ"), node.documentation))
    return found


def _anchor(tx: Transaction, now: Happening) -> dict[str, Any] | None:
    """Return the seal of the journal that came after the event, checked."""
    link = tx.scalar(
        sa.select(JournalSeal)
        .where(JournalSeal.sealed_at >= now.at)
        .order_by(JournalSeal.no)
        .limit(1)
    )
    if link is None:
        return None
    holds = link.hash == link.computed_hash()
    return {
        "text": _(
            "niêm phong nhật ký số %(n)s, %(at)s · %(root)s",
            n=link.no, at=words.exact(link.sealed_at), root=_hash(link.root),
        ),
        "ok": holds,
        "ok_text": _("khớp") if holds else _("không khớp"),
    }  # fmt: skip
