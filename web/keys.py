"""Keys and certificates (khóa, chứng thư số): registered, tried; the agency's and its log."""

import csv
import io
from dataclasses import replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.database import Transaction
from engine.errors import NotFound, OfficeError
from forms.fields import read_day
from forms.page import FieldView, FormView
from processes.key_trial import is_certificate, place_of, read_certificate, try_key
from records.authority import Act, may
from records.key_custody import BadHandover, KeyUse, hand_over, handovers, uses
from records.keystore import KeyKind, Keystore, keystores, register_keystore
from records.organization import Agency, Officer
from records.vietnamese import local_date
from signing.errors import SigningError
from signing.role import SignRole
from web import fields, words
from web.door import language, office, transaction
from web.policy import ensure, needs
from web.refusals import refusal_text
from web.shell import say
from web.tongue import _, later

pages = Blueprint("keys", __name__)
PAGE = 50
#: what the log of the agency's key says a use was for
_PURPOSES = {
    SignRole.APPROVE: later("ký ban hành"),
    SignRole.NUMBER: later("cấp số, ngày"),
    SignRole.SEAL: later("ký số của cơ quan"),
    SignRole.ANNEX: later("phụ lục"),
    SignRole.COPY: later("sao văn bản"),
    SignRole.INCOMING: later("số hóa văn bản đến"),
    "trial": later("ký thử"),
}
#: a certificate is a few kilobytes
_LARGEST = 64 << 10
#: all of what a spreadsheet program opens
_MOST_ROWS = 100_000


class PlaceIncomplete(OfficeError):
    """The place of the key was not told (thiếu vị trí khóa)."""

    code = "key-place-incomplete"
    vi = (
        "Chưa đủ thông tin nơi giữ khóa: thiết bị cần thư viện và tên thiết bị; dịch vụ ký từ xa "
        "cần địa chỉ."
    )
    en = "A token needs its library and label, a remote service its address."


class FieldsMissing(OfficeError):
    """A form came without what it needs (chưa nhập đủ)."""

    code = "fields-missing"
    status = 400
    vi = "Chưa nhập đủ: {fields}."
    en = "Still missing: {fields}."


class NoCertificateFile(OfficeError):
    """The file is no certificate (tệp không phải chứng thư số)."""

    code = "no-certificate-file"
    vi = "Tệp «{name}» không phải chứng thư số. Hãy chọn tệp .cer, .crt hoặc .pem của chứng thư số."
    en = "The file “{name}” is no certificate. Choose the .cer, .crt or .pem of the certificate."


@pages.get("/keys")
@needs(Act.READ_KEY_USES)
def show() -> Response:
    """Show registered certificates, the holder of the agency's key, and each use of it."""
    return _page()


@pages.route("/keys/<what>", methods=["GET", "POST"])
@needs(Act.READ_KEY_USES)
def change(what: str) -> Response:
    """Register a certificate, write down a handover, or try a key."""
    carry = {"certificate": _register, "handover": _hand_over, "trial": _try}.get(what)
    if carry is None:
        raise NotFound(what=_("thao tác này"))
    if request.method == "GET":  # the address of a refused form, loaded again
        return redirect(url_for("keys.show"), 303)
    try:
        with transaction() as tx:
            told = carry(tx)
    except (OfficeError, SigningError) as refusal:
        if refusal.status in {401, 403, 404} or refusal.status >= 500:
            raise
        return _page(refused=(what, refusal.text(language())), status=refusal.status)
    say(told)
    return redirect(url_for("keys.show"), 303)


@pages.get("/keys/uses.csv")
@needs(Act.READ_KEY_USES)
def export() -> Response:
    """Hand out the log of the agency's key as a table."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(
        [
            _("Thời điểm"), _("Người dùng"), _("Chức vụ"), _("Văn bản"), _("Mục đích"),
            _("Theo lệnh của"), _("Mã băm tệp đưa vào ký (SHA-256)"),
            _("Mã băm tệp đã ký (SHA-256)"), _("Chứng thư số (SHA-256)"), _("Kết quả"), _("Lý do"),
        ]
    )  # fmt: skip
    with transaction() as tx:
        ensure(tx.acting, Act.READ_KEY_USES)
        for one in uses(tx, limit=_MOST_ROWS):
            writer.writerow(
                map(
                    _plain,
                    (
                        words.exact(one.at), one.by_name, one.by_title, one.document, _purpose(one),
                        one.ordered_by, one.digest, one.signed_digest, one.fingerprint,
                        one.outcome.label(language()),
                        refusal_text(one.reason) if one.reason else "",
                    ),
                )
            )  # fmt: skip
    # the mark tells spreadsheet programs that it is UTF-8
    answer = make_response("\ufeff" + table.getvalue())
    answer.mimetype = "text/csv"
    answer.headers["Content-Disposition"] = 'attachment; filename="so-dung-khoa.csv"'
    return answer


def _plain(text: str) -> str:
    """Return the text so that no spreadsheet program takes it for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _register(tx: Transaction) -> str:
    given = request.form
    sent = request.files.get("certificate")
    data = sent.stream.read(_LARGEST) if sent is not None else b""
    _need(
        (given.get("owner"), _("Của ai")),
        (given.get("kind"), _("Khóa nằm ở đâu")),
        (data, _("Tệp chứng thư số (.cer, .crt, .pem)")),
    )
    kind = _kind(given.get("kind", ""))
    if not is_certificate(data):
        raise NoCertificateFile(name=sent.filename if sent is not None else "")
    certificate = read_certificate(data)
    place = place_of(kind, {name: given.get(name, "") for name in given})
    if place is None:
        raise PlaceIncomplete
    owner = _owner(tx, given.get("owner", ""))
    register_keystore(
        tx,
        owner,
        kind,
        label=given.get("name", "").strip() or certificate.subject,
        certificate=certificate,
        place=place,
    )
    return _("Đã đăng ký chứng thư số của %(name)s.", name=certificate.subject)


