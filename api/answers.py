"""What goes back (câu trả lời): JSON by orjson, an ETag on what is read, links between pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Response, request

JSON = "application/json"
#: a document is for whoever asked, and asked for again each time
PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Accept-Language"}


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a command before it is sent: plain data, status, headers."""

    data: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """Return the JSON text of the data."""
        return orjson.dumps(self.data, default=str)


def send(body: bytes, status: int, headers: Mapping[str, str]) -> Response:
    """Return the response of a command; nobody may keep it."""
    response = Response(body, status, content_type=JSON)
    response.headers.extend({"Cache-Control": "no-store", **headers})
    return response


def show(data: Any, *, etag: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """Return what was read with its ETag (of the bytes unless given); 304 where it is known."""
    body = orjson.dumps(data, default=str)
    response = Response(body, content_type=JSON)
    response.headers.extend({**PRIVATE, **(headers or {})})
    response.set_etag(etag or sha256(body).hexdigest()[:32])
    response.make_conditional(request)
    return response


def show_page(items: list[Any], following: str | None) -> Response:
    """Return one page of a list; `Link: rel="next"` leads on."""
    headers = {"Link": f'<{_following(following)}>; rel="next"'} if following else {}
    return show({"items": items, "next": following}, headers=headers)


def _following(cursor: str) -> str:
    asked = [(n, v) for n, v in request.args.items(multi=True) if n != "cursor"]
    return f"{request.path}?{urlencode([*asked, ('cursor', cursor)])}"
