"""Proposals (đề nghị chờ quyết định): what waits for a second person, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.database import Transaction
from engine.definition import Definition, program_of
from engine.errors import NotFound, OfficeError
from engine.instance import ProcessInstance
from engine.program import Program
from engine.work_item import WorkItem
from forms.page import FieldView, OptionView
from processes import foresight, history, procedures, reach, second_person, trust
from processes import migration as migrations
from processes.foresight import Comparison
from processes.second_person import OFFERED, Proposal, ProposalStatus
from processes.steering import SteerRun
from records.authority import Act, may
from records.organization import Officer, Unit
from web import fields, steered, trust_view, words
from web.door import language, office, transaction
from web.foresight import caution, counted, groups
from web.policy import Who, needs, open_to
from web.run import called
from web.shell import say
from web.steered import Named
from web.svg import render_diagram
from web.tongue import _

pages = Blueprint("proposal", __name__)

Refused = tuple[UUID | None, str, str]
_NOTHING: Refused = (None, "", "")


@pages.get("/proposals")
@open_to(Who.IN_POSITION)
def listing() -> Response:
    """List what waits: all to those who decide, to others what they proposed themselves."""
    return _page()


def _page(refused: Refused = _NOTHING, status: int = 200) -> Response:
    with transaction() as tx:
        decides = may(tx.acting, Act.DECIDE_PROPOSAL)
        shown = {
            "title": _("Đề nghị chờ quyết định") if decides else _("Đề nghị của tôi"),
            "waiting": [_shown(tx, one, refused) for one in second_person.waiting(tx)],
            "closed": [_closed(tx, one) for one in second_person.closed(tx)],
            "settings": _settings(tx) if may(tx.acting, Act.MANAGE_STAFF) else None,
        }
    return make_response(render_template("proposals.html", proposals=shown), status)


def _shown(tx: Transaction, one: Proposal, refused: Refused) -> dict[str, Any]:
    what, about, href, is_stale = _told(tx, one)
    identity, error, typed = refused
    mine = identity == one.id
    return {
        "id": str(one.id),
        "what": what,
        "about": about,
        "href": href,
        "href_text": _("Xem sơ đồ được đề nghị") if one.kind == "publish" else _("Xem chi tiết"),
        "is_seen_first": one.kind == "migrate",
        "reason": one.reason,
        "who": tx.get(Officer, one.proposed_by).full_name,
        "when": words.moment(one.proposed_at, tx.now),
        "is_stale": is_stale,
        "decides": second_person.may_decide(tx, one),
        "withdraws": one.proposed_by == tx.acting.officer_id,
        "action": url_for("proposal.decide", proposal_id=one.id),
        "error": error if mine else "",
        "typed": typed if mine else "",
    }


def _closed(tx: Transaction, one: Proposal) -> dict[str, str]:
    what, about, _href, _stale = _told(tx, one)
    status = ProposalStatus(one.status)
    decided_by = tx.get(Officer, one.decided_by).full_name if one.decided_by else ""
    return {
        "what": what,
        "about": about,
        "who": tx.get(Officer, one.proposed_by).full_name,
        "status_text": {
            ProposalStatus.AGREED: _("đã đồng ý"),
            ProposalStatus.REFUSED: _("không đồng ý"),
            ProposalStatus.WITHDRAWN: _("đã rút lại"),
            ProposalStatus.WAITING: "",
        }[status],
        "tone": {ProposalStatus.AGREED: "ok", ProposalStatus.REFUSED: "bad"}.get(status, ""),
        "by": decided_by if status is not ProposalStatus.WITHDRAWN else "",
        "opinion": one.decided_reason,
        "when": words.moment(one.decided_at, tx.now),
    }


@pages.post("/proposals/<uuid:proposal_id>/decision")
@open_to(Who.IN_POSITION)
def decide(proposal_id: UUID) -> Response:
    """Agree to a proposal, refuse it, or take one's own back."""
    decision, reason = request.form.get("decision", ""), request.form.get("reason", "")
    try:
        with transaction() as tx:
            if decision == "agree":
                second_person.agree(tx, office().means, proposal_id, reason)
                told = _("Đã đồng ý và thực hiện đề nghị.")
            elif decision == "refuse":
                second_person.refuse(tx, proposal_id, reason)
                told = _("Đã ghi nhận: không đồng ý với đề nghị.")
            elif decision == "withdraw":
                second_person.withdraw(tx, proposal_id)
                told = _("Đã rút lại đề nghị.")
            else:
                raise NotFound(what=_("quyết định này"))
    except OfficeError as error:
        if error.status in {403, 404} or error.status >= 500:
            raise
        refused = (proposal_id, error.text(language()), reason)
        return _refused(refused, error.status)
    say(told)
    return redirect(url_for("proposal.listing"), 303)


