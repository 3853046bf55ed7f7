"""Incoming and outgoing documents (văn bản đến, văn bản đi): fields of Phụ lục VI and their rules.

A document of a secret class never has content here: at most a stub with number, date, sender and
keeper, and only where the agency keeps such a register (Quy chế, Điều 3.4).
"""

import unicodedata
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, validates

from engine.database import Query, Transaction
from records.document_type import DocumentType
from records.issuing_error import (
    DocumentFrozen,
    ExchangeHindrance,
    FieldTooLong,
    MissingFields,
    NotExchangeable,
    NotSigned,
    PaperCopiesMissing,
    PaperOnly,
    SecretRefused,
    SourceFileMissing,
)
from records.record import GuardedRecord, at_most
from records.reference import likeness
from records.vocabulary import (
    Authenticity,
    Channel,
    FileKind,
    IncomingStatus,
    IssueForm,
    OutgoingStatus,
    Secrecy,
    SigningCapacity,
    Urgency,
    vocabulary,
)

#: greatest lengths of Decree 30/2020, annex VI, part II; codes of agencies per Decision 20/2020
SHARED_LENGTHS = {
    "type_name": 100,
    "code_number": 11,
    "code_notation": 30,
    "organ_code": 35,
    "organ_name": 200,
    "subject": 500,
    "language": 30,
    "description": 500,
    "signer_position": 100,
    "signer_name": 50,
}
INCOMING_LENGTHS = SHARED_LENGTHS | {"to_places": 1000}
OUTGOING_LENGTHS = SHARED_LENGTHS | {"place": 100}

#: what a stub of a secret document must not tell (Quy chế, Điều 3.4)
_NO_CONTENT = "secrecy = 'none' OR (subject = '' AND description = '')"


def _checks(lengths: dict[str, int]) -> list[sa.CheckConstraint]:
    return [
        *at_most(lengths),
        sa.CheckConstraint("page_amount BETWEEN 0 AND 999", name="page_amount"),
        sa.CheckConstraint(_NO_CONTENT, name="secret_stub_is_bare"),
    ]


class DocumentFields:
    """The fields both directions share (Phụ lục VI, phần II).

    File code and ordinal (fields 1 and 2) belong to the dossier: a document may lie in several
    (`records.dossier`).
    """

    lengths = SHARED_LENGTHS

    #: mã định danh văn bản on the exchange
    identifier: Mapped[str | None] = mapped_column(index=True)
    type_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("document_type.id"))
    type_name: Mapped[str] = mapped_column(default="")
    code_number: Mapped[str] = mapped_column(default="")
    code_notation: Mapped[str] = mapped_column(default="")
    issued_on: Mapped[date | None]
    organ_code: Mapped[str] = mapped_column(default="")
    organ_name: Mapped[str] = mapped_column(default="")
    subject: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="Tiếng Việt")
    page_amount: Mapped[int] = mapped_column(default=0)
    description: Mapped[str] = mapped_column(default="")
    signer_position: Mapped[str] = mapped_column(default="")
    signer_name: Mapped[str] = mapped_column(default="")
    urgency: Mapped[Urgency] = mapped_column(vocabulary(Urgency), default=Urgency.NORMAL)
    secrecy: Mapped[Secrecy] = mapped_column(vocabulary(Secrecy), default=Secrecy.NONE)
    #: đơn thư tranh chấp, khiếu nại, tố cáo: registered from paper, never exchanged
    is_petition: Mapped[bool] = mapped_column(default=False)
    #: hạn trả lời, hạn giải quyết
    due_on: Mapped[date | None]
    #: người giữ bản giấy of a secret document
    keeper: Mapped[str] = mapped_column(default="")
    #: frozen by a recall or a legal hold: nothing may change (Phụ lục VI, L-47, L-54)
    frozen_at: Mapped[datetime | None]
    #: why it was recalled or replaced (L-49: what is known of a recall is kept)
    withdrawn_reason: Mapped[str] = mapped_column(default="")
    #: what number, symbol and agency have in common with other spellings of the same document
    likeness: Mapped[str | None] = mapped_column(index=True)
    created_at: Mapped[datetime]

    @validates(*SHARED_LENGTHS, "identifier", "to_places", "place", include_backrefs=False)
    def _normalise(self, name: str, value: str | None) -> str | None:
        """Keep text in Unicode's composed form (TCVN 6909:2001)."""
        text = unicodedata.normalize("NFC", value) if value else value
        if name in {"code_number", "code_notation", "organ_name"}:
            seen = {
                n: getattr(self, n, None) for n in ("code_number", "code_notation", "organ_name")
            }
            seen[name] = text
            self.likeness = likeness(*seen.values())
        return text

    @property
    def reference(self) -> str:
        """Return số và ký hiệu as printed, empty while there is no number."""
        return f"{self.code_number}/{self.code_notation}" if self.code_number else ""

    def ensure_lengths(self) -> None:
        """Raise `FieldTooLong` for the first field longer than Phụ lục VI allows."""
        for name, limit in self.lengths.items():
            length = len(getattr(self, name) or "")
            if length > limit:
                raise FieldTooLong(field=name, limit=limit, length=length)

    def ensure_may_be_kept(self, *, stubs_allowed: bool) -> None:
        """Raise `SecretRefused` unless it is no secret or a bare stub the agency keeps."""
        if self.secrecy.is_secret and not (stubs_allowed and self._is_bare):
            raise SecretRefused(secrecy=self.secrecy.vi)

    def ensure_may_have_content(self) -> None:
        """Raise `SecretRefused` for a secret class: its files never enter (Quy chế, Điều 3.4)."""
        if self.secrecy.is_secret:
            raise SecretRefused(secrecy=self.secrecy.vi)

    def ensure_changeable(self) -> None:
        """Raise `DocumentFrozen` after a recall or under a legal hold (L-47, L-54)."""
        if self.frozen_at is not None:
            raise DocumentFrozen(reference=self.reference or self.subject)

    @property
    def _is_bare(self) -> bool:
        return not self.subject and not self.description


