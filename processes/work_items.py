"""The one way a step is finished (xử lý việc), by an officer or by the machine.

Authority, form, verb, token, in this order and in the caller's transaction: the door commits all of
it or nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa

from engine import runtime
from engine.database import Query, Transaction
from engine.errors import NotFound, OfficeError, Stale
from engine.incident import stopping
from engine.instance import ProcessInstance
from engine.runtime import Completed
from engine.work_item import ItemStatus, WorkItem
from forms import submission
from forms.components import Field
from forms.definition import FormDefinition
from forms.validation import sensitive_paths, validate
from processes import form_store, prefill
from processes.catalogue import VERBS
from processes.choices import choices_for
from processes.means import Means
from processes.order import Decision, Elsewhere, Order, Upload
from processes.verb import Verb
from records import encoding, journal
from records.authority import Act, Facts, authorize, bound_by
from records.directive import Assignment
from records.document import Document, IncomingDocument, OutgoingDocument


class UnknownVerb(OfficeError):
    """The diagram calls a verb this version does not have (việc không có trong hệ thống)."""

    code = "unknown-verb"
    status = 409
    vi = "Sơ đồ gọi việc «{verb}» mà phiên bản này không có. Báo quản trị cơ quan."
    en = "The diagram calls the verb “{verb}”, which this version does not have."


class ExcludedFromStep(OfficeError):
    """The officer may not take this step of his own work (không được tự duyệt)."""

    code = "excluded-from-step"
    status = 403
    vi = (
        "Bạn đã soạn thảo hoặc xử lý văn bản này nên không được tự thực hiện bước «{step}». "
        "Người có thẩm quyền khác phải thực hiện."
    )
    en = "You wrote or handled this document, so somebody else must take the step “{step}”."


@dataclass(frozen=True, slots=True)
class CompleteItem:
    """The command: which step, which version the officer saw, and the form as it was filled in.

    `raw` holds references of files; `files` says what each reference is.
    """

    item_id: UUID
    version: int | None
    raw: Mapping[str, Any]
    files: Mapping[str, Upload] = field(default_factory=dict)
    language: str = "vi"
    #: who signs in place of the keystore that a PIN opens
    elsewhere: Elsewhere | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What came of it: the item that was done, what opened next, words for the officer."""

    item: WorkItem
    result: Completed
    document: Document
    summary: str


_NO_VERB = Verb("", "Hoàn thành bước", "Complete the step", "")


_NAMED = sa.func.coalesce(
    WorkItem.variables["officer_assignment"].astext,
    WorkItem.variables["lead_assignment"].astext,
)
#: the part of a directive that a step is about, as the procedure's variables name it; an agency's
#: diagram may have written something else there, which must keep nobody from the step
_PART = sa.case((_NAMED.regexp_match("^[0-9a-f-]{36}$"), sa.cast(_NAMED, sa.Uuid())))

#: all a completion must know of what it changes, in one question. The instance's lock orders the
#: steps of one document; the document and the part are guarded by their versions.
_STEP = Query(
    sa.select(IncomingDocument, OutgoingDocument, WorkItem, ProcessInstance, Assignment)
    .select_from(WorkItem)
    .join(ProcessInstance, ProcessInstance.id == WorkItem.instance_id)
    .outerjoin(Assignment, Assignment.id == _PART)
    .outerjoin(IncomingDocument, IncomingDocument.id == ProcessInstance.subject_id)
    .outerjoin(OutgoingDocument, OutgoingDocument.id == ProcessInstance.subject_id)
    .where(WorkItem.id == sa.bindparam("id"))
    .with_for_update(of=[WorkItem, ProcessInstance])
)


def find(tx: Transaction, item_id: UUID) -> tuple[WorkItem, ProcessInstance, Document]:
    """Return a work item with its instance, both locked, and its document; raises `NotFound`."""
    row = tx.one(_STEP, id=item_id)
    if row is None:
        raise NotFound(what="việc cần xử lý")
    incoming, outgoing, item, instance, _part = cast("tuple[Any, ...]", row)
    document = incoming or outgoing
    if document is None:
        raise NotFound(what="văn bản")
    return item, instance, document


def verb_of(item: WorkItem) -> Verb:
    """Return the verb a step calls; a step without one is simply completed."""
    if not item.verb:
        return _NO_VERB
    verb = VERBS.get(item.verb)
    if verb is None:
        raise UnknownVerb(verb=item.verb)
    return verb