def _refused(refused: Refused, status: int) -> Response:
    """Show the page where it was decided again, with what stands against it."""
    with transaction() as tx:
        one = second_person.find(tx, refused[0]) if refused[0] else None
        waits = one is not None and one.status == ProposalStatus.WAITING and one.kind == "migrate"
    return _migration(refused, status) if waits else _page(refused, status)


@pages.get("/proposals/<uuid:proposal_id>/migration")
@open_to(Who.IN_POSITION)
def migration(proposal_id: UUID) -> Response:
    """Show what a proposed migration would do, as it was foreseen, and what is otherwise now."""
    return _migration((proposal_id, "", ""))


def _migration(refused: Refused, status: int = 200) -> Response:
    with transaction() as tx:
        assert refused[0] is not None
        one = second_person.find(tx, refused[0])
        if one.kind != "migrate":
            raise NotFound(what=_("đợt chuyển hồ sơ được đề nghị"))
        found = migrations.compared(tx, office().means, one)
        waits = one.status == ProposalStatus.WAITING
        card = _shown(tx, one, refused)
        shown = {
            "title": card["what"],
            "one": {**card, "decides": waits and card["decides"]},
            "counts_text": counted(found.then),
            "groups": groups(tx, found.then),
            "same_text": (
                _("Chuyển lúc này vẫn đúng như lúc đề nghị.") if waits and not found.differs else ""
            ),
            "differs": _differs(found, tx.get(Definition, one.subject_id)) if waits else [],
            "otherwise": groups(tx, [*found.changed, *found.come]),
            "back_href": url_for("proposal.listing"),
        }
    return make_response(render_template("proposed_migration.html", proposed=shown), status)


def _differs(found: Comparison, version: Definition) -> list[str]:
    told = (
        (found.changed, _("%(n)s hồ sơ nay cho kết quả khác lúc đề nghị.", n=len(found.changed))),
        (found.come, _("%(n)s hồ sơ có thêm sau khi đề nghị.", n=len(found.come))),
        (found.gone, _("%(n)s hồ sơ không còn để chuyển: đã xong, đã chấm dứt hoặc đã ở bản này.",
                       n=len(found.gone))),
    )  # fmt: skip
    said = caution(version)
    return [*([said] if said else []), *(text for those, text in told if those)]


@pages.get("/proposals/<uuid:proposal_id>/diagram")
@open_to(Who.IN_POSITION)
def diagram(proposal_id: UUID) -> Response:
    """Show the diagram that somebody proposes to publish."""
    with transaction() as tx:
        one = second_person.find(tx, proposal_id)
        if one.kind != "publish":
            raise NotFound(what=_("sơ đồ được đề nghị"))
        what, about, _href, _stale = _told(tx, one)
        xml = procedures.drawing_of(one)
        found = procedures.check(xml, one.order["key"]).findings
        shown = {
            "title": what,
            "about": about,
            "reason": one.reason,
            "who": tx.get(Officer, one.proposed_by).full_name,
            "when": words.moment(one.proposed_at, tx.now),
            "svg": render_diagram(xml, language=language()),
            "findings": [f.en if language() == "en" else f.vi for f in found],
            "back_href": url_for("proposal.listing"),
        }
    return make_response(render_template("proposed_diagram.html", proposed=shown))


# in words ----------------------------------------------------------------------------------------


