"""What all shapes share (lược đồ): closed objects, composed text, problems, paging.

Answers are written by the resources themselves; the tests hold every answer against the shapes.
"""

import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from forms.fields import composed
from records.encoding import is_unicode

#: what `bigint` holds
LARGEST_VERSION = 2**63 - 1


class Shape(ma.Schema):
    """A closed object: a key it does not name is an error."""

    class Meta:
        unknown = ma.RAISE


class Text(fields.String):
    """Text in Unicode's composed form (TCVN 6909:2001), without control characters.

    Blanks alone are no text, and what is typed in TCVN3 or VNI is not what it seems to be.
    """

    def __init__(self, *, least: int = 0, **more: Any) -> None:
        super().__init__(**more)
        self.least = least

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        typed: str = super()._deserialize(value, attr, data, **kwargs)
        text = composed(typed)
        if self.least and typed and not text:
            raise ma.ValidationError("Holds blanks alone.")
        if not is_unicode(text):
            raise ma.ValidationError("Is typed in an old encoding (TCVN3 or VNI).")
        if any(unicodedata.category(sign) == "Cc" and sign not in "\n\t" for sign in text):
            raise ma.ValidationError("Holds control characters.")
        return text


def text(longest: int, *, required: bool = False, least: int = 0) -> Text:
    """Return a field for text of a bounded length."""
    bounds = validate.Length(least or None, longest)
    return Text(required=required, validate=bounds, least=least)


def word(words: Iterable[str], *, required: bool = False) -> fields.String:
    """Return a field for one value of a closed list."""
    values = [w.value if isinstance(w, StrEnum) else w for w in words]
    return fields.String(required=required, validate=validate.OneOf(values))


def version_read(description: str = "The version that was read.") -> fields.Integer:
    """Return a field for the version a client saw: a whole number from 1 that a database holds."""
    return fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, LARGEST_VERSION),
        metadata={"description": description},
    )


class Problem(Shape):
    """RFC 9457 problem."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String(required=True)
    citation = fields.String()
    fields_ = fields.Dict(data_key="fields")
    errors = fields.List(fields.Dict())
    findings = fields.List(fields.Dict())
    positions = fields.List(fields.Dict())


class Paging(Shape):
    """Parameters of every list."""

    limit = fields.Integer(load_default=20, validate=validate.Range(1, 100))
    cursor = fields.String(validate=validate.Length(max=500))
