"""Process (giải quyết): report progress, finish, or return to whoever assigned."""

import sqlalchemy as sa

from engine.database import Transaction
from engine.errors import OfficeError
from processes.incoming.assign import assignment_of
from processes.means import Means
from processes.order import Decision, Order, text
from processes.status_reports import report_status
from records.authority import Act, Facts, authorize
from records.content import attach_file
from records.directive import Assignment, report_progress
from records.document import IncomingDocument
from records.link import DocumentLink
from records.vocabulary import AssignmentState, FileKind, IncomingStatus, LinkKind


class ReplyMissing(OfficeError):
    """A written reply is needed and none is linked (chưa có văn bản trả lời)."""

    code = "reply-missing"
    citation = "Nghị định 30/2020/NĐ-CP, Điều 24; Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 8.3"
    vi = (
        "Văn bản này phải trả lời bằng văn bản nhưng chưa có văn bản trả lời được liên kết. Bấm "
        "«Soạn văn bản trả lời» trên trang văn bản, hoặc ghi lý do chưa có văn bản trả lời."
    )
    en = (
        "This document needs a written reply and none is linked. Begin the reply from the "
        "document's page, or say why there is none yet."
    )


def process(tx: Transaction, _means: Means, order: Order[IncomingDocument]) -> Decision:
    """Record progress on the officer's part; `continue` keeps it open, `return` gives it back.

    The first report tells the sender that the document is being handled (05). Raises
    `ReturnReasonMissing`, `ReplyMissing`.
    """
    authorize(
        tx.acting, Act.WRITE_DOCUMENT, Facts(order.item.agency_id, frozenset(order.item.groups))
    )
    document = order.document
    part = _part(tx, order)
    if document.status is not IncomingStatus.IN_PROGRESS:
        document.status = IncomingStatus.IN_PROGRESS
        report_status(tx, document, "05", "Đang xử lý")
    if part is not None and part.state is AssignmentState.FINISHED:  # sent back for more work
        part.state = AssignmentState.ACCEPTED
        part.finished_at = None
    if order.is_return:
        if part is not None:
            part.give_back(order.reason)
        return Decision({"outcome": "return"}, f"Trả lại: {order.reason}")
    done, words = order.outcome != "continue", text(order.data, "opinion")
    if done and order.data.get("needs_reply") == "yes" and not _is_answered(tx, document):
        excuse = text(order.data, "no_reply_reason").strip()
        if not excuse:
            raise ReplyMissing
        words = f"{words}\nChưa có văn bản trả lời: {excuse}"
    file_id = None
    for upload in order.files.get("files", ()):
        row = attach_file(tx, document, upload.stored, name=upload.name, kind=FileKind.OPINION)
        file_id = row.id
    percent = int(order.data.get("progress") or 0)
    if part is not None:
        report_progress(tx, part, percent=100 if done else percent, text=words, file_id=file_id)
        if done:
            part.finish(tx.now)
    variables = {
        "outcome": "complete" if done else "continue",
        "processed_by": str(tx.acting.officer_id),
    }
    if done:
        return Decision(variables, "Đã giải quyết xong, đề nghị xác nhận hoàn thành")
    return Decision(variables, f"Cập nhật tiến độ {percent}%")


def _part(tx: Transaction, order: Order[IncomingDocument]) -> Assignment | None:
    """The officer's own part, else the unit's he works on directly."""
    variables = order.item.variables
    key = "officer_assignment" if variables.get("officer_assignment") else "lead_assignment"
    return assignment_of(tx, variables, key)


def _is_answered(tx: Transaction, document: IncomingDocument) -> bool:
    found = tx.scalars(
        sa.select(DocumentLink.id).where(
            DocumentLink.to_incoming_id == document.id, DocumentLink.kind == LinkKind.REPLIES_TO
        )
    )
    return bool(found)
