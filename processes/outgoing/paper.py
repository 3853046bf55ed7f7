"""The PDF an outgoing document stands at (bản PDF hiện hành): draft, signed, numbered, sealed."""

from dataclasses import dataclass

from engine.database import Transaction
from engine.errors import OfficeError
from processes.means import Means
from records.content import File, Stored, attach_file, files_of
from records.document import OutgoingDocument
from records.draft import Draft, drafts_of, pdf_of
from records.vocabulary import FileKind
from signing.role import SignRole


class NoPaper(OfficeError):
    """There is no PDF yet to approve or sign (chưa có bản PDF)."""

    code = "no-paper"
    status = 409
    vi = (
        "Văn bản chưa có bản PDF để duyệt hoặc ký. Nếu vừa tải tệp Word lên, chờ hệ thống chuyển "
        "đổi xong; nếu không, người soạn tải bản PDF lên."
    )
    en = "There is no PDF to approve or sign yet. Wait for the conversion, or upload one."


@dataclass(frozen=True, slots=True)
class Paper:
    """The PDF as it stands: its file row and the draft it came from."""

    file: File
    draft: Draft | None
    #: all files of the document
    files: list[File]


def last_draft(tx: Transaction, document: OutgoingDocument) -> Draft:
    """Return the newest draft; raises `NoPaper` where nothing was written yet."""
    drafts = drafts_of(tx, document.id)
    if not drafts:
        raise NoPaper
    return drafts[-1]


def current_paper(tx: Transaction, document: OutgoingDocument) -> Paper:
    """Return the PDF as it stands: the last signed version, else the newest draft's.

    Raises `NoPaper`.
    """
    files = files_of(tx, document)
    signed = [f for f in files if f.kind is FileKind.SIGNED]
    drafts = drafts_of(tx, document.id)
    newest = drafts[-1] if drafts else None
    if signed:
        return Paper(max(signed, key=lambda f: f.version_no), newest, files)
    pdf = pdf_of(tx, newest) if newest is not None else None
    if pdf is None:
        raise NoPaper
    return Paper(pdf, newest, files)


_STEPS = {SignRole.APPROVE: 1, SignRole.NUMBER: 2, SignRole.SEAL: 3}


def keep_signed(
    tx: Transaction, means: Means, document: OutgoingDocument, pdf: bytes, role: SignRole
) -> tuple[File, Stored]:
    """Store the PDF after one more signature as the next signed version of the document."""
    stored = means.content.put(pdf)
    name = f"{document.reference or 'van-ban'}".replace("/", "_") + ".signed.pdf"
    pages = means.content.count_pages(stored.sha256)
    file = attach_file(
        tx,
        document,
        stored,
        name=name,
        kind=FileKind.SIGNED,
        version_no=_STEPS[role],
        page_amount=pages,
    )
    document.page_amount = pages
    return file, stored
