"""Documents sent and not taken in yet (văn bản đi chưa được tiếp nhận): by receiver, what is late.

A receiver confirms receipt the day the document comes (Decree 30/2020, Điều 21.2c); what leaves
after hours or on a holiday has until the end of the next working day.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from engine.database import Query, Transaction
from records.document import OutgoingDocument
from records.recipient import Recipient
from records.transfer import StatusReceived
from records.vietnamese import local_date
from records.vocabulary import Delivery, OutgoingStatus
from records.working_time import WorkingCalendar

#: where nobody has said yet that he takes the document
NOT_TAKEN = (Delivery.PENDING, Delivery.SENT, Delivery.FAILED, Delivery.ARRIVED)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a document is at one receiver: since when, by whose word, until when it is due.

    `due_at` is None once the receiver has taken it, or never had to.
    """

    since: datetime | None
    by: str
    due_at: datetime | None

    def is_overdue(self, now: datetime) -> bool:
        """Return whether the day of receipt has passed without an answer."""
        return self.due_at is not None and self.due_at < now


def receipt_due(sent_at: datetime, calendar: WorkingCalendar) -> datetime:
    """Return until when receipt is to be confirmed: the close of that day, or of the next."""
    day = local_date(sent_at)
    while not calendar.is_working_day(day) or calendar.close_of(day) <= sent_at:
        day += timedelta(days=1)
    return calendar.close_of(day)


_LAST = Query(
    sa.select(StatusReceived)
    .where(StatusReceived.recipient_id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid()))))
    .order_by(StatusReceived.reported_at, StatusReceived.id)
)


def standings(
    tx: Transaction,
    document: OutgoingDocument,
    recipients: list[Recipient],
    calendar: WorkingCalendar,
) -> dict[UUID, Standing]:
    """Return where a document is at each recipient."""
    staff: dict[UUID, str] = {}
    for report in tx.scalars(_LAST, ids=[one.id for one in recipients]):
        if report.staff:
            staff[report.recipient_id] = report.staff
    return {
        one.id: Standing(one.delivered_at, staff.get(one.id, ""), _due(document, one, calendar))
        for one in recipients
    }


def _due(
    document: OutgoingDocument, recipient: Recipient, calendar: WorkingCalendar
) -> datetime | None:
    if document.issued_at is None or recipient.delivery not in NOT_TAKEN:
        return None
    if document.status is not OutgoingStatus.ISSUED or not recipient.organ_code:
        return None
    return receipt_due(document.issued_at, calendar)


@dataclass(frozen=True, slots=True)
class Unreceived:
    """One document at one receiver who has not taken it in."""

    document: OutgoingDocument
    recipient: Recipient
    due_at: datetime


def unreceived(
    tx: Transaction, calendar: WorkingCalendar, *, after: UUID | None = None, limit: int = 50
) -> list[Unreceived]:
    """Return what receivers of the acting agency's documents have not taken in, oldest first."""
    select = (
        sa.select(OutgoingDocument, Recipient)
        .join(Recipient, Recipient.outgoing_document_id == OutgoingDocument.id)
        .where(
            OutgoingDocument.agency_id == tx.acting.agency_id,
            OutgoingDocument.status == OutgoingStatus.ISSUED,
            Recipient.delivery.in_(NOT_TAKEN),
            Recipient.organ_code != "",
        )
        .order_by(Recipient.id)
        .limit(limit)
    )
    if after is not None:
        select = select.where(Recipient.id > after)
    return [
        Unreceived(document, recipient, receipt_due(document.issued_at, calendar))
        for document, recipient in tx.rows(select)
        if document.issued_at is not None
    ]
