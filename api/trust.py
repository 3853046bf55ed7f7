"""Whom signatures are believed from (danh sách tin cậy): the version in force, its changes."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

from flask import Response

from api.answers import Answer, show
from api.bearer import Scope, guarded, transaction
from api.blueprint import Resource
from api.errors import Fault, RequestInvalid
from api.idempotency import carry_out
from api.installation import installation
from api.proposals import asked
from api.schemas.steering import Proposed
from api.schemas.trust import ChangeRequest, TrustShown, TrustVersionLine, TrustVersionList
from engine.database import Transaction
from processes import trust
from processes.second_person import Proposal
from processes.trust import (
    NewAnchor,
)
from processes.trust_rules import (
    Change,
    Rules,
    fingerprint,
)
from records.authority import Act, authorize
from records.trust import TrustVersion, newest, versions
from signing.revocation_entry import Kind
from signing.trust import AnchorRole

blueprint = Resource("trust-list", "trust", "Danh sách tin cậy")

_LINE = ("id", "number", "reason", "changed_by", "changed_name", "changed_at")


@blueprint.get("")
@guarded(Scope.READ, Act.READ_TRUST)
@blueprint.response(200, TrustShown)
def read() -> Response:
    """Tell whom is trusted, which lists are at hand, and by which policy signatures are checked."""
    known = installation().means.signing.known()
    with transaction() as tx:
        authorize(tx.acting, Act.READ_TRUST)
        rules, now = Rules.of(newest(tx)), tx.now
    return show(
        {
            "version": rules.trust.version,
            "anchors": [
                {
                    "name": one.name,
                    "role": one.role,
                    "fingerprint": fingerprint(one.certificate),
                    "certificate": b64encode(one.certificate).decode(),
                    "valid_from": one.valid_from,
                    "valid_until": one.valid_until,
                    "policies": sorted(one.policies),
                    "added_by": one.added_by,
                    "added_at": one.added_at,
                    "reason": one.reason,
                }
                for one in rules.trust.anchors
            ],
            "issuers": [fingerprint(der) for der in rules.trust.issuers],
            "lists": [
                {
                    "url": one.wanted.url,
                    "this_update": one.this_update,
                    "next_update": one.next_update,
                    "current": one.is_current(now),
                    "failures": one.failures,
                    "problem": one.problem_text,
                }
                for one in known.cache.entries()
                if one.wanted.kind is Kind.LIST
            ],
            "allowed": list(rules.sources.allowed),
            "networks": list(rules.sources.networks),
            "policy": rules.policy_text,
        }
    )


@blueprint.get("/versions")
@guarded(Scope.READ, Act.READ_TRUST)
@blueprint.response(200, TrustVersionList)
def index() -> Response:
    """Tell who changed the list or the policy, when and why, newest first."""
    with transaction() as tx:
        authorize(tx.acting, Act.READ_TRUST)
        found = [_line(one) for one in versions(tx)]
    return show({"items": found})


@blueprint.post("/changes")
@guarded(Scope.WRITE, Act.MANAGE_TRUST)
@blueprint.arguments(ChangeRequest)
@blueprint.response(201, TrustVersionLine)
@blueprint.alt_response(202, schema=Proposed)
def change(body: dict[str, Any]) -> Response:
    """Make the next version; a root needs the fingerprint its authority publishes elsewhere.

    202 where it was only proposed; 409 where another change came first; 422 for what is no
    certificate of an authority, no usable address or policy.
    """
    carry = _CHANGES.get(body["do"])
    if carry is None:
        raise RequestInvalid([Fault("/do", "Must be a change.")])

    def effect(tx: Transaction) -> Answer:
        try:
            made = carry(tx, body)
        except KeyError as missing:
            name = str(missing.args[0])
            raise RequestInvalid([Fault(f"/{name}", "Missing data for this change.")]) from None
        return asked(made) if isinstance(made, Proposal) else Answer(_line(made), 201)

    return carry_out(effect)


def _line(made: TrustVersion) -> dict[str, Any]:
    return {**{name: getattr(made, name) for name in _LINE}, "what": made.change["what"]}


def _certificate(body: dict[str, Any]) -> bytes:
    sent: str = body["certificate"]
    if "-----BEGIN" in sent:
        return sent.encode()
    try:
        return b64decode(sent, validate=True)
    except ValueError:
        return b""


def _add_anchor(tx: Transaction, body: dict[str, Any]) -> TrustVersion | Proposal:
    new = NewAnchor(
        body["name"],
        AnchorRole(body["role"]),
        _certificate(body),
        body["fingerprint"],
        body["valid_from"],
        body["valid_until"],
        tuple(body.get("policies", ())),
    )
    return trust.add_anchor(tx, new, body["reason"])


def _withdraw(tx: Transaction, body: dict[str, Any]) -> TrustVersion | Proposal:
    until = body.get("valid_until", tx.now)
    role = AnchorRole(body["role"])
    return trust.withdraw_anchor(tx, body["fingerprint"], role, until, body["reason"])


_CHANGES: dict[str, Callable[[Transaction, dict[str, Any]], TrustVersion | Proposal]] = {
    Change.ADD_ANCHOR: _add_anchor,
    Change.WITHDRAW_ANCHOR: _withdraw,
    Change.ADD_ISSUER: lambda tx, body: trust.add_issuer(tx, _certificate(body), body["reason"]),
    Change.ADD_LIST: lambda tx, body: trust.add_list(
        tx, body["url"], body["fingerprint"], body["reason"]
    ),
    Change.SET_ADDRESSES: lambda tx, body: trust.set_addresses(
        tx, body["allowed"], body["networks"], body["reason"]
    ),
    Change.SET_POLICY: lambda tx, body: trust.set_policy(tx, body["policy"], body["reason"]),
}
