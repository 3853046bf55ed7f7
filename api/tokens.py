"""Tokens (mã truy cập API): name and password in, a bearer token for one position out."""

from typing import Any

from flask import Response, request

from api.answers import Answer, send
from api.bearer import Scope, acting, guarded, public, token
from api.blueprint import Resource
from api.errors import PositionUnclear
from api.installation import installation
from api.schemas.tokens import Token, TokenRequest
from records import journal
from records.delegation import Choice
from records.login import issue_token
from records.login_session import ABSOLUTE, revoke_token

blueprint = Resource("tokens", "tokens", "Mã truy cập API")

_BOTH = frozenset(scope.value for scope in Scope)


@blueprint.post("")
@public
@blueprint.arguments(TokenRequest)
@blueprint.response(201, Token)
def issue(body: dict[str, Any]) -> Response:
    """Issue a token for the one position of an officer, or for the one named."""
    scopes = frozenset(body.get("scopes") or _BOTH)
    asked = body.get("position_id")
    with installation().database.transaction() as tx:
        admission = issue_token(
            tx,
            body["username"],
            body["password"],
            request.remote_addr or "",
            position_id=asked,
            scopes=scopes,
            name=body.get("name", ""),
        )
    fitting = [c for c in admission.choices if asked in {None, c.position.id}]
    if admission.refusal is not None and admission.choices and len(fitting) != 1:
        raise PositionUnclear([_position(choice) for choice in admission.choices])
    answer = Answer(
        {
            "access_token": admission.token,
            "token_type": "Bearer",
            "expires_in": int(ABSOLUTE.total_seconds()),
            "scope": " ".join(sorted(scopes)),
            "position": _position(admission.choices[0]),
        }
    )
    return send(answer.encoded(), 201, {})


@blueprint.delete("/current")
@guarded(Scope.READ, None)
@blueprint.response(204)
def revoke() -> Response:
    """Revoke the token this request was made with."""
    with installation().database.transaction() as tx:
        revoke_token(tx, token())
        journal.record(tx, "revoke_token", "api_token", None, acting=acting())
    return Response(status=204)


def _position(choice: Choice) -> dict[str, Any]:
    return {
        "position_id": choice.position.id,
        "title": choice.position.title,
        "role": choice.position.role.value,
        "agency_id": choice.agency.id,
        "agency": choice.agency.name,
    }
