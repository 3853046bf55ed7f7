"""Signing several documents at once (ký nhiều văn bản): one PIN, a result each."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.database import Transaction
from engine.errors import NotFound, OfficeError
from engine.work_item import ItemStatus, WorkItem
from forms.page import FieldView
from processes import work_items
from processes.batch import KEY_LOST, MOST, SIGNING, ItemSigned, SignedHow, ToSign, sign_batch
from processes.history import subject_of
from records.authority import Act
from records.document import Document, OutgoingDocument
from records.organization import Officer
from web import fields, paper, words
from web.desk import shown_desk_of_many
from web.door import language, office, transaction
from web.policy import needs
from web.shell import say
from web.tongue import _

pages = Blueprint("signing_batch", __name__)

_TONES = {
    SignedHow.SIGNED: "ok",
    SignedHow.ALREADY: "ok",
    SignedHow.REFUSED: "bad",
    SignedHow.NOT_TRIED: "warn",
}


@pages.get("/signing/chosen")
@pages.get("/signing/batch")
@needs(Act.SIGN_DOCUMENT)
def again() -> Response:
    """Go to the inbox: what was chosen is lost when the address is loaded again."""
    return redirect(url_for("inbox.show"), 303)


@pages.post("/signing/chosen")
@needs(Act.SIGN_DOCUMENT)
def choose() -> Response:
    """Show what was chosen in the inbox and ask for the PIN."""
    chosen = [ToSign(item, 0) for item in _ids(request.form.getlist("items"))]
    return _page(chosen) if chosen else _none()


@pages.post("/signing/batch")
@needs(Act.SIGN_DOCUMENT)
def sign() -> Response:
    """Sign what was shown, in the versions that were shown, and tell what became of each."""
    chosen = [one for one in map(_to_sign, request.form.getlist("items")) if one is not None]
    pin = request.form.get("pin", "")
    if not chosen:
        return _none()
    if not pin:
        return _page(chosen, error=_("Nhập mật khẩu chứng thư số (mã PIN)."), status=422)
    try:
        done = list(sign_batch(transaction, office().means, chosen, pin))
    except OfficeError as refusal:
        return _page(chosen, error=refusal.text(language()), status=refusal.status)
    return _told(chosen, done)


def _none() -> Response:
    say(_("Chưa chọn văn bản nào để ký."), "warn")
    return redirect(url_for("inbox.show"), 303)


def _told(chosen: Sequence[ToSign], done: Sequence[ItemSigned]) -> Response:
    left = [one for one in done if one.error is not None]
    if not left:
        say(_("Đã ký %(n)s văn bản.", n=len(done)))
        return redirect(url_for("inbox.show"), 303)
    signed = len(done) - len(left)
    stopped = next((one.error for one in done if one.how is SignedHow.NOT_TRIED), None)
    text = _("Đã ký %(n)s văn bản, còn %(m)s văn bản chưa ký.", n=signed, m=len(left))
    if not signed:
        text = _("Chưa ký được văn bản nào.")
    error = stopped.text(language()) if stopped is not None else ""
    again = {one.item_id for one in left}
    return _page(
        [one for one in chosen if one.item_id in again],
        results={one.item_id: one for one in done},
        told=text,
        error=error,
        status=422 if stopped is not None else 200,
    )


def _page(
    chosen: Sequence[ToSign],
    *,
    results: Mapping[UUID, ItemSigned] | None = None,
    told: str = "",
    error: str = "",
    status: int = 200,
) -> Response:
    found = results or {}
    with transaction() as tx:
        rows = [_row(tx, one, found.get(one.item_id)) for one in chosen[:MOST]]
        desk = shown_desk_of_many(tx)
    open_still = [row for row in rows if row["value"]]
    signed = [
        {"document": one.document, "how": one.how.label(language())}
        for one in found.values()
        if one.error is None
    ]
    pin = FieldView(
        "pin",
        "f-pin",
        "text",
        _("Mật khẩu chứng thư số (mã PIN)"),
        hint=_("Nhập một lần cho tất cả. Không lưu lại và không ghi vào nhật ký."),
        required=True,
        sensitive=True,
        max_length=200,
        errors=(error,) if error else (),
    )
    shown = {
        "title": _("Ký nhiều văn bản"),
        "told": told,
        "rows": rows,
        "signed": signed,
        "desk": desk,
        "action": url_for("signing_batch.sign"),
        "form": fields.form("batch", pin),
        "submit": _("Ký số %(n)s văn bản", n=len(open_still)) if open_still else "",
        "back_href": url_for("inbox.show"),
    }
    return make_response(render_template("signing_batch.html", batch=shown), status)


def _row(tx: Transaction, one: ToSign, result: ItemSigned | None) -> dict[str, Any]:
    """Return a line of what is to be signed; one that cannot be has no value to send."""
    item, instance = work_items.read(tx, one.item_id)
    document = subject_of(tx, instance)
    fit = item.verb == SIGNING and item.status == ItemStatus.OPEN
    note, tone = ("", "") if fit else (_unfit(tx, item), "warn")
    # what changed since it was shown is read again before it is signed
    version = item.version
    if not fit:
        pass
    elif result is not None and result.how is SignedHow.NOT_TRIED:
        note, tone = _("Chưa thử ký."), "warn"
    elif result is not None and isinstance(result.error, KEY_LOST):
        # why stands once, where the PIN is asked for again
        note, tone = _("Chưa ký được."), "warn"
    elif result is not None and result.error is not None:
        note, tone = result.error.text(language()), _TONES[result.how]
    elif one.version and one.version != item.version:
        note, tone = _("Văn bản đã thay đổi từ khi chọn. Mở xem lại trước khi ký."), "warn"
    return {
        "value": f"{item.id}:{version}" if fit else "",
        "version": version,
        "begin": url_for("desk_signing.begin", item_id=item.id) if fit else "",
        "reference": paper.reference(document),
        "subject": document.subject,
        "href": url_for("inbox.show", item=item.id),
        "facts": _facts(tx, document),
        "due": words.exact(item.due_at)[:16],
        "note": note,
        "tone": tone,
    }


def _unfit(tx: Transaction, item: WorkItem) -> str:
    """Return why a step is not signed here: it never was a signature, or it is done by now."""
    if item.verb != SIGNING:
        return _("Việc này không chờ ký ban hành nên không ký cùng lúc.")
    if item.status == ItemStatus.DONE and item.done_by == tx.acting.officer_id:
        match (item.outcome or {}).get("outcome"):
            case "sign":
                return _("Bạn đã ký văn bản này.")
            case "return":
                return _("Bạn đã trả lại văn bản này.")
    return _("Việc này đã được xử lý, không còn chờ ký.")


def _facts(tx: Transaction, document: Document) -> str:
    parts = [document.type_name]
    if isinstance(document, OutgoingDocument) and document.author_id is not None:
        parts.append(tx.get(Officer, document.author_id).full_name)
    return " · ".join(part for part in parts if part)


def _ids(texts: Sequence[str]) -> list[UUID]:
    try:
        return [UUID(text) for text in texts]
    except ValueError:
        raise NotFound(what=_("việc cần xử lý")) from None


def _to_sign(text: str) -> ToSign | None:
    identity, _mark, version = text.partition(":")
    [item] = _ids([identity])
    return ToSign(item, int(version)) if version.isdecimal() else None
