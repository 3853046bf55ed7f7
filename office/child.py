"""Child processes that never outlive their parent (tiến trình con): programs, and copies of us."""

import ctypes
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn, Protocol

PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15  # linux/prctl.h


class Process(Protocol):
    """What is asked of a child: the part of `subprocess.Popen` that a copy of us has too."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None:
        """Return the exit status, None while it runs."""

    def send_signal(self, sent: int) -> None:
        """Send a signal unless the child is gone."""

    def wait(self, timeout: float) -> int:
        """Wait for its end and return the exit status; raises `subprocess.TimeoutExpired`."""


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


class Copy:
    """A child made by `fork`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, None while it runs."""
        if self.returncode is None and (found := os.waitpid(self.pid, os.WNOHANG)) != (0, 0):
            self.returncode = os.waitstatus_to_exitcode(found[1])
        return self.returncode

    def send_signal(self, sent: int) -> None:
        """Send a signal unless the child is gone."""
        if self.poll() is None:
            os.kill(self.pid, sent)

    def wait(self, timeout: float) -> int:
        """Wait for its end and return the exit status; raises `subprocess.TimeoutExpired`."""
        until = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.02)
        return code


def fork(call: Callable[[], object], *, name: str, on_parent_death: signal.Signals) -> Copy:
    """Run `call` in a copy of this process, which `ps` shows as `name` (15 bytes at most).

    What was imported need not be imported again. The caller has one thread and no connection.
    The copy has a session of its own and handles signals as a new program does.
    """
    arm = die_with_parent(on_parent_death)
    sys.stdout.flush()
    sys.stderr.flush()
    # A signal that arrives before the copy has let go of our handlers would run them there.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            _be_copy(call, name, arm, before)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return Copy(pid)


def _be_copy(
    call: Callable[[], object], name: str, arm: Callable[[], None], mask: Iterable[int]
) -> NoReturn:
    code = 1
    try:
        os.setsid()
        arm()
        _show_as(name)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for handled in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(handled, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        call()
        code = 0
    except SystemExit as told:
        code = told.code if isinstance(told.code, int) else bool(told.code)
    except BaseException:  # noqa: BLE001 - nothing may unwind into what the caller was about to do
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _show_as(name: str) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode(), 0, 0, 0)


def end(process: Process, steps: Sequence[tuple[signal.Signals, float]]) -> int | None:
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
