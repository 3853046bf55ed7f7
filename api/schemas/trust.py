"""Shapes of the list of trust and the policy (danh sách tin cậy, chính sách kiểm tra)."""

from marshmallow import fields, validate

from api.schemas.shape import Shape, text, word
from api.schemas.steering import Reasoned
from processes.trust_rules import (
    Change,
)
from signing.trust import AnchorRole

_FINGERPRINT = {"description": "SHA-256 of the certificate, hexadecimal"}


class AnchorLine(Shape):
    """A root, what it is trusted for, and who answers for that."""

    name = fields.String(required=True)
    role = word(AnchorRole, required=True)
    fingerprint = fields.String(required=True, metadata=_FINGERPRINT)
    certificate = fields.String(required=True, metadata={"description": "DER, base64"})
    valid_from = fields.AwareDateTime(required=True)
    valid_until = fields.AwareDateTime(required=True)
    policies = fields.List(fields.String(), required=True)
    added_by = fields.String(required=True)
    added_at = fields.AwareDateTime(required=True, allow_none=True)
    reason = fields.String(required=True)


class ListLine(Shape):
    """A revocation list at hand, or one that could not be had."""

    url = fields.String(required=True)
    this_update = fields.AwareDateTime(required=True, allow_none=True)
    next_update = fields.AwareDateTime(required=True, allow_none=True)
    current = fields.Boolean(required=True)
    failures = fields.Integer(required=True)
    problem = fields.String(required=True)


class TrustShown(Shape):
    """The version in force."""

    version = fields.Integer(required=True)
    anchors = fields.List(fields.Nested(AnchorLine), required=True)
    issuers = fields.List(fields.String(), required=True, metadata=_FINGERPRINT)
    lists = fields.List(fields.Nested(ListLine), required=True)
    allowed = fields.List(fields.String(), required=True)
    networks = fields.List(fields.String(), required=True)
    policy = fields.String(required=True, metadata={"description": "TOML"})


class TrustVersionLine(Shape):
    """One version: what was changed, by whom, when and why."""

    id = fields.UUID(required=True)
    number = fields.Integer(required=True)
    what = word(Change, required=True)
    reason = fields.String(required=True)
    changed_by = fields.UUID(required=True, allow_none=True)
    changed_name = fields.String(required=True)
    changed_at = fields.AwareDateTime(required=True)


class TrustVersionList(Shape):
    """The versions, newest first."""

    items = fields.List(fields.Nested(TrustVersionLine), required=True)


class ChangeRequest(Reasoned):
    """One change; which of the other fields it needs follows from `do`."""

    do = word(Change, required=True)
    name = text(200)
    role = word(AnchorRole)
    certificate = fields.String(
        validate=validate.Length(max=100_000), metadata={"description": "PEM, or DER in base64"}
    )
    fingerprint = fields.String(validate=validate.Length(max=120), metadata=_FINGERPRINT)
    valid_from = fields.AwareDateTime()
    valid_until = fields.AwareDateTime()
    policies = fields.List(fields.String(), validate=validate.Length(max=50))
    url = fields.String(validate=validate.Length(max=2000))
    allowed = fields.List(fields.String(), validate=validate.Length(max=500))
    networks = fields.List(fields.String(), validate=validate.Length(max=100))
    policy = fields.String(validate=validate.Length(max=200_000))
