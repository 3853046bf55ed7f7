"""`congvan verify-pdf` on a machine where nothing was set up and nothing runs."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import etree

from office.cli import main
from office.verify_command import outcome_of
from signing.report import DocumentReport, Reason, Verdict


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of data that does not exist yet."""
    for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CONGVAN_DATA", str(tmp_path / "data"))
    return tmp_path


def test_without_trust_anchors_the_report_still_comes_and_nobody_is_trusted(bare, issued):
    file = bare / "van-ban.pdf"
    file.write_bytes(issued)
    answer = CliRunner().invoke(main, ["verify-pdf", str(file), "--json"])
    assert answer.exit_code == 2
    assert "--trust" in answer.stderr
    report = json.loads(answer.stdout)
    assert len(report["signatures"]) == 3
    assert report["verdict"] != "valid"
    assert not (bare / "data").exists()


def test_a_named_folder_that_is_missing_is_refused(bare, issued):
    file = bare / "van-ban.pdf"
    file.write_bytes(issued)
    answer = CliRunner().invoke(main, ["verify-pdf", str(file), "--trust", str(bare / "none")])
    assert answer.exit_code == 3
    assert "trust.toml" in answer.stderr
    assert "Errno" not in answer.stderr


@pytest.fixture
def verify(bare, pki, now):
    """Run the command on these bytes, with the throw-away trust, as of the signing."""

    def run(pdf: bytes | None, *options: str):
        file = bare / "van-ban.pdf"
        if pdf is not None:
            file.write_bytes(pdf)
        given = ["--trust", str(pki.trust_folder), "--at", now.isoformat(), *options]
        return CliRunner().invoke(main, ["verify-pdf", str(file), *given])

    return run


WHEN = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("verdict", "reason", "status"),
    [
        (Verdict.VALID, Reason.NONE, 0),
        (Verdict.INVALID, Reason.HASH_FAILURE, 1),
        # a clerk asks whether the file is validly signed: no, and no later check will find it so
        (Verdict.UNSIGNED, Reason.NO_SIGNATURE, 1),
        (Verdict.UNDETERMINED, Reason.UNKNOWN_AUTHORITY, 2),
        (Verdict.UNDETERMINED, Reason.LIMIT_EXCEEDED, 2),
        (Verdict.INVALID, Reason.UNREADABLE, 3),
        (Verdict.UNDETERMINED, Reason.ENCRYPTED, 3),
        (Verdict.UNDETERMINED, Reason.TOO_LARGE, 3),
    ],
)
def test_the_status_tells_scripts_what_was_found(verdict, reason, status):
    assert outcome_of(DocumentReport(verdict, WHEN, reason)) == status


def test_the_whole_report_is_printed(verify, issued):
    answer = verify(issued)
    assert answer.exit_code == 0, answer.stdout
    assert answer.stdout.count("Kết luận tại thời điểm kiểm tra: Hợp lệ") == 3
    assert "Mức chữ ký: PAdES B-B" in answer.stdout
    assert "Căn cứ về thu hồi: danh sách thu hồi (CRL), có sẵn khi kiểm tra" in answer.stdout


def test_options_change_what_is_asked_and_how_it_is_told(verify, by_person):
    missing = verify(by_person, "--expect", "seal", "--english")
    assert missing.exit_code == 1
    assert missing.stdout.startswith("Invalid (a signature is missing: issuing agency).\n")
    early = verify(by_person, "--at", "2020-01-01T00:00", "--etsi")
    assert early.exit_code == 1
    status = etree.fromstring(early.stdout.encode()).find(".//{*}MainIndication").text
    assert status.endswith(":total-failed")
    assert "sớm hơn thời điểm ký" in early.stderr
    assert "Bỏ --at" in early.stderr
    assert "--at" not in verify(by_person).stderr


def test_what_cannot_be_opened_is_neither_invalid_nor_undetermined(verify, issued, bare):
    missing = verify(None)
    assert missing.exit_code == 3
    assert "van-ban.pdf: không có tệp này" in missing.stderr
    assert "No such" not in missing.stderr
    folder = CliRunner().invoke(main, ["verify-pdf", str(bare)])
    assert folder.exit_code == 3
    assert "đây là thư mục" in folder.stderr
    assert verify(issued, "--json", "--etsi").exit_code == 3
    assert verify(b"PK").exit_code == 3
    assert verify(issued, "--wrong").exit_code == 3
    assert verify(issued, "--at", "yesterday").exit_code == 3


def test_an_unsigned_file_has_no_etsi_report(verify, draft):
    answer = verify(draft, "--etsi")
    assert answer.exit_code == 3
    assert "ETSI" in answer.stderr
