"""Issue (phát hành): the document leaves for its recipients, by the exchange and on paper."""

from engine import jobs
from engine.database import Transaction
from engine.errors import OfficeError
from processes.means import Means
from processes.order import Decision, Order, term, text
from processes.replace.apply import supersede
from records.authority import Act, authorize
from records.content import files_of
from records.document import OutgoingDocument
from records.document_type import DocumentType
from records.recipient import recipients_of
from records.vocabulary import Delivery, IssueForm, OutgoingStatus

#: the job that carries one document to one recipient
SEND_JOB = "send_envelope"


def posted_by(tx: Transaction) -> dict[str, str]:
    """Return who has a document sent, for its job: whom the receiver may call."""
    position = tx.acting.position_id
    return {"position": str(position)} if position is not None else {}


class AlreadyIssued(OfficeError):
    """The document has left already (văn bản đã phát hành)."""

    code = "already-issued"
    status = 409
    vi = "Văn bản {reference} đã phát hành lúc {at}."
    en = "The document {reference} was issued at {at}."


class NoRecipient(OfficeError):
    """Nobody is to receive it (chưa có nơi nhận)."""

    code = "no-recipient"
    vi = "Văn bản chưa có nơi nhận nên chưa phát hành được."
    en = "The document has no recipient and cannot be issued."


def issue(tx: Transaction, _means: Means, order: Order[OutgoingDocument]) -> Decision:
    """Issue a signed, numbered and sealed document: one job for each recipient reached online.

    Decree 30/2020, Điều 18: on the day of signature, at latest the next working day. Raises
    `NotSigned`, `NotExchangeable` (secret class, petition, special kind, unsigned: Điều 6.2),
    `SourceFileMissing`, `NoRecipient`, `AlreadyIssued`. What it replaces ends with its issue.
    """
    authorize(tx.acting, Act.ISSUE_DOCUMENT)
    document = order.document
    if document.issued_at is not None:
        raise AlreadyIssued(reference=document.reference, at=document.issued_at)
    if order.data.get("issue_form"):  # else as it was registered
        document.issue_form = term(IssueForm, order.data, "issue_form", document.issue_form)
        document.off_system_reason = text(order.data, "off_system_reason")
    kind = tx.get(DocumentType, document.type_id) if document.type_id else None
    document.ensure_issuable(kind, {f.kind for f in files_of(tx, document)})
    recipients = recipients_of(tx, document)
    if not recipients:
        raise NoRecipient
    online = document.issue_form is not IssueForm.PAPER
    for recipient in recipients:
        if online and recipient.organ_code:
            jobs.post(tx, SEND_JOB, {"recipient": str(recipient.id), **posted_by(tx)})
        else:
            recipient.delivery = Delivery.PAPER_ONLY
    document.issued_at = tx.now
    document.status = OutgoingStatus.ISSUED
    supersede(tx, document)
    return Decision({}, f"Đã phát hành {document.reference} tới {len(recipients)} nơi nhận")
