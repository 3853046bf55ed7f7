"""Logging in and out, choosing a position, passwords, invitations (đăng nhập, tài khoản)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.errors import NotFound, OfficeError
from records import account, login, login_session
from records.delegation import choices_of
from records.organization import Agency, Officer, Position, in_force
from records.password import SHORTEST
from records.vietnamese import local_date
from web.door import (
    LANGUAGES,
    THEMES,
    address,
    language,
    office,
    own_address,
    presence,
    system_transaction,
    transaction,
)
from web.policy import Who, open_to
from web.shell import first_agency, position_entry, say, shell
from web.tongue import _
from web.visitor import admit, dismiss, token_of

pages = Blueprint("login", __name__)
_YEAR = 365 * 24 * 3600


def outside() -> dict[str, Any]:
    """Return the frame of a page before login: the installation's own agency speaks."""
    kept = shell()
    if g.get("presence") is None:
        kept |= {"agency": {"name": first_agency()["name"], "parent": ""}}
        kept["hotline"] = first_agency()["hotline"]
    return kept


def _page(template: str, status: int = 200, **context: Any) -> Response:
    return make_response(render_template(template, shell=outside(), **context), status)


def _login_page(
    username: str = "",
    error: OfficeError | None = None,
    missing: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    listed = [(name, text) for name, text in missing.items() if text]
    notice = None
    if error is not None:
        listed.append(("username", error.text(language())))
    elif g.get("session_ended"):
        notice = login_session.SessionEnded().text(language())
    shown = {
        "username": username,
        "next": own_address(request.values.get("next", ""), "/"),
        "action": url_for("login.log_in"),
        "errors": listed,
        "username_error": missing.get("username", ""),
        "password_error": missing.get("password", ""),
        "forgot_href": url_for("help.show", _anchor="password"),
        "certificate_href": None,
        "notice": notice,
        "demo_accounts": _demo_accounts(),
    }
    status = error.status if error is not None else 422 if listed else 200
    return _page("login.html", status, login=shown)


def _demo_accounts() -> list[dict[str, str]]:
    """Return the accounts of the demonstration, on its login page alone."""
    if str(office().settings.mode) != "demo":
        return []
    with system_transaction() as tx:
        rows = tx.rows(
            sa.select(
                account.Account.username, Officer.full_name, Position.title, Agency.short_name
            )
            .join(Officer, Officer.id == account.Account.officer_id)
            .join(Position, Position.officer_id == Officer.id)
            .join(Agency, Agency.id == Position.agency_id)
            .where(
                account.Account.must_change.is_(False),
                account.Account.disabled_at.is_(None),
                in_force(Position, local_date(tx.now)),
            )
            .order_by(account.Account.issued_at, account.Account.id, Agency.sort_key)
            .limit(60)
        )
    found: dict[str, str] = {}
    for username, name, title, place in rows:
        held = f"{title}, {place}"
        found[username] = f"{found[username]}; {held}" if username in found else f"{name}: {held}"
    return [{"username": username, "who": who} for username, who in found.items()]


@pages.route("/login", methods=["GET", "POST"])
@open_to(Who.EVERYONE)
def log_in() -> Response:
    """Check name and password; a refusal is counted before it is told."""
    if request.method == "GET":
        if g.get("presence") is not None:
            return redirect(own_address(request.args.get("next", ""), "/"), 303)
        return _login_page()
    username, password = request.form.get("username", ""), request.form.get("password", "")
    missing = {
        "username": "" if username.strip() else _("Nhập tên tài khoản."),
        "password": "" if password else _("Nhập mật khẩu."),
    }
    if any(missing.values()):
        return _login_page(username, None, missing)
    with system_transaction() as tx:
        device = request.headers.get("User-Agent", "")
        admission = login.log_in(tx, username, password, address(), device)
    try:
        token = admission.token
    except OfficeError as error:
        return _login_page(username, error)
    if admission.elsewhere:
        places = ", ".join(admission.elsewhere)
        say(_("Tài khoản này đang đăng nhập ở nơi khác: %(places)s.", places=places), "warn")
    target = own_address(request.form.get("next", ""), "/")
    if admission.must_change:
        target = url_for("login.password")
    elif len(admission.choices) != 1:
        target = url_for("login.position", next=target)
    return admit(redirect(target, 303), token)


@pages.post("/logout")
@open_to(Who.EVERYONE)
def log_out() -> Response:
    """End the session here and in the database."""
    with system_transaction() as tx:
        login_session.log_out(tx, token_of(request), address())
    return dismiss(redirect(url_for("login.log_in"), 303))


@pages.route("/position", methods=["GET", "POST"])
@open_to(Who.LOGGED_IN)
def position() -> Response:
    """Choose, or change, the position the officer acts in; the token changes with it."""
    target = own_address(request.values.get("next", ""), "/")
    if request.method == "POST":
        chosen = _position_id()
        with system_transaction() as tx:
            me, token = login_session.choose_position(tx, token_of(request), chosen, address())
        say(_("Đang làm việc với tư cách %(title)s.", title=me.acting.title))
        # Another position sees other pages: the address before may be closed to it.
        same = g.presence.acting.agency_id == me.acting.agency_id and not g.presence.has_position
        return admit(redirect(target if same else "/", 303), token)
    me = presence()
    if me.must_change:
        return redirect(url_for("login.password"), 303)
    officer_id = me.acting.officer_id
    assert officer_id is not None
    with system_transaction() as tx:
        choices = choices_of(tx, officer_id, local_date(tx.now))
    choice = {
        "action": url_for("login.position"),
        "next": target,
        "officer": me.acting.name,
        "positions": [position_entry(c) for c in choices],
    }
    return _page("choose_position.html", choice=choice)


def _position_id() -> UUID:
    try:
        return UUID(request.form.get("position", ""))
    except ValueError:
        raise NotFound(what=_("chức vụ")) from None


def _rules() -> list[str]:
    return [
        _("Từ %(n)s ký tự trở lên; nên dùng một câu dễ nhớ gồm nhiều từ.", n=SHORTEST),
        _("Không chứa tên đăng nhập, không phải mật khẩu phổ biến."),
        _(
            "Đổi xong, mọi phiên làm việc của tài khoản này kết thúc; đăng nhập lại bằng mật khẩu "
            "mới."
        ),
    ]  # fmt: skip


def _password_page(action: str, *, first: bool, errors: dict[str, str], **more: Any) -> Response:
    shown = {
        "action": action,
        "must_change": first,
        "errors": list(errors.items()),
        "rules": _rules(),
        "current_error": errors.get("current", ""),
        "new_error": errors.get("new", ""),
        "again_error": errors.get("again", ""),
        "username": None,
        "username_error": errors.get("username", ""),
        **more,
    }
    return _page("password.html", 422 if errors else 200, password=shown)


def _wanted() -> tuple[str, dict[str, str]]:
    wanted, again = request.form.get("new", ""), request.form.get("again", "")
    errors = {}
    if not wanted:
        errors["new"] = _("Nhập mật khẩu mới.")
    elif wanted != again:
        errors["again"] = _("Hai lần nhập mật khẩu mới không giống nhau.")
    return wanted, errors


@pages.route("/password", methods=["GET", "POST"])
@open_to(Who.LOGGED_IN)
def password() -> Response:
    """Change one's own password; the first login with a one-time secret must."""
    me, action = presence(), url_for("login.password")
    if request.method == "GET":
        return _password_page(action, first=False, errors={}, forced=me.must_change)
    wanted, errors = _wanted()
    if not errors:
        try:
            with transaction() as tx:
                account.change_password(tx, me.account_id, request.form.get("current", ""), wanted)
        except account.WrongPassword as error:
            errors["current"] = error.text(language())
        except OfficeError as error:
            errors["new"] = error.text(language())
    if errors:
        return _password_page(action, first=False, errors=errors, forced=me.must_change)
    say(_("Đã đổi mật khẩu. Đăng nhập lại bằng mật khẩu mới."))
    return dismiss(redirect(url_for("login.log_in"), 303))


@pages.route("/invitations/<token>", methods=["GET", "POST"])
@open_to(Who.EVERYONE)
def invitation(token: str) -> Response:
    """Make one's own account by the one-time link of an administrator."""
    action = url_for("login.invitation", token=token)
    username = request.form.get("username", "")
    if request.method == "GET":
        return _password_page(action, first=True, errors={}, username=username)
    wanted, errors = _wanted()
    if not errors:
        try:
            with system_transaction() as tx:
                account.accept_invitation(tx, token, username, wanted)
        except (account.UsernameTaken, account.BadUsername) as error:
            errors["username"] = error.text(language())
        except account.InvitationOver:
            raise
        except OfficeError as error:
            errors["new"] = error.text(language())
    if errors:
        return _password_page(action, first=True, errors=errors, username=username)
    say(_("Đã lập tài khoản. Đăng nhập để bắt đầu làm việc."))
    return redirect(url_for("login.log_in"), 303)


@pages.post("/preferences")
@open_to(Who.EVERYONE)
def preferences() -> Response:
    """Keep the chosen language or theme in this browser."""
    response = redirect(own_address(request.form.get("next", ""), "/"), 303)
    for name, known in (("language", LANGUAGES), ("theme", THEMES)):
        value = request.form.get(name, "")
        if value in known:
            response.set_cookie(
                name, value, max_age=_YEAR, path="/", secure=request.is_secure,
                httponly=True, samesite="Lax",
            )  # fmt: skip
    return response
