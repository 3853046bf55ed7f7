"""One run and the acts on it (điều hành hồ sơ): where it stands, what to do, and why."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.database import Transaction
from engine.errors import OfficeError
from engine.instance import InstanceStatus
from engine.work_item import MACHINE_GROUP, WorkItem
from forms.page import FieldView, FormView, OptionView
from processes import reach, standing, steering, takers
from processes.second_person import Proposal
from processes.standing import OpenStep, Standing
from processes.steering import ON_A_STEP, Steer, SteerRun
from records import journal
from records.authority import Act, NoRight, may
from records.document import Document, IncomingDocument, OutgoingDocument
from records.organization import Role, choose_officers, choose_units
from web import fields, paper, words
from web.course import courses_of
from web.door import language, office, transaction
from web.policy import asked_below, needs
from web.shell import say
from web.tongue import _

pages = Blueprint("run", __name__)

#: where on the form a refusal is told; what is not named here stands at the choice of the act
_PLACES = {
    "reason-missing": "reason", "nobody-named": "officer", "never-there": "back",
    "may-not-take": "officer", "not-for-units": "officer",
    "no-such-target": "ahead", "leads-nowhere": "ahead",
}  # fmt: skip


@pages.get("/runs/<uuid:instance_id>")
@needs(Act.STEER_PROCESS, each=True)
def show(instance_id: UUID) -> Response:
    """Show where a run stands and the form of what may be done to it."""
    return _page(instance_id)


@pages.post("/runs/<uuid:instance_id>")
@needs(Act.STEER_PROCESS, each=True)
def act(instance_id: UUID) -> Response:
    """Do it, or propose it where the agency wants a second person."""
    kind = request.form.get("act", "")
    if kind not in set(Steer):
        return _page(instance_id, ("act", _("Chọn việc cần làm.")), 422)
    try:
        with transaction() as tx:
            asked_below()
            made = steering.steer(tx, office().means, _command(instance_id, Steer(kind)))
            told, target = _told(made, Steer(kind)), _following(tx, instance_id)
    except OfficeError as error:
        if error.status in {403, 404} or error.status >= 500:
            raise
        place = _PLACES.get(error.code, "act")
        return _page(instance_id, (place, error.text(language())), error.status)
    say(told)
    return redirect(target, 303)


def _following(tx: Transaction, instance_id: UUID) -> str:
    """Return where to go on: whoever gave the last step away has no more to do with the run."""
    try:
        standing.standing_of(tx, instance_id)
    except NoRight:
        return url_for("start.home")
    return url_for("run.show", instance_id=instance_id)


def _command(instance_id: UUID, kind: Steer) -> SteerRun:
    sent = request.form
    way = sent.get("way", "")
    target = {Steer.MOVE: "ahead", Steer.SEND_BACK: "back"}.get(kind, "")
    given = kind is Steer.REASSIGN
    return SteerRun(
        instance_id,
        kind,
        sent.get("reason", ""),
        seq=sent.get("seq", type=int),
        item_id=sent.get("item", type=UUID) if kind in ON_A_STEP else None,
        target=sent.get(target, "") if target else "",
        officer_id=sent.get("officer", type=UUID) if given else None,
        unit_id=sent.get("unit", type=UUID) if given else None,
        variables={"outcome": way} if way and kind is Steer.SKIP else {},
    )


def _told(made: Proposal | None, kind: Steer) -> str:
    label = kind.label(language())
    if made is None:
        return _("Đã thực hiện: %(act)s.", act=label)
    return _(
        "Đã gửi đề nghị: %(act)s. Hồ sơ giữ nguyên cho đến khi người thứ hai đồng ý.", act=label
    )


def _page(instance_id: UUID, fault: tuple[str, str] = ("", ""), status: int = 200) -> Response:
    wanted = request.values.get("item", type=UUID)
    with transaction() as tx:
        found = standing.standing_of(tx, instance_id)
        asked_below()
        step = next((s for s in found.steps if s.item.id == wanted), None)
        step = step or next(iter(found.steps), None)
        shown = _run(tx, found, step, fault)
        journal.record(tx, "view", "process_instance", instance_id)
    return make_response(render_template("run.html", run=shown), status)


def _run(
    tx: Transaction, found: Standing, step: OpenStep | None, fault: tuple[str, str]
) -> dict[str, Any]:
    document, instance = found.document, found.instance
    reads = may(tx.acting, Act.READ_DOCUMENT, reach.facts_of_document(tx, document))
    offered = found.offered(step)
    course = next(c for c in courses_of(tx, document) if c.instance.id == instance.id)
    acts = [e for e in course.timeline(tx.now) if e["state"] in {"steered", "bad"}]
    return {
        "title": _("Điều hành hồ sơ"),
        "document": called(tx, document, reads=reads),
        "href": paper.page_of(document) if reads else None,
        "procedure": _("%(name)s, bản %(n)s", name=course.definition.name,
                       n=course.definition.number),
        "status_text": status_words(instance.status),
        "status_tone": _TONES.get(instance.status, "act"),
        "steps": _steps(tx, found, step),
        "form": _form(tx, step, offered, fault) if offered else None,
        "action": url_for("run.show", instance_id=instance.id),
        "seq": request.form.get("seq", str(instance.seq)),
        "item": str(step.item.id) if step is not None else "",
        "step_name": step.item.name if step is not None else "",
        "acts": acts,
        "demands": instance.status != InstanceStatus.SUSPENDED,
        "held_text": _held(instance.status, offered),
    }  # fmt: skip


def _held(status: str, offered: list[Steer]) -> str:
    """Say what becomes of deadlines while a run is held: no law lets them stop."""
    if status == InstanceStatus.SUSPENDED:
        return _(
            "Hồ sơ đang tạm dừng: việc không nằm trong hộp việc của ai. Hạn xử lý vẫn tính; hẹn "
            "giờ đã đến hạn được thực hiện ngay khi tiếp tục."
        )
    if Steer.SUSPEND in offered:
        return _(
            "Tạm dừng không làm ngừng hạn xử lý, vì pháp luật về văn thư không cho ngừng tính hạn. "
            "Cần hạn khác thì người giao hạn đặt lại hạn (Nghị định 30/2020/NĐ-CP, Điều 24.2)."
        )
    return ""


def called(tx: Transaction, document: Document, *, reads: bool) -> str:
    """Return how a document is called on pages of who steers, who may have no right to read it."""
    name = paper.reference(document)
    kind = document.type_name or _("Văn bản")
    begun = words.moment(document.created_at, tx.now)
    if not reads:
        return _("%(name)s · %(kind)s, lập %(at)s", name=name, kind=kind, at=begun)
    return f"{name} · {document.subject}" if document.subject else f"{name} · {kind}, {begun}"


def called_all(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return how documents are called, for lists of those who steer."""
    reads = may(tx.acting, Act.READ_DOCUMENT)
    wanted = list(ids)
    found: list[Document] = []
    found += tx.scalars(sa.select(IncomingDocument).where(IncomingDocument.id.in_(wanted)))
    found += tx.scalars(sa.select(OutgoingDocument).where(OutgoingDocument.id.in_(wanted)))
    return {one.id: called(tx, one, reads=reads) for one in found}


