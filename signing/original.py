"""The file as it is before anybody signs it (bản gốc trước khi ký)."""

import io
from typing import Any

import pikepdf

from signing.errors import (
    AlreadySigned,
    DynamicForm,
    EncryptedPdf,
    PagesMissing,
    TruncatedPdf,
)
from signing.pdf_file import check_outline, open_to_sign

#: what may change a page when it is opened; a signed document shows one face only
ACTIVE = ("/OpenAction", "/AA")


def normalise(pdf: bytes) -> bytes:
    """Rewrite an unsigned PDF so that every reader finds the same objects in it.

    One plain cross-reference table (Word writes hybrid ones, which no strict reader signs), no
    scripts, no XFA. Raise `NotPdf`, `EncryptedPdf`, `TruncatedPdf`, `PagesMissing`, `DynamicForm`,
    or `AlreadySigned`: a signed file is never rewritten.
    """
    check_outline(pdf)
    if b"/ByteRange" in pdf:
        raise AlreadySigned
    out = io.BytesIO()
    try:
        with pikepdf.open(io.BytesIO(pdf), attempt_recovery=False) as document:
            if document.is_encrypted:
                raise EncryptedPdf
            if is_signed(document):
                raise AlreadySigned
            if not document.pages:
                raise PagesMissing
            if document.Root.get("/NeedsRendering", False):
                raise DynamicForm
            _still(document)
            _add_form(document)
            document.save(
                out,
                object_stream_mode=pikepdf.ObjectStreamMode.disable,
                deterministic_id=True,
                min_version="1.7",
                # the metadata of PDF/A stay as the maker wrote them
                fix_metadata_version=False,
            )
    except pikepdf.PasswordError as error:
        raise EncryptedPdf from error
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError) as error:
        raise TruncatedPdf from error
    normalised = out.getvalue()
    open_to_sign(normalised)
    return normalised


def is_signed(document: Any) -> bool:
    """Tell whether any form field of an open document holds a signature."""
    form = document.Root.get("/AcroForm")
    pending = list(form.get("/Fields", [])) if isinstance(form, pikepdf.Dictionary) else []
    seen: set[tuple[int, int]] = set()
    while pending:
        entry = pending.pop()
        if not isinstance(entry, pikepdf.Dictionary) or (entry.objgen in seen and entry.objgen[0]):
            continue
        seen.add(entry.objgen)
        if entry.get("/FT") == "/Sig" and "/V" in entry:
            return True
        pending.extend(entry.get("/Kids", []))
    return "/Perms" in document.Root


def _add_form(document: Any) -> None:
    """Give the file an empty form: what signers add to it can be compared only with one before."""
    if not isinstance(document.Root.get("/AcroForm"), pikepdf.Dictionary):
        document.Root.AcroForm = document.make_indirect(pikepdf.Dictionary(Fields=[]))


def _still(document: Any) -> None:
    for holder in (document.Root, *(page.obj for page in document.pages)):
        for key in ACTIVE:
            if key in holder:
                del holder[key]
    for page in document.pages:
        _keep_annotations(page.obj)
    names = document.Root.get("/Names")
    if isinstance(names, pikepdf.Dictionary) and "/JavaScript" in names:
        del names["/JavaScript"]
    form = document.Root.get("/AcroForm")
    if isinstance(form, pikepdf.Dictionary) and "/XFA" in form:
        del form["/XFA"]


def _keep_annotations(page: Any) -> None:
    """Drop what is no annotation from a page: the next signature would seem to have done so."""
    notes = page.get("/Annots")
    if isinstance(notes, pikepdf.Array):
        kept = [one for one in notes if isinstance(one, pikepdf.Dictionary)]
        if len(kept) < len(notes):
            page.Annots = pikepdf.Array(kept)
    elif notes is not None:
        del page.Annots
