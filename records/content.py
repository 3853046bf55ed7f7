"""The file store (kho tệp): bytes by digest on disk, their rows in the database.

Bytes are never altered: one digest, one file, written and synced before any row names it, removed
only by `sweep` after no row does. Names live in rows alone; no name ever becomes a path.
"""

import contextlib
import errno
import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Query, Transaction
from engine.errors import StorageFull
from records.document import Document, about
from records.file_error import (
    ContentDamaged,
    ContentMissing,
    FileTooLarge,
    FileTypeRefused,
    NotAPdf,
    NotScanned,
)
from records.inspection import DEFAULT, DOCUMENTS, PDF, Limits, count_pages, inspect
from records.record import Authored, GuardedRecord, author, one_document
from records.vocabulary import FileKind, Scan, vocabulary

#: the media type of bytes that nobody looked into
UNREAD = "application/octet-stream"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FULL = {errno.ENOSPC, errno.EDQUOT}
_CHUNK = 1 << 20
#: control, direction-changing and path characters have no place in a file's name
_BAD_IN_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069/\\]")


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store keeps under a digest."""

    sha256: str
    size: int
    media_type: str


class ContentStore:
    """Bytes by SHA-256 below `root`, two directory levels (kho tệp)."""

    def __init__(self, root: Path, limits: Limits = DEFAULT) -> None:
        self.root = root
        self.limits = limits

    def put(
        self,
        content: bytes | BinaryIO,
        *,
        accept: frozenset[str] | None = DOCUMENTS,
        limits: Limits | None = None,
    ) -> Stored:
        """Check `content`, keep it durably and return its digest; nothing is left on any error.

        With `accept=None` it is kept unread, as evidence and never as a document's file.
        Raises `StorageFull`, `FileTooLarge`, `FileTypeRefused`, `NotAPdf` (where only PDF is
        accepted) and what `records.inspection` finds.
        """
        bounds = limits or self.limits
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._temporary() as (file, path):
                sha256, size = _copy(content, file, bounds.file_bytes)
                media_type = _accepted(file, accept, bounds)
                file.flush()
                os.fsync(file.fileno())
                self._place(path, sha256)
        except OSError as error:
            if error.errno in _FULL:
                raise StorageFull from error
            raise
        return Stored(sha256, size, media_type)

    def open(self, sha256: str) -> BinaryIO:
        """Return the bytes, verified against their digest before the first is handed out."""
        try:
            file = self.path(sha256).open("rb")
        except FileNotFoundError as error:
            raise ContentMissing(sha256=sha256) from error
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            file.close()
            raise ContentDamaged(sha256=sha256)
        file.seek(0)
        return file

    def read(self, sha256: str) -> bytes:
        """Return all verified bytes under `sha256`."""
        with self.open(sha256) as file:
            return file.read()

    def count_pages(self, sha256: str) -> int:
        """Return the number of pages of a stored PDF (số trang)."""
        with self.open(sha256) as file:
            return count_pages(file, self.limits)

    def path(self, sha256: str) -> Path:
        """Return where the bytes of `sha256` lie."""
        if not _DIGEST.fullmatch(sha256):
            raise ContentMissing(sha256=sha256[:80])
        return self.root / sha256[:2] / sha256[2:4] / sha256

    def digests(self) -> Iterator[str]:
        """Yield every digest the store holds."""
        for path in self.root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
            if _DIGEST.fullmatch(path.name):
                yield path.name

    def sweep(self, is_named: Callable[[str], bool], *, older_than: datetime) -> list[str]:
        """Remove what no row names and is older than the bound; return the removed digests.

        The bound is older than the oldest backup, so that every restored database finds its files.
        """
        limit = older_than.timestamp()
        for leftover in self.root.glob("tmp-*"):
            with contextlib.suppress(FileNotFoundError):
                if leftover.stat().st_mtime < limit:
                    leftover.unlink()
        removed = []
        for sha256 in list(self.digests()):
            path = self.path(sha256)
            if path.stat().st_mtime < limit and not is_named(sha256):
                path.unlink()
                removed.append(sha256)
        return removed

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[tuple[IO[bytes], Path]]:
        descriptor, name = tempfile.mkstemp(prefix="tmp-", dir=self.root)  # mode 0600
        path = Path(name)
        try:
            with os.fdopen(descriptor, "w+b") as file:
                yield file, path
        finally:
            path.unlink(missing_ok=True)

    def _place(self, path: Path, sha256: str) -> None:
        """Give the synced file its name and make the name last."""
        target = self.path(sha256)
        missing = [d for d in (target.parent, target.parent.parent) if not d.exists()]
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if target.exists() and target.stat().st_size == path.stat().st_size:
            # Used again: the sweep must count its age from now.
            os.utime(target)
        else:
            path.rename(target)
        for directory in [target.parent, *(d.parent for d in missing)]:
            _sync_directory(directory)


def _copy(content: bytes | BinaryIO, file: IO[bytes], limit: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for chunk in _chunks(content):
        size += len(chunk)
        if size > limit:
            raise FileTooLarge(limit=limit // 2**20)
        digest.update(chunk)
        file.write(chunk)
    file.flush()
    return digest.hexdigest(), size


def _chunks(content: bytes | BinaryIO) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    while chunk := content.read(_CHUNK):
        yield chunk


def _accepted(file: IO[bytes], accept: frozenset[str] | None, limits: Limits) -> str:
    if accept is None:
        return UNREAD
    try:
        media_type = inspect(file, limits)
    except FileTypeRefused as error:
        if accept == {PDF}:
            raise NotAPdf from error
        raise
    if media_type not in accept:
        raise NotAPdf if accept == {PDF} else FileTypeRefused(found=media_type)
    return media_type


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def clean_name(name: str) -> str:
    """Return a file's name for display and download: composed, one line, at most 200 characters."""
    composed = _BAD_IN_NAME.sub("_", unicodedata.normalize("NFC", name)).strip(" .")
    stem, dot, extension = composed.rpartition(".")
    if dot and 0 < len(extension) <= 10:
        return f"{stem[: 199 - len(extension)]}.{extension}"
    return composed[:200] or "tep"


