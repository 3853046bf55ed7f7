"""Validation in a process of its own (tiến trình riêng): a hostile file harms nobody else."""

import hashlib
import json
import os
import resource
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from signing.policy import ValidationPolicy
from signing.rendering import compared
from signing.report import DocumentReport, Reason, Verdict
from signing.revocation import Revocation
from signing.trust import Trust
from signing.validation import validate_pdf

#: seconds of the processor
TIME_LIMIT = 20.0
#: how many times as long it may take on a busy machine
PATIENCE = 2
MEMORY_LIMIT = 1 << 30
LARGEST_FILE = 60 << 20


def validate_limited(
    pdf: bytes,
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
    and a child that dies, is undetermined: never valid.
    """
    policy = policy or ValidationPolicy()
    if len(pdf) > LARGEST_FILE:
        return _failed(pdf, policy, at, Reason.LIMIT_EXCEEDED, "file too large")
    request = {
        "trust": trust.to_data(),
        "revocation": revocation.to_data(),
        "policy": policy.to_data(),
        "at": at.isoformat(),
        "rendering": rendering,
        "seconds": seconds,
        "memory": memory,
    }
    header = json.dumps(request).encode() + b"\n"
    try:
        done = subprocess.run(
            # -P: the folder the server was started in is no place to import from
            [sys.executable, "-P", "-m", "signing.validate_child"],
            input=header + pdf,
            capture_output=True,
            timeout=seconds * PATIENCE,
            check=False,
            env=child_environment(),
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        return _failed(pdf, policy, at, Reason.LIMIT_EXCEEDED, str(error))
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1]
        return _failed(pdf, policy, at, Reason.LIMIT_EXCEEDED, f"{done.returncode}: {last}")
    return _read(pdf, policy, at, done.stdout)


def answer(stream: Any) -> str:
    """Read one request, limit this process, validate, and return the report as JSON."""
    request = json.loads(stream.readline())
    limit_process(request["seconds"], request["memory"])
    pdf = stream.read()
    report = validate_pdf(
        pdf,
        trust=Trust.from_data(request["trust"]),
        revocation=Revocation.from_data(request["revocation"]),
        policy=ValidationPolicy.from_data(request["policy"]),
        at=datetime.fromisoformat(request["at"]),
    )
    if request["rendering"]:
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


def _read(pdf: bytes, policy: ValidationPolicy, at: datetime, output: bytes) -> DocumentReport:
    try:
        report = DocumentReport.from_json(output.decode("utf-8"))
    except ValueError as error:
        return _failed(pdf, policy, at, Reason.FORMAT_FAILURE, str(error))
    if report.digest != _digest(pdf):
        return _failed(pdf, policy, at, Reason.FORMAT_FAILURE, "digest")
    return report


def _failed(
    pdf: bytes, policy: ValidationPolicy, at: datetime, reason: Reason, detail: str
) -> DocumentReport:
    verdict = Verdict.UNDETERMINED if reason is Reason.LIMIT_EXCEEDED else Verdict.INVALID
    missing = tuple(one.role for one in policy.expected)
    return DocumentReport(
        verdict,
        at,
        reason,
        missing_roles=missing,
        digest=_digest(pdf),
        detail=detail[:500],
        verdict_at_signing=verdict,
        reason_at_signing=reason,
    )


def _digest(pdf: bytes) -> str:
    return hashlib.sha256(pdf).hexdigest()
