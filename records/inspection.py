"""What a file really is (kiểm tra tệp): magic bytes, then a real parse; names prove nothing.

Allow-list: PDF, DOCX, XLSX, ODT, PNG, JPEG, TIFF, and XML for packets of the exchange. Archives are
read before anything unpacks them: entries, declared and actual sizes, nesting.
"""

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO

import pikepdf
from lxml import etree
from PIL import Image

from engine.errors import OfficeError
from records.file_error import (
    ArchiveTooLarge,
    DamagedFile,
    DamagedPdf,
    EmptyFile,
    EncryptedPdf,
    FileTypeRefused,
    ImageTooLarge,
    MacrosRefused,
    PdfEndMismatch,
    TooManyPages,
    UnsafeXml,
)

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
PNG, JPEG, TIFF = "image/png", "image/jpeg", "image/tiff"
XML = "application/xml"
#: what officers may attach; packets of the exchange come in by their own door
DOCUMENTS = frozenset({PDF, DOCX, XLSX, ODT, PNG, JPEG, TIFF})

MAGIC = (
    (b"%PDF-", PDF),
    (b"PK\x03\x04", "zip"),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"<?xml", XML),
    (b"\xef\xbb\xbf<?xml", XML),
)
_DOCTYPE = [mark.encode(code) for mark in ("<!DOCTYPE",) for code in ("utf-8", "utf-16-le")]
_DOCTYPE.append("<!DOCTYPE".encode("utf-16-be"))
_CHUNK = 1 << 16
#: after the last %%EOF only white space may follow: anything else is a second file in disguise
_TAIL = re.compile(rb"%%EOF[\s\x00]{0,1024}\Z")


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be and become (giới hạn tệp)."""

    file_bytes: int = 60 * 2**20
    unpacked_bytes: int = 300 * 2**20
    entries: int = 2_000
    pixels: int = 120_000_000
    pages: int = 5_000
    nesting: int = 1


DEFAULT = Limits()


def inspect(file: IO[bytes], limits: Limits = DEFAULT) -> str:
    """Return the media type of the seekable `file`; raise what is wrong with it."""
    file.seek(0)
    head = file.read(16)
    if not head:
        raise EmptyFile
    found = next((kind for magic, kind in MAGIC if head.startswith(magic)), None)
    file.seek(0)
    match found:
        case "application/pdf":
            count_pages(file, limits)
        case "zip":
            found = _inspect_archive(file, limits, depth=0)
        case "image/png" | "image/jpeg" | "image/tiff":
            _inspect_image(file, found, limits)
        case "application/xml":
            _inspect_xml(file)
        case _:
            raise FileTypeRefused(found=_guess(head))
    return found


def count_pages(file: IO[bytes], limits: Limits = DEFAULT) -> int:
    """Return the number of pages (số trang) of a sound PDF without password."""
    file.seek(0)
    try:
        with pikepdf.open(file, attempt_recovery=False, suppress_warnings=True) as pdf:
            if pdf.is_encrypted:
                raise EncryptedPdf
            pages = len(pdf.pages)
            if pages == 0:
                raise DamagedPdf
            if pages > limits.pages:
                raise TooManyPages(pages=pages, limit=limits.pages)
            for page in pdf.pages:
                _ = page.mediabox
    except pikepdf.PasswordError as error:
        raise EncryptedPdf from error
    # A hostile file makes the parser raise any of these.
    except (pikepdf.PdfError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as e:
        raise (PdfEndMismatch if _is_whole_before_its_tail(file) else DamagedPdf) from e
    _check_tail(file)
    return pages


def _check_tail(file: IO[bytes]) -> None:
    end = file.seek(0, io.SEEK_END)
    file.seek(max(0, end - 2048))
    tail = file.read()
    if not _TAIL.search(tail):
        raise PdfEndMismatch if b"%%EOF" in tail else DamagedPdf


def _is_whole_before_its_tail(file: IO[bytes]) -> bool:
    """Tell whether a file that cannot be opened can be without what stands behind its end mark."""
    file.seek(0)
    whole, mark, _ = file.read().rpartition(b"%%EOF")
    try:
        with pikepdf.open(
            io.BytesIO(whole + mark), attempt_recovery=False, suppress_warnings=True
        ) as pdf:
            return bool(mark and len(pdf.pages))
    # as above: a hostile file makes the parser raise nearly anything
    except Exception:  # noqa: BLE001
        return False


def _inspect_image(file: IO[bytes], media_type: str, limits: Limits) -> None:
    try:
        with Image.open(file, formats=[media_type.removeprefix("image/")]) as image:
            _load_frames(image, limits)
    except Image.DecompressionBombError as error:
        raise ImageTooLarge(width="?", height="?") from error
    except OfficeError:
        raise
    # Pillow raises nearly anything on a hostile file.
    except Exception as error:
        raise DamagedFile(kind="ảnh") from error


def _load_frames(image: Image.Image, limits: Limits) -> None:
    frames = getattr(image, "n_frames", 1)
    if frames > limits.pages:
        raise TooManyPages(pages=frames, limit=limits.pages)
    for frame in range(frames):
        image.seek(frame)
        if image.width * image.height > limits.pixels:
            raise ImageTooLarge(width=image.width, height=image.height)
        image.load()


def _inspect_xml(file: IO[bytes]) -> None:
    overlap = b""
    while chunk := file.read(_CHUNK):
        overlap = _refuse_doctype(overlap, chunk)
    file.seek(0)
    try:
        for _, element in etree.iterparse(
            file,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        ):
            element.clear()
    except etree.XMLSyntaxError as error:
        raise DamagedFile(kind="XML") from error


def _refuse_doctype(overlap: bytes, chunk: bytes) -> bytes:
    """Raise `UnsafeXml` on a DOCTYPE in any encoding; return what the next chunk continues."""
    window = overlap + chunk
    if any(mark in window for mark in _DOCTYPE):
        raise UnsafeXml
    return window[-24:]


def _inspect_archive(file: IO[bytes], limits: Limits, *, depth: int) -> str:
    """Return the office type of the archive after reading every entry once, bounded."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            declared = sum(entry.file_size for entry in entries)
            if len(entries) > limits.entries or declared > limits.unpacked_bytes:
                raise ArchiveTooLarge
            names = [entry.filename for entry in entries]
            if len(set(names)) != len(names) or any(_is_unsafe(name) for name in names):
                raise DamagedFile(kind="Word, Excel hoặc ODT")
            kind = _office_type(archive, set(names))
            room = limits.unpacked_bytes
            for entry in entries:
                room -= _read_entry(archive, entry, room, limits, depth)
            return kind
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise DamagedFile(kind="Word, Excel hoặc ODT") from error
    # NotImplementedError: an unknown compression; RuntimeError: an encrypted entry.
    except (NotImplementedError, RuntimeError, LookupError, OverflowError) as error:
        raise DamagedFile(kind="Word, Excel hoặc ODT") from error


