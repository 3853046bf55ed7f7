"""Shapes of the log of the agency's key."""

from marshmallow import fields

from api.schemas.shape import Shape


class KeyUseLine(Shape):
    """One use of the agency's key: who, for what, on whose order, what was signed."""

    id = fields.UUID(required=True)
    at = fields.DateTime(required=True)
    by = fields.String(required=True)
    by_title = fields.String(required=True)
    document_id = fields.UUID(required=True)
    document = fields.String(required=True)
    purpose = fields.String(required=True)
    ordered_by = fields.String(required=True)
    digest = fields.String(
        required=True, metadata={"description": "SHA-256 of the file given to be signed"}
    )
    signed_digest = fields.String(
        required=True,
        metadata={"description": "SHA-256 of the signed file, empty where there is none"},
    )
    certificate = fields.String(required=True, metadata={"description": "its SHA-256"})
    outcome = fields.String(required=True)
    reason = fields.String(required=True)


class KeyUsePage(Shape):
    """A page of the log."""

    items = fields.List(fields.Nested(KeyUseLine), required=True)
    next = fields.String(required=True, allow_none=True)
