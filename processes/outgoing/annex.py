"""Annexes in files of their own (phụ lục là tệp riêng): the agency signs each (Decree 30/2020)."""

from collections.abc import Iterable, Sequence

from engine.database import Transaction
from processes.agency_mark import Mark, keep_marked, ready
from processes.means import Means
from processes.order import Order, Upload
from processes.signature import signed
from records.content import File
from records.document import OutgoingDocument
from records.inspection import PDF
from records.vocabulary import FileKind
from signing.corner import place_annex
from signing.role import SignRole

#: as wide as any: Phụ lục VI gives number and symbol 11 and 30 letters
_WIDEST = "00000000000/0000/QĐ-UBND-VPQH&HĐND"


def ensure_signable(tx: Transaction, means: Means, annexes: Iterable[Upload]) -> None:
    """Refuse an annex the clerk could not sign later, while its author can still mend it.

    Raises the signing library's errors: protected, damaged, no room in the corner of page 1.
    """
    for annex in annexes:
        if annex.stored.media_type == PDF:
            pdf = ready(means.content.read(annex.stored.sha256))
            place_annex(pdf, reference=_WIDEST, signed_at=tx.now)


def sign_annexes(
    tx: Transaction, means: Means, order: Order[OutgoingDocument], files: Sequence[File]
) -> str:
    """Sign each annex that is a PDF, keep it beside the original, and say how many there were."""
    document = order.document
    annexes = [file for file in files if file.kind is FileKind.ANNEX]
    ours = [file for file in annexes if file.media_type == PDF]
    for file in ours:
        pdf = ready(means.content.read(file.sha256))
        place = place_annex(pdf, reference=document.reference, signed_at=tx.now)
        mark = Mark(SignRole.ANNEX, place, document.organ_name, f"Phụ lục của {document.reference}")
        pdf = signed(tx, means, order, document.agency_id, pdf, mark.request(pdf, tx.now))
        keep_marked(tx, means, document, pdf, name=file.name, kind=FileKind.SIGNED_ANNEX)
    told = f", {len(ours)} phụ lục" if ours else ""
    others = len(annexes) - len(ours)
    return told + (f"; {others} phụ lục không phải PDF nên không ký" if others else "")


def current_annexes(files: Sequence[File]) -> list[File]:
    """Return the annexes of the newest version: an update changes them as a whole."""
    annexes = [f for f in files if f.kind in {FileKind.ANNEX, FileKind.SIGNED_ANNEX}]
    newest = max((f.version_no for f in annexes), default=0)
    return [f for f in annexes if f.version_no == newest]


def annexes_to_send(files: Sequence[File]) -> list[File]:
    """Return the annexes as they leave: the newest set, signed where they are PDF."""
    files = current_annexes(files)
    sealed = [file for file in files if file.kind is FileKind.SIGNED_ANNEX]
    return sealed + [
        file
        for file in files
        if file.kind is FileKind.ANNEX and not (sealed and file.media_type == PDF)
    ]