class IncomingDocument(DocumentFields, GuardedRecord):
    """A document that came in (văn bản đến)."""

    __tablename__ = "incoming_document"
    called = ("văn bản đến", "incoming document")
    __table_args__ = (
        *_checks(INCOMING_LENGTHS),
        sa.Index("ix_incoming_document_agency_id_arrived_on", "agency_id", "arrived_on"),
    )
    lengths = INCOMING_LENGTHS

    channel: Mapped[Channel] = mapped_column(vocabulary(Channel))
    status: Mapped[IncomingStatus] = mapped_column(
        vocabulary(IncomingStatus), default=IncomingStatus.RECEIVED
    )
    #: ngày đến, số đến: given by the register
    arrived_on: Mapped[date | None]
    arrival_number: Mapped[int | None]
    received_at: Mapped[datetime]
    registered_at: Mapped[datetime | None]
    to_places: Mapped[str] = mapped_column(default="")
    #: hops of the envelope as they came (TraceHeaderList)
    trace: Mapped[list[Any]] = mapped_column(default=list)
    #: `DocType` of the envelope kept verbatim, for a kind we do not know
    wire_type: Mapped[str] = mapped_column(default="")
    authenticity: Mapped[Authenticity] = mapped_column(
        vocabulary(Authenticity), default=Authenticity.UNCHECKED
    )
    #: why the clerk registered it although unsigned or invalid
    authenticity_reason: Mapped[str] = mapped_column(default="")
    #: đề xuất ý kiến xử lý of the clerk (Quy chế, Điều 3.7)
    proposal: Mapped[str] = mapped_column(default="")
    refusal_reason: Mapped[str] = mapped_column(default="")
    #: đơn vị hoặc người nhận, ngày chuyển: columns 7 and 8 of the printed book
    handed_to: Mapped[str] = mapped_column(default="")
    handed_on: Mapped[date | None]
    completed_at: Mapped[datetime | None]
    #: given back to its sender, or superseded
    withdrawn_at: Mapped[datetime | None]

    @property
    def is_registered(self) -> bool:
        """Return whether it has its arrival number (số đến)."""
        return self.arrival_number is not None

    def ensure_registrable(self, *, stubs_allowed: bool = False) -> None:
        """Raise what stands against registering it: missing or long fields, secrecy.

        A secret stub needs no subject; a petition on paper is registered like any other.
        """
        self.ensure_may_be_kept(stubs_allowed=stubs_allowed)
        needed = {"organ_name": "cơ quan ban hành"}
        if self.secrecy.is_secret:
            needed["keeper"] = "người giữ"
        else:
            needed |= {"subject": "trích yếu", "type_name": "loại văn bản"}
        missing = [label for name, label in needed.items() if not getattr(self, name)]
        if missing:
            raise MissingFields(names=", ".join(missing))
        self.ensure_lengths()


