"""Incoming and outgoing documents (văn bản đến, văn bản đi): lists, one document's page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, g, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from api.parameters import LONGEST_SEARCH
from engine.database import Transaction
from engine.errors import NotFound
from engine.instance import InstanceStatus, ProcessInstance
from engine.work_item import ItemStatus, WorkItem
from processes import reach
from processes.delivery.unsent import documents_unsent
from processes.search import matches
from records import journal
from records.authority import Act, may
from records.document import Document, IncomingDocument, OutgoingDocument
from records.vocabulary import IncomingStatus, OutgoingStatus, Urgency
from web import fields, paper, unreceived, words
from web.document_view import view_of
from web.door import acting, language, transaction
from web.policy import ensure, needs
from web.tongue import _

pages = Blueprint("document", __name__)
PAGE = 50
_DONE_IN = (
    IncomingStatus.COMPLETED,
    IncomingStatus.REFUSED,
    IncomingStatus.CANCELLED,
    IncomingStatus.REPLACED,
)
_DONE_OUT = (
    OutgoingStatus.ISSUED,
    OutgoingStatus.RECALLED,
    OutgoingStatus.REPLACED,
    OutgoingStatus.DROPPED,
)
_TONES = {
    "completed": "ok", "issued": "ok", "refused": "bad", "cancelled": "bad", "recalled": "bad",
    "dropped": "", "replaced": "",
}  # fmt: skip


@pages.get("/incoming")
@needs(Act.READ_DOCUMENT, each=True)
def incoming_list() -> Response:
    """List the incoming documents the officer may read."""
    g.nav = "document.incoming_list"
    return _list("incoming")


@pages.get("/outgoing")
@needs(Act.READ_DOCUMENT, each=True)
def outgoing_list() -> Response:
    """List the outgoing documents the officer may read."""
    g.nav = "document.outgoing_list"
    return _list("outgoing")


def _list(way: str) -> Response:
    ensure(acting(), Act.READ_DOCUMENT, reach.own_reach(acting()))
    with transaction() as tx:
        shown = _documents(tx, way)
    return make_response(render_template(f"{way}_list.html", documents=shown))


def _documents(tx: Transaction, way: str) -> dict[str, Any]:
    is_in = way == "incoming"
    entity: Any = IncomingDocument if is_in else OutgoingDocument
    done = _DONE_IN if is_in else _DONE_OUT
    asked = {k: request.args.get(k, "").strip() for k in ("text", "state", "urgency", "before")}
    state = asked["state"] if asked["state"] in {"open", "done", "all", "unsent"} else "open"
    select = sa.select(entity).where(reach.within_reach(acting(), entity))
    if state == "unsent":
        select = select.where(entity.id.in_(documents_unsent(tx, way)))
    elif state != "all":
        select = select.where(
            entity.status.in_(done) if state == "done" else entity.status.not_in(done)
        )
    if asked["urgency"] in set(Urgency):
        select = select.where(entity.urgency == Urgency(asked["urgency"]))
    if asked["text"]:
        select = select.where(matches(entity, asked["text"]))
    if asked["before"]:
        select = select.where(entity.id < paper.key_of(asked["before"]))
    found = tx.scalars(select.order_by(entity.id.desc()).limit(PAGE + 1))
    rows, more = found[:PAGE], len(found) > PAGE
    kept: dict[str, Any] = {k: asked[k] or None for k in ("text", "urgency")}
    endpoint = f"document.{way}_list"

    def at(**changed: Any) -> str:
        return url_for(endpoint, **{**kept, "state": state, **changed})

    tabs = (
        ("open", _("Đang xử lý")), ("done", _("Đã xong")), ("all", _("Tất cả")),
        ("unsent", _unsent_tab(tx, way)),
    )  # fmt: skip
    urgencies = [("", _("Tất cả")), *((u.value, u.label(language())) for u in Urgency)]
    return {
        "title": _("Văn bản đến") if is_in else _("Văn bản đi"),
        "summary": _summary(len(rows), more),
        "kind": way,
        "tabs": [
            {"label": label, "href": at(state=value), "current": value == state}
            for value, label in tabs
        ]
        + unreceived.tab(incoming=is_in),
        "filters": fields.form(
            endpoint,
            fields.field(
                "text",
                "text",
                _("Trích yếu, số, cơ quan"),
                asked["text"],
                max_length=LONGEST_SEARCH,
            ),
            fields.choice("urgency", _("Mức độ khẩn"), urgencies, asked["urgency"]),
            fields.choice("state", _("Trạng thái"), tabs, state),
        ),
        "filter_action": url_for(endpoint),
        "rows": _rows(tx, rows),
        "page": {
            "text": words.documents(len(rows)),
            "older": at(before=rows[-1].id) if more else None,
            "newer": at() if asked["before"] else None,
        },
        "new": _new(is_in),
        "empty": {
            "title": _("Không có văn bản nào"),
            "text": _("Đổi điều kiện lọc, hoặc xem mục Tất cả."),
        },
    }


def _unsent_tab(tx: Transaction, way: str) -> str:
    count = len(documents_unsent(tx, way))
    return _("Chưa gửi được (%(n)s)", n=count) if count else _("Chưa gửi được")


def _summary(count: int, more: bool) -> str:
    if more:
        return _("%(n)s văn bản mới nhất theo điều kiện lọc", n=count)
    return _("%(n)s văn bản theo điều kiện lọc", n=count)


def _new(is_in: bool) -> dict[str, str] | None:
    if is_in:
        if not may(acting(), Act.RECEIVE_DOCUMENT):
            return None
        return {"href": url_for("begin.incoming"), "label": _("Tiếp nhận văn bản")}
    if not may(acting(), Act.DRAFT_DOCUMENT):
        return None
    return {"href": url_for("begin.outgoing"), "label": _("Soạn văn bản")}


def _rows(tx: Transaction, documents: Sequence[Document]) -> list[dict[str, Any]]:
    ids = [d.id for d in documents]
    standing = _standing(tx, ids)
    calendar = words.calendar_of(tx, acting().agency_id)
    places = paper.recipient_names(tx, ids)
    rows = []
    for one in documents:
        step, due_at = standing.get(one.id, ("", None))
        is_in = isinstance(one, IncomingDocument)
        rows.append(
            {
                "reference": paper.reference(one),
                "href": paper.page_of(one),
                "urgency": one.urgency.value,
                "subject": one.subject or _("(chưa có trích yếu)"),
                "party": one.organ_name if is_in else places.get(one.id, ""),
                "dated": words.day(one.issued_on),
                "number_text": _number(one),
                "status_text": one.status.label(language()),
                "status_tone": _TONES.get(one.status.value, "act"),
                "who": step,
                "due": words.due(due_at, tx.now, calendar),
                "verdict": None,
            }
        )
    return rows


def _number(document: Document) -> str:
    """Return what the fifth column tells: the arrival number, or whether it is signed."""
    if isinstance(document, IncomingDocument):
        return str(document.arrival_number or "")
    if not document.is_signed:
        return _("Chưa ký")
    return _("Đã ký, đã đóng dấu") if document.sealed_at else _("Đã ký")


def _standing(tx: Transaction, ids: list[UUID]) -> dict[UUID, tuple[str, datetime]]:
    """Return where each document waits: the step due first, and until when."""
    if not ids:
        return {}
    rows = tx.rows(
        sa.select(
            ProcessInstance.subject_id, ProcessInstance.status, WorkItem.name, WorkItem.due_at
        )
        .join(WorkItem, WorkItem.instance_id == ProcessInstance.id)
        .where(ProcessInstance.subject_id.in_(ids), WorkItem.status == ItemStatus.OPEN.value)
        .order_by(WorkItem.due_at.desc())
    )
    return {key: (_at(status, name), due) for key, status, name, due in rows}


def _at(status: str, step: str) -> str:
    if status == InstanceStatus.SUSPENDED:
        return _("%(step)s (đang tạm dừng)", step=step)
    return step


# one document ----------------------------------------------------------------------------------


@pages.get("/incoming/<uuid:document_id>")
@needs(Act.READ_DOCUMENT, each=True)
def incoming(document_id: UUID) -> Response:
    """Show an incoming document: paper, place on the diagram, directives, history, signatures."""
    g.nav = "document.incoming_list"
    return _document("incoming", document_id)


@pages.get("/outgoing/<uuid:document_id>")
@needs(Act.READ_DOCUMENT, each=True)
def outgoing(document_id: UUID) -> Response:
    """Show an outgoing document: drafts, opinions, signatures, and how far it has got."""
    g.nav = "document.outgoing_list"
    return _document("outgoing", document_id)


def _document(way: str, document_id: UUID) -> Response:
    chosen = request.args.get("file")
    with transaction() as tx:
        document = paper.load_document(tx, way, document_id)
        ensure(tx.acting, Act.READ_DOCUMENT, reach.facts_of_document(tx, document))
        papers = paper.papers_of(tx, document)
        face = papers.face(paper.key_of(chosen) if chosen else None)
        if chosen and face is None:
            raise NotFound(what=_("tệp"))
        shown = view_of(tx, document, papers, face)
        journal.record(tx, "view", f"{way}_document", document.id)
    return make_response(render_template("document.html", document=shown))
