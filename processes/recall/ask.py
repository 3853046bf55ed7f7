"""Take a document back, or recall it (lấy lại, thu hồi văn bản đã phát hành): the sender's side.

Taking back concerns receivers who should not have it; the document stays in force. A recall is the
agency's order that ends it for all: from then on it is frozen (Decree 30/2020, annex VI, part I).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from engine import jobs
from engine.database import Transaction
from engine.errors import NotFound, OfficeError
from processes.second_person import reasoned
from records import journal
from records.authority import Act, authorize
from records.change import (
    WITHDRAWALS,
    ChangeAnswer,
    ChangeKind,
    ChangeRequest,
    requests_sent,
)
from records.document import OutgoingDocument
from records.recipient import Recipient, recipients_of
from records.record import author
from records.transfer import Direction
from records.vocabulary import Delivery, OutgoingStatus

#: the job that carries one request to one receiver
CHANGE_JOB = "send_change"


class NotIssuedYet(OfficeError):
    """Only what has left can be asked back (văn bản chưa phát hành)."""

    code = "not-issued-yet"
    status = 409
    vi = (
        "Văn bản «{reference}» chưa phát hành nên không có gì để lấy lại, thu hồi. Trả lại bước "
        "trước trên quy trình nếu cần sửa."
    )
    en = "«{reference}» has not been issued: there is nothing to take back. Send it back a step."


class AlreadyWithdrawn(OfficeError):
    """The document is withdrawn or replaced already (văn bản đã thu hồi, đã bị thay thế)."""

    code = "already-withdrawn"
    status = 409
    vi = "Văn bản {reference} đã ở trạng thái «{state}», không yêu cầu thêm được."
    en = "The document {reference} is «{state}» already; nothing more can be asked."


class AlreadyAsked(OfficeError):
    """A receiver has not answered the request before (bên nhận chưa trả lời yêu cầu trước)."""

    code = "already-asked"
    status = 409
    vi = "{name} chưa trả lời yêu cầu gửi lúc trước. Chờ trả lời rồi mới yêu cầu tiếp."
    en = "{name} has not answered the request before this one. Wait for the answer."


class NobodyToTakeFrom(OfficeError):
    """No receiver chosen holds the document (không nơi nhận nào đang giữ văn bản)."""

    code = "nobody-to-take-from"
    status = 409
    vi = (
        "Không có nơi nhận nào trên trục đang giữ văn bản này: đã từ chối, đã trả lại, hoặc chỉ "
        "nhận bản giấy. Với bản giấy, gửi văn bản thu hồi bằng giấy."
    )
    en = "No receiver on the exchange holds this document. Recall paper copies on paper."


@dataclass(frozen=True, slots=True)
class AskBack:
    """The command: which document, whether recalled or only taken back, why, and from whom.

    Without recipients it is all of them; a recall always is.
    """

    document_id: UUID
    kind: ChangeKind
    reason: str
    recipient_ids: Sequence[UUID] = ()


def ask_back(tx: Transaction, command: AskBack) -> list[ChangeRequest]:
    """Ask receivers to give a document back: a request and a job for each who may hold it.

    Raises `NoRight`, `ReasonMissing`, `NotIssuedYet`, `AlreadyWithdrawn`, `AlreadyAsked`,
    `NobodyToTakeFrom`.
    """
    authorize(tx.acting, Act.RECALL_DOCUMENT)
    reason = reasoned(command.reason)
    document = tx.get(OutgoingDocument, command.document_id, lock=True)
    ensure_may_be_asked(document)
    recipients = recipients_of(tx, document)
    named = set(command.recipient_ids)
    if not named <= {r.id for r in recipients}:
        raise NotFound(what="nơi nhận")
    is_recall = command.kind is ChangeKind.RECALL
    chosen = [r for r in recipients if is_recall or not named or r.id in named]
    waiting = _asked_back(tx, document)
    for one in chosen:
        if one.id in waiting and one.id in named:
            raise AlreadyAsked(name=one.name)
    holding = [r for r in chosen if holds(r) and r.id not in waiting]
    if not holding and not is_recall:
        raise NobodyToTakeFrom
    asked = [ask(tx, document, one, command.kind, reason) for one in holding]
    if is_recall:
        # L-47 of annex VI: the agency's order itself freezes the document and its metadata
        document.frozen_at = document.frozen_at or tx.now
        document.withdrawn_reason = _joined(document.withdrawn_reason, reason)
    settle_withdrawal(tx, document, recipients)
    journal.record(
        tx, "ask_back", "outgoing_document", document.id, asked=command.kind.value, reason=reason,
        receivers=[r.organ_code for r in holding],
    )  # fmt: skip
    return asked


def _joined(before: str, reason: str) -> str:
    """Return both reasons of a recall that was ordered twice."""
    return before if reason in before.split("; ") else "; ".join(filter(None, (before, reason)))


def ensure_may_be_asked(document: OutgoingDocument) -> None:
    """Raise `NotIssuedYet` or `AlreadyWithdrawn` where nothing can be asked of its receivers."""
    if document.issued_at is None:
        raise NotIssuedYet(reference=document.reference or document.subject)
    if document.status in {OutgoingStatus.RECALLED, OutgoingStatus.REPLACED}:
        raise AlreadyWithdrawn(reference=document.reference, state=document.status.vi)


#: where there is nothing to give back over the exchange
_WITHOUT = frozenset({Delivery.REFUSED, Delivery.RECALLED, Delivery.PAPER_ONLY})


def holds(recipient: Recipient) -> bool:
    """Return whether a recipient has the document from the exchange, or may soon."""
    return bool(recipient.organ_code) and recipient.delivery not in _WITHOUT


def askable(tx: Transaction, document: OutgoingDocument) -> list[Recipient]:
    """Return the recipients who hold a document and have not been asked for it."""
    waiting = _asked_back(tx, document)
    found = recipients_of(tx, document)
    return [one for one in found if holds(one) and one.id not in waiting]


def _asked_back(tx: Transaction, document: OutgoingDocument) -> set[UUID | None]:
    """Return who has been asked to give a document back and has not answered.

    An update that waits for its answer stands in no recall's way.
    """
    return {
        one.recipient_id
        for one in requests_sent(tx, document.id)
        if one.answer is ChangeAnswer.OPEN and one.kind in WITHDRAWALS
    }


def ask(
    tx: Transaction, document: OutgoingDocument, recipient: Recipient, kind: ChangeKind, reason: str
) -> ChangeRequest:
    """Write down a request to one recipient and post the job that carries it.

    What never left is not asked for: its job is given up for good.
    """
    request = tx.add(
        ChangeRequest(
            agency_id=document.agency_id,
            direction=Direction.OUT,
            kind=kind,
            outgoing_document_id=document.id,
            recipient_id=recipient.id,
            identifier=document.identifier or "",
            organ_code=recipient.organ_code,
            reference=document.reference,
            reason=reason,
            asked_at=tx.now,
            **author(tx.acting),
        )
    )
    if recipient.delivery is Delivery.FAILED and kind in WITHDRAWALS:
        request.decide(ChangeAnswer.AGREED, "Văn bản chưa gửi được tới nơi này", "", tx.now)
        recipient.delivery, recipient.delivered_at = Delivery.RECALLED, tx.now
    else:
        jobs.post(tx, CHANGE_JOB, {"change": str(request.id)})
    return request


def settle_withdrawal(
    tx: Transaction, document: OutgoingDocument, recipients: Sequence[Recipient]
) -> bool:
    """Mark the document withdrawn once nobody on the exchange holds it any more (đã thu hồi).

    A refusal at receipt counts as given back; where it was never asked back nothing changes.
    """
    ordered = document.frozen_at is not None and bool(document.withdrawn_reason)
    given_back = any(r.delivery is Delivery.RECALLED for r in recipients)
    if any(map(holds, recipients)) or not (ordered or given_back):
        return False
    if document.status in {OutgoingStatus.RECALLED, OutgoingStatus.REPLACED}:
        return False
    if not document.withdrawn_reason:
        sent = requests_sent(tx, document.id)
        document.withdrawn_reason = sent[-1].reason if sent else ""
    document.status = OutgoingStatus.RECALLED
    document.recalled_at = tx.now
    document.frozen_at = document.frozen_at or tx.now
    return True
