"""Signing sessions (phiên ký số): a step signed by a key that lies on a desk.

A client with an officer's token begins and reads; an agent comes by two one-time addresses, which
are its only proof: no cookie, no token counts there.
"""

from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from flask import Response, request, send_file, url_for

from api.answers import Answer, send, show
from api.bearer import Scope, guarded, public, transaction
from api.blueprint import Resource
from api.errors import Fault, RequestInvalid
from api.idempotency import carry_out
from api.installation import installation
from api.problems import language
from api.schemas.signing_sessions import (
    AgentAnswer,
    Session,
    SessionBegun,
    SessionRequest,
    SignatureRequest,
    SignedFile,
)
from api.uploads import LARGEST_UPLOAD
from engine.database import SYSTEM, Transaction
from processes import signing_sessions as sessions
from processes.reach import own_reach
from processes.signing_agent import file_call, raw_call, raw_facts
from processes.signing_asked import Beginning, ask, step_of
from processes.signing_completion import finish
from processes.signing_sessions import Begun
from records.authority import Act, authorize
from records.delegation import acting_for
from records.inspection import PDF
from records.signing_session import SigningSession, asking_of
from signing.errors import NotPdf
from signing.role import SignRole
from signing.transport import Transport

blueprint = Resource("signing-sessions", "signing/sessions", "Phiên ký số")
#: where agents fetch and bring files: no resource that a token opens
files = Resource("signing-files", "signing/sessions", "Tệp của phiên ký số", largest=LARGEST_UPLOAD)

Begin = Callable[[], AbstractContextManager[Transaction]]


@blueprint.post("")
@guarded(Scope.WRITE, Act.COMPLETE_WORK_ITEM)
@blueprint.arguments(SessionRequest)
@blueprint.response(201, SessionBegun)
def begin(body: dict[str, Any]) -> Response:
    """Begin to sign at the step where a document waits for this role.

    A step that signs annexes too waits for each of them, in a session of its own. All that would
    refuse the step refuses it here. 409 where the step has another version.
    """
    role = SignRole(body["role"])
    with transaction() as tx:
        authorize(tx.acting, Act.READ_WORK_ITEM, own_reach(tx.acting))
        item = step_of(tx, body["document_id"], role)
    beginning = Beginning(
        item.id,
        body["version"],
        body["values"],
        Transport(body["transport"]),
        language(),
        _certificate(body),
    )
    means = installation().means
    asked = ask(transaction, means, beginning)

    def effect(tx: Transaction) -> Answer:
        begun = sessions.keep(tx, means, beginning, asked)
        location = url_for("signing-sessions.read", session_id=begun.session.id)
        return Answer(described_begun(begun, tx), 201, {"Location": location})

    return carry_out(effect)


def _certificate(body: dict[str, Any]) -> bytes:
    if "cert" in body:
        return _decoded(body["cert"], "/cert")
    chain = body.get("cert_chain")
    return _decoded(chain[0], "/cert_chain/0") if chain else b""


