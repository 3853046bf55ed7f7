"""Who knocks (người truy cập): the cookie, the token in it, and the forged requests refused."""

import hashlib
import hmac
import logging
import secrets
from typing import Any

from flask import Flask, Request, g, redirect, request, url_for
from flask.sessions import SessionInterface, SessionMixin
from flask_wtf import CSRFProtect
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response

from engine.errors import OfficeError
from records.authority import authorize
from records.login_session import ABSOLUTE, SessionEnded, resume
from web.door import address, presence, system_transaction
from web.policy import Who, current_policy

log = logging.getLogger(__name__)

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: doors of machines: they bring their own proof with every request and no cookie counts there
MACHINE_DOORS = ("/api/",)

csrf = CSRFProtect()


class CrossOrigin(OfficeError):
    """The request comes from another site's page (yêu cầu từ trang khác)."""

    code = "cross-origin"
    status = 403
    vi = "Yêu cầu được gửi từ một trang khác nên bị từ chối. Hãy mở lại Congvan và thao tác lại."
    en = "The request came from another site's page and was refused. Open Congvan and try again."


class BrowserState(dict[str, Any], SessionMixin):
    """What Flask's parts keep for a browser: the CSRF secret of its session, notes for one page."""


class Browser(SessionInterface):
    """Derives the CSRF secret from the session's own token; keeps notes in a signed cookie.

    There is no second session: what is not in the database is nowhere.
    """

    def open_session(self, app: Flask, request: Request) -> BrowserState:
        """Return the state of the browser that sent `request`."""
        known = token_of(request) or request.cookies.get("visitor", "")
        if not known:
            known = g.new_visitor = secrets.token_urlsafe(24)
        key = str(app.secret_key).encode()
        state = BrowserState(csrf_token=hmac.new(key, known.encode(), hashlib.sha256).hexdigest())
        if "notes" in request.cookies:
            try:
                kept = _signer(app).loads(request.cookies["notes"])
                state["_flashes"] = [tuple(pair) for pair in kept]
            except BadSignature:
                pass
        return state

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what the browser has to keep."""
        notes = session.get("_flashes")
        if notes:
            text = _signer(app).dumps(notes)
            _set(response, "notes", str(text), 120)
        elif "notes" in request.cookies:
            response.delete_cookie("notes")
        if "new_visitor" in g:
            _set(response, "visitor", g.new_visitor, None)


def _signer(app: Flask) -> URLSafeSerializer:
    return URLSafeSerializer(str(app.secret_key), salt="notes")


def _set(response: Response, name: str, value: str, seconds: int | None) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        httponly=True,
        secure=request.is_secure,
        samesite="Lax",
    )


def cookie_name(secure: bool) -> str:
    """Return the session cookie's name: bound to this host wherever there is TLS."""
    return "__Host-congvan" if secure else "congvan"


def token_of(request: Request) -> str:
    """Return the session token the browser shows, empty without one."""
    return request.cookies.get(cookie_name(request.is_secure), "")


def admit(response: Response, token: str) -> Response:
    """Give the browser the token of its new session."""
    _set(response, cookie_name(request.is_secure), token, int(ABSOLUTE.total_seconds()))
    return response


def dismiss(response: Response) -> Response:
    """Take the session's token away from the browser."""
    response.delete_cookie(
        cookie_name(request.is_secure), path="/", secure=request.is_secure, samesite="Lax"
    )
    return response


def refuse_forgery() -> None:
    """Refuse unsafe requests of other sites: by origin, then by the token in the form."""
    if request.method in SAFE or request.path.startswith(MACHINE_DOORS):
        return
    origin, ours = request.headers.get("Origin"), f"{request.scheme}://{request.host}"
    foreign = request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}
    if foreign or origin not in {None, ours}:
        log.warning("refused a form of origin %r: ours is %s (CONGVAN_URL)", origin, ours)
        raise CrossOrigin
    csrf.protect()


def identify() -> Response | None:
    """Find out who is there and whether the page is for him; the answer to who has to log in."""
    if request.endpoint == "static" or request.path.startswith(MACHINE_DOORS):
        return None
    _resume()
    if request.endpoint is None:
        return None  # there is no such page: the error page still knows who asks
    policy = current_policy()
    if policy.who is Who.EVERYONE:
        return None
    if g.get("presence") is None:
        return _to_login()
    me = presence()
    if policy.who is Who.IN_POSITION:
        if me.must_change:
            return _gone(url_for("login.password"))
        if not me.has_position:
            return _gone(url_for("login.position", next=_here()))
        if policy.act is not None and not policy.each:
            authorize(me.acting, policy.act)
    return None


def _resume() -> None:
    token = token_of(request)
    if not token:
        return
    try:
        with system_transaction() as tx:
            g.presence = resume(tx, token, address())
    except SessionEnded:
        g.session_ended = True


def _here() -> str:
    return request.full_path.rstrip("?") if request.method == "GET" else "/"


def _to_login() -> Response:
    """Lead to the login page and back; a script or a form learns that the session ended."""
    if request.method != "GET" or "X-Partial" in request.headers:
        raise SessionEnded
    return _gone(url_for("login.log_in", next=_here()))


def _gone(target: str) -> Response:
    return redirect(target, 303)
