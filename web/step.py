"""One step of one procedure (bước xử lý): its form drawn, sent, sent again until it is right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.database import Transaction
from engine.errors import NotFound, OfficeError, Stale
from engine.instance import ProcessInstance
from engine.machine import NotWaiting
from engine.work_item import ItemStatus, WorkItem
from forms.components import Field
from forms.definition import FormDefinition
from forms.errors import FormInvalid
from forms.posting import ROW_COMMAND, edit_rows, from_post
from forms.submission import Upload as Sent
from forms.submission import lookup
from forms.validation import sensitive_paths
from forms.view import view_form
from processes import prefill, unsent, work_items
from processes.choices import choices_for
from processes.order import Order
from records import journal
from records.authority import Act, may
from records.document import Document, IncomingDocument
from records.organization import Officer
from signing.errors import KeystoreRefused, SigningError
from web import paper, said, words
from web.cautions import cautions
from web.desk import shown_desk, unreached, without_secrets
from web.door import language, office, own_address, transaction
from web.failure import failed
from web.policy import asked_below, ensure, needs
from web.shell import after_step, say
from web.tongue import _
from web.upload import WORD, Received, files_again, receive_files

pages = Blueprint("step", __name__)
#: versions of forms this process has drawn or read; they never change
_forms: dict[str, FormDefinition] = {}
#: names of the page's own, beside the form's
OWN = ("csrf_token", "version", "next", "go", "form", WORD)


@dataclass(frozen=True, slots=True)
class Draft:
    """What an officer has typed so far, and what is wrong with it."""

    raw: Mapping[str, Any] | None = None
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    received: Received = field(default_factory=Received)
    version: int | None = None
    #: since when it is kept, where it was left here before
    kept_at: datetime | None = None


UNTOUCHED = Draft()


def shown_item(tx: Transaction, item: WorkItem, document: Document) -> dict[str, Any]:
    """Return a work item with its document, as the preview and the step's page show it."""
    papers = paper.papers_of(tx, document)
    face = papers.face()
    calendar = words.calendar_of(tx, document.agency_id)
    arrival = None
    if isinstance(document, IncomingDocument) and document.arrival_number is not None:
        arrival = _("Số đến %(n)s", n=document.arrival_number)
    name = paper.reference(document)
    return {
        "reference": name,
        "subject": document.subject or _("(chưa có trích yếu)"),
        "urgency": document.urgency.value,
        "secrecy": None,
        "facts": paper.facts_line(document),
        "due": words.due(item.due_at, tx.now, calendar),
        "arrival_text": arrival if arrival != name else None,
        "signatures": paper.verdict_badges(document, papers),
        "full_href": paper.page_of(document),
        "list_href": url_for("inbox.show"),
        "pdf": paper.pdf(face, name),
        "files": [paper.file_link(f) for f in papers.files if face is None or f.id != face.id],
        "crumbs": [
            {"label": _("Hộp việc"), "href": url_for("inbox.show")},
            {"label": item.name, "href": ""},
        ],
    }


def shown_task(
    tx: Transaction,
    item: WorkItem,
    instance: ProcessInstance,
    document: Document,
    draft: Draft = UNTOUCHED,
    following: str = "",
) -> dict[str, Any] | None:
    """Return the form of an open step, None where the acting officer may not take it."""
    me = tx.acting
    allowed = may(me, Act.COMPLETE_WORK_ITEM, work_items.facts_of(item))
    if not allowed or str(me.officer_id) in item.excluded or item.status != ItemStatus.OPEN:
        return None
    form = form_of(tx, item)
    if draft is UNTOUCHED:
        draft = _left_before(tx, item)
    order: Order[Document] = Order(item, instance, document, {})
    uploads = {w: Sent(u.name, u.stored.size) for w, u in draft.received.uploads.items()}
    view = None
    if form is not None:
        view = view_form(
            form,
            language=language(),
            raw=draft.raw,
            errors=draft.errors,
            choices=choices_for(tx, form),
            server_values=prefill.server_values(order),
            initial=prefill.initial_values(tx, order) if draft.raw is None else {},
            uploads=uploads,
            now=tx.now,
        )
    verb = work_items.verb_of(item)
    at_desk = shown_desk(tx, item, document)
    if at_desk is not None and form is not None and view is not None:
        view = without_secrets(view, form)
    return {
        "title": view.title if view is not None else item.name,
        "step_text": f"{item.lane} · {item.name}" if item.lane else item.name,
        "action": url_for("step.show", item_id=item.id),
        "version": draft.version or item.version,
        "uploads": draft.received.words,
        "form_version": form.sha256 if form is not None else "",
        "next": following or url_for("inbox.show"),
        "warnings": [*cautions(tx, item, document), *unreached(tx, item, document)],
        "quotes": said.above_form(tx, item, document),
        "form": view if view is not None else view_nothing(verb.label(language())),
        "desk": at_desk,
        "keep_action": _keep(item, form),
        "kept": _kept(draft.kept_at, tx.now),
        "buttons": _buttons(item, verb.label(language()), form, is_kept=draft.kept_at is not None),
    }


