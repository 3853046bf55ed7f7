"""How often a wrong PIN was tried (số lần nhập sai PIN): our own count, to lock no token."""

import fcntl
import json
import os
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, Self

from signing.appearance import VIETNAM
from signing.keystores.errors import PinPaused

#: tokens lock after three wrong tries or more; the third is not ours
MOST_TRIES = 2
#: a pause long enough that nobody goes on typing; a right PIN ends the count at once
WITHIN = timedelta(hours=1)


class PinTries(Protocol):
    """Counts wrong tries per token over all processes (bộ đếm PIN sai)."""

    def begin(self, token: str, at: datetime) -> int:
        """Count one try before it is made; return how many are left after it.

        Raise `PinPaused` when there is none.
        """

    def undo(self, token: str) -> None:
        """Take back the last try: it did not reach the token."""

    def succeed(self, token: str) -> None:
        """Forget the tries: the PIN was right."""


class FileTries:
    """The count in one small file, read and written under a lock (tệp đếm PIN sai).

    It names tokens by serial number and holds times only.
    """

    def __init__(self, path: Path, *, most: int = MOST_TRIES, within: timedelta = WITHIN) -> None:
        self.path = path
        self.most = most
        self.within = within

    def begin(self, token: str, at: datetime) -> int:
        """Count one try; raise `PinPaused` after `most` of them `within` the time."""
        with _Locked(self.path) as tries:
            recent = [one for one in tries.of(token) if at - one < self.within]
            if len(recent) >= self.most:
                until = (recent[0] + self.within).astimezone(VIETNAM)
                raise PinPaused(until=f"{until:%H:%M %d/%m/%Y}")
            tries.put(token, [*recent, at])
            return self.most - len(recent) - 1

    def undo(self, token: str) -> None:
        """Take back the last try."""
        with _Locked(self.path) as tries:
            tries.put(token, tries.of(token)[:-1])

    def succeed(self, token: str) -> None:
        """Forget the tries of this token."""
        with _Locked(self.path) as tries:
            tries.put(token, [])


class _Locked:
    """The file, held by one process at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._content: dict[str, list[str]] = {}
        self._changed = False

    def of(self, token: str) -> list[datetime]:
        return [datetime.fromisoformat(one) for one in self._content.get(token, [])]

    def put(self, token: str, times: list[datetime]) -> None:
        held = [one.isoformat() for one in times]
        if held == self._content.get(token, []):
            return
        self._changed = True
        self._content[token] = held
        if not held:
            del self._content[token]

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        # a file cut off by a crash forgets its tries; the token's own flags still hold
        with suppress(ValueError):
            found = json.loads(os.pread(self._file, 1 << 20, 0) or b"{}")
            self._content = found if isinstance(found, dict) else {}
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._changed:
                data = json.dumps(self._content).encode()
                os.pwrite(self._file, data, 0)
                os.ftruncate(self._file, len(data))
        finally:
            os.close(self._file)
