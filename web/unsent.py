"""What was typed and not sent (lưu nháp): kept by a button, or by the page while one types."""

from uuid import UUID

from flask import Blueprint, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response

from engine.machine import NotWaiting
from engine.work_item import ItemStatus
from forms.posting import from_post
from processes import unsent, work_items
from records.authority import Act
from web import words
from web.door import own_address, transaction, wants_partial
from web.policy import ensure, needs
from web.shell import say
from web.step import OWN, posted_form
from web.tongue import _
from web.upload import Received, receive_files

pages = Blueprint("unsent", __name__)


@pages.post("/work-items/<uuid:item_id>/unsent")
@needs(Act.COMPLETE_WORK_ITEM, each=True)
def keep(item_id: UUID) -> Response:
    """Keep what is typed; nothing of it is checked before it is sent."""
    form = posted_form(item_id)
    received = receive_files(form) if form is not None else Received()
    with transaction() as tx:
        item, _instance = work_items.read(tx, item_id)
        ensure(tx.acting, Act.COMPLETE_WORK_ITEM, work_items.facts_of(item))
        if item.status != ItemStatus.OPEN:
            raise NotWaiting
        if form is not None:
            raw = from_post(form, request.form, uploaded=received.references, ignore=OWN)
            unsent.keep(tx, item, form, raw, received.words)
        told = _("Đã lưu nháp %(at)s", at=words.moment(tx.now, tx.now))
    if wants_partial("unsent"):
        return jsonify({"text": told})
    for refused in received.errors.values():
        say("; ".join(refused), "bad")
    say(told)
    return redirect(_same_step(item_id), 303)


@pages.post("/work-items/<uuid:item_id>/unsent/discard")
@needs(Act.COMPLETE_WORK_ITEM, each=True)
def discard(item_id: UUID) -> Response:
    """Forget what was kept: the form begins as it came."""
    with transaction() as tx:
        item, _instance = work_items.read(tx, item_id)
        ensure(tx.acting, Act.COMPLETE_WORK_ITEM, work_items.facts_of(item))
        unsent.discard(tx, item)
    say(_("Đã bỏ bản nháp."))
    return redirect(_same_step(item_id), 303)


def _same_step(item_id: UUID) -> str:
    """Return the step where the officer had it open: in his inbox, or on its own page."""
    target = own_address(request.form.get("next", ""), "")
    if target.startswith("/inbox"):
        basket = target.partition("?")[0].split("/")[2:3]
        return url_for("inbox.show", basket=basket[0] if basket else "mine", item=item_id)
    return url_for("step.show", item_id=item_id, next=target or None)