def _left_before(tx: Transaction, item: WorkItem) -> Draft:
    """Return what the officer left at this step, as he left it."""
    left = unsent.find(tx, item)
    if left is None:
        return UNTOUCHED
    return Draft(left.values, {}, files_again(left.words), kept_at=left.kept_at)


def _kept(at: datetime | None, now: datetime) -> str:
    return "" if at is None else _("Bản nháp lưu %(at)s", at=words.moment(at, now))


def view_nothing(title: str) -> Any:
    """Return the view of a step without a form: only its button."""
    return _Bare(title)


@dataclass(frozen=True, slots=True)
class _Bare:
    title: str
    parts: tuple[Any, ...] = ()
    errors: tuple[tuple[str, str], ...] = ()


def _buttons(
    item: WorkItem, act: str, form: FormDefinition | None, *, is_kept: bool
) -> list[dict[str, Any]]:
    """Return the ways to send: they say what will be done, and never only "save".

    Where the form has a choice of outcomes the button takes the words of the chosen one.
    """
    chooses = form is not None and any(leaf.path == "outcome" for leaf in form.leaves)
    done = _("Hoàn thành bước") if chooses else act
    onward = _("{act} và mở việc tiếp theo")
    found = [
        _button(onward.format(act=done), "next", kind="primary", says=onward if chooses else ""),
        _button(done, "stay", says="{act}" if chooses else ""),
    ]
    if keep := _keep(item, form):
        found.append(_button(_("Lưu nháp"), "keep", action=keep))
    if is_kept:
        discard = url_for("unsent.discard", item_id=item.id)
        found.append(_button(_("Bỏ bản nháp"), "discard", kind="quiet", action=discard))
    return found


def _keep(item: WorkItem, form: FormDefinition | None) -> str:
    """Return where what was typed is kept, empty where nothing can be typed."""
    return url_for("unsent.keep", item_id=item.id) if form is not None and form.leaves else ""


def _button(
    label: str, value: str, *, kind: str = "", action: str = "", says: str = ""
) -> dict[str, Any]:
    return {
        "name": "go",
        "value": value,
        "label": label,
        "kind": kind,
        "icon": "",
        "action": action,
        "says": says,
    }


@pages.get("/work-items/<uuid:item_id>")
@needs(Act.READ_WORK_ITEM, each=True)
def show(item_id: UUID) -> Response:
    """Show the document and the form of one step on a page of its own."""
    return _page(item_id)


def _page(item_id: UUID, draft: Draft = UNTOUCHED, status: int = 200) -> Response:
    with transaction() as tx:
        item, instance = work_items.read(tx, item_id)
        ensure(tx.acting, Act.READ_WORK_ITEM, work_items.facts_of(item))
        document = paper.load_document(tx, instance.subject_type, instance.subject_id)
        if item.status != ItemStatus.OPEN:
            return redirect(paper.page_of(document), 303)
        following = own_address(request.values.get("next", ""), "")
        task = shown_task(tx, item, instance, document, draft, following)
        if task is None:
            return redirect(paper.page_of(document), 303)
        shown = shown_item(tx, item, document)
        kind = f"{instance.subject_type}_document"
        journal.record(tx, "view", kind, document.id, item=item.id)
    return make_response(render_template("task.html", item=shown, task=task), status)


