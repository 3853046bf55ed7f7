"""Updating an issued document (cập nhật văn bản đã phát hành): header, paper, receivers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.database import Transaction
from engine.errors import OfficeError
from forms.definition import load_form
from forms.errors import FormInvalid
from forms.posting import ROW_COMMAND, from_post
from forms.submission import Upload as Sent
from forms.validation import validate
from forms.view import view_form
from processes import choices
from processes.outgoing.annex import annexes_to_send
from processes.recall.ask import ensure_may_be_asked
from processes.update.ask import UpdateIssued, update_issued
from records.authority import Act
from records.content import files_of
from records.document import OutgoingDocument
from records.encoding import is_unicode
from records.recipient import recipients_of
from records.vocabulary import Urgency
from web import paper
from web.door import language, office, transaction
from web.policy import needs
from web.recalling import holders, load
from web.shell import say
from web.tongue import _
from web.upload import WORD, Received, receive_files

pages = Blueprint("updating", __name__)
_FORM = "update-ask"


@pages.route("/outgoing/<uuid:document_id>/update", methods=["GET", "POST"])
@needs(Act.RECALL_DOCUMENT)
def ask(document_id: UUID) -> Response:
    """Ask what changes, for whom and why; send it to every receiver it concerns."""
    form = load_form(_FORM)
    if request.method == "GET":
        return _page(document_id, Received())
    received = receive_files(form)
    raw = from_post(form, request.form, uploaded=received.references, ignore=("csrf_token", WORD))
    if received.errors or ROW_COMMAND in request.form:
        return _page(document_id, received, raw, received.errors, 422 if received.errors else 200)
    sent = {word: Sent(u.name, u.stored.size) for word, u in received.uploads.items()}
    try:
        with transaction() as tx:
            document = load(tx, document_id)
            data = validate(
                form, raw, choices=_choices(tx, document), uploads=sent, language=language(),
                now=tx.now, is_legible=is_unicode,
            ).data  # fmt: skip
            count = len(update_issued(tx, office().means, _command(document_id, data, received)))
            target = paper.page_of(document)
    except FormInvalid as error:
        return _page(document_id, received, error.raw, error.errors, 422)
    except OfficeError as error:
        if error.status in {401, 403, 404} or error.status >= 500:
            raise
        told = {"": [error.text(language())]}
        return _page(document_id, received, raw, told, error.status)
    say(_("Đã cập nhật văn bản, gửi yêu cầu tới %(n)s nơi nhận.", n=count))
    return redirect(target, 303)


def _command(document_id: UUID, data: Mapping[str, Any], received: Received) -> UpdateIssued:
    files = [received.uploads[word] for word in data.get("paper") or ()]
    return UpdateIssued(
        document_id,
        data["reason"],
        subject=data["subject"],
        urgency=Urgency(data["urgency"]),
        due_on=data.get("due_on"),
        paper=files[0] if files else None,
        annexes=[received.uploads[word] for word in data.get("annexes") or ()],
        drop_annexes=tuple(UUID(str(one)) for one in data.get("drop_annexes") or ()),
        add=tuple(UUID(str(one)) for one in data.get("add") or ()),
        remove=tuple(UUID(str(one)) for one in data.get("remove") or ()),
    )


def _choices(tx: Transaction, document: OutgoingDocument) -> dict[str, Mapping[str, str]]:
    present = {str(one.receiver_agency_id) for one in recipients_of(tx, document)}
    others = choices.SOURCES["agencies"](tx)
    return {
        "agencies": {key: name for key, name in others.items() if key not in present},
        "document_recipients": holders(tx, document),
        "document_annexes": {
            str(one.id): one.name for one in annexes_to_send(files_of(tx, document))
        },
    }


def _page(
    document_id: UUID,
    received: Received,
    raw: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
    status: int = 200,
) -> Response:
    with transaction() as tx:
        document = load(tx, document_id)
        ensure_may_be_asked(document)
        view = view_form(
            load_form(_FORM), language=language(), raw=raw, errors=errors or {},
            choices=_choices(tx, document), now=tx.now,
            initial={
                "subject": document.subject,
                "urgency": document.urgency.value,
                "due_on": document.due_on,
            },
            uploads={w: Sent(u.name, u.stored.size) for w, u in received.uploads.items()},
        )  # fmt: skip
        new = {
            "title": _("Cập nhật văn bản đã phát hành"),
            "intro": f"{paper.reference(document)}: {document.subject}",
            "action": url_for("updating.ask", document_id=document_id),
            "form": view,
            "uploads": received.words,
            "submit": _("Cập nhật"),
            "cancel_href": paper.page_of(document),
            "aside": {
                "title": _("Cần biết"),
                "items": [
                    _("Nơi nhận đồng ý hoặc từ chối kèm lý do; trả lời hiện ở trang văn bản."),
                    _("Nơi nhận mới được gửi văn bản như mọi nơi nhận khác."),
                    _("Bản cũ và thông tin cũ không bị xóa."),
                ],
            },
        }
    return make_response(render_template("new_document.html", new=new), status)