_TONES = {InstanceStatus.SUSPENDED.value: "warn", InstanceStatus.INCIDENT.value: "bad"}


def status_words(status: str) -> str:
    """Return in words whether a run goes on."""
    return {
        InstanceStatus.RUNNING: _("đang xử lý"),
        InstanceStatus.SUSPENDED: _("đang tạm dừng"),
        InstanceStatus.COMPLETED: _("đã xử lý xong"),
        InstanceStatus.CANCELLED: _("đã chấm dứt xử lý"),
        InstanceStatus.INCIDENT: _("gặp sự cố, chờ quản trị hệ thống"),
    }[InstanceStatus(status)]


def _steps(tx: Transaction, found: Standing, chosen: OpenStep | None) -> list[dict[str, Any]]:
    calendar = words.calendar_of(tx, found.document.agency_id)
    people = {str(o.id): o.full_name for o, _position in choose_officers(tx)}
    rooms = {str(u.id): u.name for u in choose_units(tx)}
    return [
        {
            "name": one.item.name,
            "who": _holders(one.item, people, rooms),
            "since": words.moment(one.item.opened_at, tx.now),
            "due": words.due(one.item.due_at, tx.now, calendar),
            "current": one is chosen,
            "href": url_for("run.show", instance_id=found.instance.id, item=one.item.id),
        }
        for one in found.steps
    ]


