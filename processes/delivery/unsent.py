"""What could not be sent (gói tin không gửi được): shown to the clerk, who may send it again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engine import jobs
from engine.database import Transaction
from engine.errors import NotFound
from engine.jobs import Incident
from processes.outgoing.issue import SEND_JOB
from processes.recall.ask import CHANGE_JOB
from processes.status_reports import STATUS_JOB
from records import journal
from records.authority import Act, authorize
from records.recipient import Recipient
from records.vocabulary import Delivery


@dataclass(frozen=True, slots=True)
class Unsent:
    """A sending that was given up, the document it is about, to whom, and why."""

    incident_id: UUID
    way: str
    document_id: UUID
    to: str
    why: str
    since: datetime
    #: as in `Departure.key`
    key: str


_OPEN = """SELECT i.id, CASE WHEN s.id IS NULL THEN 'outgoing' ELSE 'incoming' END,
  coalesce(r.outgoing_document_id, s.incoming_document_id), coalesce(r.name, d.organ_name),
  i.error, i.opened_at, CASE i.kind WHEN %s THEN 'envelope:' || r.id WHEN %s THEN 'status:' || s.id
    ELSE 'change:' || c.id END
FROM incident i JOIN job j ON j.id = i.job_id
LEFT JOIN change_request c ON c.id = (j.payload ->> 'change')::uuid
LEFT JOIN recipient r ON r.id = coalesce(c.recipient_id, (j.payload ->> 'recipient')::uuid)
LEFT JOIN status_report s ON s.id = (j.payload ->> 'report')::uuid
LEFT JOIN incoming_document d ON d.id = s.incoming_document_id
WHERE i.closed_at IS NULL AND i.kind IN (%s, %s, %s) AND i.agency_id = %s
  AND (r.id IS NOT NULL OR s.id IS NOT NULL) ORDER BY i.opened_at, i.id"""


def unsent(tx: Transaction) -> list[Unsent]:
    """Return what the acting agency could not send, the oldest first."""
    kinds = (SEND_JOB, STATUS_JOB)
    rows = tx.execute(_OPEN, *kinds, *kinds, CHANGE_JOB, tx.acting.agency_id).fetchall()
    return [Unsent(*row) for row in rows]


def send_again(tx: Transaction, incident_id: UUID) -> Unsent:
    """Have a sending tried again, under the same id and with the same bytes (gửi lại).

    Raises `NotFound` for what is no open incident of this agency's, `Stale`.
    """
    authorize(tx.acting, Act.ISSUE_DOCUMENT)
    found = next((one for one in unsent(tx) if one.incident_id == incident_id), None)
    if found is None:
        raise NotFound(what="gói tin không gửi được")
    incident = tx.get(Incident, incident_id, lock=True)
    jobs.retry(tx, incident)
    kind, _, of = found.key.partition(":")
    if kind == "envelope":
        recipient = tx.get(Recipient, UUID(of), lock=True)
        if recipient.delivery is Delivery.FAILED:
            recipient.delivery, recipient.delivery_reason = Delivery.PENDING, ""
    tx.execute(
        "UPDATE packet SET state = 'queued' WHERE state = 'failed' AND agency_id = %s"
        " AND send_key = %s",
        *(tx.acting.agency_id, found.key),
    )
    journal.record(
        tx,
        "retry",
        "incident",
        incident_id,
        document=found.document_id,
        to=found.to,
        job=incident.job_id,
    )
    return found


def documents_unsent(tx: Transaction, way: str) -> list[UUID]:
    """Return the documents of one direction with something that was given up."""
    return sorted({one.document_id for one in unsent(tx) if one.way == way})
