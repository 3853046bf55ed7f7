"""Files in and out of a message: names, and the one-entry ZIP of the wire (tệp đính kèm)."""

import re
import zipfile
import zlib
from collections.abc import Callable
from io import SEEK_END, BytesIO
from typing import IO, Final

from exchange.envelope import Attachment
from exchange.errors import MessageTooLarge, UnsafeArchive
from exchange.findings import wrong_value
from exchange.limits import DEFAULT_LIMITS, Limits

ZIP_TYPE: Final = "application/zip"
NAME_LENGTH: Final = 200

#: sent as they are; everything else travels as a one-entry ZIP
_RAW = {".pdf", ".doc", ".docx", ".zip"}
#: files that are ZIP archives themselves, told by an entry they always have
_MARKS = {"[Content_Types].xml", "mimetype"}
#: control characters and marks of direction, which make a text look like another
UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BLOCK = 1_048_576


def safe_name(name: str) -> str:
    """Return the bare file name: no folder, no control or direction mark, bounded; "" if none."""
    bare = UNPRINTABLE.sub("", re.split(r"[\\/]", name)[-1]).strip()
    if bare.strip(". ") == "":
        return ""
    if len(bare) > NAME_LENGTH:
        stem, dot, extension = bare.rpartition(".")
        tail = dot + extension if stem and len(extension) <= 10 else ""
        bare = (stem if tail else bare)[: NAME_LENGTH - len(tail)].strip() + tail
    return bare


def is_packed(name: str, content_type: str, file: IO[bytes]) -> bool:
    """Say whether the bytes are a ZIP put round a file that is not a ZIP by its name."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind != ZIP_TYPE or name.lower().endswith(".zip"):
        return False
    start = file.read(2)
    file.seek(0)
    return start == b"PK"


def take(file: IO[bytes]) -> bytes:
    """Return all bytes of a file; asked for by number they are not held twice."""
    size = file.seek(0, SEEK_END)
    file.seek(0)
    return file.read(size)


def unpack(path: str, file: IO[bytes], room: int, limits: Limits) -> bytes:
    """Take the single file out of its ZIP; its name in there is ignored.

    `room` is how many bytes may still be unpacked. Raises UnsafeArchive for anything but one plain
    entry, and for one that grows too much.
    """
    try:
        size = file.seek(0, SEEK_END)
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) != 1 and _MARKS.intersection(archive.namelist()):
                return take(file)  # an office file labelled as ZIP by its sender
            entry = _only_entry(path, entries)
            with archive.open(entry) as source:
                return _bounded(path, source.read, size, room, limits)
    except UnsafeArchive:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise _unsafe(path, "tệp nén bị hỏng", f"the ZIP is damaged: {error}") from error
    except (NotImplementedError, RuntimeError) as error:
        raise _unsafe(
            path, "tệp nén có mật khẩu hoặc kiểu nén lạ", f"the ZIP cannot be read: {error}"
        ) from error


def pack(attachment: Attachment) -> tuple[bytes, str]:
    """Return the bytes to send and their type; the same file always gives the same bytes."""
    if attachment.extension in _RAW:
        return attachment.content, attachment.content_type
    packed = _zip(attachment, zipfile.ZIP_DEFLATED)
    if len(packed) * DEFAULT_LIMITS.zip_ratio < len(attachment.content):
        # what shrinks too well looks like a bomb to a reader
        packed = _zip(attachment, zipfile.ZIP_STORED)
    return packed, ZIP_TYPE


def _zip(attachment: Attachment, method: int) -> bytes:
    entry = zipfile.ZipInfo(attachment.sha256, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = method
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(entry, attachment.content)
    return buffer.getvalue()


def _only_entry(path: str, entries: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    if len(entries) != 1:
        vi, en = f"tệp nén có {len(entries)} mục, cần đúng một", f"{len(entries)} entries, not one"
        raise _unsafe(path, vi, en)
    entry = entries[0]
    # zipfile cuts the name at NUL and turns the separators; the name as stored is judged
    if re.search(r"[\\/:\x00]|\.\.", entry.orig_filename):
        raise _unsafe(path, "tên trong tệp nén có đường dẫn", "the entry name is a path")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _unsafe(path, "kiểu nén không được hỗ trợ", "an unsupported way of packing")
    return entry


def _bounded(
    path: str, read: Callable[[int], bytes], packed: int, room: int, limits: Limits
) -> bytes:
    allowed = min(room, max(limits.zip_floor, packed * limits.zip_ratio))
    unpacked = BytesIO()  # grows in place, and gives its bytes without a copy
    while block := read(_BLOCK):
        if unpacked.tell() + len(block) > allowed:
            vi = f"giải nén ra quá {allowed} byte (có dấu hiệu bom nén)"
            raise _unsafe(path, vi, f"unpacks to more than {allowed} bytes")
        unpacked.write(block)
    return unpacked.getvalue()


def _unsafe(path: str, vi: str, en: str) -> UnsafeArchive:
    return UnsafeArchive(wrong_value(f"{path}.ContentTransferEncoded", vi, en))


def check_room(used: int, limits: Limits) -> None:
    """Refuse when the files together exceed what may be unpacked."""
    if used > limits.unpacked:
        raise MessageTooLarge(
            what_vi="tổng dung lượng tệp sau giải nén (byte)",
            what_en="bytes of unpacked attachments",
            limit=limits.unpacked,
        )
