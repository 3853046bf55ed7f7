"""Decide on an update (trả lời yêu cầu cập nhật): the receiver's clerk, status 15 or 16."""

from typing import Any

import sqlalchemy as sa

from engine import runtime
from engine.database import Transaction
from engine.instance import ProcessInstance
from engine.work_item import ItemStatus, WorkItem
from processes.means import Means
from processes.order import Decision, Order
from processes.recall.decide import answered, decided, withdraw
from processes.status_reports import report_status
from processes.update.version import current_files, differing, header_of, read_update
from processes.verify import main_of, post_check
from records import journal
from records.authority import Act, authorize
from records.change import ChangeAnswer, ChangeKind, ChangeRequest, requests_received
from records.content import attach_file, clean_name, files_of
from records.document import IncomingDocument
from records.inspection import PDF
from records.vocabulary import Authenticity, FileKind, IncomingStatus

#: what is said of an update that a later one holds
SUPERSEDED = "Đã cập nhật theo yêu cầu bên gửi gửi sau"


def decide_update(tx: Transaction, means: Means, order: Order[IncomingDocument]) -> Decision:
    """Take the new version and header, or keep the old; the sender is told which and why.

    Nothing is overwritten: the old files stay as versions, the old header with the request. Who is
    taken off the receivers gives the document back. Raises `AnswerReasonMissing`, `AlreadyDecided`.
    """
    authorize(tx.acting, Act.RECEIVE_DOCUMENT)
    request, answer = decided(tx, order)
    document = order.document
    if answer is ChangeAnswer.AGREED:
        if request.takes_back:
            withdraw(tx, means, order, request, IncomingStatus.CANCELLED, request.reason)
        else:
            document.ensure_changeable()
            _supersede(tx, means, document, request)
            _answer_earlier(tx, means, document, request)
    return answered(tx, document, request, answer, order.reason.strip())


def _answer_earlier(
    tx: Transaction, means: Means, document: IncomingDocument, request: ChangeRequest
) -> None:
    """Answer the updates asked before this one: it holds all of theirs, and they would undo it."""
    earlier = {
        str(one.id): one
        for one in requests_received(tx, document.id)
        if one.answer is ChangeAnswer.OPEN
        and one.kind is ChangeKind.UPDATE
        and not one.takes_back
        and (one.asked_at, one.id) < (request.asked_at, request.id)
    }
    if not earlier:
        return
    for one in earlier.values():
        one.decide(ChangeAnswer.AGREED, SUPERSEDED, tx.acting.name, tx.now)
        report_status(tx, document, "15", SUPERSEDED, one)
    runs = sa.select(ProcessInstance.id).where(ProcessInstance.subject_id == document.id)
    for item in tx.scalars(
        sa.select(WorkItem).where(
            WorkItem.instance_id.in_(runs), WorkItem.status == ItemStatus.OPEN
        )
    ):
        if item.variables.get("change") in earlier:
            run = tx.get(ProcessInstance, item.instance_id, lock=True)
            if run.ended_at is None:
                runtime.cancel(tx, means.desk, run, {"reason": SUPERSEDED})


def _supersede(
    tx: Transaction, means: Means, document: IncomingDocument, request: ChangeRequest
) -> None:
    """Make the header and the files of the update those of the document, keeping the old ones.

    Files come as a whole: where any differs all are a new version, so that what the sender took
    away is not taken for his.
    """
    message = read_update(tx, means, request)
    before: dict[str, Any] = {}
    for name, value in differing(document, header_of(message)).items():
        old = getattr(document, name)
        before[name] = "" if old is None else str(old)
        setattr(document, name, value)
    present = current_files(files_of(tx, document))
    number = max((f.version_no for f in present), default=0) + 1
    came = [(one.name, means.content.put(one.content)) for one in message.attachments]
    main = main_of([stored for _, stored in came])
    if [(s.sha256, clean_name(name)) for name, s in came] == [(f.sha256, f.name) for f in present]:
        came = []
    elif came:
        before["files"] = [{"name": f.name, "sha256": f.sha256} for f in present]
    papers = {f.sha256 for f in present if f.kind is FileKind.MAIN}
    for name, stored in came:
        kind = FileKind.MAIN if stored is main else FileKind.ANNEX
        file = attach_file(tx, document, stored, name=name, kind=kind, version_no=number)
        if kind is FileKind.MAIN and stored.sha256 not in papers:
            # another paper, judged anew: what was said of the old one says nothing of it
            document.authenticity = Authenticity.UNCHECKED
            if stored.media_type != PDF:
                document.authenticity = Authenticity.UNSIGNED
        if stored.media_type == PDF:
            post_check(tx, file)
    request.content = {**request.content, "before": before}
    journal.record(
        tx, "supersede_version", "incoming_document", document.id, before=before, version=number
    )
