"""The axis over HTTP (trục liên thông): the adapter interface that clients of an axis speak.

It stands before the application: no cookie, session or form counts here, and what they cost is
spared every call.
"""

import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any, BinaryIO
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import get_content_length

from api.pace import Pace, Watch
from api.remainder import MOST_DISCARDED
from engine.errors import OfficeError
from engine.faultpoint import Point, reach
from exchange.axis import DOWNLOAD, GOT, Axis, AxisResponse, bare, fault, refusal, too_large
from exchange.axis_headers import PREFIX
from exchange.axis_refusals import CutShort, Encoded, NotPosted
from exchange.limits import DEFAULT_LIMITS, Limits
from records.axis import AxisStore
from records.axis_proof import LogBook

log = logging.getLogger(__name__)

ROOT = "/axis/"
#: read at one time of what is forgotten
_FORGOTTEN = 1 << 20
_SIGNED = "HTTP_" + PREFIX.upper().replace("-", "_")
_POINTS = {
    "sendEdoc": (Point.HUB_KEEPING, Point.HUB_KEPT),
    "updateStatus": (Point.HUB_CONFIRMING, Point.HUB_CONFIRMED),
}


def init_axis(app: Flask, pace: Pace = Pace()) -> None:  # noqa: B008 - frozen
    """Put the axis before an application whose `congvan` extension is the office."""
    app.wsgi_app = _Door(app.wsgi_app, app, pace)  # type: ignore[assignment] # Flask's way


class _Door:
    """Answers what is under `/axis/`; everything else goes to the application."""

    def __init__(self, application: WSGIApplication, app: Flask, pace: Pace) -> None:
        self._application = application
        self._app = app
        self._watch = Watch(pace)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if not path.startswith(ROOT):
            return self._application(environ, start)
        operation = path.removeprefix(ROOT)
        try:
            answer = self._answer(operation, environ)
        except Exception:  # whatever is wrong, the client learns that it may come again
            log.exception("the axis failed at %r", path[:80])
            answer = fault()
        if operation == DOWNLOAD and answer.status != HTTPStatus.OK and answer.body:
            answer = bare(answer)
        headers = [*answer.headers.items()]
        headers += [
            ("Content-Type", answer.content_type),
            ("Content-Length", str(len(answer.body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if answer.retry_after:
            headers.append(("Retry-After", str(answer.retry_after)))
        if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append(("Allow", "POST"))
        start(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [answer.body]

    def _answer(self, operation: str, environ: WSGIEnvironment) -> AxisResponse:
        """Serve one call of an axis client; the core decides, this only carries."""
        office = self._app.extensions["congvan"]
        limits = replace(DEFAULT_LIMITS, message=office.settings.hub.largest)
        method = environ["REQUEST_METHOD"]
        if method != "POST" and not (method == "GET" and operation in GOT):
            return refusal(NotPosted())
        body = self._body(environ, limits)
        if isinstance(body, AxisResponse):
            return body
        before, after = _POINTS.get(operation, (None, None))
        try:
            with office.database.transaction() as tx:
                rules = office.means.axis_rules
                axis = Axis(
                    AxisStore(tx),
                    lambda: tx.now,
                    limits,
                    rules=rules,
                    more={"getLogProof": LogBook(tx).answer},
                )
                answer = axis.handle(operation, _headers(environ), body)
                if before is not None:
                    reach(before, tx.flush)
        except OfficeError:
            log.exception("the axis failed at %s", operation)
            return fault()
        if after is not None:
            reach(after)
        return answer

    def _body(self, environ: WSGIEnvironment, limits: Limits) -> bytes | AxisResponse:
        """Return the body of a call, or why it is none; what is too large is read and forgotten.

        A client that still writes while the server closes never reads the answer.
        """
        encoding = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
        if encoding not in ("", "identity"):
            return refusal(Encoded(encoding=encoding[:40]))
        source, connection = environ["wsgi.input"], environ.get("gunicorn.socket")
        length = get_content_length(environ)
        if length is not None and length > limits.message:
            self._forget(source, length, connection)
            return too_large(limits.message)
        # without a length only the server can know where a body ends (chunked)
        most = limits.message + 1 if environ.get("wsgi.input_terminated") else 0
        try:
            body = self._watch.read(source, most if length is None else length, connection)
        except ClientDisconnected:
            return refusal(CutShort())
        if len(body) > limits.message:
            return too_large(limits.message)
        return body if length in (None, len(body)) else refusal(CutShort())

    def _forget(self, source: BinaryIO, length: int, connection: Any) -> None:
        """Read a body that is refused for its size, unless it is larger still."""
        with suppress(ClientDisconnected):
            while 0 < length <= MOST_DISCARDED:
                piece = self._watch.read(source, min(length, _FORGOTTEN), connection)
                length = length - len(piece) if piece else 0


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    """Return the headers that concern the axis, named as HTTP names them."""
    return {
        name[5:].replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith(_SIGNED)
    }
