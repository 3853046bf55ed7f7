"""A signature waited for (phiên ký trên thiết bị), as the page of the step asks for it."""

from base64 import b64decode
from binascii import Error as NoBase64
from typing import Any
from uuid import UUID

from flask import Blueprint, jsonify, request, url_for
from werkzeug.wrappers import Response

from api.signing_sessions import agent_addresses
from forms.errors import FormInvalid
from forms.posting import from_post
from processes import signing_sessions as sessions
from processes import work_items
from processes.signing_agent import raw_call
from processes.signing_asked import Beginning, ask
from processes.signing_completion import finish
from processes.signing_sessions import Begun
from records.authority import Act
from records.signing_session import Asking, SessionState, asking_of
from signing.errors import SignatureMismatch
from signing.transport import Transport
from web import paper
from web.door import language, office, transaction
from web.failure import failed
from web.policy import asked_below, ensure, needs
from web.shell import after_step, say
from web.step import OWN, posted_form

pages = Blueprint("desk_signing", __name__)


@pages.post("/work-items/<uuid:item_id>/signing")
@needs(Act.COMPLETE_WORK_ITEM, each=True)
def begin(item_id: UUID) -> Response:
    """Find out what is to be signed with the form as filled in, and wait for it."""
    form = posted_form(item_id)
    raw = from_post(form, request.form, uploaded={}, ignore=OWN) if form is not None else {}
    with transaction() as tx:
        item, _instance = work_items.read(tx, item_id)
        ensure(tx.acting, Act.COMPLETE_WORK_ITEM, work_items.facts_of(item))
    beginning = Beginning(
        item_id,
        request.form.get("version", type=int),
        raw,
        Transport(office().settings.bridge_transport),
        language(),
    )
    means = office().means
    try:
        asked = ask(transaction, means, beginning)
    except FormInvalid as error:
        wrong = "; ".join(text for texts in error.errors.values() for text in texts)
        return failed(422, wrong or error.text(language()), code=error.code)
    with transaction() as tx:
        begun = sessions.keep(tx, means, beginning, asked)
        told = _described(asking_of(tx, begun.session), tx.now)
        told["calls"] = [_call(one) for one in begun.all]
    answer = jsonify(told)
    answer.status_code = 201
    return answer


def _call(begun: Begun) -> dict[str, Any]:
    if begun.session.transport is Transport.RAW:
        return raw_call(begun.session)
    found: dict[str, Any] = agent_addresses(begun)["agent"]
    return found


@pages.get("/signing/<uuid:session_id>")
@needs(Act.COMPLETE_WORK_ITEM, each=True)
def read(session_id: UUID) -> Response:
    """Tell how far the officer's own session has come; what was signed is completed on the way."""
    finish(transaction, office().means, session_id)
    asked_below()
    return _told(session_id)


@pages.post("/signing/<uuid:session_id>/signature")
@needs(Act.COMPLETE_WORK_ITEM, each=True)
def sign(session_id: UUID) -> Response:
    """Take in the raw signature the program gave, and complete the step."""
    try:
        signature = b64decode(request.form.get("signature", ""), validate=True)
    except (NoBase64, ValueError):
        raise SignatureMismatch from None
    with transaction() as tx:
        sessions.accept_signature(tx, session_id, signature)
    asked_below()
    finish(transaction, office().means, session_id)
    return _told(session_id)


@pages.post("/signing/<uuid:session_id>/cancel")
@needs(Act.COMPLETE_WORK_ITEM, each=True)
def cancel(session_id: UUID) -> Response:
    """Give up the session; `reason` is what the program said."""
    with transaction() as tx:
        sessions.cancel(tx, session_id, request.form.get("reason", ""))
    asked_below()
    return _told(session_id)


def _told(session_id: UUID) -> Response:
    with transaction() as tx:
        session = sessions.read(tx, session_id)
        told = _described(asking_of(tx, session), tx.now)
        if session.state is SessionState.DONE:
            item, instance = work_items.read(tx, session.item_id)
            document = paper.load_document(tx, instance.subject_type, instance.subject_id)
            summary = (item.outcome or {}).get("summary", "")
            say(f"{item.name}: {summary}")
            told["document"] = paper.page_of(document)
            told["next"] = after_step(request.values.get("next", ""))
    return jsonify(told)


def _described(asking: Asking, now: Any) -> dict[str, Any]:
    state, lead = asking.state_at(now), asking.lead
    return {
        "state": state.value,
        "label": state.label(language()),
        "transport": lead.transport.value,
        "failure": lead.failure[language()] if lead.failure else "",
        "read": url_for("desk_signing.read", session_id=lead.id),
        "cancel": url_for("desk_signing.cancel", session_id=lead.id),
        "files": [
            {
                "signed": one.state is not SessionState.PREPARED,
                "sign": url_for("desk_signing.sign", session_id=one.id),
            }
            for one in asking.files
        ],
    }