def _office_type(archive: zipfile.ZipFile, names: set[str]) -> str:
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise MacrosRefused
    if "[Content_Types].xml" in names and "word/document.xml" in names:
        return DOCX
    if "[Content_Types].xml" in names and "xl/workbook.xml" in names:
        return XLSX
    if (
        "mimetype" in names
        and "content.xml" in names
        and archive.read("mimetype")[:64] == (ODT.encode())
    ):
        return ODT
    raise FileTypeRefused(found="tệp nén")


def _read_entry(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, room: int, limits: Limits, depth: int
) -> int:
    """Return the true size of `entry`, whatever its header says; raise when it exceeds `room`."""
    size, overlap, head = 0, b"", b""
    is_xml = entry.filename.lower().endswith((".xml", ".rels"))
    with archive.open(entry) as content:
        while chunk := content.read(_CHUNK):
            size += len(chunk)
            if size > room:
                raise ArchiveTooLarge
            head = head or chunk[:4]
            if is_xml:
                overlap = _refuse_doctype(overlap, chunk)
    if head == b"PK\x03\x04":
        if depth >= limits.nesting:
            raise ArchiveTooLarge
        with archive.open(entry) as content:
            inner = io.BytesIO(content.read(room))
        _inspect_archive(inner, limits, depth=depth + 1)
    return size


def _is_unsafe(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or name.startswith(("/", "\\")) or "\x00" in name or ":" in parts[0]


def _guess(head: bytes) -> str:
    known = {
        b"MZ": "tệp chương trình",
        b"\x7fELF": "tệp chương trình",
        b"\xd0\xcf\x11\xe0": "tệp Word, Excel đời cũ (.doc, .xls)",
        b"Rar!": "tệp nén RAR",
        b"7z\xbc\xaf": "tệp nén 7z",
        b"<!DO": "trang web",
        b"<htm": "trang web",
    }
    return next((word for magic, word in known.items() if head.startswith(magic)), "không rõ loại")
