"""Drafts of an outgoing document (dự thảo) and what is said of them (góp ý, duyệt).

Every draft is kept with the document (Decree 30/2020, annex VI, L-25): a version never changes, a
correction is the next version.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Query, Transaction
from engine.errors import OfficeError
from records.content import File
from records.document import OutgoingDocument
from records.inspection import PDF
from records.record import Authored, Record, author
from records.vocabulary import DraftSource, FileKind, Verdict, vocabulary


class DraftWithoutContent(OfficeError):
    """A draft needs text or a file (dự thảo chưa có nội dung)."""

    code = "draft-without-content"
    vi = "Dự thảo chưa có nội dung: soạn theo mẫu hoặc tải tệp Word, PDF lên."
    en = "The draft has no content: write it from the template or upload a file."


class OpinionWithoutText(OfficeError):
    """Comments and returns say why (ý kiến chưa có nội dung)."""

    code = "opinion-without-text"
    vi = "Hãy ghi nội dung ý kiến khi không nhất trí hoàn toàn hoặc đề nghị sửa dự thảo."
    en = "Write what should change when you do not simply agree."


class Draft(Authored, Record):
    """One version of a draft, immutable, with its files (phiên bản dự thảo)."""

    __tablename__ = "draft"
    called = ("dự thảo", "draft")
    __table_args__ = (
        sa.UniqueConstraint("outgoing_document_id", "version_no"),
        sa.CheckConstraint("source <> 'template' OR fields IS NOT NULL", name="fields"),
        sa.CheckConstraint("source = 'template' OR source_file_id IS NOT NULL", name="source_file"),
        {"info": {"append_only": True}},
    )

    outgoing_document_id: Mapped[UUID] = mapped_column(sa.ForeignKey("outgoing_document.id"))
    version_no: Mapped[int]
    source: Mapped[DraftSource] = mapped_column(vocabulary(DraftSource))
    #: the fields of the template (`records.typesetting.Paper`)
    fields: Mapped[dict[str, Any] | None]
    source_file_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("file.id"))
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]


class Opinion(Authored, Record):
    """What a unit or an approver says of one draft (ý kiến về dự thảo), never changed."""

    __tablename__ = "opinion"
    __table_args__ = (
        sa.CheckConstraint("verdict = 'agrees' OR text <> ''", name="text"),
        {"info": {"append_only": True}},
    )

    draft_id: Mapped[UUID] = mapped_column(sa.ForeignKey("draft.id"), index=True)
    #: the step it was given in: `consultation`, `content`, `format`, `signature`
    stage: Mapped[str]
    unit_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("unit.id"))
    verdict: Mapped[Verdict] = mapped_column(vocabulary(Verdict))
    text: Mapped[str] = mapped_column(default="")
    file_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("file.id"))
    at: Mapped[datetime]


_DRAFTS = Query(
    sa.select(Draft)
    .where(Draft.outgoing_document_id == sa.bindparam("document", type_=sa.Uuid()))
    .order_by(Draft.version_no)
)
_PDF = Query(
    sa.select(File)
    .where(
        File.outgoing_document_id == sa.bindparam("document", type_=sa.Uuid()),
        File.version_no == sa.bindparam("version", type_=sa.BigInteger()),
        File.kind == FileKind.DRAFT,
        File.media_type == PDF,
    )
    .order_by(File.id.desc())
    .limit(1)
)


def drafts_of(tx: Transaction, document_id: UUID) -> list[Draft]:
    """Return all versions of the draft, oldest first."""
    return tx.scalars(_DRAFTS, document=document_id)


def pdf_of(tx: Transaction, draft: Draft) -> File | None:
    """Return the PDF of `draft` to be read and signed, None while it is not made yet.

    It is the newest PDF attached to the document as `FileKind.DRAFT` with the draft's number:
    uploaded, typeset, or converted later from the source.
    """
    found = tx.scalars(_PDF, document=draft.outgoing_document_id, version=draft.version_no)
    return found[0] if found else None


def add_draft(
    tx: Transaction,
    document: OutgoingDocument,
    source: DraftSource,
    *,
    fields: dict[str, Any] | None = None,
    source_file: File | None = None,
    note: str = "",
) -> Draft:
    """Keep the next version of the draft of `document` and return it.

    Raises `SecretRefused` for a secret class, `DraftWithoutContent`.
    """
    document.ensure_may_have_content()
    if fields is None and source_file is None:
        raise DraftWithoutContent
    locked = tx.get(OutgoingDocument, document.id, lock=True)
    locked.last_draft_no += 1
    return tx.add(
        Draft(
            agency_id=locked.agency_id,
            outgoing_document_id=locked.id,
            version_no=locked.last_draft_no,
            source=source,
            fields=fields,
            source_file_id=source_file.id if source_file else None,
            note=note,
            created_at=tx.now,
            **author(tx.acting),
        )
    )


def give_opinion(
    tx: Transaction,
    draft: Draft,
    verdict: Verdict,
    *,
    stage: str,
    text: str = "",
    unit_id: UUID | None = None,
    file_id: UUID | None = None,
) -> Opinion:
    """Record what the acting officer says of `draft` (góp ý, duyệt)."""
    if verdict is not Verdict.AGREES and not text.strip():
        raise OpinionWithoutText
    return tx.add(
        Opinion(
            agency_id=draft.agency_id,
            draft_id=draft.id,
            stage=stage,
            unit_id=unit_id if unit_id is not None else tx.acting.unit_id,
            verdict=verdict,
            text=text.strip(),
            file_id=file_id,
            at=tx.now,
            **author(tx.acting),
        )
    )
