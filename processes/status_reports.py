"""Tell the sender how far his document has got (báo trạng thái xử lý cho bên gửi)."""

import sqlalchemy as sa

from engine import jobs
from engine.database import Query, Transaction
from records.change import ChangeRequest
from records.document import IncomingDocument
from records.transfer import StatusReport
from records.vocabulary import Channel

#: the job that carries one status report
STATUS_JOB = "send_status"

_REPORTED = Query(
    sa.select(StatusReport.id).where(
        StatusReport.incoming_document_id == sa.bindparam("document"),
        StatusReport.code == sa.bindparam("code"),
        StatusReport.change_id.is_not_distinct_from(sa.bindparam("change", type_=sa.Uuid())),
    )
)


def report_status(
    tx: Transaction,
    document: IncomingDocument,
    code: str,
    description: str,
    request: ChangeRequest | None = None,
) -> StatusReport | None:
    """Report a status once for each code, and only to a sender who is reached by the exchange.

    An answer (15, 16) is reported once for each `request`.
    The report is a row of this transaction and a job; the network is the worker's affair.
    """
    if document.channel is not Channel.EXCHANGE:
        return None
    answered = request.id if request is not None else None
    if tx.scalar(_REPORTED, document=document.id, code=code, change=answered) is not None:
        return None
    report = tx.add(
        StatusReport(
            agency_id=document.agency_id,
            incoming_document_id=document.id,
            code=code,
            change_id=answered,
            description=description[:500],
            staff_name=tx.acting.name,
            staff_unit=tx.acting.title,
            reported_at=tx.now,
        )
    )
    jobs.post(tx, STATUS_JOB, {"report": str(report.id)})
    return report
