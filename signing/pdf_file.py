"""What a file must be before anything trusts its contents (kiểm tra tệp PDF)."""

import io
import re
from typing import Any

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from signing import shortcuts
from signing.errors import EncryptedPdf, NotPdf, TailMismatch, TruncatedPdf

shortcuts.install()

#: readers accept the header and the end mark within this many bytes of either end
EDGE = 1024
TAIL = re.compile(rb"startxref\s+(\d+)\s+%%EOF[\s\0]*")


def check_outline(pdf: bytes) -> None:
    """Refuse what is no PDF (`NotPdf`) or lacks its end (`TruncatedPdf`)."""
    if b"%PDF-" not in pdf[:EDGE]:
        raise NotPdf
    if b"%%EOF" not in pdf[-EDGE:]:
        raise TruncatedPdf


def tail_matches(pdf: bytes, last_startxref: int) -> bool:
    """Tell whether the file ends with the revision a reader found, and with nothing behind it.

    Readers disagree about a file whose last end mark is cut off: some fall back to the revision
    before, others show the changed one.
    """
    match = TAIL.fullmatch(pdf, max(pdf.rfind(b"startxref"), 0))
    return match is not None and int(match[1]) == last_startxref


def open_to_sign(pdf: bytes) -> Any:
    """Open a file strictly, for a signature to be added; raise the fact that speaks against it."""
    check_outline(pdf)
    try:
        reader = PdfFileReader(io.BytesIO(pdf), strict=True)
        encrypted = reader.encrypt_dict is not None
        # a hybrid file shows old and new readers different objects
        hybrid = reader.xrefs.hybrid_xrefs_present
    except (PdfError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise TruncatedPdf from error
    if encrypted:
        raise EncryptedPdf
    if hybrid or not tail_matches(pdf, reader.last_startxref):
        raise TailMismatch
    return reader
