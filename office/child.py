"""Child processes that never outlive their parent (tiến trình con)."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class Account:
    """The system account that a child runs as; `uid` is None when it is our own."""

    uid: int | None = None
    gid: int | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """What `subprocess` is told; another account also starts where everybody may be."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": [], "cwd": "/"}

    def runs(self, *command: str | Path) -> bool:
        """Tell whether `command` succeeds as this account."""
        try:
            done = subprocess.run(  # noqa: S603 - commands of our own
                [str(part) for part in command], check=False, capture_output=True, **self.identity
            )
        except OSError:
            return False
        return done.returncode == 0

    def reaches(self, directory: Path) -> bool:
        """Tell whether this account can enter `directory` (asked of the system, ACLs included)."""
        return self.runs("/bin/sh", "-c", 'cd -- "$1"', "sh", directory)

    def own(self, path: Path) -> Path:
        """Give `path` to this account; return it."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)
        return path


OURS = Account()


def die_with_parent(sent: signal.Signals) -> Callable[[], None]:
    """Return what a child calls between fork and exec, so that it gets `sent` when we die.

    The kernel ties this to the *thread* that forks: call it from a thread that lives as long as
    the process. Only Linux knows it; elsewhere the child is stopped by an orderly stop alone.
    """
    if sys.platform != "linux":
        return lambda: None
    parent = os.getpid()
    libc = ctypes.CDLL(None)

    def arm() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(sent), 0, 0, 0)
        if os.getppid() != parent:  # we died before the kernel was told
            os._exit(1)

    return arm


def spawn(
    command: Sequence[str | Path],
    *,
    on_parent_death: signal.Signals,
    output: IO[bytes] | None = None,
    environment: Mapping[str, str] | None = None,
    account: Account = OURS,
) -> "subprocess.Popen[bytes]":
    """Start `command` in a session of its own, as `account`.

    A session of its own keeps Ctrl-C to the supervisor, which stops its children in order. The
    death signal is armed after the change of user, which would clear it.
    """
    return subprocess.Popen(  # noqa: S603 - commands of our own
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        env=None if environment is None else dict(environment),
        start_new_session=True,
        preexec_fn=die_with_parent(on_parent_death),  # noqa: PLW1509 - callers have one thread
        **account.identity,
    )


def end(
    process: "subprocess.Popen[bytes]", steps: Sequence[tuple[signal.Signals, float]]
) -> int | None:
    """Send the signals in order until the process is gone, waiting the given seconds after each."""
    for sent, patience in steps:
        if process.poll() is not None:
            break
        process.send_signal(sent)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    return process.poll()
