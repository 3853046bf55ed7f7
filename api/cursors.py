"""Where a page ended (con trỏ trang): opaque, signed, good for one list of one agency."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app, request
from itsdangerous import BadData, URLSafeSerializer

from api.bearer import acting
from api.errors import BadCursor

_SALT = "congvan page"


def write_cursor(*place: datetime | UUID | int) -> str:
    """Return the cursor after the row whose sort key is `place`."""
    return _serializer().dumps([_list(), *map(_text, place)])


def read_cursor(cursor: str, *kinds: type) -> list[Any]:
    """Return the sort key a cursor holds, one value of each kind; raises `BadCursor`."""
    try:
        where, *place = _serializer().loads(cursor)
        if where != _list() or len(place) != len(kinds):
            raise BadCursor
        return [_value(kind, text) for kind, text in zip(kinds, place, strict=True)]
    except (BadData, ValueError, TypeError):
        raise BadCursor from None


def _serializer() -> URLSafeSerializer:
    assert current_app.secret_key
    return URLSafeSerializer(current_app.secret_key, salt=_SALT)


def _list() -> str:
    return f"{acting().agency_id} {request.path}"


def _text(value: datetime | UUID | int) -> str | int:
    if isinstance(value, int):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _value(kind: type, text: Any) -> Any:
    return datetime.fromisoformat(text) if kind is datetime else kind(text)