@pages.post("/work-items/<uuid:item_id>")
@needs(Act.COMPLETE_WORK_ITEM, each=True)
def complete(item_id: UUID) -> Response:
    """Complete the step with what was sent; what is wrong is told beside it, typed text stays."""
    form = posted_form(item_id)
    received = receive_files(form) if form is not None else Received()
    raw: dict[str, Any] = {}
    if form is not None:
        raw = from_post(form, request.form, uploaded=received.references, ignore=OWN)
    version = request.form.get("version", type=int)
    typed = Draft(raw, {}, received, version)
    if form is not None and ROW_COMMAND in request.form:
        changed = edit_rows(form, raw, request.form[ROW_COMMAND])
        return _page(item_id, Draft(changed or raw, {}, received, version))
    if received.errors:
        return _page(item_id, Draft(raw, received.errors, received, version), 422)
    command = work_items.CompleteItem(item_id, version, raw, received.uploads, language())
    try:
        with transaction() as tx:
            done = work_items.complete(tx, office().means, command)
        asked_below()
    except (Stale, NotWaiting) as error:
        return _too_late(item_id, typed, form, error)
    except FormInvalid as error:
        return _page(item_id, Draft(error.raw, error.errors, received, version), 422)
    except (OfficeError, SigningError) as error:
        return _refused(item_id, typed, form, error)
    say(f"{done.item.name}: {done.summary}")
    if request.form.get("go") == "stay":
        return redirect(paper.page_of(done.document), 303)
    return redirect(after_step(request.form.get("next", "")), 303)


def posted_form(item_id: UUID) -> FormDefinition | None:
    """Return the form that was sent: by the version the page names, or as the step pins it.

    Only what reads the post; `work_items.complete` checks it against the step's own form. Whoever
    sends files is asked first whether the step is his.
    """
    known = _forms.get(request.form.get("form", ""))
    if known is not None and not any(file.filename for file in request.files.values()):
        return known
    with transaction() as tx:
        item, _instance = work_items.read(tx, item_id)
        ensure(tx.acting, Act.COMPLETE_WORK_ITEM, work_items.facts_of(item))
        return form_of(tx, item)


def form_of(tx: Transaction, item: WorkItem) -> FormDefinition | None:
    form = work_items.form_of(tx, item)
    if form is not None:
        if len(_forms) > 1_000:
            _forms.clear()
        _forms[form.sha256] = form
    return form


def _refused(
    item_id: UUID, typed: Draft, form: FormDefinition | None, error: OfficeError | SigningError
) -> Response:
    """Show the form again with what the verb refused; rights and outages have their own pages.

    What speaks against a PIN stands at the field where it was typed.
    """
    if error.status in {401, 403, 404} or error.status >= 500:
        raise error
    field = ""
    if isinstance(error, KeystoreRefused) and form is not None:
        field = next(iter(sensitive_paths(form)), "")
    told = Draft(typed.raw, {field: [error.text(language())]}, typed.received, typed.version)
    return _page(item_id, told, error.status)


def _too_late(
    item_id: UUID, typed: Draft, form: FormDefinition | None, error: OfficeError
) -> Response:
    """Tell who was faster and where the document is now; what was typed is given back."""
    try:
        with transaction() as tx:
            item, instance = work_items.read(tx, item_id)
            who = tx.get(Officer, item.done_by).full_name if item.done_by else ""
            at = words.moment(item.done_at, tx.now)
            document = paper.load_document(tx, instance.subject_type, instance.subject_id)
            target = paper.page_of(document)
    except NotFound:
        return failed(409, error.text(language()), retry=url_for("inbox.show"), code=error.code)
    if isinstance(error, Stale) and item.status == ItemStatus.OPEN:
        text = _(
            "Việc này vừa được cập nhật trong lúc bạn nhập. Nội dung bạn nhập vẫn còn nguyên dưới "
            "đây: xem lại rồi gửi lần nữa."
        )
        return _page(item_id, replace(typed, errors={"": [text]}, version=None), 409)
    text = error.text(language())
    if item.status == ItemStatus.DONE and who:
        text = _("Bước «%(step)s» đã được %(who)s xử lý (%(at)s).", step=item.name, who=who, at=at)
    return failed(
        409,
        text,
        title=_("Việc này đã có người xử lý"),
        advice=_("Nội dung bạn gửi chưa được ghi. Mở văn bản để xem kết quả, rồi xử lý việc khác."),
        retry=target,
        retry_label=_("Mở văn bản"),
        typed=_texts(form, typed.raw or {}) if form is not None else (),
        code=error.code,
    )


def _texts(form: FormDefinition, raw: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what was written by hand, with its labels: nobody should have to think it up again."""
    found = []
    for leaf in form.leaves:
        part, value = leaf.component, lookup(raw, leaf.place)
        if not isinstance(part, Field) or part.kind not in {"text", "textarea"} or part.sensitive:
            continue
        if isinstance(value, str) and value.strip():
            found.append((part.label.text(language()), value))
    return found
