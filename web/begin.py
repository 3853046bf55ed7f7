"""New documents (văn bản mới): one that arrived on paper or by mail, one to be written."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.errors import OfficeError
from engine.runtime import Completed
from forms.definition import load_form
from forms.errors import FormInvalid
from forms.fields import composed
from forms.posting import ROW_COMMAND, from_post
from forms.submission import Submission
from forms.submission import Upload as Sent
from forms.validation import validate
from forms.view import view_form
from processes import choices, reach, work_items
from processes.incoming.receive import ReceiveIncoming, receive
from processes.outgoing.begin import begin
from processes.recall.ask import ensure_may_be_asked
from records.authority import Act, may
from records.document import Document, IncomingDocument, OutgoingDocument
from records.document_type import DocumentType
from records.encoding import is_unicode
from records.vocabulary import Channel, Secrecy, Urgency
from web import fields, paper
from web.door import acting, language, office, own_address, transaction
from web.policy import ensure, needs
from web.shell import say
from web.tongue import _
from web.upload import WORD, Received, receive_files

pages = Blueprint("begin", __name__)
_FORM = "incoming-receive"


@pages.route("/incoming/new", methods=["GET", "POST"])
@needs(Act.RECEIVE_DOCUMENT)
def incoming() -> Response:
    """Receive what came by post, by hand, by mail or fax; its procedure starts at once."""
    form = load_form(_FORM)
    if request.method == "GET":
        return _incoming_page(Received())
    received = receive_files(form)
    raw = from_post(form, request.form, uploaded=received.references, ignore=("csrf_token", WORD))
    if ROW_COMMAND in request.form:
        return _incoming_page(received, raw)
    if received.errors:
        return _incoming_page(received, raw, received.errors, 422)
    try:
        with transaction() as tx:
            filled = validate(
                form,
                raw,
                choices=choices.choices_for(tx, form),
                uploads=_sent(received),
                language=language(),
                now=tx.now,
                is_legible=is_unicode,
            )
            kind = filled.data.get("document_type")
            known = tx.get(DocumentType, UUID(str(kind))) if kind else None
            document, started = receive(tx, office().means, _command(filled, received, known))
    except FormInvalid as error:
        return _incoming_page(received, error.raw, error.errors, 422)
    except OfficeError as error:
        if error.status in {401, 403, 404} or error.status >= 500:
            raise
        return _incoming_page(received, raw, {"": [error.text(language())]}, error.status)
    say(_("Đã tiếp nhận «%(subject)s».", subject=document.subject))
    return redirect(_first_step(document, started), 303)


def _first_step(document: Document, started: Completed) -> str:
    """Return the step that waits for the officer who began, else the document's page."""
    me = acting()
    for item in started.opened:
        if may(me, Act.COMPLETE_WORK_ITEM, work_items.facts_of(item)):
            return url_for("step.show", item_id=item.id)
    return paper.page_of(document)


def _sent(received: Received) -> dict[str, Sent]:
    return {word: Sent(u.name, u.stored.size) for word, u in received.uploads.items()}


def _command(filled: Submission, received: Received, kind: DocumentType | None) -> ReceiveIncoming:
    data = filled.data
    return ReceiveIncoming(
        channel=Channel(data["channel"]),
        organ_name=data["organ_name"],
        subject=data["subject"],
        type_name=kind.type_name if kind is not None else "",
        type_id=kind.id if kind is not None else None,
        code_number=data.get("code_number") or "",
        code_notation=data.get("code_notation") or "",
        issued_on=data.get("issued_on"),
        urgency=Urgency(data.get("urgency") or "normal"),
        secrecy=Secrecy(data.get("secrecy") or "none"),
        is_petition=bool(data.get("is_petition")),
        page_amount=int(data.get("page_amount") or 0),
        files=[received.uploads[word] for word in data.get("files") or ()],
    )


def _incoming_page(
    received: Received,
    raw: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
    status: int = 200,
) -> Response:
    form = load_form(_FORM)
    with transaction() as tx:
        view = view_form(
            form,
            language=language(),
            raw=raw,
            errors=errors or {},
            choices=choices.choices_for(tx, form),
            uploads=_sent(received),
            now=tx.now,
        )
    new = {
        "title": _("Tiếp nhận văn bản đến"),
        "intro": _(
            "Văn bản giấy, thư điện tử, fax hoặc phần mềm khác. Văn bản qua trục liên thông tự vào "
            "hộp việc."
        ),
        "action": url_for("begin.incoming"),
        "form": view,
        "uploads": received.words,
        "submit": _("Tiếp nhận, chuyển sang kiểm tra"),
        "cancel_href": url_for("document.incoming_list"),
        "aside": {
            "title": _("Cần biết"),
            "items": [
                _(
                    "Số hóa bản giấy thành PDF màu, 200 dpi trở lên (Nghị định 30/2020/NĐ-CP, "
                    "Phụ lục I)."
                ),
                _(
                    "Không tải văn bản mật, tối mật, tuyệt mật lên hệ thống (khoản 4 Điều 3 Quy "
                    "chế)."
                ),
                _("Số đến được cấp ở bước đăng ký, liên tiếp trong năm."),
            ],
        },
    }  # fmt: skip
    return make_response(render_template("new_document.html", new=new), status)


