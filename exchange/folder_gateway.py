"""A gateway over folders, for carriage by hand (trao đổi thủ công qua thư mục).

`outbox/<receiver>/` holds what goes out and `inbox/` what came in; who carries files from one to
the other is not our business. Files appear whole or not at all, and one that is still being copied
into the inbox is left alone. A confirmed file moves to `done/` or `failed/` and is not offered
again, even when it is carried a second time.
"""

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import file_digest, sha256
from pathlib import Path
from urllib.parse import quote

from exchange.addressees import addressees
from exchange.clock import now
from exchange.edxml_read import read
from exchange.edxml_tree import check_size
from exchange.errors import InvalidSetting, NoSuchPacket, Unreachable
from exchange.gateway import Arrival, MessageType, Outcome
from exchange.limits import DEFAULT_LIMITS, Limits

_SUFFIX = ".edxml"
_PLAIN_NAME = re.compile(r"(?!\.)[^/\\\x00]+\.edxml", re.IGNORECASE)
#: how a whole message ends, and how long one that does not is taken for one still being copied
_END, _QUIET = re.compile(rb"edXML\s*/?>\s*$"), timedelta(minutes=10)
_TAIL = 200
#: whoever carries the files reads them by the group
_MODE = 0o640
_FOLDERS = {Outcome.DONE: "done", Outcome.FAIL: "failed"}


class FolderGateway:
    """A Gateway whose packets are files below `root`; packet ids are their names.

    A file whose name begins with `status-` is a status message; ours are named so.
    """

    def __init__(
        self,
        root: Path,
        limits: Limits = DEFAULT_LIMITS,
        clock: Callable[[], datetime] = now,
    ) -> None:
        if not root.is_dir():
            raise InvalidSetting(name="folder", value=str(root))
        self._root = root
        self._limits = limits
        self._clock = clock

    @classmethod
    def of_agency(cls, root: Path, code: str) -> "FolderGateway":
        """Return the gateway of one agency among several, in a folder of its own below `root`."""
        with _carrying("open"):
            (root / _folder_name(code)).mkdir(exist_ok=True)
        return cls(root / _folder_name(code))

    def send(self, message_type: MessageType, data: bytes, to: tuple[str, ...] = ()) -> str:
        """Put the message into the folder of each receiver; the name follows from the bytes."""
        name = f"{message_type}-{sha256(data).hexdigest()}{_SUFFIX}"
        for receiver in to or addressees(read(data, self._limits)):
            with _carrying("send"):
                _put(self._folder("outbox", _folder_name(receiver)) / name, data)
        return name

    def list_received(self, message_type: MessageType) -> list[Arrival]:
        """Return the whole files in the inbox, oldest first, but those confirmed before."""
        with _carrying("list"):
            found = [
                (moment, path.name)
                for path in self._folder("inbox").iterdir()
                if _message_type(path.name) is message_type
                and (moment := self._offered_since(path)) is not None
            ]
        return [Arrival(name, message_type, created_at=moment) for moment, name in sorted(found)]

    def fetch(self, packet_id: str) -> bytes:
        """Return the bytes of a file of the inbox; raises MessageTooLarge without reading it."""
        with _carrying("fetch", packet_id), self._path(packet_id).open("rb") as file:
            check_size(os.fstat(file.fileno()).st_size, self._limits)
            return file.read()

    def confirm(self, packet_id: str, outcome: Outcome, description: str = "") -> None:
        """Move a file out of the inbox; the description stands beside it as text."""
        path = self._path(packet_id)
        if outcome is Outcome.PROCESSING:
            return
        with _carrying("confirm", packet_id):
            folder = self._folder(_FOLDERS[outcome])
            try:
                self._move(path, folder, description.strip())
            except FileNotFoundError:
                # confirmed before and the answer was lost, or another reader was first
                if not any((self._root / name / packet_id).exists() for name in _FOLDERS.values()):
                    raise

    def _move(self, path: Path, folder: Path, description: str) -> None:
        target = folder / path.name
        if target.exists() and not _is_same(target, path):
            # names given by hand repeat; what was confirmed is never overwritten
            target = folder / f"{path.stem}-{_digest(path)}{_SUFFIX}"
        if description and path.exists():
            _put(target.with_suffix(".txt"), description.encode())
        path.replace(target)
        _sync(folder)

    def _offered_since(self, path: Path) -> datetime | None:
        """Return since when a file waits; None where another reader was first, or it is known."""
        try:
            moment = self._settled_at(path)
            return None if moment is None or self._is_confirmed(path) else moment
        except (FileNotFoundError, IsADirectoryError):
            return None

    def _settled_at(self, path: Path) -> datetime | None:
        """Return since when a file stands whole in the inbox; None while it is being copied."""
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            file.seek(max(0, state.st_size - _TAIL))
            is_whole = _END.search(file.read()) is not None
        changed_at = datetime.fromtimestamp(state.st_mtime, UTC)
        return changed_at if is_whole or self._clock() - changed_at > _QUIET else None

    def _is_confirmed(self, path: Path) -> bool:
        """Say whether this very message was confirmed; an equal name alone is not enough."""
        for folder in _FOLDERS.values():
            earlier = self._root / folder / path.name
            if earlier.is_file() and _is_same(earlier, path):
                return True
        return False

    def _path(self, packet_id: str) -> Path:
        if not _PLAIN_NAME.fullmatch(packet_id):
            raise NoSuchPacket(packet_id=packet_id[:80])
        return self._folder("inbox") / packet_id

    def _folder(self, *names: str) -> Path:
        folder = self._root.joinpath(*names)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _is_same(one: Path, other: Path) -> bool:
    """Say whether two files hold the same, without holding either."""
    return one.stat().st_size == other.stat().st_size and _digest(one) == _digest(other)


def _message_type(name: str) -> MessageType | None:
    if not _PLAIN_NAME.fullmatch(name):
        return None
    is_status = name.lower().startswith(f"{MessageType.STATUS}-")
    return MessageType.STATUS if is_status else MessageType.EDOC


def _folder_name(receiver: str) -> str:
    name = quote(receiver, safe="")
    return f"%2E{name[1:]}" if name.startswith(".") else name


@contextmanager
def _carrying(operation: str, packet_id: str = "") -> Iterator[None]:
    """Turn what the file system refuses into the errors of a gateway."""
    try:
        yield
    except FileNotFoundError as error:
        raise NoSuchPacket(packet_id=packet_id[:80]) from error
    except OSError as error:
        raise Unreachable(operation=operation, reason=os.strerror(error.errno or 0)) from error


def _put(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole, also after a power cut, or not at all."""
    handle, temporary = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, _MODE)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
