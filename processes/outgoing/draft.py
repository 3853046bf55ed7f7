"""Draft (soạn thảo): fields, recipients, text; every version kept (Decree 30/2020, Điều 10)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine import jobs
from engine.database import Transaction
from engine.errors import OfficeError
from processes.means import Means
from processes.order import Decision, Order, Upload, term, text
from processes.outgoing import template
from processes.outgoing.annex import ensure_signable
from records.authority import Act, authorize
from records.content import attach_file
from records.document import IncomingDocument, OutgoingDocument
from records.document_type import DocumentType
from records.draft import Draft, add_draft
from records.inspection import PDF
from records.link import DocumentLink, link_documents
from records.organization import Agency, AgencyCode, Officer, Position, Unit, positions_of
from records.recipient import Recipient, recipients_of
from records.reference import build_notation
from records.vietnamese import local_date
from records.vocabulary import (
    DraftSource,
    FileKind,
    IssueForm,
    LinkKind,
    OutgoingStatus,
    Secrecy,
    SigningCapacity,
    Urgency,
)
from signing.original import normalise

#: the job that makes a PDF of a Word draft; one at a time on a node
CONVERT_JOB = "convert_draft"


class NotASignatory(OfficeError):
    """The person chosen signs nothing (người được chọn không có thẩm quyền ký)."""

    code = "not-a-signatory"
    citation = "Nghị định 30/2020/NĐ-CP, Điều 13"
    vi = "{name} không có thẩm quyền ký văn bản của cơ quan. Chọn người ký khác."
    en = "{name} may not sign documents of this agency. Choose another signatory."


class SignsOwnDraft(OfficeError):
    """Who drafts does not sign the same document (người soạn thảo không ký văn bản của mình)."""

    code = "signs-own-draft"
    citation = "Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 9.5"
    vi = (
        "{name} là người soạn thảo văn bản này nên không thể là người ký. Chọn người ký khác, hoặc "
        "giao cán bộ khác soạn thảo."
    )
    en = "{name} drafts this document and cannot sign it. Choose another signatory or drafter."


class WrongDraftFile(OfficeError):
    """The uploaded file does not fit the chosen way of drafting (tệp không đúng loại)."""

    code = "wrong-draft-file"
    vi = "Tải lên đúng một tệp {wanted} làm dự thảo."
    en = "Upload exactly one {wanted} file as the draft."


class DraftIsSigned(OfficeError):
    """What is signed is changed no more (văn bản đã ký)."""

    code = "draft-is-signed"
    status = 409
    vi = "Văn bản đã ký nên không sửa dự thảo được nữa."
    en = "The document is signed; its draft cannot be changed."


def draft(tx: Transaction, means: Means, order: Order[OutgoingDocument]) -> Decision:
    """Keep the next version of the draft with its fields and recipients.

    From the template it is typeset at once; a Word file is converted by a job, its source kept; a
    PDF is taken as it is. Raises `SecretRefused`, `PaperOnly`, `NotASignatory`, `SignsOwnDraft`,
    `WrongDraftFile`, an annex that cannot be signed, and what the press and the file store refuse.
    """
    authorize(tx.acting, Act.DRAFT_DOCUMENT)
    document, data = order.document, order.data
    if document.is_signed:
        raise DraftIsSigned
    kind = tx.get(DocumentType, UUID(text(data, "document_type")))
    _fill(tx, document, data, kind)
    document.ensure_may_be_kept(stubs_allowed=False)
    _choose_issue_form(document, kind, paper_only=bool(data.get("paper_only")))
    signer, position = _signatory(tx, document, data)
    _readdress(tx, document, data)
    _link(tx, document, data)
    document.ensure_lengths()
    ensure_signable(tx, means, order.files.get("annexes", ()))
    for key, use in (("source_file", FileKind.SOURCE), ("annexes", FileKind.ANNEX)):
        for upload in order.files.get(key, ()):
            attach_file(tx, document, upload.stored, name=upload.name, kind=use)
    version = _keep(tx, means, order, kind, position)
    # Decree 30/2020, Điều 12: what was approved is that paper; a new one is approved anew.
    document.reviewer_id = document.format_checker_id = None
    document.status = OutgoingStatus.DRAFTING
    units = [str(u) for u in data.get("cooperating_units") or []]
    if units:
        document.status = OutgoingStatus.CONSULTING
    variables = {
        "outcome": "submit",
        "signatory": str(signer.id),
        "cooperating": units,
        "urgency": document.urgency.value,
    }
    return Decision(variables, f"Dự thảo bản {version.version_no}")


def _fill(
    tx: Transaction, document: OutgoingDocument, data: Mapping[str, Any], kind: DocumentType
) -> None:
    document.type_id = kind.id
    document.type_name = kind.type_name
    document.subject = text(data, "subject")
    document.urgency = term(Urgency, data, "urgency", Urgency.NORMAL)
    document.secrecy = term(Secrecy, data, "secrecy", Secrecy.NONE)
    document.is_petition = bool(data.get("is_petition"))
    document.due_on = data.get("due_on")
    agency = tx.get(Agency, document.agency_id)
    unit = tx.get(Unit, document.unit_id) if document.unit_id else None
    document.code_notation = build_notation(
        abbreviation=kind.abbreviation,
        organ=agency.symbol,
        unit=unit.symbol if unit else "",
    )


def _choose_issue_form(document: OutgoingDocument, kind: DocumentType, *, paper_only: bool) -> None:
    """Choose paper for what may leave in no other way; raises `PaperOnly` unless it is wanted."""
    barred = document.network_bar(kind)
    document.issue_form, document.off_system_reason = IssueForm.ELECTRONIC, ""
    if barred is not None and paper_only:
        document.issue_form = IssueForm.PAPER
        document.off_system_reason = barred.vi.capitalize()
    document.refuse_network(kind)


def _signatory(
    tx: Transaction, document: OutgoingDocument, data: Mapping[str, Any]
) -> tuple[Officer, Position]:
    officer = tx.get(Officer, UUID(text(data, "signatory")))
    held = [
        p
        for p, _ in positions_of(tx, officer.id, local_date(tx.now))
        if p.agency_id == document.agency_id and p.signing_capacity is not None
    ]
    if not held:
        raise NotASignatory(name=officer.full_name)
    if officer.id == document.author_id:
        raise SignsOwnDraft(name=officer.full_name)
    document.signatory_id = officer.id
    document.signer_name = officer.full_name
    document.signer_position = held[0].title
    document.signing_capacity = held[0].signing_capacity or SigningCapacity.OWN
    return officer, held[0]


def _readdress(tx: Transaction, document: OutgoingDocument, data: Mapping[str, Any]) -> None:
    """Write the recipients anew, in the order of the form."""
    for earlier in recipients_of(tx, document):
        tx.delete(earlier)
    rows = {str(row["agency"]): row for row in data.get("recipients") or []}  # each once
    for ordinal, (key, row) in enumerate(rows.items(), start=1):
        agency = tx.get(Agency, UUID(key))
        code = tx.scalar(
            sa.select(AgencyCode.code).where(
                AgencyCode.agency_id == agency.id, AgencyCode.preferred.is_(True)
            )
        )
        tx.add(
            Recipient(
                agency_id=document.agency_id,
                outgoing_document_id=document.id,
                ordinal=ordinal,
                receiver_agency_id=agency.id if agency.is_tenant else None,
                organ_code=code or "",
                name=agency.name,
                for_information=bool(row.get("for_information")),
            )
        )


def _link(tx: Transaction, document: OutgoingDocument, data: Mapping[str, Any]) -> None:
    if not data.get("in_reply_to"):
        return
    answered = tx.get(IncomingDocument, UUID(str(data["in_reply_to"])))
    present = tx.scalars(
        sa.select(DocumentLink).where(
            DocumentLink.from_outgoing_id == document.id,
            DocumentLink.to_incoming_id == answered.id,
        )
    )
    if not present:
        link_documents(tx, document, answered, LinkKind.REPLIES_TO)


def _keep(
    tx: Transaction,
    means: Means,
    order: Order[OutgoingDocument],
    kind: DocumentType,
    position: Position,
) -> Draft:
    document, data = order.document, order.data
    source = term_of(data)
    tx.flush()  # the version is counted under the document's row lock
    if source is DraftSource.TEMPLATE:
        fields = template.fields(tx, document, data, kind, position)
        stored = means.content.put(template.typeset(kind, fields, tx.now))
        made = add_draft(tx, document, source, fields=fields, note=text(data, "note"))
        name = f"du-thao-{made.version_no}.pdf"
        attach_file(
            tx, document, stored, name=name, kind=FileKind.DRAFT, version_no=made.version_no
        )
        return made
    upload = _only(order.files.get(f"{source.value}_file", ()), source)
    if source is DraftSource.PDF:
        # who wrote it can mend what nobody could sign in the end
        normalise(means.content.read(upload.stored.sha256))
    kept = FileKind.SOURCE if source is DraftSource.DOCX else FileKind.DRAFT
    file = attach_file(
        tx,
        document,
        upload.stored,
        name=upload.name,
        kind=kept,
        version_no=document.last_draft_no + 1,
    )
    made = add_draft(tx, document, source, source_file=file, note=text(data, "note"))
    if source is DraftSource.DOCX:
        jobs.post(tx, CONVERT_JOB, {"draft": str(made.id)})
    return made


def term_of(data: Mapping[str, Any]) -> DraftSource:
    """Return how the draft is written, as the form says."""
    return DraftSource(text(data, "source") or DraftSource.TEMPLATE)


def _only(uploads: Sequence[Upload], source: DraftSource) -> Upload:
    wanted = "PDF" if source is DraftSource.PDF else "Word (.docx, .odt)"
    if len(uploads) != 1:
        raise WrongDraftFile(wanted=wanted)
    is_pdf = uploads[0].stored.media_type == PDF
    if is_pdf != (source is DraftSource.PDF):
        raise WrongDraftFile(wanted=wanted)
    return uploads[0]
