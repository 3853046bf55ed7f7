"""A document as every page shows it (văn bản trên trang): reference, facts, files, signatures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import url_for

from engine.database import Transaction
from engine.errors import NotFound
from records.content import File, files_of
from records.document import Document, IncomingDocument, OutgoingDocument
from records.inspection import PDF
from records.recipient import Recipient
from records.verification import SignatureCheck, history_of
from records.vocabulary import Authenticity, Channel, FileKind
from signing.report import DocumentReport, Verdict
from web import words
from web.door import language
from web.tongue import _, ngettext

#: which file is the document itself: the first kind present, its newest version
_FACE = (FileKind.SIGNED, FileKind.MAIN, FileKind.SCAN, FileKind.DRAFT)
#: what an update brings as a whole, and from which version on: a paper is issued with its third,
#: the sealed one
_VERSIONED: tuple[tuple[set[FileKind], int], ...] = (
    ({FileKind.SIGNED}, 3),
    ({FileKind.ANNEX, FileKind.SIGNED_ANNEX, FileKind.MAIN}, 1),
)
#: not for people: packets and reports
_HIDDEN = frozenset({FileKind.EDXML, FileKind.REPORT})


@dataclass(frozen=True, slots=True)
class Papers:
    """The files of a document and what is known of their signatures."""

    files: Sequence[File]
    #: the checks of each file, oldest first
    history: Mapping[UUID, Sequence[SignatureCheck]]

    def face(self, chosen: UUID | None = None) -> File | None:
        """Return the file to be shown: the chosen one, else the document itself."""
        if chosen is not None:
            return next((f for f in self.files if f.id == chosen), None)
        for kind in _FACE:
            found = [f for f in self.files if f.kind is kind and f.media_type == PDF]
            if found:
                return max(found, key=lambda f: (f.version_no, f.id))
        return next((f for f in self.files if f.media_type == PDF), None)

    def superseded(self) -> set[UUID]:
        """Return the files an update put others in the place of: kept, and told apart."""
        found: set[UUID] = set()
        for kinds, first in _VERSIONED:
            alike = [f for f in self.files if f.kind in kinds and f.version_no >= first]
            newest = max((f.version_no for f in alike), default=0)
            found |= {f.id for f in alike if f.version_no < newest}
        return found

    def report(self, file: File | None) -> DocumentReport | None:
        """Return the newest report on the file's signatures."""
        checks = self.history.get(file.id, ()) if file is not None else ()
        return DocumentReport.from_json(checks[-1].report) if checks else None


def load_document(tx: Transaction, subject_type: str, document_id: UUID) -> Document:
    """Return an incoming or outgoing document; raises `NotFound`."""
    try:
        if subject_type == "incoming":
            return tx.get(IncomingDocument, document_id)
        return tx.get(OutgoingDocument, document_id)
    except NotFound:
        raise NotFound(what=_("văn bản")) from None


def key_of(text: str) -> UUID:
    """Return the id a page names; raises `NotFound` for what is none."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(what=_("văn bản")) from None


def papers_of(tx: Transaction, document: Document) -> Papers:
    """Return the files of a document that people read, with the checks of their signatures."""
    files = [f for f in files_of(tx, document) if f.kind not in _HIDDEN]
    return Papers(files, history_of(tx, [f.id for f in files]) if files else {})


def page_of(document: Document) -> str:
    """Return the address of a document's page."""
    way = "incoming" if isinstance(document, IncomingDocument) else "outgoing"
    return url_for(f"document.{way}", document_id=document.id)


