"""The annexes of an issued document change (phụ lục): a whole new set, the old one is kept."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from engine.database import Transaction
from engine.errors import NotFound, OfficeError
from processes.means import Means
from processes.order import Upload
from processes.outgoing.annex import annexes_to_send
from processes.update.signed_again import ensure_signed
from processes.verify import keep_check
from records.content import Stored, attach_file, clean_name, files_of
from records.document import OutgoingDocument
from records.inspection import PDF
from records.vocabulary import FileKind


class NoAnnexLeft(OfficeError):
    """A document without its annexes is another document (bỏ hết phụ lục)."""

    code = "no-annex-left"
    citation = "Nghị định 30/2020/NĐ-CP, Điều 18"
    vi = (
        "Bỏ hết phụ lục làm thay đổi nội dung văn bản. Tải phụ lục thay thế lên, hoặc ban hành văn "
        "bản thay thế."
    )
    en = (
        "Without any annex the document says something else. Upload one in its place, or issue a "
        "document that replaces this one."
    )


def supersede_annexes(
    tx: Transaction,
    means: Means,
    document: OutgoingDocument,
    uploads: Sequence[Upload],
    dropped: Sequence[UUID],
) -> list[dict[str, Any]] | None:
    """Give a document a new set of annexes and return the old one; None where nothing changes.

    An upload takes the place of the annex of its name. A PDF among them is signed already, as the
    first was (Decree 30/2020, Phụ lục I). Raises `UpdateNotSigned`, `NoAnnexLeft`, `NotFound`.
    """
    if not uploads and not dropped:
        return None
    present = annexes_to_send(files_of(tx, document))
    if not set(dropped) <= {file.id for file in present}:
        raise NotFound(what="phụ lục")
    named = {_plain(one.name) for one in uploads}
    stay = [f for f in present if f.id not in dropped and _plain(f.name) not in named]
    if not stay and not uploads:
        raise NoAnnexLeft
    pdfs = [one for one in uploads if one.stored.media_type == PDF]
    examined = {one.name: ensure_signed(means, one, tx.now) for one in pdfs}
    version = max((file.version_no for file in present), default=0) + 1
    for file in stay:
        content = Stored(file.sha256, file.size, file.media_type)
        attach_file(
            tx, document, content, name=file.name, kind=file.kind, version_no=version,
            page_amount=file.page_amount, scan=file.scan,
        )  # fmt: skip
    for one in uploads:
        examination = examined.get(one.name)
        kind = FileKind.ANNEX if examination is None else FileKind.SIGNED_ANNEX
        added = attach_file(tx, document, one.stored, name=one.name, kind=kind, version_no=version)
        if examination is not None:
            added.page_amount = means.content.count_pages(one.stored.sha256)
            keep_check(tx, added, examination)
    return [{"name": file.name, "sha256": file.sha256} for file in present]


def _plain(name: str) -> str:
    """Return the name an annex had before it was signed."""
    return clean_name(name).replace(".signed.pdf", ".pdf").casefold()
