"""Shapes of tokens (mã truy cập)."""

from marshmallow import fields, validate

from api.schemas.shape import Shape, Text, text, word


class TokenRequest(Shape):
    """Name and password, and the position to act in where there are several."""

    username = Text(required=True, validate=validate.Length(1, 200))
    password = fields.String(required=True, validate=validate.Length(1, 1000))
    position_id = fields.UUID()
    scopes = fields.List(word(["read", "write"]), validate=validate.Length(1, 2))
    name = text(100)


class Token(Shape):
    """A bearer token; shown this once."""

    access_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True)
    scope = fields.String(required=True)
    position = fields.Dict(required=True)
