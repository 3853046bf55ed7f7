"""A procedure beside the master of the agency above (quy trình mẫu): compared, merged, given."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.database import Transaction
from engine.definition import NotPublishable
from engine.difference import Change
from engine.errors import OfficeError
from engine.merging import Conflict, Key, Side
from forms.page import FieldView, OptionView
from processes import master
from processes.master import Inheritance
from processes.second_person import Proposal
from records import journal
from records.authority import Act, may
from records.organization import Agency
from web import fields, words
from web.door import language, transaction
from web.migration import crumbs
from web.policy import needs
from web.shell import say
from web.tongue import _

pages = Blueprint("master", __name__)


@pages.get("/procedures/<key>/master")
@needs(Act.READ_PROCESS)
def show(key: str) -> Response:
    """Show what is new in the master, what is the agency's own, and what somebody must decide."""
    return _page(key)


@pages.post("/procedures/<key>/master")
@needs(Act.PUBLISH_PROCESS)
def act(key: str) -> Response:
    """Merge the master and publish that, or make the version in use the master of those below."""
    reason = request.form.get("reason", "")
    gives = request.form.get("do") == "give"
    try:
        with transaction() as tx:
            if gives:
                given = master.publish(tx, key, reason)
                told = _("Đã ban hành quy trình mẫu, bản %(n)s.", n=given.number)
            else:
                made = master.adopt(tx, key, reason, _decided())
                told = (
                    _("Đã gửi đề nghị công bố. Bản mới được công bố khi người thứ hai đồng ý.")
                    if isinstance(made, Proposal)
                    else _("Đã hợp nhất và công bố bản %(n)s.", n=made.number)
                )
    except NotPublishable as error:
        first = next(f for f in error.findings if f.is_error)
        said = first.en if language() == "en" else first.vi
        return _page(key, f"{error.text(language())} {said}", error.status, gives=gives)
    except OfficeError as error:
        if error.status in {403, 404} or error.status >= 500:
            raise
        return _page(key, error.text(language()), error.status, gives=gives)
    say(told)
    return redirect(url_for("master.show", key=key), 303)


def _name(key: Key) -> str:
    """Return the name of a decision in the form: element and slot."""
    return f"side {key[0]} {key[1]}"


def _decided() -> dict[Key, Side]:
    found: dict[Key, Side] = {}
    for name, value in request.form.items():
        parts = name.split(" ")
        if len(parts) == 3 and parts[0] == "side" and value in set(Side):
            found[parts[1], parts[2]] = Side(value)
    return found


def _page(key: str, error: str = "", status: int = 200, *, gives: bool = False) -> Response:
    with transaction() as tx:
        found = master.inherit(tx, key)
        edits = may(tx.acting, Act.PUBLISH_PROCESS)
        newest = found.newest
        shown = {
            "title": _("Quy trình mẫu: %(name)s", name=found.current.name),
            "crumbs": crumbs(found.current, _("Quy trình mẫu")),
            "intro": _intro(tx, found),
            "theirs": _told(found.theirs),
            "ours": _told(found.ours),
            "has_master": newest is not None,
            "action": url_for("master.act", key=key),
            "merge": _merge_form(found, "" if gives else error)
            if edits and found.is_behind
            else None,
            "give": _reason(error if gives else "") if edits and master.has_below(tx) else None,
        }
        journal.record(tx, "view", "definition", found.current.id, key=key)
    return make_response(render_template("master.html", master=shown), status)


def _intro(tx: Transaction, found: Inheritance) -> str:
    if found.newest is None:
        return _("Cơ quan cấp trên chưa ban hành quy trình mẫu cho quy trình này.")
    owner = tx.get(Agency, found.newest.agency_id).name
    at = words.moment(found.newest.published_at, tx.now)
    if not found.is_behind:
        return _(
            "Đang theo quy trình mẫu bản %(n)s của %(who)s, ban hành %(at)s.",
            n=found.newest.number, who=owner, at=at,
        )  # fmt: skip
    return _(
        "%(who)s đã ban hành quy trình mẫu bản %(n)s %(at)s: %(why)s",
        n=found.newest.number, who=owner, at=at, why=found.newest.reason,
    )  # fmt: skip


def _told(changes: Iterable[Change]) -> list[str]:
    return [one.en if language() == "en" else one.vi for one in changes]


def _reason(error: str) -> Any:
    reason = fields.field(
        "textarea", "reason", _("Lý do và căn cứ"), request.form.get("reason", ""), error=error,
        required=True,
    )  # fmt: skip
    return fields.form("give", replace(reason, id="f-give-reason"))


def _merge_form(found: Inheritance, error: str) -> Any:
    """Return what must be decided, place by place, and the reason."""
    typed = _decided()
    conflicts = enumerate(found.merged.conflicts, 1)
    parts = [_side(n, one, typed.get(one.key)) for n, one in conflicts]
    reason = fields.field(
        "textarea", "reason", _("Lý do và căn cứ"), request.form.get("reason", ""), error=error,
        required=True,
    )  # fmt: skip
    return fields.form("merge", *parts, reason)


def _side(number: int, one: Conflict, chosen: Side | None) -> FieldView:
    theirs = "; ".join(_told(one.master)) or _("giữ như cũ")
    ours = "; ".join(_told(one.agency)) or _("giữ như cũ")
    name = _name(one.key)
    return FieldView(
        name, f"f-side-{number}", "radio", _("Chỗ cả hai cùng sửa, %(n)s", n=number),
        required=True,
        options=(
            OptionView(Side.MASTER.value, _("theo mẫu: %(what)s", what=theirs),
                       chosen is Side.MASTER),
            OptionView(Side.AGENCY.value, _("giữ của cơ quan: %(what)s", what=ours),
                       chosen is Side.AGENCY),
        ),
    )  # fmt: skip