def recipient_names(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return to whom each outgoing document goes, shortened for a list."""
    if not ids:
        return {}
    found: dict[UUID, list[str]] = {}
    for key, name in tx.rows(
        sa.select(Recipient.outgoing_document_id, Recipient.name)
        .where(Recipient.outgoing_document_id.in_(ids))
        .order_by(Recipient.ordinal, Recipient.id)
    ):
        found.setdefault(key, []).append(name)
    return {
        key: "; ".join(names[:2]) + (f" +{len(names) - 2}" if len(names) > 2 else "")
        for key, names in found.items()
    }


def reference(document: Document) -> str:
    """Return số và ký hiệu, or what stands for it while there is no number."""
    if document.reference:
        return document.reference
    if isinstance(document, OutgoingDocument):
        return _("Dự thảo")
    if document.arrival_number is not None:
        return _("Số đến %(n)s", n=document.arrival_number)
    return _("Chưa có số")


def facts_line(document: Document) -> str:
    """Return the line under a subject: from whom, what kind, of what day."""
    kind = document.type_name or _("Văn bản")
    if document.issued_on is not None:
        kind = f"{kind} {words.long_day(document.issued_on)}"
    parts = [document.organ_name, kind]
    if isinstance(document, IncomingDocument):
        if document.arrived_on is not None:
            arrived = words.day(document.arrived_on)
            source = document.channel.label(language())
            parts.append(_("Đến ngày %(day)s, %(source)s", day=arrived, source=source))
        else:
            parts.append(document.channel.label(language()))
    return " · ".join(part for part in parts if part)


def verdict_of(document: Document) -> str | None:
    """Return the verdict on an incoming document's signatures as templates name it."""
    if not isinstance(document, IncomingDocument):
        return None
    known = {
        Authenticity.VALID: "valid",
        Authenticity.INVALID: "invalid",
        Authenticity.UNDETERMINED: "undetermined",
        Authenticity.UNSIGNED: "unsigned",
        Authenticity.UNCHECKED: "unchecked",
    }
    return known.get(document.authenticity)


def verdict_badges(document: Document, papers: Papers) -> list[dict[str, str]]:
    """Return the badges that sum up the signatures of the document itself."""
    report = papers.report(papers.face())
    if report is None:
        verdict = verdict_of(document)
        return [{"verdict": verdict, "text": ""}] if verdict else []
    if not report.signatures:
        face = papers.face()
        is_scan = face is not None and face.kind is FileKind.SCAN
        text = _("Bản số hóa, không có chữ ký số") if is_scan else ""
        return [{"verdict": report.verdict.value, "text": text}]
    if report.missing_roles:
        return [{"verdict": report.verdict.value, "text": _capital(report.summary(language()))}]
    found: dict[str, int] = {}
    for signature in report.signatures:
        found[signature.verdict.value] = found.get(signature.verdict.value, 0) + 1
    told = {
        "valid": lambda n: ngettext("%(num)d chữ ký hợp lệ", "%(num)d chữ ký hợp lệ", n),
        "invalid": lambda n: ngettext(
            "%(num)d chữ ký không hợp lệ", "%(num)d chữ ký không hợp lệ", n
        ),
    }
    undetermined = lambda n: ngettext(  # noqa: E731 - one of three alike
        "%(num)d chữ ký chưa xác định", "%(num)d chữ ký chưa xác định", n
    )
    return [
        {"verdict": verdict, "text": told.get(verdict, undetermined)(count)}
        for verdict, count in found.items()
    ]


def signature_notes(document: IncomingDocument, papers: Papers) -> list[dict[str, str]]:
    """Return what is known of the signatures of each PDF, for whoever takes it in (Điều 7.1)."""
    pdfs = sorted(
        (f for f in papers.files if f.media_type == PDF), key=lambda f: f is not papers.face()
    )
    found = [_noted(document, file, papers.report(file)) for file in pdfs]
    if len(pdfs) > 1:
        return [
            {**one, "text": f"{f.name}: {one['text']}"} for f, one in zip(pdfs, found, strict=True)
        ]
    if not pdfs and not document.channel.is_paper:
        return [{"tone": "", "text": _("Không có tệp PDF nên không có chữ ký số để kiểm tra.")}]
    return found


def _noted(document: IncomingDocument, file: File, report: DocumentReport | None) -> dict[str, str]:
    if report is None:
        return {"tone": "", "text": _("Đang kiểm tra chữ ký số.")}
    match report.verdict:
        case Verdict.UNSIGNED if file.kind is FileKind.SCAN:
            text = _("Bản số hóa không có chữ ký số; đối chiếu với bản giấy.")
            return {"tone": "", "text": text}
        case Verdict.UNSIGNED:
            # Quy chế, Điều 5.3: what is exchanged is signed; other sources may be without
            tone = "bad" if document.channel is Channel.EXCHANGE else ""
            return {"tone": tone, "text": _("Không có chữ ký số; tiếp nhận thì ghi lý do.")}
        case Verdict.VALID:
            # number and seal are two signatures of one agency
            who = "; ".join(dict.fromkeys(one.subject or one.field for one in report.signatures))
            return {"tone": "ok", "text": _("Chữ ký số hợp lệ: %(who)s.", who=who)}
    said = report.summary(language())
    text = _("Chữ ký số: %(verdict)s.", verdict=said[:1].lower() + said[1:])
    return {"tone": "bad" if report.verdict is Verdict.INVALID else "warn", "text": text}


def pdf(file: File | None, title: str) -> dict[str, Any] | None:
    """Return what the PDF view needs, None where the file is no PDF."""
    if file is None or file.media_type != PDF:
        return None
    return {"href": url_for("file.read", file_id=file.id, view=1), "title": title}


def file_link(file: File) -> dict[str, Any]:
    """Return a file as a link."""
    return {
        "name": file.name,
        "href": url_for("file.read", file_id=file.id),
        "size": words.size(file.size),
        "note": file_label(file),
    }


def file_label(file: File) -> str:
    """Return what a file is for: Bản đã ký số, Dự thảo bản 2, Phụ lục."""
    label = file.kind.label(language())
    if file.kind is FileKind.DRAFT:
        return _("%(kind)s bản %(n)s", kind=label, n=file.version_no)
    return label


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
