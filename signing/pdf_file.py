"""What a file must be before anything trusts its contents (kiểm tra tệp PDF)."""

import io
import re
from typing import Any

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from signing import plain_objects, shortcuts
from signing.errors import EncryptedPdf, NotPdf, TailMismatch, TruncatedPdf

plain_objects.install()
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
        #: what stands at each place of the file, which is asked for once for every revision
        self._read: dict[Any, Any] = {}
        super().__init__(stream, strict=False)
        self._strict = False

    @property
    def strict(self) -> bool:
        return self._strict

    @strict.setter
    def strict(self, value: bool) -> None:
        """Leave it as it is: pyHanko sets it to what it was told for tables."""

    def _read_object(self, ref: Any, marker: Any, **how: Any) -> Any:
        """Read what stands at one place once; what was read strictly is good enough for others."""
        key = (ref, marker, *sorted(how.items()))
        for known in ((True, *key), (self._strict, *key)):
            if known in self._read:
                return self._read[known]
        found = self._read[self._strict, *key] = super()._read_object(ref, marker, **how)
        return found

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
