"""Whom signatures are believed from (danh sách tin cậy): shown, and changed by the operator."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.database import Transaction
from engine.errors import NotFound, OfficeError
from forms.page import FormView
from processes import trust
from processes.second_person import Proposal
from processes.trust import (
    FingerprintDiffers,
    NewAnchor,
    authority_certificate,
)
from processes.trust_rules import (
    Change,
    Rules,
    fingerprint,
)
from records.authority import Act, Facts, may
from records.trust import TrustVersion, newest
from records.vietnamese import VIETNAM
from signing.trust import AnchorRole
from web import fields, trust_view
from web.door import acting, language, office, transaction
from web.policy import ensure, needs
from web.shell import say
from web.tongue import _

pages = Blueprint("trust", __name__)

#: what belongs to no agency
_INSTALLATION = Facts(None)
#: a certificate is a few kilobytes
_LARGEST = 64 << 10


class DayUnreadable(OfficeError):
    """What was typed is no day (ngày không đọc được)."""

    code = "day-unreadable"
    vi = "Ngày «{text}» không đọc được. Hãy ghi ngày/tháng/năm, ví dụ 31/12/2030."
    en = "{text!r} is no day. Write day/month/year, such as 31/12/2030."


@pages.get("/trust")
@needs(Act.READ_TRUST, each=True)
def show() -> Response:
    """Show whom is trusted, which lists are at hand, and by which rules signatures are checked."""
    ensure(acting(), Act.READ_TRUST, _INSTALLATION)
    return _page()


@pages.post("/trust")
@needs(Act.MANAGE_TRUST, each=True)
def change() -> Response:
    """Make the next version of the list or the policy, or propose it to a second person."""
    ensure(acting(), Act.MANAGE_TRUST, _INSTALLATION)
    what = request.form.get("do", "")
    carry = _CHANGES.get(what)
    if carry is None:
        raise NotFound(what=_("thao tác này"))
    try:
        if what == Change.ADD_ANCHOR and not request.form.get("fingerprint", "").strip():
            return _page(read=authority_certificate(_file()))
        with transaction() as tx:
            made = carry(tx, request.form.get("reason", ""))
            told = (
                _("Đã gửi đề nghị. Thay đổi có hiệu lực khi người thứ hai đồng ý.")
                if isinstance(made, Proposal)
                else _("Đã lập bản %(n)s của danh sách tin cậy và chính sách.", n=made.number)
            )
    except OfficeError as error:
        if error.status in {403, 404} or error.status >= 500:
            raise
        read = authority_certificate(_file()) if isinstance(error, FingerprintDiffers) else None
        return _page(what, error.text(language()), error.status, read)
    say(told)
    return redirect(url_for("trust.show"), 303)


# what was sent -----------------------------------------------------------------------------------


def _add_anchor(tx: Transaction, reason: str) -> TrustVersion | Proposal:
    form = request.form
    new = NewAnchor(
        form.get("name", ""),
        _role(),
        _file(),
        form.get("fingerprint", ""),
        _day("valid_from", time.min),
        _day("valid_until", time.max),
        tuple(form.get("policies", "").replace(",", " ").split()),
    )
    return trust.add_anchor(tx, new, reason)


def _withdraw(tx: Transaction, reason: str) -> TrustVersion | Proposal:
    digest, _space, role = request.form.get("anchor", "").partition(" ")
    found = AnchorRole(role) if role in set(AnchorRole) else AnchorRole.SIGNER
    until = tx.now if not request.form.get("until", "").strip() else _day("until", time.min)
    return trust.withdraw_anchor(tx, digest, found, until, reason)


def _add_issuer(tx: Transaction, reason: str) -> TrustVersion | Proposal:
    return trust.add_issuer(tx, _file(), reason)


def _add_list(tx: Transaction, reason: str) -> TrustVersion | Proposal:
    return trust.add_list(tx, request.form.get("url", ""), request.form.get("issuer", ""), reason)


def _set_addresses(tx: Transaction, reason: str) -> TrustVersion | Proposal:
    form = request.form
    return trust.set_addresses(
        tx, form.get("allowed", "").split(), form.get("networks", "").split(), reason
    )


def _set_policy(tx: Transaction, reason: str) -> TrustVersion | Proposal:
    return trust.set_policy(tx, request.form.get("text", ""), reason)


_CHANGES: dict[str, Callable[[Transaction, str], TrustVersion | Proposal]] = {
    Change.ADD_ANCHOR: _add_anchor,
    Change.WITHDRAW_ANCHOR: _withdraw,
    Change.ADD_ISSUER: _add_issuer,
    Change.ADD_LIST: _add_list,
    Change.SET_ADDRESSES: _set_addresses,
    Change.SET_POLICY: _set_policy,
}


def _role() -> AnchorRole:
    sent = request.form.get("role", "")
    return AnchorRole(sent) if sent in set(AnchorRole) else AnchorRole.SIGNER


def _file() -> bytes:
    """Return the certificate uploaded, or the one read a step before."""
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        return sent.stream.read(_LARGEST)
    try:
        return b64decode(request.form.get("read", ""), validate=True)
    except ValueError:
        return b""


def _day(name: str, at: time) -> datetime:
    text = request.form.get(name, "").strip()
    try:
        day, month, year = (int(part) for part in text.split("/"))
        return datetime.combine(date(year, month, day), at, VIETNAM).astimezone(UTC)
    except ValueError:
        raise DayUnreadable(text=text[:20]) from None


# the page ----------------------------------------------------------------------------------------


def _page(
    refused: str = "", error: str = "", status: int = 200, read: bytes | None = None
) -> Response:
    known = office().means.signing.known()
    with transaction() as tx:
        edits = may(tx.acting, Act.MANAGE_TRUST, _INSTALLATION)
        rules = Rules.of(newest(tx))
        shown = {
            "title": _("Danh sách tin cậy và chính sách kiểm tra chữ ký số"),
            "action": url_for("trust.change"),
            **trust_view.shown(tx, known),
            "forms": _forms(rules, tx.now, refused, error, read) if edits else [],
            "read": _read(read),
        }
    return make_response(render_template("trust.html", trust=shown), status)


def _read(certificate: bytes | None) -> dict[str, Any] | None:
    if certificate is None:
        return None
    return {
        **trust_view.certificate(certificate),
        "encoded": b64encode(certificate).decode(),
        "do": Change.ADD_ANCHOR.value,
    }


def _forms(
    rules: Rules, now: datetime, refused: str, error: str, read: bytes | None
) -> list[dict[str, Any]]:
    made = (
        (Change.ADD_ANCHOR, _("Thêm chứng thư số gốc"), _anchor_form(now)),
        (Change.WITHDRAW_ANCHOR, _("Thôi tin cậy chứng thư số gốc"), _withdraw_form(rules, now)),
        (Change.ADD_ISSUER, _("Thêm chứng thư số trung gian"), _issuer_form()),
        (Change.ADD_LIST, _("Thêm danh sách thu hồi"), _list_form(rules)),
        (Change.SET_ADDRESSES, _("Sửa địa chỉ được phép"), _addresses_form(rules)),
        (Change.SET_POLICY, _("Sửa chính sách kiểm tra"), _policy_form(rules)),
    )
    return [
        {
            "do": what.value,
            "title": title,
            "form": form,
            "error": error if what == refused else "",
            "opened": what == refused or (read is not None and what is Change.ADD_ANCHOR),
        }
        for what, title, form in made
    ]


def _typed(what: Change, name: str, otherwise: str = "") -> str:
    """Return what was typed into the form that was sent, what stands there in the others."""
    same = request.form.get("do") == what
    return request.form.get(name, otherwise) if same else otherwise


def _form(what: Change, *parts: Any) -> FormView:
    reason = fields.field(
        "textarea", "reason", _("Lý do và căn cứ"), _typed(what, "reason"), required=True
    )
    # several forms stand on one page, so each part bears the form's name in its id
    named = [replace(one, id=f"f-{what.value}-{one.name}") for one in (*parts, reason)]
    return fields.form(what.value, *named)


def _anchor_form(now: datetime) -> FormView:
    what = Change.ADD_ANCHOR
    today = now.astimezone(VIETNAM).date()
    later = today + timedelta(days=5 * 365)
    roles = [(one.value, trust_view.role(one)) for one in AnchorRole]
    text = "text"
    return _form(
        what,
        _upload(),
        fields.field(
            text, "fingerprint", _("Dấu vân tay SHA-256 nơi cấp công bố"),
            _typed(what, "fingerprint"), max_length=120,
            hint=_("Để trống để xem chứng thư số trước; rồi nhập dấu vân tay lấy từ kênh khác."),
        ),
        fields.field(text, "name", _("Tên nơi cấp"), _typed(what, "name"), max_length=200),
        fields.choice("role", _("Tin cậy cho"), roles, _typed(what, "role", "signer")),
        fields.field(
            "date", "valid_from", _("Từ ngày"), _typed(what, "valid_from", f"{today:%d/%m/%Y}")
        ),
        fields.field(
            "date", "valid_until", _("Đến ngày"), _typed(what, "valid_until", f"{later:%d/%m/%Y}")
        ),
        fields.field(
            text, "policies", _("Chính sách chứng thư (OID) phải có"), _typed(what, "policies"),
            hint=_("Có thể để trống. Nhiều OID cách nhau bằng dấu phẩy."), max_length=500,
        ),
    )  # fmt: skip


def _withdraw_form(rules: Rules, now: datetime) -> FormView:
    what = Change.WITHDRAW_ANCHOR
    options = [
        (
            f"{fingerprint(one.certificate)} {one.role.value}",
            f"{one.name} ({trust_view.role(one.role)})",
        )
        for one in rules.trust.anchors
        if one.valid_until > now
    ]
    return _form(
        what,
        fields.choice("anchor", _("Chứng thư số gốc"), options, _typed(what, "anchor")),
        fields.field(
            "date", "until", _("Kể từ ngày"), _typed(what, "until"),
            hint=_("Để trống: ngay bây giờ. Chữ ký có dấu thời gian trước đó vẫn được tính."),
        ),
    )  # fmt: skip


def _issuer_form() -> FormView:
    return _form(Change.ADD_ISSUER, _upload())


def _list_form(rules: Rules) -> FormView:
    what = Change.ADD_LIST
    options = [
        (fingerprint(der), trust_view.certificate(der)["subject"]) for der in rules.issuers()
    ]
    return _form(
        what,
        fields.choice("issuer", _("Nơi cấp"), options, _typed(what, "issuer")),
        fields.field("text", "url", _("Địa chỉ tải CRL"), _typed(what, "url"), max_length=500),
    )


def _addresses_form(rules: Rules) -> FormView:
    what = Change.SET_ADDRESSES
    return _form(
        what,
        fields.field(
            "textarea", "allowed", _("Địa chỉ được phép hỏi, mỗi dòng một địa chỉ"),
            _typed(what, "allowed", "\n".join(rules.sources.allowed)), max_length=20_000,
            hint=_("Kết thúc bằng «/» thì được phép mọi tệp phía sau, ví dụ http://crl.vidu.vn/."),
        ),
        fields.field(
            "textarea", "networks", _("Mạng nội bộ được phép, mỗi dòng một dải"),
            _typed(what, "networks", "\n".join(rules.sources.networks)), max_length=2_000,
            hint=_("Chỉ ghi khi máy chủ danh sách nằm trong mạng riêng, ví dụ 10.20.0.0/16."),
        ),
    )  # fmt: skip


def _policy_form(rules: Rules) -> FormView:
    what = Change.SET_POLICY
    text = _typed(what, "text", rules.policy_text)
    return _form(
        what, fields.field("textarea", "text", _("Nội dung (TOML)"), text, max_length=100_000)
    )


def _upload() -> Any:
    hint = _("Tệp PEM hoặc DER (.pem, .crt, .cer).")
    return replace(
        fields.field("file", "file", _("Chứng thư số"), hint=hint), accept=".pem,.crt,.cer,.der"
    )