class File(Authored, GuardedRecord):
    """A file of a document (tệp): its name, what it is for, where its bytes are."""

    __tablename__ = "file"
    called = ("tệp", "file")
    __table_args__ = (
        one_document(required=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 200", name="name_length"),
    )

    sha256: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    kind: Mapped[FileKind] = mapped_column(vocabulary(FileKind))
    incoming_document_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("incoming_document.id"), index=True
    )
    outgoing_document_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("outgoing_document.id"), index=True
    )
    #: versions of the same role: drafts 1, 2, 3; signed by the person 1, numbered 2, sealed 3
    version_no: Mapped[int] = mapped_column(default=1)
    page_amount: Mapped[int] = mapped_column(default=0)
    scan: Mapped[Scan] = mapped_column(vocabulary(Scan), default=Scan.UNSCANNED)
    scan_report: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]

    def ensure_downloadable(self) -> None:
        """Raise `NotScanned` unless the virus scan cleared it (Quy chế, Điều 3.1)."""
        if self.scan is not Scan.CLEAN:
            state = "bị cách ly" if self.scan is Scan.QUARANTINE else "chưa quét mã độc xong"
            raise NotScanned(name=self.name, state=state, act="tải tệp")


_FILES = {
    column: Query(
        sa.select(File)
        .where(getattr(File, column) == sa.bindparam("document", type_=sa.Uuid()))
        .order_by(File.id)
    )
    for column in ("incoming_document_id", "outgoing_document_id")
}


def files_of(tx: Transaction, document: Document) -> list[File]:
    """Return the files of `document`, oldest first."""
    ((column, key),) = about(document).items()
    return tx.scalars(_FILES[column], document=key)


def attach_file(
    tx: Transaction,
    document: Document,
    content: Stored,
    *,
    name: str,
    kind: FileKind,
    version_no: int = 1,
    page_amount: int = 0,
    scan: Scan = Scan.UNSCANNED,
) -> File:
    """Name the stored `content` as a file of `document` and return the row.

    Raises `SecretRefused`: a secret document has no files here (Quy chế, Điều 3.4).
    """
    document.ensure_may_have_content()
    return tx.add(
        File(
            agency_id=document.agency_id,
            sha256=content.sha256,
            size=content.size,
            media_type=content.media_type,
            name=clean_name(name),
            kind=kind,
            version_no=version_no,
            page_amount=page_amount,
            scan=scan,
            created_at=tx.now,
            **about(document),
            **author(tx.acting),
        )
    )


_NAMED = Query(
    sa.select(File.id).where(File.sha256 == sa.bindparam("sha256", type_=sa.Text())).limit(1)
)


def is_named(tx: Transaction, sha256: str) -> bool:
    """Return whether any row of any agency names these bytes; only the system may ask."""
    return bool(tx.scalars(_NAMED, sha256=sha256))
