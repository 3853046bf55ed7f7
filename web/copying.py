"""Copying a document (sao văn bản): the clerk signs a copy as the agency."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.errors import NotFound, OfficeError
from forms.definition import load_form
from forms.errors import FormInvalid
from forms.page import FieldView, PartView
from forms.posting import from_post
from forms.validation import validate
from forms.view import view_form
from processes import reach
from processes.copying import CopyDocument, copy_document, possible_copies
from records.authority import Act
from records.content import files_of
from records.encoding import is_unicode
from signing.corner import CopyForm
from signing.errors import SigningError
from web import paper
from web.door import language, office, transaction
from web.policy import ensure, needs
from web.shell import say
from web.tongue import _

pages = Blueprint("copying", __name__)
_FORM = "document-copy"


@pages.route("/<way>/<uuid:document_id>/copy", methods=["GET", "POST"])
@needs(Act.SEAL_DOCUMENT)
def make(way: str, document_id: UUID) -> Response:
    """Ask for the form of copy and the passphrase, then show the signed copy."""
    if way not in {"incoming", "outgoing"}:
        raise NotFound(what=_("văn bản"))
    if request.method == "GET":
        return _page(way, document_id)
    form = load_form(_FORM)
    raw = from_post(form, request.form, ignore=("csrf_token",))
    shown = {name: value for name, value in raw.items() if name != "pin"}
    try:
        with transaction() as tx:
            document = paper.load_document(tx, way, document_id)
            ensure(tx.acting, Act.READ_DOCUMENT, reach.facts_of_document(tx, document))
            data = validate(form, raw, language=language(), now=tx.now, is_legible=is_unicode).data
            order = CopyDocument(
                CopyForm(data["form"]), data["permitted_by"], data["pin"], data.get("pages") or ""
            )
            file = copy_document(tx, office().means, document, order)
            target = f"{paper.page_of(document)}?file={file.id}"
            told = _("Đã ký số bản sao «%(name)s».", name=file.name)
    except FormInvalid as error:
        return _page(way, document_id, error.raw, error.errors, 422)
    except (OfficeError, SigningError) as error:
        if error.status in {401, 403, 404} or error.status >= 500:
            raise
        return _page(way, document_id, shown, {"": [error.text(language())]}, error.status)
    say(told)
    return redirect(target, 303)


def _page(
    way: str,
    document_id: UUID,
    raw: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
    status: int = 200,
) -> Response:
    with transaction() as tx:
        document = paper.load_document(tx, way, document_id)
        ensure(tx.acting, Act.READ_DOCUMENT, reach.facts_of_document(tx, document))
        possible = [one.value for one in possible_copies(document, files_of(tx, document))]
        view = view_form(
            load_form(_FORM),
            language=language(),
            raw=raw,
            errors=errors or {},
            initial={"form": possible[0]} if len(possible) == 1 else {},
            now=tx.now,
        )
        view = replace(view, parts=tuple(_only(part, possible) for part in view.parts))
        new = {
            "title": _("Sao văn bản"),
            "intro": f"{paper.reference(document)}: {document.subject}",
            "action": url_for("copying.make", way=way, document_id=document_id),
            "form": view,
            "uploads": [],
            "submit": _("Ký số bản sao"),
            "cancel_href": paper.page_of(document),
            "aside": {
                "title": _("Cần biết"),
                "items": [
                    _("Sao y, sao lục sang bản điện tử làm từ bản giấy đã quét khi tiếp nhận."),
                    _("Văn bản điện tử đã ký số thì gửi chính tệp đó; chỉ trích sao từng phần."),
                    _("Bản gốc giữ nguyên. Bản sao nằm ở trang văn bản, mục Bản sao."),
                ],
            },
        }
    return make_response(render_template("new_document.html", new=new), status)


def _only(part: PartView, possible: Sequence[str]) -> PartView:
    """Return the choice of the form of copy with what is possible; other parts as they are."""
    if not isinstance(part, FieldView) or part.name != "form" or not possible:
        return part
    return replace(part, options=tuple(one for one in part.options if one.value in possible))