class OutgoingDocument(DocumentFields, GuardedRecord):
    """A document this agency writes and issues (văn bản đi)."""

    __tablename__ = "outgoing_document"
    called = ("văn bản đi", "outgoing document")
    __table_args__ = (
        *_checks(OUTGOING_LENGTHS),
        sa.CheckConstraint("issued_amount BETWEEN 0 AND 999", name="issued_amount"),
        sa.CheckConstraint(
            "issue_form <> 'paper' OR off_system_reason <> ''", name="off_system_reason"
        ),
        sa.Index("ix_outgoing_document_agency_id_issued_on", "agency_id", "issued_on"),
    )
    lengths = OUTGOING_LENGTHS

    status: Mapped[OutgoingStatus] = mapped_column(
        vocabulary(OutgoingStatus), default=OutgoingStatus.DRAFTING
    )
    serial_number: Mapped[int | None]
    place: Mapped[str] = mapped_column(default="")
    issue_form: Mapped[IssueForm] = mapped_column(
        vocabulary(IssueForm), default=IssueForm.ELECTRONIC
    )
    #: why it leaves the system's channel (Quy chế, Điều 6.2)
    off_system_reason: Mapped[str] = mapped_column(default="")
    signing_capacity: Mapped[SigningCapacity] = mapped_column(
        vocabulary(SigningCapacity), default=SigningCapacity.OWN
    )
    issued_amount: Mapped[int] = mapped_column(default=0)
    #: drafts made so far (`records.draft`)
    last_draft_no: Mapped[int] = mapped_column(default=0)
    # Quy chế, Điều 12.2: every issued document names its author, reviewer, format checker, signer.
    unit_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("unit.id"))
    author_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("officer.id"))
    reviewer_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("officer.id"))
    format_checker_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("officer.id"))
    signatory_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("officer.id"))
    signed_at: Mapped[datetime | None]
    sealed_at: Mapped[datetime | None]
    issued_at: Mapped[datetime | None]
    recalled_at: Mapped[datetime | None]
    #: đơn vị, người nhận bản lưu; where original and file copy lie (Quy chế, Điều 7.2c)
    kept_by: Mapped[str] = mapped_column(default="")
    original_kept_at: Mapped[str] = mapped_column(default="")
    file_copy_kept_at: Mapped[str] = mapped_column(default="")

    @property
    def is_signed(self) -> bool:
        """Return whether the competent person has signed."""
        return self.signed_at is not None

    def ensure_signed(self) -> None:
        """Raise `NotSigned`: only what the leader signed is numbered, sealed, issued (7.2a)."""
        if not self.is_signed:
            raise NotSigned(reference=self.reference or self.subject)

    def network_bar(self, kind: DocumentType | None) -> ExchangeHindrance | None:
        """Return what no step can mend: the class that never leaves over the network (Điều 6.2)."""
        if self.secrecy.is_secret:
            return ExchangeHindrance.SECRET
        if self.is_petition:
            return ExchangeHindrance.PETITION
        if kind is not None and kind.is_special:
            return ExchangeHindrance.SPECIAL
        return None

    def refuse_network(self, kind: DocumentType | None) -> None:
        """Raise `PaperOnly` for what may never leave electronically and is not for paper."""
        barred = self.network_bar(kind)
        if barred is not None and self.issue_form is not IssueForm.PAPER:
            raise PaperOnly(
                reference=self.reference or self.subject,
                hindrance=barred,
                reason_vi=barred.vi,
                reason_en=barred.en,
            )

    def exchange_hindrance(self, kind: DocumentType | None) -> ExchangeHindrance | None:
        """Return why this document may not leave over the network, None when it may.

        `kind` is the document's type as the agency lists it.
        """
        barred = self.network_bar(kind)
        if barred is not None:
            return barred
        if not self.is_signed:
            return ExchangeHindrance.UNSIGNED
        if self.sealed_at is None:
            return ExchangeHindrance.UNSEALED
        return None

    def may_be_exchanged(self, kind: DocumentType | None) -> bool:
        """Return whether nothing stands against exchanging it (Quy chế, Điều 3.5, 5.3, 6.2)."""
        return self.exchange_hindrance(kind) is None

    def refuse_exchange(self, kind: DocumentType | None) -> None:
        """Raise `NotExchangeable` with its reason when the document may not be exchanged."""
        hindrance = self.exchange_hindrance(kind)
        if hindrance is not None:
            raise NotExchangeable(
                reference=self.reference or self.subject,
                hindrance=hindrance,
                reason_vi=hindrance.vi,
                reason_en=hindrance.en,
            )

    def ensure_source_file(self, kind: DocumentType | None, kinds_of_files: set[FileKind]) -> None:
        """Raise `SourceFileMissing` unless digitised and source file are there (Điều 3.6).

        The digitised file is a scan or the signed PDF.
        """
        if kind is None or not (kind.needs_source_file or kind.is_legal_normative):
            return
        missing = []
        if FileKind.SOURCE not in kinds_of_files:
            missing.append("tệp dữ liệu gốc (bản soạn thảo)")
        if not kinds_of_files & {FileKind.SCAN, FileKind.SIGNED}:
            missing.append("tệp số hóa (bản quét hoặc bản PDF đã ký số)")
        if missing:
            raise SourceFileMissing(kind=kind.name, missing=" và ".join(missing))

    def ensure_issuable(self, kind: DocumentType | None, kinds_of_files: set[FileKind]) -> None:
        """Raise what stands against issuing: unsigned, exempt class sent electronically, files."""
        self.ensure_signed()
        if self.issue_form is not IssueForm.PAPER:
            self.refuse_exchange(kind)
        self.ensure_source_file(kind, kinds_of_files)
        self.ensure_lengths()

    def ensure_paper_kept(self) -> None:
        """Raise `PaperCopiesMissing` unless both paper copies have their place (Điều 7.2c)."""
        on_paper = self.issue_form is not IssueForm.ELECTRONIC
        if on_paper and not (self.original_kept_at and self.file_copy_kept_at):
            raise PaperCopiesMissing(reference=self.reference)