def _hand_over(tx: Transaction) -> str:
    given = request.form
    _need(
        (given.get("holder"), _("Người nhận")),
        (given.get("received_on"), _("Ngày bàn giao")),
        (given.get("record", "").strip(), _("Số, ký hiệu biên bản")),
    )
    day = read_day(given.get("received_on", ""))
    if day is None:
        raise BadHandover
    holder = tx.get(Officer, _id(given["holder"]))
    record, note = given["record"], given.get("note", "")
    hand_over(tx, holder, received_on=day, record=record, note=note)
    return _("Đã ghi bàn giao khóa của cơ quan cho %(name)s.", name=holder.full_name)


def _try(tx: Transaction) -> str:
    given = request.form
    _need(
        (given.get("owner"), _("Ký thử bằng")),
        (given.get("pin"), _("Mật khẩu chứng thư số (mã PIN)")),
    )
    mine = given["owner"] != "agency"
    owner = tx.acting.officer_id if mine else tx.acting.agency_id
    assert owner is not None
    try_key(tx, office().means, owner, given["pin"])
    return _("Ký thử thành công: khóa và chứng thư số khớp nhau.")


def _need(*given: tuple[str | bytes | None, str]) -> None:
    missing = [label for value, label in given if not value]
    if missing:
        raise FieldsMissing(fields="; ".join(missing))


def _owner(tx: Transaction, text: str) -> UUID:
    if text == "agency":
        assert tx.acting.agency_id is not None
        return tx.acting.agency_id
    return tx.get(Officer, _id(text)).id


def _kind(text: str) -> KeyKind:
    try:
        return KeyKind(text)
    except ValueError:
        raise PlaceIncomplete from None


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(what=_("cán bộ")) from None


# the page --------------------------------------------------------------------------------------


def _page(refused: tuple[str, str] = ("", ""), status: int = 200) -> Response:
    after = request.args.get("after", "")
    with transaction() as tx:
        people = _people(tx)
        agency = tx.get(Agency, tx.acting.agency_id)
        names = {**people, agency.id: agency.name}
        held = handovers(tx)
        used = uses(tx, before=_id(after) if after else None, limit=PAGE + 1)
        manages = may(tx.acting, Act.MANAGE_STAFF)
        shown = {
            "title": _("Khóa và chứng thư số"),
            "refused": bool(refused[1]),
            "rows": [_certificate(tx, one, names) for one in keystores(tx)],
            "holder": _holder(held[0]) if held else "",
            "handovers": [_holder(one) for one in held[1:]],
            "uses": [_use(one) for one in used[:PAGE]],
            "older": url_for("keys.show", after=used[PAGE - 1].id) if len(used) > PAGE else None,
            "csv_href": url_for("keys.export"),
            "register": _register_form(names, refused) if manages else None,
            "handover": _handover_form(people, refused, tx) if manages else None,
            "trial": _trial_form(tx, refused),
        }
    return make_response(render_template("keys.html", keys=shown), status)


def _people(tx: Transaction) -> dict[UUID, str]:
    found = tx.rows(
        sa.select(Officer.id, Officer.full_name)
        .where(Officer.agency_id == tx.acting.agency_id, Officer.active)
        .order_by(Officer.sort_key)
    )
    return dict(found)


def _certificate(tx: Transaction, one: Keystore, names: dict[UUID, str]) -> dict[str, str]:
    if one.until is not None:
        state, tone = _("đã thay"), ""
    elif one.valid_until <= tx.now:
        state, tone = _("đã hết hạn"), "bad"
    elif one.ends_soon(tx.now):
        state, tone = _("sắp hết hạn"), "warn"
    else:
        state, tone = _("đang dùng"), "ok"
    return {
        "owner": names.get(one.owner_id, one.subject),
        "label": one.label,
        "kind": one.kind.label(language()),
        "subject": one.subject,
        "until": words.day(local_date(one.valid_until)),
        "hash": one.fingerprint[:16],
        "state": state,
        "tone": tone,
    }