def _told(tx: Transaction, one: Proposal) -> tuple[str, str, str | None, bool]:
    """Return what is proposed, about what, where to look, and whether it came too late."""
    if one.kind == "steer":
        return _steering(tx, SteerRun.from_order(one.order))
    if one.kind == trust.KIND:
        what, about = _capital(trust_view.change(one.order)), trust_view.ordered(one.order)
        return what, about, url_for("trust.show"), trust.is_overtaken(tx, one)
    key, order = one.order["key"], one.order
    current = tx.scalar(
        sa.select(Definition)
        .where(Definition.agency_id == one.agency_id, Definition.key == key)
        .order_by(Definition.number.desc())
        .limit(1)
    )
    name = current.name if current is not None else key
    if one.kind == "publish":
        where = url_for("proposal.diagram", proposal_id=one.id)
        units = _unit_names(tx, order["pilot_units"])
        what = _("công bố bản mới của quy trình «%(name)s»", name=name)
        tried = _("áp dụng thử tại: %(units)s", units=", ".join(units)) if units else ""
        return (
            _capital(what),
            tried or _("áp dụng cho toàn cơ quan"),
            where,
            (procedures.is_overtaken(tx, one)),
        )
    if one.kind == "end_trial":
        return _ending(tx, one, name)
    what = _("chuyển hồ sơ đang chạy sang bản %(n)s của quy trình «%(name)s»",
             n=order["number"], name=name)  # fmt: skip
    where = url_for("proposal.migration", proposal_id=one.id)
    about = counted(foresight.from_json(order.get("foreseen", ())))
    return _capital(what), about, where, False


def _ending(tx: Transaction, one: Proposal, name: str) -> tuple[str, str, str | None, bool]:
    tried = tx.get(Definition, one.subject_id)
    words_of = (
        _("áp dụng bản %(n)s của quy trình «%(name)s» cho toàn cơ quan", n=tried.number, name=name)
        if one.order["adopt"]
        else _("kết thúc áp dụng thử bản %(n)s của quy trình «%(name)s»", n=tried.number, name=name)
    )
    units = _unit_names(tx, [str(u) for u in tried.pilot_units or ()])
    about = _("đang áp dụng thử tại: %(units)s", units=", ".join(units)) if units else ""
    where = url_for("procedure.show", key=tried.key, version=tried.number)
    return _capital(words_of), about, where, not units


def _unit_names(tx: Transaction, ids: Sequence[str]) -> list[str]:
    return [tx.get(Unit, UUID(one)).name for one in ids]


@dataclass(frozen=True)
class _Proposed:
    """A run as `web.steered` asks about it."""

    items: Sequence[WorkItem]
    named: Named
    program: Program

    def name_of(self, node: str) -> str:
        known = self.program.nodes.get(node)
        return known.name if known is not None and known.name else node


@dataclass(frozen=True)
class _Mark:
    kind: str
    node: str
    name: str
    facts: dict[str, Any]


def _steering(tx: Transaction, command: SteerRun) -> tuple[str, str, str | None, bool]:
    instance = tx.get(ProcessInstance, command.instance_id)
    document = history.subject_of(tx, instance)
    items = [tx.get(WorkItem, command.item_id)] if command.item_id else []
    node = command.target or (items[0].node_id if items else "")
    groups = [f"officer:{command.officer_id}"] if command.officer_id else []
    groups += [f"unit:{command.unit_id}"] if command.unit_id else []
    facts = {"token": command.item_id, "groups": groups}
    mark = _Mark(command.steer.value, node, "", facts)
    program = program_of(tx, instance.definition_id)
    run = _Proposed(items, steered.named(tx, [mark]), program)
    reads = may(tx.acting, Act.READ_DOCUMENT, reach.facts_of_document(tx, document))
    return (
        _capital(steered.act(run, mark)),
        called(tx, document, reads=reads),
        url_for("run.show", instance_id=instance.id),
        command.seq != instance.seq,
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# for what a second person is wanted --------------------------------------------------------------


def _settings(tx: Transaction) -> dict[str, Any]:
    chosen = second_person.wanted(tx)
    options = tuple(
        OptionView(act.value, _capital(act.label(language())), act in chosen) for act in OFFERED
    )
    part = FieldView("acts", "f-acts", "checklist", _("Việc cần người thứ hai đồng ý"),
                     options=options)  # fmt: skip
    return {"action": url_for("proposal.settings"), "form": fields.form("second-person", part)}


@pages.post("/second-person")
@needs(Act.MANAGE_STAFF)
def settings() -> Response:
    """Say for which acts the agency wants a second person."""
    chosen = [Act(one) for one in request.form.getlist("acts") if one in set(OFFERED)]
    with transaction() as tx:
        second_person.want(tx, chosen)
    say(_("Đã lưu những việc cần người thứ hai đồng ý."))
    return redirect(url_for("proposal.listing"), 303)