Document = IncomingDocument | OutgoingDocument


def about(document: Document) -> dict[str, UUID]:
    """Return the column that names `document` in a row about either direction."""
    way = "incoming" if isinstance(document, IncomingDocument) else "outgoing"
    return {f"{way}_document_id": document.id}


_ALIKE = Query(
    sa.select(IncomingDocument)
    .where(
        IncomingDocument.agency_id == sa.bindparam("agency", type_=sa.Uuid()),
        sa.or_(
            IncomingDocument.identifier == sa.bindparam("identifier", type_=sa.Text()),
            IncomingDocument.likeness == sa.bindparam("likeness", type_=sa.Text()),
        ),
        IncomingDocument.status != IncomingStatus.REFUSED,
    )
    .order_by(IncomingDocument.id)
)


def duplicates_of(
    tx: Transaction,
    *,
    agency_id: UUID,
    identifier: str | None,
    code_number: str,
    code_notation: str,
    organ_name: str,
    except_id: UUID | None = None,
) -> list[IncomingDocument]:
    """Return the incoming documents the clerk must be warned of (Phụ lục VI, L-6).

    The same identifier, or number, symbol and issuing agency all alike. Refused ones do not count.
    """
    found = tx.scalars(
        _ALIKE,
        agency=agency_id,
        identifier=unicodedata.normalize("NFC", identifier) if identifier else None,
        likeness=likeness(code_number, code_notation, organ_name),
    )
    return [document for document in found if document.id != except_id]