def facts_of(item: WorkItem) -> Facts:
    """Return what authority must know of a work item."""
    return Facts(item.agency_id, frozenset(item.groups))


def ensure_may_take(tx: Transaction, item: WorkItem) -> None:
    """Raise `NoRight` or `ExcludedFromStep` unless the acting officer may take this step."""
    authorize(tx.acting, Act.COMPLETE_WORK_ITEM, facts_of(item))
    if not bound_by(tx.acting).isdisjoint(item.excluded):
        raise ExcludedFromStep(step=item.name)


def complete(tx: Transaction, means: Means, command: CompleteItem) -> Completion:
    """Complete a step by its verb; nothing is committed here.

    Raises `NotFound`, `NoRight`, `ExcludedFromStep`, `Stale` (another version), `NotWaiting`
    (already done), `FormInvalid`, and whatever the verb refuses.
    """
    item, instance, document = find(tx, command.item_id)
    ensure_may_take(tx, item)
    if command.version is not None and command.version != item.version:
        raise Stale(what=item.name)
    runtime.ensure_open(item, instance)
    verb = verb_of(item)
    order = Order(item, instance, document, {}, elsewhere=command.elsewhere)
    order = _filled(tx, command, order)
    return _carry_out(tx, means, verb, order)


def complete_by_machine(tx: Transaction, means: Means, item_id: UUID) -> Completion | None:
    """Complete a step of the machine by its verb; None where it is no longer open."""
    item, instance, document = find(tx, item_id)
    if item.status != ItemStatus.OPEN or not instance.goes_on:
        return None
    with stopping(instance.id, item.node_id):
        return _carry_out(tx, means, verb_of(item), Order(item, instance, document, {}))


def _carry_out(tx: Transaction, means: Means, verb: Verb, order: Order[Any]) -> Completion:
    decision = verb.carry_out(tx, means, order) if verb.name else Decision()
    outcome = dict(order.kept)
    if decision.summary:
        outcome["summary"] = decision.summary
    result = runtime.complete(
        tx,
        means.desk,
        order.item,
        order.instance,
        variables=dict(decision.variables),
        outcome=outcome,
    )
    journal.record(
        tx,
        verb.name or "complete_step",
        "work_item",
        order.item.id,
        instance=order.instance.id,
        document=order.document.id,
        event=order.instance.head.hex(),
    )
    return Completion(order.item, result, order.document, decision.summary or verb.vi)


def _filled(tx: Transaction, command: CompleteItem, order: Order[Document]) -> Order[Document]:
    """Return the order with the form's checked values; raises `FormInvalid`."""
    form = form_of(tx, order.item)
    if form is None:
        return order
    raw = command.raw
    if command.elsewhere is not None:
        # The PIN was typed where the key is; nobody asks for it here.
        raw = {**raw, **dict.fromkeys(sensitive_paths(form), "—")}
    filled = validate(
        form,
        raw,
        choices=choices_for(tx, form),
        server_values=prefill.server_values(order),
        uploads={r: submission.Upload(u.name, u.stored.size) for r, u in command.files.items()},
        language=command.language,
        now=tx.now,
        is_legible=encoding.is_unicode,
    )
    files = {
        leaf.path: [command.files[r] for r in filled.data.get(leaf.path) or ()]
        for leaf in form.leaves
        if isinstance(leaf.component, Field) and leaf.component.kind == "file"
    }
    return replace(order, data=filled.data, files=files, kept=filled.as_json())


def form_of(tx: Transaction, item: WorkItem) -> FormDefinition | None:
    """Return the form a step was opened with, None where it has none."""
    if not item.form:
        return None
    return form_store.load(tx, item.form, item.form_sha256)


_ITEM_READ = Query(
    sa.select(WorkItem, ProcessInstance)
    .join(ProcessInstance, ProcessInstance.id == WorkItem.instance_id)
    .where(WorkItem.id == sa.bindparam("id"))
)


def read(tx: Transaction, item_id: UUID) -> tuple[WorkItem, ProcessInstance]:
    """Return a work item the acting officer may read, with its instance; raises `NotFound`."""
    row = tx.one(_ITEM_READ, id=item_id)
    if row is None:
        raise NotFound(what="việc cần xử lý")
    authorize(tx.acting, Act.READ_WORK_ITEM, facts_of(row[0]))
    return row