def _holders(item: WorkItem, people: dict[str, str], rooms: dict[str, str]) -> str:
    if item.accepted_by is not None and str(item.accepted_by) in people:
        return _("%(name)s (đã nhận)", name=people[str(item.accepted_by)])
    told = []
    for group in item.groups:
        kind, _colon, key = group.partition(":")
        if kind == MACHINE_GROUP:
            told.append(_("Hệ thống tự làm"))
        elif kind == "role":
            role, _at, place = key.partition("@")
            label = Role(role).label(language()) if role in set(Role) else role
            told.append(f"{label}, {rooms[place]}" if place in rooms else label)
        else:
            told.append(people.get(key) or rooms.get(key) or _("cán bộ đã thôi chức vụ"))
    return "; ".join(dict.fromkeys(told))


# the form ----------------------------------------------------------------------------------------


def _form(
    tx: Transaction,
    step: OpenStep | None,
    offered: list[Steer],
    fault: tuple[str, str],
) -> FormView:
    sent = request.form
    options = [(kind.value, kind.label(language())) for kind in offered]
    parts = [radio("act", _("Việc cần làm"), options, sent.get("act", ""))]
    if step is not None:
        parts += _of_step(tx, step, offered)
    reason = fields.field(
        "textarea", "reason", _("Lý do"), sent.get("reason", ""), required=True, max_length=1000,
        hint=_("Ghi vào quá trình xử lý của hồ sơ cùng họ tên người thực hiện."),
    )  # fmt: skip
    place, message = fault
    told = [_with_error(part, place, message) for part in (*parts, reason)]
    return fields.form("run", *told)


def _of_step(tx: Transaction, step: OpenStep, offered: list[Steer]) -> list[FieldView]:
    """Return the fields that an act on a step asks for, each shown with its act."""
    parts = []
    if Steer.SEND_BACK in offered:
        back = [(node.id, node.name) for node in step.back]
        parts.append(_for(Steer.SEND_BACK, "back", _("Trả lại bước"), back))
    if Steer.MOVE in offered:
        ahead = [(node.id, node.name or node.id) for node in step.ahead]
        parts.append(_for(Steer.MOVE, "ahead", _("Chuyển tới bước"), ahead))
    if Steer.SKIP in offered and step.ways:
        ways = [(way.value, way.words.text(language())) for way in step.ways]
        label = _("Hồ sơ đi tiếp như khi chọn")
        parts.append(_for(Steer.SKIP, "way", label, ways))
    if Steer.REASSIGN in offered:
        people = [(str(key), name) for key, name in takers.officers(tx, step.item).items()]
        parts.append(_for(Steer.REASSIGN, "officer", _("Giao cho cán bộ"), people))
        if rooms := [(str(key), name) for key, name in takers.units(tx, step.item).items()]:
            parts.append(_for(Steer.REASSIGN, "unit", _("hoặc giao cho đơn vị"), rooms))
    return parts


def _for(kind: Steer, name: str, label: str, options: list[tuple[str, str]]) -> FieldView:
    """Return a list to choose from that scripts show with its act alone."""
    made = fields.choice(name, label, options, request.form.get(name, ""))
    hidden = request.method == "GET" or request.form.get("act") != kind.value
    return replace(made, hide=f'=act != "{kind.value}"', hidden=hidden)


def radio(name: str, label: str, options: list[tuple[str, str]], chosen: str) -> FieldView:
    """Return a choice that shows all there is to choose."""
    shown = tuple(OptionView(value, text, value == chosen) for value, text in options)
    return FieldView(name, f"f-{name}", "radio", label, options=shown, required=True)


def _with_error(part: FieldView, place: str, message: str) -> FieldView:
    return replace(part, errors=(message,)) if place == part.name else part