def _decoded(text: str, place: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (NoBase64, ValueError):
        en = language() == "en"
        raise RequestInvalid(
            [Fault("Not base64." if en else "Không phải base64.", place)]
        ) from None


@blueprint.get("/<uuid:session_id>")
@guarded(Scope.READ, Act.COMPLETE_WORK_ITEM)
@blueprint.response(200, Session)
def read(session_id: UUID) -> Response:
    """Read how far a session of the caller's own has come."""
    with transaction() as tx:
        shown = described(sessions.read(tx, session_id), tx)
    return show(shown)


@blueprint.post("/<uuid:session_id>/signature")
@guarded(Scope.WRITE, Act.COMPLETE_WORK_ITEM)
@blueprint.arguments(SignatureRequest)
@blueprint.response(200, Session)
def sign(body: dict[str, Any], session_id: UUID) -> Response:
    """Hand in the raw signature of one file; the last one completes the step.

    The same one again is answered the same.
    409 where the step has moved on, 410 after the time has run out, 422 for a signature that does
    not hold: the session then goes on waiting.
    """
    raw = _decoded(body["signature"], "/signature")
    with transaction() as tx:
        sessions.accept_signature(tx, session_id, raw)
    return _finished(transaction, session_id)


@blueprint.delete("/<uuid:session_id>")
@guarded(Scope.WRITE, Act.COMPLETE_WORK_ITEM)
@blueprint.response(200, Session)
def cancel(session_id: UUID) -> Response:
    """Give up a session that waits, and all that is signed with it."""
    with transaction() as tx:
        shown = described(sessions.cancel(tx, session_id), tx)
    return send(Answer(shown).encoded(), 200, {})


# -- the agent's two addresses --------------------------------------------------------------------


@files.get("/<uuid:session_id>/van-ban.pdf")
@public
@files.response(200, content_type=PDF)
def download(session_id: UUID) -> Response:
    """Take the file to be signed: once, by the word in `token`."""
    with installation().database.transaction(SYSTEM) as tx:
        session = sessions.hand_out(tx, session_id, request.args.get("token", ""))
    content = installation().means.content.open(session.base_sha256)
    answer = send_file(content, mimetype=PDF, download_name="van-ban.pdf")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@files.put("/<uuid:session_id>/file")
@public
@files.doc(requestBody={"content": {"multipart/form-data": {"schema": SignedFile}}})
@files.response(200, AgentAnswer)
def upload(session_id: UUID) -> Response:
    """Bring back one signed file, by the word in `token`; the last one completes the step.

    It must begin with every byte of ours and add nothing but signatures of the registered
    certificate. What is refused (422) changes nothing. Its name is never looked at.
    """
    return _uploaded(session_id)


@files.post("/<uuid:session_id>/file")
@public
@files.doc(requestBody={"content": {"multipart/form-data": {"schema": SignedFile}}})
@files.response(200, AgentAnswer)
def upload_by_post(session_id: UUID) -> Response:
    """Do as PUT, for agents that only post."""
    return _uploaded(session_id)


def _uploaded(session_id: UUID) -> Response:
    word = request.args.get("token", "")
    database, means = installation().database, installation().means
    with database.transaction(SYSTEM) as tx:
        session = sessions.named_by(tx, session_id, word, upload=True)
        # with the rights the officer has now
        acting = acting_for(tx, session.officer_id, session.position_id)

    def begin() -> AbstractContextManager[Transaction]:
        return database.transaction(acting)

    sessions.accept_upload(begin, means, session, _sent())
    finish(begin, means, session_id)
    with begin() as tx:
        shown = described(sessions.read(tx, session_id), tx)
    told = {"Status": True, "Message": "", "FileName": "", "FileServer": ""}
    return send(Answer({**shown, **told}).encoded(), 200, {})


def _sent() -> bytes:
    """Return the one file that came, under whatever name; raises `NotPdf` where there is none."""
    if request.mimetype == "multipart/form-data":
        sent = [one for part in request.files.listvalues() for one in part]
        if len(sent) == 1:
            return bytes(sent[0].read())
    elif request.mimetype in {PDF, "application/octet-stream"}:
        return request.get_data()
    raise NotPdf


# -- what is told ---------------------------------------------------------------------------------


def _finished(begin: Begin, session_id: UUID) -> Response:
    finish(begin, installation().means, session_id)
    with begin() as tx:
        shown = described(sessions.read(tx, session_id), tx)
    return send(Answer(shown).encoded(), 200, {})


def described(session: SigningSession, tx: Transaction) -> dict[str, Any]:
    """Return a session as it stands, and how far all files of its step have come."""
    asking = asking_of(tx, session)
    failure = session.failure
    return {
        "session": session.id,
        "state": asking.state_at(tx.now).value,
        "role": session.role.value,
        "transport": session.transport.value,
        "document_id": session.document_id,
        "work_item_id": session.item_id,
        "expires": session.expires_at,
        "failure": failure and {"code": failure["code"], "detail": failure[language()]},
        "files": [
            {"session": one.id, "role": one.role.value, "state": one.state_at(tx.now).value}
            for one in asking.files
        ],
    }


def described_begun(begun: Begun, tx: Transaction) -> dict[str, Any]:
    """Return a new session with what its transport needs, and those of the annexes."""
    annexes = [{"session": one.session.id, **_needed(one)} for one in begun.annexes]
    return {**described(begun.session, tx), **_needed(begun), "annexes": annexes}


def _needed(begun: Begun) -> dict[str, Any]:
    session = begun.session
    told = {"field": session.told["field"]}
    if session.transport is Transport.RAW:
        return {**told, **raw_facts(session), "agent": raw_call(session)}
    return {**told, **agent_addresses(begun)}


def agent_addresses(begun: Begun) -> dict[str, Any]:
    """Return the two one-time addresses of a session and the call that hands them over."""
    down, up = (
        url_for(f"signing-files.{end}", session_id=begun.session.id, token=word, _external=True)
        for end, word in (("download", begun.download), ("upload", begun.upload))
    )
    return {
        "download_url": down,
        "upload_url": up,
        "agent": file_call(begun.session, down, up),
    }