def _holder(one: Any) -> str:
    day = words.day(one.received_on)
    return _(
        "%(name)s, từ %(day)s, theo %(record)s", name=one.holder_name, day=day, record=one.record
    )


def _use(one: KeyUse) -> dict[str, str]:
    return {
        "at": words.exact(one.at),
        "who": one.by_name,
        "document": one.document or _("ký thử"),
        "purpose": _purpose(one),
        "ordered_by": one.ordered_by,
        "hash": one.digest[:16],
        "outcome": one.outcome.label(language()),
        "reason": refusal_text(one.reason) if one.reason else "",
        "tone": "" if one.outcome.value == "signed" else "bad",
    }


def _purpose(one: KeyUse) -> str:
    return str(_PURPOSES.get(one.purpose, one.purpose))


def _form(key: str, refused: tuple[str, str], *parts: FieldView) -> dict[str, Any]:
    error = refused[1] if refused[0] == key else ""
    form: FormView = fields.form(key, *map(_typed, parts) if error else parts)
    return {"action": url_for("keys.change", what=key), "form": form, "error": error}


def _typed(part: FieldView) -> FieldView:
    """Return the field with what was sent in it, but for files and secrets."""
    if part.sensitive or part.kind == "file":
        return part
    sent = request.form.get(part.name, "")
    options = tuple(replace(one, selected=one.value == sent) for one in part.options)
    return replace(part, value="" if options else sent, options=options)


def _register_form(names: dict[UUID, str], refused: tuple[str, str]) -> dict[str, Any]:
    agency = list(names)[-1]
    people = [(str(key), name) for key, name in names.items() if key != agency]
    kinds = [(kind.value, kind.label(language())) for kind in KeyKind]
    text = fields.field
    return _form(
        "certificate",
        refused,
        fields.choice("owner", _("Của ai"), [("agency", names[agency]), *people], required=True),
        fields.choice("kind", _("Khóa nằm ở đâu"), kinds, required=True),
        text("text", "name", _("Tên gọi"), max_length=100),
        text("file", "certificate", _("Tệp chứng thư số (.cer, .crt, .pem)"), required=True),
        _of(
            KeyKind.PKCS11,
            text(
                "text",
                "library",
                _("Thư viện của thiết bị (PKCS#11)"),
                required=True,
                max_length=300,
            ),
        ),
        _of(
            KeyKind.PKCS11, text("text", "token", _("Tên thiết bị"), required=True, max_length=100)
        ),
        _of(KeyKind.PKCS11, text("text", "label", _("Tên khóa trong thiết bị"), max_length=100)),
        _of(
            KeyKind.REMOTE,
            text("text", "url", _("Địa chỉ dịch vụ ký số từ xa"), required=True, max_length=300),
        ),
        _of(
            KeyKind.REMOTE,
            text("text", "credential", _("Mã chứng thư số tại dịch vụ"), max_length=100),
        ),
    )


def _of(kind: KeyKind, part: FieldView) -> FieldView:
    """Return a field that scripts show with this kind of key alone."""
    hidden = request.form.get("kind") != kind.value
    return replace(part, hide=f'=kind != "{kind.value}"', hidden=hidden)


def _handover_form(
    people: dict[UUID, str], refused: tuple[str, str], tx: Transaction
) -> dict[str, Any]:
    today = words.day(local_date(tx.now))
    return _form(
        "handover",
        refused,
        fields.choice(
            "holder",
            _("Người nhận"),
            [(str(key), name) for key, name in people.items()],
            required=True,
        ),
        fields.field("date", "received_on", _("Ngày bàn giao"), today, required=True),
        fields.field("text", "record", _("Số, ký hiệu biên bản"), required=True, max_length=200),
        fields.field("text", "note", _("Ghi chú"), max_length=500),
    )


def _trial_form(tx: Transaction, refused: tuple[str, str]) -> dict[str, Any]:
    whose = [("mine", _("khóa của tôi"))]
    if may(tx.acting, Act.SEAL_DOCUMENT):
        whose.append(("agency", _("khóa của cơ quan")))
    pin = FieldView(
        "pin", "f-trial-pin", "text", _("Mật khẩu chứng thư số (mã PIN)"), sensitive=True,
        required=True, hint=_("Không lưu lại và không ghi vào nhật ký."), max_length=200,
    )  # fmt: skip
    owner = fields.choice("owner", _("Ký thử bằng"), whose, "mine", required=True)
    chosen = replace(owner, id="f-trial-owner")
    return _form("trial", refused, chosen, pin)
