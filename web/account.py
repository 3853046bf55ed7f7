"""Accounts (tài khoản): issued, reset, closed by the administrator of the agency alone."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.parameters import LONGEST_SEARCH
from engine.database import Transaction
from engine.errors import NotFound, OfficeError
from records import account
from records.account import Account, accounts_concern
from records.authority import Act, may
from records.encoding import fold
from records.journal import JournalLeaf
from records.organization import Officer, Unit
from records.staffing import Right, rights_on
from records.vietnamese import local_date
from web import fields, words
from web.door import language, transaction
from web.policy import needs
from web.shell import say
from web.tongue import _

pages = Blueprint("account", __name__)

Told = dict[str, str]


@pages.get("/accounts")
@needs(Act.MANAGE_ACCOUNTS)
def listing() -> Response:
    """List the officers of the agency with their positions and accounts."""
    return _page()


def _page(link: Told | None = None, error: str = "", status: int = 200) -> Response:
    text = request.args.get("text", "").strip()
    with transaction() as tx:
        assert tx.acting.agency_id is not None
        rights = rights_on(tx, tx.acting.agency_id, local_date(tx.now))
        units = {u.id: u.name for u in tx.scalars(sa.select(Unit))}
        seen = _last_logins(tx)
        people = _by_officer(rights)
        concerns = accounts_concern(tx, [held[0].officer for held in people.values()])
        mine = {key for key, facts in concerns.items() if may(tx.acting, Act.CHANGE_ACCOUNT, facts)}
        rows = [_row(tx, held, units, seen, mine) for held in people.values()]
    if text:
        wanted = fold(text)
        rows = [r for r in rows if wanted in fold(f"{r['name']} {r['username']}")]
    without = [
        (str(held[0].officer.id), held[0].officer.full_name)
        for held in people.values()
        if held[0].account is None and held[0].officer.id in mine
    ]
    shown = {
        "title": _("Tài khoản"),
        "summary": _("Tài khoản do quản trị cơ quan cấp; không xóa, chỉ khóa (Điều 14 Quy chế)."),
        "filters": fields.form(
            "accounts",
            fields.field(
                "text", "text", _("Họ tên, tài khoản"), text, max_length=LONGEST_SEARCH
            ),
        ),
        "filter_action": url_for("account.listing"),
        "page": {"text": _("%(n)s cán bộ", n=len(rows)), "older": None, "newer": None},
        "new": _new(without, error),
        "rows": rows,
        "link": link,
        "second_href": url_for("proposal.listing", _anchor="h-second"),
    }  # fmt: skip
    return make_response(render_template("users.html", users=shown), status)


def _new(without: list[tuple[str, str]], error: str) -> dict[str, Any]:
    """Return the form that issues an account or an invitation."""
    chosen, name = request.form.get("officer", ""), request.form.get("username", "")
    options = [("", _("Chọn cán bộ…")), *without]
    return {
        "action": url_for("account.issue"),
        "form": fields.form(
            "account-new",
            fields.choice("officer", _("Cán bộ chưa có tài khoản"), options, chosen, error=error),
            fields.field(
                "text", "username", _("Tên đăng nhập"), name,
                hint=_("Để trống thì cấp đường dẫn mời để cán bộ tự đặt tên và mật khẩu."),
            ),
        ),
        "submit": _("Cấp tài khoản"),
    }  # fmt: skip


def _by_officer(rights: list[Right]) -> dict[UUID, list[Right]]:
    found: dict[UUID, list[Right]] = {}
    for right in rights:
        found.setdefault(right.officer.id, []).append(right)
    return found


def _last_logins(tx: Transaction) -> dict[UUID | None, Any]:
    rows = tx.rows(
        sa.select(JournalLeaf.officer_id, sa.func.max(JournalLeaf.at))
        .where(JournalLeaf.act == "log_in", JournalLeaf.agency_id == tx.acting.agency_id)
        .group_by(JournalLeaf.officer_id)
    )
    return dict(rows)


def _row(
    tx: Transaction,
    held: list[Right],
    units: dict[UUID, str],
    seen: dict[UUID | None, Any],
    mine: set[UUID],
) -> dict[str, Any]:
    officer, kept = held[0].officer, held[0].account
    positions = []
    for right in held:
        unit = units.get(right.position.unit_id) if right.position.unit_id else None
        positions.append(f"{right.position.title}, {unit}" if unit else right.position.title)
    status, tone = _("chưa có tài khoản"), ""
    if officer.agency_id != tx.acting.agency_id:
        status = _("tài khoản do cơ quan khác cấp")
    acts: list[dict[str, str]] = []
    if kept is not None:
        status, tone = _("đang dùng"), "ok"
        if kept.disabled_at is not None:
            status, tone = _("đã khóa"), "bad"
        elif kept.must_change:
            status, tone = _("chờ đổi mật khẩu"), "warn"
        acts = _acts(kept) if officer.id in mine - {tx.acting.officer_id} else []
    return {
        "name": officer.full_name,
        "username": kept.username if kept is not None else "",
        "positions": positions,
        "roles": [right.position.role.label(language()) for right in held],
        "last_login": words.moment(seen.get(officer.id), tx.now),
        "status_text": status,
        "status_tone": tone,
        "acts": acts,
    }


def _acts(kept: Account) -> list[dict[str, str]]:
    reset = {
        "label": _("Cấp lại mật khẩu"), "kind": "",
        "action": url_for("account.reset", account_id=kept.id),
    }  # fmt: skip
    if kept.disabled_at is not None:
        opened = url_for("account.enable", account_id=kept.id)
        return [{"label": _("Mở khóa"), "kind": "", "action": opened}]
    closed = url_for("account.disable", account_id=kept.id)
    return [reset, {"label": _("Khóa"), "kind": "danger", "action": closed}]


@pages.post("/accounts")
@needs(Act.MANAGE_ACCOUNTS)
def issue() -> Response:
    """Issue an account with a one-time secret, or a link; either is shown this once."""
    chosen, username = request.form.get("officer", ""), request.form.get("username", "").strip()
    try:
        officer_id = UUID(chosen)
    except ValueError:
        return _page(error=_("Chọn cán bộ được cấp tài khoản."), status=422)
    try:
        with transaction() as tx:
            officer = _own_officer(tx, officer_id)
            if username:
                kept, secret = account.issue_account(tx, officer_id, username)
                text = _(
                    "Tài khoản «%(name)s» của %(who)s. Mật khẩu dùng một lần, có hiệu lực 72 giờ:",
                    name=kept.username, who=officer.full_name,
                )  # fmt: skip
            else:
                token = account.invite(tx, officer_id)
                secret = url_for("login.invitation", token=token, _external=True)
                text = _("Đường dẫn mời %(who)s, dùng một lần, có hiệu lực 72 giờ:",
                         who=officer.full_name)  # fmt: skip
    except OfficeError as error:
        if error.status in {403, 404} or error.status >= 500:
            raise
        return _page(error=error.text(language()), status=error.status)
    return _page(link={"text": text, "url": secret})


def _own_officer(tx: Transaction, officer_id: UUID) -> Officer:
    """Return an officer of the agency; raises `NotFound`."""
    officer = tx.get(Officer, officer_id)
    if officer.agency_id != tx.acting.agency_id:
        raise NotFound(what=_("cán bộ"))
    return officer


@pages.post("/accounts/<uuid:account_id>/reset")
@needs(Act.MANAGE_ACCOUNTS)
def reset(account_id: UUID) -> Response:
    """Give an account a one-time secret, shown this once; its sessions end."""
    with transaction() as tx:
        kept = tx.get(Account, account_id)
        secret = account.reset_password(tx, account_id)
        text = _("Mật khẩu dùng một lần của «%(name)s», có hiệu lực 72 giờ:", name=kept.username)
    return _page(link={"text": text, "url": secret})


@pages.post("/accounts/<uuid:account_id>/disable")
@needs(Act.MANAGE_ACCOUNTS)
def disable(account_id: UUID) -> Response:
    """Close an account; it stays on record."""
    with transaction() as tx:
        account.disable_account(tx, account_id, "quản trị cơ quan khóa trên trang tài khoản")
        name = tx.get(Account, account_id).username
    say(_("Đã khóa tài khoản «%(name)s» và kết thúc các phiên làm việc.", name=name))
    return redirect(url_for("account.listing"), 303)


@pages.post("/accounts/<uuid:account_id>/enable")
@needs(Act.MANAGE_ACCOUNTS)
def enable(account_id: UUID) -> Response:
    """Open a closed account again."""
    with transaction() as tx:
        account.enable_account(tx, account_id, "quản trị cơ quan mở lại trên trang tài khoản")
        name = tx.get(Account, account_id).username
    say(_("Đã mở lại tài khoản «%(name)s».", name=name))
    return redirect(url_for("account.listing"), 303)
