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
OFFSET = re.compile(rb"startxref\s+(\d+)")
BLANK = re.compile(rb"[\s\0]*")


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


class LenientReader(PdfFileReader):
    """Reads what Word writes; strict while `strict` says so, which pyHanko asks for each object.

    A dictionary that gives one key twice shows readers different things: the first value or the
    last one. Nobody's trailer does, so trailers are read strictly.
    """

    def __init__(self, stream: Any) -> None:
        self._strict = True
        super().__init__(stream, strict=False)
        self._strict = False
        #: what earlier revisions said, by place in the file; each is asked for many times
        self._historical: dict[Any, Any] = {}

    @property
    def strict(self) -> bool:
        return self._strict

    @strict.setter
    def strict(self, value: bool) -> None:
        """Leave it as it is: pyHanko sets it to what it was told for tables."""

    def get_object(self, ref: Any, revision: int | None = None, **how: Any) -> Any:
        """Return an object as of a revision; what stands at one place is read once."""
        if revision is None:
            return super().get_object(ref, **how)
        place = self.xrefs.get_historical_ref(ref, revision)
        key = (ref, place, self._strict, *sorted(how.items()))
        if key not in self._historical:
            self._historical[key] = super().get_object(ref, revision, **how)
        return self._historical[key]

    def read_strictly(self, revision: int) -> None:
        """Read all that came behind `revision`; raise PdfReadError where it is ambiguous."""
        self._strict = True
        try:
            for later in range(revision + 1, self.total_revisions):
                for reference in self.xrefs.explicit_refs_in_revision(later):
                    self.get_object(reference, revision=later)
        finally:
            self._strict = False


def is_accounted_for(pdf: bytes, reader: Any, covered: int) -> bool:
    """Tell whether every byte behind the last signature belongs to a revision the reader found.

    `covered` is where that signature's range ends. A revision that names the offset of the signed
    one is passed over by readers, and shown by those that search a file for its objects.
    """
    xrefs = reader.xrefs
    offsets = [xrefs.get_startxref_for_revision(one) for one in range(xrefs.total_revisions)]
    later = [offset for offset in offsets if offset >= covered]
    if not later:
        return BLANK.fullmatch(pdf, covered) is not None
    return [int(one) for one in OFFSET.findall(pdf, covered)] == later


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
