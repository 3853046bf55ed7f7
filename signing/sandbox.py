"""Validation in a process of its own (tiến trình riêng): a hostile file harms nobody else."""

import atexit
import hashlib
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from signing.policy import ValidationPolicy
from signing.rendering import compared
from signing.report import DocumentReport, Reason, Verdict
from signing.revocation import Revocation
from signing.trust import Trust
from signing.validation import validate_pdf
from signing.wording import LARGEST_MEGABYTES

#: seconds of the processor
TIME_LIMIT = 20.0
#: how many times as long it may take on a busy machine
PATIENCE = 2
MEMORY_LIMIT = 1 << 30
#: what says nothing against a file
UNFINISHED = {Reason.LIMIT_EXCEEDED, Reason.TOO_LARGE}
#: what a child says first, and how it goes on: the report, or why there is none
BEGUN, DONE, FAILED = b".", b"+", b"-"
LARGEST_FILE = LARGEST_MEGABYTES << 20


def validate_limited(
    pdf: bytes | Path,
    *,
    trust: Trust,
    revocation: Revocation,
    policy: ValidationPolicy | None = None,
    at: datetime,
    rendering: bool = True,
    seconds: float = TIME_LIMIT,
    memory: int = MEMORY_LIMIT,
) -> DocumentReport:
    """Do as `validate_pdf` within `seconds` of the processor and `memory` bytes.

    With `rendering` the signed revisions are drawn and compared as well. What exceeds the limits,
    and a child that dies, is undetermined: never valid. Raise OSError for an unreadable path.
    """
    policy = policy or ValidationPolicy()
    request = {
        "trust": trust.to_data(),
        "revocation": revocation.to_data(),
        "policy": policy.to_data(),
        "at": at.isoformat(),
        "rendering": rendering,
        "seconds": seconds,
        "memory": memory,
    }
    with _opened(pdf) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        failed = partial(_failed, digest, policy, at)
        if os.fstat(file.fileno()).st_size > LARGEST_FILE:
            return failed(Reason.TOO_LARGE)
        try:
            said = _ask(json.dumps(request).encode(), file.fileno(), seconds * PATIENCE)
        except OSError as error:
            return failed(Reason.LIMIT_EXCEEDED, str(error))
    if not said.startswith(DONE):
        told = said.removeprefix(FAILED).decode("utf-8", "replace")
        return failed(Reason.LIMIT_EXCEEDED, told or "the child ended")
    try:
        report = DocumentReport.from_json(said.removeprefix(DONE).decode("utf-8"))
    except ValueError as error:
        return failed(Reason.FORMAT_FAILURE, str(error))
    return report if report.digest == digest else failed(Reason.FORMAT_FAILURE, "digest")


def _opened(pdf: bytes | Path) -> Any:
    """Return the bytes as a file of its own, which the child reads without a copy on the way."""
    if isinstance(pdf, Path):
        if pdf.is_file():
            return pdf.open("rb")
        pdf = pdf.read_bytes()
    file = os.fdopen(os.memfd_create("pdf"), "w+b")
    file.write(pdf)
    file.seek(0)
    return file


class _Parent:
    """The process that forks a child for each validation, see `signing.validate_child`."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # -P: the folder the server was started in is no place to import from
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, a number
                [sys.executable, "-P", "-m", "signing.validate_child", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=child_environment(),
            )

    def ask(self, request: bytes, descriptor: int, until: float) -> bytes:
        """Return what the child says after it began; empty where there was no child.

        Raises TimeoutError where that takes too long, OSError where there is no parent any more.
        """
        asked = os.memfd_create("request")
        reading, writing = os.pipe()
        try:
            try:
                os.write(asked, request)
                socket.send_fds(self._control, [b"?"], [descriptor, asked, writing])
            finally:
                os.close(writing)
                os.close(asked)
            said = bytearray()
            while select.select([reading], [], [], max(0.0, until - time.monotonic()))[0]:
                part = os.read(reading, 1 << 20)
                if not part:
                    return bytes(said)
                said += part
            raise TimeoutError("time limit")
        finally:
            os.close(reading)

    def end(self) -> None:
        """Let it end, after the children it still has."""
        self._control.close()
        self._process.wait()


#: by the process that asks: what a fork inherits is not its own
_parents: dict[int, _Parent] = {}
_starting = threading.Lock()


def _parent(gone: _Parent | None = None) -> _Parent:
    """Return the parent of this process's validations, another one than what is `gone`."""
    with _starting:
        found = _parents.get(os.getpid())
        if found is None or found is gone:
            if found is not None:
                found.end()
            found = _parents[os.getpid()] = _Parent()
        return found


@atexit.register
def end_children() -> None:
    """End the process that forks them; the next validation starts another."""
    with _starting:
        if found := _parents.pop(os.getpid(), None):
            found.end()


def _ask(request: bytes, descriptor: int, seconds: float) -> bytes:
    """Have a child answer; once more where its parent had just ended."""
    until, parent = time.monotonic() + seconds, _parent()
    try:
        said = parent.ask(request, descriptor, until)
    except (BrokenPipeError, ConnectionResetError):
        said = b""
    if not said:
        said = _parent(gone=parent).ask(request, descriptor, until)
    return said.removeprefix(BEGUN)


def answer(request: bytes, descriptor: int) -> str:
    """Limit this process, validate what `descriptor` holds, and return the report as JSON."""
    data = json.loads(request)
    limit_process(data["seconds"], data["memory"])
    # whoever waits has given up by then
    signal.setitimer(signal.ITIMER_REAL, data["seconds"] * PATIENCE)
    with os.fdopen(descriptor, "rb") as file:
        file.seek(0)
        pdf = file.read()
    report = validate_pdf(
        pdf,
        trust=Trust.from_data(data["trust"]),
        revocation=Revocation.from_data(data["revocation"]),
        policy=ValidationPolicy.from_data(data["policy"]),
        at=datetime.fromisoformat(data["at"]),
    )
    if data["rendering"]:
        report = compared(report, pdf)
    return report.to_json()


def limit_process(seconds: float, memory: int) -> None:
    """Limit the processor time and the address space of this process."""
    whole = int(seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def child_environment() -> dict[str, str]:
    """Return what the child needs, and none of the parent's secrets."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _failed(
    digest: str, policy: ValidationPolicy, at: datetime, reason: Reason, detail: str = ""
) -> DocumentReport:
    verdict = Verdict.UNDETERMINED if reason in UNFINISHED else Verdict.INVALID
    missing = tuple(one.role for one in policy.expected)
    return DocumentReport(
        verdict,
        at,
        reason,
        missing_roles=missing,
        digest=digest,
        detail=detail[:500],
        verdict_at_signing=verdict,
        reason_at_signing=reason,
    )
