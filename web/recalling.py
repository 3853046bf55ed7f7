"""Taking back and recalling (lấy lại, thu hồi): the clerk asks the receivers of a document."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.database import Transaction
from engine.errors import OfficeError
from forms.definition import load_form
from forms.errors import FormInvalid
from forms.posting import from_post
from forms.validation import validate
from forms.view import view_form
from processes import reach
from processes.recall.ask import AskBack, ask_back, askable, ensure_may_be_asked
from records.authority import Act
from records.change import ChangeKind
from records.document import OutgoingDocument
from records.encoding import is_unicode
from web import paper
from web.door import language, transaction
from web.policy import ensure, needs
from web.shell import say
from web.tongue import _

pages = Blueprint("recalling", __name__)
_FORM = "recall-ask"


@pages.route("/outgoing/<uuid:document_id>/recall", methods=["GET", "POST"])
@needs(Act.RECALL_DOCUMENT)
def ask(document_id: UUID) -> Response:
    """Ask what is wanted, of whom and why; send the request to each receiver."""
    if request.method == "GET":
        return _page(document_id)
    form = load_form(_FORM)
    raw = from_post(form, request.form, ignore=("csrf_token",))
    try:
        with transaction() as tx:
            document = load(tx, document_id)
            data = validate(
                form, raw, choices={"document_recipients": holders(tx, document)},
                language=language(), now=tx.now, is_legible=is_unicode,
            ).data  # fmt: skip
            chosen = tuple(UUID(str(one)) for one in data.get("recipients") or ())
            command = AskBack(document.id, ChangeKind(data["kind"]), data["reason"], chosen)
            count = len(ask_back(tx, command))
            target = paper.page_of(document)
    except FormInvalid as error:
        return _page(document_id, error.raw, error.errors, 422)
    except OfficeError as error:
        if error.status in {401, 403, 404} or error.status >= 500:
            raise
        return _page(document_id, raw, {"": [error.text(language())]}, error.status)
    say(_("Đã gửi yêu cầu tới %(n)s nơi nhận.", n=count))
    return redirect(target, 303)


def load(tx: Transaction, document_id: UUID) -> OutgoingDocument:
    """Return an outgoing document the officer may read; raises `NotFound`, `NoRight`."""
    document = tx.get(OutgoingDocument, document_id)
    ensure(tx.acting, Act.READ_DOCUMENT, reach.facts_of_document(tx, document))
    return document


def holders(tx: Transaction, document: OutgoingDocument) -> dict[str, str]:
    """Return the receivers who hold the document and have nothing to answer, by id."""
    return {str(one.id): one.name for one in askable(tx, document)}


def _page(
    document_id: UUID,
    raw: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
    status: int = 200,
) -> Response:
    with transaction() as tx:
        document = load(tx, document_id)
        ensure_may_be_asked(document)
        holding = holders(tx, document)
        view = view_form(
            load_form(_FORM), language=language(), raw=raw, errors=errors or {},
            choices={"document_recipients": holding}, now=tx.now,
            initial={} if holding else {"kind": ChangeKind.RECALL.value},
        )  # fmt: skip
        nobody = _("Không còn nơi nhận nào để lấy lại: đã trả lại, đã từ chối hoặc chưa trả lời.")
        new = {
            "title": _("Lấy lại, thu hồi văn bản"),
            "intro": f"{paper.reference(document)}: {document.subject}",
            "action": url_for("recalling.ask", document_id=document_id),
            "form": view,
            "uploads": [],
            "submit": _("Gửi yêu cầu"),
            "cancel_href": paper.page_of(document),
            "aside": {
                "title": _("Cần biết"),
                "items": [
                    *([] if holding else [nobody]),
                    _("Nơi nhận đồng ý hoặc từ chối kèm lý do; trả lời hiện ở trang văn bản."),
                    _("Khi mọi nơi nhận đã trả lại, văn bản ghi «Đã thu hồi»; số vẫn trong sổ."),
                    _("Bản giấy đã gửi thì thu hồi bằng văn bản giấy."),
                ],
            },
        }
    return make_response(render_template("new_document.html", new=new), status)
