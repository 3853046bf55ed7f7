"""Copies of documents (sao văn bản): of a paper that was scanned, or parts of an electronic one.

Decree 30/2020, Điều 25: «sao y» and «sao lục» into electronic form are made from paper; of an
electronic document only a part is copied electronically («trích sao»): the whole is simply sent.
"""

import io
import re
from dataclasses import dataclass
from typing import Any

import pypdfium2
import pypdfium2.raw

from engine.database import Transaction
from engine.errors import OfficeError
from processes.agency_mark import Mark, keep_marked, ready
from processes.keys import keep_use, order_for
from processes.means import Means
from records import journal
from records.authority import Act, authorize
from records.content import File, files_of
from records.document import Document, IncomingDocument
from records.inspection import PDF
from records.organization import Agency
from records.vocabulary import FileKind
from signing.corner import CopyForm, place_copy
from signing.role import SignRole
from signing.signer import sign_pdf

#: which file is the document, first what is electronic
_ELECTRONIC = (FileKind.SIGNED, FileKind.MAIN)
_PARTS = re.compile(r"\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*")


class NothingToCopy(OfficeError):
    """The document has no PDF that could be copied (không có bản để sao)."""

    code = "nothing-to-copy"
    status = 409
    vi = (
        "Văn bản chưa có bản PDF đã ký số hoặc bản quét để sao. Chờ văn bản được ký số, hoặc quét "
        "bản giấy khi tiếp nhận."
    )
    en = "There is no signed PDF and no scan to copy. Wait for the signature, or scan the paper."


class NotYetRegistered(OfficeError):
    """What has not been registered is not copied (văn bản đến chưa vào sổ)."""

    code = "not-yet-registered"
    status = 409
    vi = "Văn bản đến chưa đăng ký vào sổ nên chưa sao được. Hãy đăng ký văn bản trước."
    en = "The incoming document is not registered yet, so it is not copied. Register it first."


class WholeIsElectronic(OfficeError):
    """An electronic document is not copied whole into another file (bản điện tử không sao y)."""

    code = "whole-is-electronic"
    status = 409
    citation = "Nghị định 30/2020/NĐ-CP, Điều 25"
    vi = (
        "Văn bản này là bản điện tử đã ký số: gửi chính tệp đó, không cần {form}. Chỉ trích sao "
        "một phần sang bản điện tử; sao y, sao lục bản điện tử là in ra giấy."
    )
    en = (
        "This document is electronic: send the signed file itself. Only a part of it is copied "
        "electronically (trích sao); a whole copy of it is one on paper."
    )


class WrongPages(OfficeError):
    """The pages of an extract cannot be read (trang cần trích sao không đúng)."""

    code = "wrong-pages"
    vi = "Ghi các trang cần trích sao trong {pages} trang của văn bản, ví dụ: 1, 3-4."
    en = "Name the pages to copy, out of {pages}, for example: 1, 3-4."


@dataclass(frozen=True, slots=True)
class CopyDocument:
    """The order to copy (yêu cầu sao): form, who allowed it (Điều 26), the pages of an extract."""

    form: CopyForm
    permitted_by: str
    pin: str
    pages: str = ""


def possible_copies(document: Document, files: list[File]) -> tuple[CopyForm, ...]:
    """Return the forms of copy that can be made of a document, none where it is not copied."""
    source = _source(files)
    if source is None or _waits_for_register(document):
        return ()
    return (CopyForm.EXTRACT,) if source.kind in _ELECTRONIC else tuple(CopyForm)


def _waits_for_register(document: Document) -> bool:
    return isinstance(document, IncomingDocument) and not document.is_registered


def copy_document(tx: Transaction, means: Means, document: Document, order: CopyDocument) -> File:
    """Sign a copy of the document as the agency and keep it with the document.

    The clerk does it (Decree 30/2020, Điều 32). Raises `NotYetRegistered`, `NothingToCopy`,
    `WholeIsElectronic`, `WrongPages`, `DocumentFrozen`, `SecretRefused`, `NoRoom`,
    `KeystoreRefused`.
    """
    authorize(tx.acting, Act.SEAL_DOCUMENT)
    document.ensure_changeable()
    document.ensure_may_have_content()
    if _waits_for_register(document):
        raise NotYetRegistered
    files = files_of(tx, document)
    source = _source(files)
    if source is None:
        raise NothingToCopy
    if source.kind in _ELECTRONIC and order.form is not CopyForm.EXTRACT:
        raise WholeIsElectronic(form=order.form.words.lower())
    pdf = means.content.read(source.sha256)
    pdf = _extract(pdf, order.pages) if order.form is CopyForm.EXTRACT else ready(pdf)
    organ_name = tx.get(Agency, document.agency_id).name
    place = place_copy(pdf, form=order.form, organ_name=organ_name, signed_at=tx.now)
    reason = f"{order.form.words} theo ý kiến của {order.permitted_by}"
    mark = Mark(SignRole.COPY, place, organ_name, reason)
    request = mark.request(pdf, tx.now)
    # Decree 30/2020, Điều 26: who allows the copy gives the order
    use = order_for(document, SignRole.COPY, pdf, named=order.permitted_by)
    with means.signing.open_keystore(tx, document.agency_id, order.pin, use) as keystore:
        means.signing.check_keystore(keystore, request.signed_at)
        copied = sign_pdf(pdf, request, keystore)
        keep_use(keystore, copied)
    number = sum(file.kind is FileKind.COPY for file in files) + 1
    file = keep_marked(
        tx,
        means,
        document,
        copied,
        name=f"{order.form.words} {number} {document.reference.replace('/', '_')}".strip() + ".pdf",
        kind=FileKind.COPY,
        version_no=number,
    )
    way = "incoming" if isinstance(document, IncomingDocument) else "outgoing"
    journal.record(
        tx, "copy_document", f"{way}_document", document.id, form=order.form.value,
        permitted_by=order.permitted_by, pages=order.pages, source=source.sha256,
        sha256=file.sha256,
    )  # fmt: skip
    return file


def _source(files: list[File]) -> File | None:
    pdfs = [file for file in files if file.media_type == PDF]
    for kind in _ELECTRONIC:
        found = [file for file in pdfs if file.kind is kind]
        if found:
            return max(found, key=lambda file: (file.version_no, file.id))
    # the scan as it came from the scanner, without our own lines on it
    scans = [file for file in pdfs if file.kind is FileKind.SCAN]
    return min(scans, key=lambda file: (file.version_no, file.id), default=None)


def _extract(pdf: bytes, pages: str) -> bytes:
    """Return the pages named, with what signatures show drawn into them."""
    source: Any = pypdfium2.PdfDocument(pdf)
    try:
        source.init_forms()
        chosen = _chosen(pages, len(source))
        made: Any = pypdfium2.PdfDocument.new()
        try:
            for number in chosen:
                page = source[number]
                pypdfium2.raw.FPDFPage_Flatten(page, pypdfium2.raw.FLAT_NORMALDISPLAY)
                page.close()
            made.import_pages(source, chosen)
            out = io.BytesIO()
            made.save(out)
        finally:
            made.close()
    finally:
        source.close()
    return ready(out.getvalue())


def _chosen(pages: str, count: int) -> list[int]:
    text = "".join(pages.split())
    if not _PARTS.fullmatch(text):
        raise WrongPages(pages=count)
    chosen: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        chosen += range(int(first) - 1, int(last or first))
    if not chosen or min(chosen) < 0 or max(chosen) >= count or len(set(chosen)) < len(chosen):
        raise WrongPages(pages=count)
    return chosen
