"""Validation in a process of its own, its limits, and the file on disk."""

import json
import subprocess
import sys

import pytest

from signing.policy import ValidationPolicy
from signing.report import Reason, Verdict
from signing.revocation import Revocation
from signing.sandbox import child_environment, validate_limited
from signing.signer import SignRole
from signing.trust import Trust
from signing.verify import verify_file


@pytest.fixture
def limited(trust, revocation, outgoing, now):
    def check(pdf: bytes, **limits):
        return validate_limited(
            pdf, trust=trust, revocation=revocation, policy=outgoing, at=now, **limits
        )

    return check


def test_the_child_says_what_the_function_says(issued, numbered, limited, validate):
    assert limited(issued) == validate(issued)
    assert limited(numbered) == validate(numbered)
    assert validate(issued).is_valid
    assert not validate(numbered).is_valid


def test_policy_travels(outgoing):
    assert ValidationPolicy.from_data(json.loads(json.dumps(outgoing.to_data()))) == outgoing


def test_too_little_time_is_not_valid(issued, limited):
    report = limited(issued, seconds=0.05)
    assert (report.verdict, report.reason) == (Verdict.UNDETERMINED, Reason.LIMIT_EXCEEDED)
    assert report.missing_roles == (SignRole.APPROVE, SignRole.NUMBER, SignRole.SEAL)


def test_too_little_memory_is_not_valid(issued, limited):
    report = limited(issued + b" " * 5_000_000, memory=64 << 20)
    assert report.verdict is not Verdict.VALID


def test_a_file_that_is_too_large_is_not_read(limited):
    report = limited(b"%PDF-1.7" + bytes((60 << 20) + 1))
    assert (report.verdict, report.reason) == (Verdict.UNDETERMINED, Reason.LIMIT_EXCEEDED)


def test_the_child_is_limited(issued, trust, revocation, now):
    """Ask the child's own door for limits and have the kernel say what it set."""
    program = (
        "import resource\nfrom signing.sandbox import limit_process\nlimit_process(3, 1 << 29)\n"
        "print(resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CPU)[0])\n"
        "try:\n    bytearray(1 << 30)\nexcept MemoryError:\n    print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(1 << 29), "4", "refused"]


def test_secrets_do_not_reach_the_child(monkeypatch):
    monkeypatch.setenv("CONGVAN_SECRET", "x")
    monkeypatch.setenv("DATABASE_URL", "postgresql://x")
    assert not {"CONGVAN_SECRET", "DATABASE_URL"} & set(child_environment())


def test_the_folder_of_the_server_is_not_imported_from(issued, limited, tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    assert limited(issued).is_valid


def test_a_file_on_disk_is_verified(issued, by_person, pki, tmp_path, now):
    path = tmp_path / "quyet-dinh.pdf"
    path.write_bytes(issued)
    report = verify_file(path, pki.trust_folder, at=now)
    assert report.is_valid
    assert report.text().startswith("Hợp lệ.\n")
    path.write_bytes(by_person[:-9])
    report = verify_file(path, pki.trust_folder, at=now)
    assert not report.is_valid
    assert report.text("en").startswith("Invalid")


def test_the_request_is_plain_json(trust, revocation):
    for kind, value in ((Trust, trust), (Revocation, revocation)):
        assert kind.from_data(json.loads(json.dumps(value.to_data()))) == value
