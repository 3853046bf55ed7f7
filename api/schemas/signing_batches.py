"""Shapes of signing several documents at once (ký nhiều văn bản)."""

from marshmallow import fields, validate

from api.schemas.shape import Shape, version_read
from processes.batch import MOST


class ChosenItem(Shape):
    """One signing step, in the version that was read."""

    id = fields.UUID(required=True)
    version = version_read()


class SigningBatchRequest(Shape):
    """The steps to be signed, and the PIN that opens the caller's key once."""

    items = fields.List(
        fields.Nested(ChosenItem), required=True, validate=validate.Length(min=1, max=MOST)
    )
    pin = fields.String(
        required=True,
        load_only=True,
        validate=validate.Length(min=1, max=200),
        metadata={"description": "Neither kept nor logged."},
    )


class ItemResult(Shape):
    """What became of one of them."""

    id = fields.UUID(required=True)
    outcome = fields.String(
        required=True,
        metadata={"description": "`signed`, `already`, `refused` or `not_tried`"},
    )
    document = fields.String(required=True)
    code = fields.String(required=True, metadata={"description": "Why not; empty where signed."})
    detail = fields.String(required=True)


class SigningBatchResult(Shape):
    """What became of each, and how many are left to sign."""

    items = fields.List(fields.Nested(ItemResult), required=True)
    left = fields.Integer(required=True)
