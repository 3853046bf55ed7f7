"""Update an issued document (cập nhật văn bản đã phát hành): the sender's side.

The signed paper never changes in place: a new version, signed again, supersedes it and the old one
is kept. Receivers may be added, who simply get the document, or taken off, who are asked for it
back; all others who hold it are sent the new version (Decree 30/2020, Điều 18).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine import jobs
from engine.database import Transaction
from engine.errors import NotFound, OfficeError
from processes.means import Means
from processes.order import Upload
from processes.outgoing.issue import SEND_JOB, posted_by
from processes.outgoing.paper import current_paper
from processes.recall.ask import ask, ensure_may_be_asked, holds
from processes.second_person import reasoned
from processes.update.annexes import supersede_annexes
from processes.update.signed_again import ensure_signed
from processes.verify import keep_check
from records import journal
from records.authority import Act, authorize
from records.change import ChangeAnswer, ChangeKind, ChangeRequest, requests_sent
from records.content import attach_file
from records.document import OutgoingDocument
from records.document_type import DocumentType
from records.organization import Agency, AgencyCode
from records.recipient import Recipient, recipients_of
from records.vietnamese import day_text
from records.vocabulary import Delivery, FileKind, Urgency


class NothingToUpdate(OfficeError):
    """The update changes nothing (chưa có gì thay đổi)."""

    code = "nothing-to-update"
    vi = "Chưa có gì thay đổi: sửa thông tin, tải bản ký số, phụ lục mới, hoặc thêm, bớt nơi nhận."
    en = "Nothing changes. Correct the header, upload a new version or annex, or change receivers."


class DueBeforeIssue(OfficeError):
    """An answer cannot be due before the document was issued (hạn trước ngày ban hành)."""

    code = "due-before-issue"
    vi = "Hạn trả lời {due_on} trước ngày văn bản {issued_on}. Chọn ngày từ ngày văn bản trở đi."
    en = "The deadline {due_on} lies before the document's date {issued_on}. Choose a later day."


class AlreadyRecipient(OfficeError):
    """The agency received the document before (đã là nơi nhận)."""

    code = "already-recipient"
    status = 409
    vi = "{name} đã là nơi nhận của văn bản này."
    en = "{name} is a recipient of this document already."


@dataclass(frozen=True, slots=True)
class UpdateIssued:
    """The command: what is corrected, new signed files, receivers added and taken off, and why.

    A field left None keeps its value: a missing deadline says nothing on the wire, so that one
    given is changed and never taken away.
    """

    document_id: UUID
    reason: str
    subject: str | None = None
    urgency: Urgency | None = None
    due_on: date | None = None
    paper: Upload | None = None
    annexes: Sequence[Upload] = ()
    drop_annexes: Sequence[UUID] = ()
    add: Sequence[UUID] = ()
    remove: Sequence[UUID] = ()


def update_issued(tx: Transaction, means: Means, command: UpdateIssued) -> list[ChangeRequest]:
    """Update an issued document and tell every receiver whom it concerns; return the requests.

    Raises `NoRight`, `ReasonMissing`, `NotIssuedYet`, `AlreadyWithdrawn`, `DocumentFrozen`,
    `UpdateNotSigned`, `NoAnnexLeft`, `DueBeforeIssue`, `AlreadyRecipient`, `NotExchangeable`,
    `NothingToUpdate`, `NotFound`.
    """
    authorize(tx.acting, Act.RECALL_DOCUMENT)
    reason = reasoned(command.reason)
    document = tx.get(OutgoingDocument, command.document_id, lock=True)
    ensure_may_be_asked(document)
    document.ensure_changeable()
    recipients = recipients_of(tx, document)
    before = _correct(document, command)
    if command.paper is not None:
        before["sha256"] = _supersede(tx, means, document, command.paper)
    old = supersede_annexes(tx, means, document, command.annexes, command.drop_annexes)
    if old is not None:
        before["annexes"] = old
    removed = _removed(recipients, command.remove)
    added = [_add(tx, document, recipients, agency) for agency in dict.fromkeys(command.add)]
    if not before and not added and not removed:
        raise NothingToUpdate
    waiting = {
        r.recipient_id
        for r in requests_sent(tx, document.id)
        if r.answer is ChangeAnswer.OPEN and r.kind is not ChangeKind.UPDATE
    }
    asked = [
        ask(tx, document, one, ChangeKind.TAKE_BACK, reason)
        for one in removed
        if holds(one) and one.id not in waiting
    ]
    content = {
        "before": before,
        "added": [one.organ_code for one in added],
        "removed": [one.organ_code for one in removed],
    }
    if before:
        for one in recipients:
            if one not in removed and holds(one) and one.id not in waiting:
                request = ask(tx, document, one, ChangeKind.UPDATE, reason)
                request.content = content
                asked.append(request)
    journal.record(
        tx, "update_issued", "outgoing_document", document.id, reason=reason, content=content
    )
    return asked


def _correct(document: OutgoingDocument, command: UpdateIssued) -> dict[str, Any]:
    """Correct the header and return what it said before; number, date and signer never change."""
    issued, due = document.issued_on, command.due_on
    if due is not None and issued is not None and due < issued:
        raise DueBeforeIssue(due_on=day_text(due), issued_on=day_text(issued))
    before: dict[str, Any] = {}
    for name in ("subject", "urgency", "due_on"):
        wanted, present = getattr(command, name), getattr(document, name)
        if wanted is not None and wanted != present:
            before[name] = "" if present is None else str(present)
            setattr(document, name, wanted)
    document.ensure_lengths()
    return before


def _supersede(tx: Transaction, means: Means, document: OutgoingDocument, upload: Upload) -> str:
    """Make a signed PDF the current version and return the digest of the one before."""
    examination = ensure_signed(means, upload, tx.now)
    old = current_paper(tx, document)
    version = max((f.version_no for f in old.files if f.kind is FileKind.SIGNED), default=0) + 1
    pages = means.content.count_pages(upload.stored.sha256)
    file = attach_file(
        tx, document, upload.stored, name=old.file.name, kind=FileKind.SIGNED,
        version_no=version, page_amount=pages,
    )  # fmt: skip
    keep_check(tx, file, examination)
    document.page_amount = pages
    return old.file.sha256


def _removed(recipients: Sequence[Recipient], wanted: Sequence[UUID]) -> list[Recipient]:
    found = [one for one in recipients if one.id in set(wanted)]
    if len(found) != len(set(wanted)):
        raise NotFound(what="nơi nhận")
    return found


def _add(
    tx: Transaction, document: OutgoingDocument, recipients: Sequence[Recipient], agency_id: UUID
) -> Recipient:
    """Add a receiver, who is sent the document like any other."""
    kind = tx.get(DocumentType, document.type_id) if document.type_id else None
    document.refuse_exchange(kind)
    agency = tx.get(Agency, agency_id)
    code = tx.scalar(
        sa.select(AgencyCode.code).where(
            AgencyCode.agency_id == agency_id, AgencyCode.preferred.is_(True)
        )
    )
    if agency_id == document.agency_id or any(
        one.receiver_agency_id == agency_id or (code and one.organ_code == code)
        for one in recipients
    ):
        raise AlreadyRecipient(name=agency.name)
    one = tx.add(
        Recipient(
            agency_id=document.agency_id,
            outgoing_document_id=document.id,
            ordinal=max((r.ordinal for r in recipients), default=0) + 1,
            receiver_agency_id=agency_id,
            organ_code=code or "",
            name=agency.name,
        )
    )
    if code:
        jobs.post(tx, SEND_JOB, {"recipient": str(one.id), **posted_by(tx)})
    else:
        one.delivery = Delivery.PAPER_ONLY
    return one