@pages.route("/outgoing/new", methods=["GET", "POST"])
@needs(Act.DRAFT_DOCUMENT)
def outgoing() -> Response:
    """Begin an outgoing document, in answer to an incoming one where `reply` names it."""
    answered, replaced = _answered(), _replaced()
    subject = composed(request.form.get("subject", ""))
    if request.method == "GET":
        first = replaced.subject if replaced is not None else _subject_for(answered)
        return _outgoing_page(answered, first, replaced=replaced)
    error = ""
    if not subject:
        error = _("Ghi trích yếu nội dung.")
    elif len(subject) > 500:
        error = _("Trích yếu dài %(n)s ký tự; tối đa 500.", n=len(subject))
    elif not is_unicode(subject):
        error = fields.old_encoding()
    if error:
        return _outgoing_page(answered, subject, error, replaced)
    with transaction() as tx:
        reply = answered.id if answered is not None else None
        document, started = begin(
            tx, office().means, subject=subject, in_reply_to=reply,
            replaces=replaced.id if replaced is not None else None,
        )  # fmt: skip
    say(_("Đã tạo dự thảo «%(subject)s».", subject=subject))
    return redirect(_first_step(document, started), 303)


def _answered() -> IncomingDocument | None:
    """Return the incoming document to be answered; only one the officer may read."""
    wanted = request.values.get("reply", "")
    if not wanted:
        return None
    with transaction() as tx:
        document = paper.load_document(tx, "incoming", paper.key_of(wanted))
        ensure(tx.acting, Act.READ_DOCUMENT, reach.facts_of_document(tx, document))
    assert isinstance(document, IncomingDocument)
    return document


def _replaced() -> OutgoingDocument | None:
    """Return the issued document to be replaced; only one the officer may read."""
    wanted = request.values.get("replaces", "")
    if not wanted:
        return None
    with transaction() as tx:
        document = paper.load_document(tx, "outgoing", paper.key_of(wanted))
        ensure(tx.acting, Act.READ_DOCUMENT, reach.facts_of_document(tx, document))
    assert isinstance(document, OutgoingDocument)
    ensure_may_be_asked(document)
    return document


def _subject_for(answered: IncomingDocument | None) -> str:
    if answered is None or not answered.reference:
        return ""
    return f"trả lời văn bản số {answered.reference} của {answered.organ_name}"[:500]


def _outgoing_page(
    answered: IncomingDocument | None,
    subject: str,
    error: str = "",
    replaced: OutgoingDocument | None = None,
) -> Response:
    part = fields.field(
        "textarea",
        "subject",
        _("Trích yếu nội dung"),
        subject,
        error=error,
        hint=_("Loại văn bản, nơi nhận, người ký và nội dung được nhập ở bước soạn thảo."),
        required=True,
        max_length=500,
    )
    target = url_for("document.outgoing_list")
    intro = _("Tạo dự thảo và bắt đầu quy trình soạn thảo, ban hành văn bản đi của cơ quan.")
    action = url_for("begin.outgoing")
    if answered is not None:
        name = paper.reference(answered)
        intro = _("Trả lời %(name)s: %(subject)s", name=name, subject=answered.subject)
        target = paper.page_of(answered)
        action = url_for("begin.outgoing", reply=answered.id)
    title = _("Soạn văn bản trả lời") if answered is not None else _("Soạn văn bản đi")
    if replaced is not None:
        title = _("Soạn văn bản thay thế")
        name = paper.reference(replaced)
        intro = _("Thay thế %(name)s: %(subject)s", name=name, subject=replaced.subject)
        target = paper.page_of(replaced)
        action = url_for("begin.outgoing", replaces=replaced.id)
    new = {
        "title": title,
        "intro": intro,
        "action": action,
        "form": fields.form("outgoing-new", part),
        "uploads": [],
        "submit": _("Bắt đầu soạn thảo"),
        "cancel_href": own_address(target, "/"),
        "aside": None,
    }
    return make_response(render_template("new_document.html", new=new), 422 if error else 200)
