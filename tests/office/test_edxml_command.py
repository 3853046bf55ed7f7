"""`congvan edxml read` and `write`: what they print, what they store, how they end."""

import base64
import hashlib
import json
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from exchange.document_type import document_type
from exchange.edxml import read, write
from exchange.envelope import Attachment, Code, Envelope, Party
from office.cli import main

PDF = b"%PDF-1.7\n%%EOF\n"
TABLE = b"PK\x03\x04 so lieu"


@pytest.fixture
def envelope() -> Envelope:
    return Envelope(
        sender=Party("H55.07", "Sở Tài chính"),
        receivers=(Party("H55", "UBND tỉnh"), Party("000.00.00.H55", "UBND tỉnh (mã cũ)")),
        code=Code("512", "STC-QLNS"),
        promulgated_on=date(2026, 11, 27),
        document_type=document_type("Công văn"),
        subject="V/v quyết toán ngân sách",
        document_id="H55.07,2026/11/27,512/STC-QLNS",
        attachments=(
            Attachment.of("cong-van.pdf", PDF, "Văn bản chính"),
            Attachment.of("phu-luc.xlsx", TABLE),
        ),
    )


@dataclass
class Told:
    """How a command ended and what it printed."""

    returncode: int
    stdout: bytes
    stderr: bytes


@pytest.fixture
def congvan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The command in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str | Path, given: bytes = b"") -> Told:
        told = CliRunner().invoke(main, ["edxml", *map(str, words)], input=given)
        return Told(told.exit_code, told.stdout_bytes, told.stderr_bytes)

    return call


def test_the_command_as_it_is_typed(tmp_path, envelope):
    """In a process of its own: the streams and the exit status are those of the system."""
    for given, status in ((write(envelope), 0), (b"<edXML/>", 1)):
        told = subprocess.run(
            [sys.executable, "-m", "office.cli", "edxml", "read", "-", "--json"],
            cwd=Path(__file__).parents[2], input=given, capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        assert told.returncode == status, told.stderr
        assert ("error" in json.loads(told.stdout)) is bool(status)


def test_read_write_read_of_a_packet_and_its_files(congvan, tmp_path, envelope):
    first = tmp_path / "goi-tin.edxml"
    first.write_bytes(write(envelope))
    told = congvan("read", first, "--json", "--files", "tep")
    assert told.returncode == 0, told.stderr
    form = json.loads(told.stdout)
    assert form["original"]["sha256"] == hashlib.sha256(first.read_bytes()).hexdigest()
    assert [(f["name"], f["size"], f["sha256"]) for f in form["attachments"]] == [
        ("cong-van.pdf", len(PDF), hashlib.sha256(PDF).hexdigest()),
        ("phu-luc.xlsx", len(TABLE), hashlib.sha256(TABLE).hexdigest()),
    ]
    assert (tmp_path / "tep" / "phu-luc.xlsx").read_bytes() == TABLE
    again = congvan("write", "-", "--out", "lai.edxml", given=told.stdout)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "lai.edxml").read_bytes() == first.read_bytes()

    # taken from a folder by their names; the message to the standard output, and back in
    for file in form["attachments"]:
        del file["path"]
    piped = congvan("write", "-", "--files", "tep", given=json.dumps(form).encode())
    assert read(piped.stdout) == envelope
    shown = congvan("read", "-", given=piped.stdout)
    assert shown.returncode == 0
    assert "V/v quyết toán ngân sách" in shown.stdout.decode()
    english = congvan("read", "-", "--english", given=piped.stdout).stdout.decode()
    assert "Subject" in english
    assert hashlib.sha256(TABLE).hexdigest() in english


def test_errors_one_a_line_and_status_1(congvan, envelope):
    broken = (
        write(envelope)
        .replace(b">H55.07<", b"><", 1)
        .replace("V/v quyết toán ngân sách".encode(), b"")
    )
    told = congvan("read", "-", given=broken)
    assert (told.returncode, told.stdout) == (1, b"")
    lines = told.stderr.decode().splitlines()
    assert "[N.Subject] Thiếu trích yếu nội dung." in lines
    assert "[N.From.OrganId] Thiếu mã định danh cơ quan gửi." in lines
    data = congvan("read", "-", "--json", given=broken)
    assert (data.returncode, data.stderr) == (1, b"")
    refusal = json.loads(data.stdout)
    assert refusal["error"] == "invalid-message"
    assert {finding["code"] for finding in refusal["findings"]} == {"N.Subject", "N.From.OrganId"}
    other = congvan("read", "-", given=b"%PDF-1.7")
    assert other.returncode == 1
    assert "không phải là XML" in other.stderr.decode()


def test_write_says_what_may_not_be_sent(congvan, tmp_path, envelope):
    first = tmp_path / "a.edxml"
    first.write_bytes(write(envelope))
    form = json.loads(congvan("read", first, "--json", "--files", "tep").stdout)
    form["subject"] = " "
    told = congvan("write", "-", given=json.dumps(form).encode())
    assert (told.returncode, told.stdout) == (1, b"")
    assert "[N.Subject] Thiếu trích yếu nội dung." in told.stderr.decode()
    (tmp_path / "tep" / "cong-van.pdf").write_bytes(b"%PDF-1.7 khac")
    form["subject"] = "V/v"
    changed = congvan("write", "-", given=json.dumps(form).encode())
    assert changed.returncode == 1
    assert "[M.attachments[1].sha256]" in changed.stderr.decode()
    unread = congvan("write", "-", given=b'{"subject": ')
    assert unread.returncode == 1
    assert "không phải JSON" in unread.stderr.decode()


def test_files_are_never_written_over_and_names_fit_the_disk(congvan, tmp_path, envelope):
    long = unicodedata.normalize("NFD", "Văn bản điện tử kèm phụ lục quyết định " * 9) + ".pdf"
    assert len(long) > 300
    data = write(envelope).replace(b"phu-luc.xlsx", long.encode())
    (tmp_path / "tep").mkdir()
    (tmp_path / "tep" / "cong-van.pdf").write_bytes(b"cua nguoi khac")
    told = congvan("read", "-", "--json", "--files", "tep", given=data)
    assert told.returncode == 0, told.stderr
    first, second = json.loads(told.stdout)["attachments"]
    assert (tmp_path / "tep" / "cong-van.pdf").read_bytes() == b"cua nguoi khac"
    assert (tmp_path / first["path"]).name == "cong-van (2).pdf"
    assert (tmp_path / first["path"]).read_bytes() == PDF
    stored = (tmp_path / second["path"]).name
    assert len(stored.encode()) <= 255
    assert stored.endswith(".pdf")
    assert second["name"].endswith(".pdf")
    assert 250 > len(second["name"]) >= 190


@pytest.mark.parametrize(
    "name", ["../../ra-ngoai.pdf", "..\\..\\ra-ngoai.pdf", "/tmp/ra-ngoai.pdf"]
)
def test_a_name_with_a_path_stays_in_the_folder(congvan, tmp_path, envelope, name):
    data = write(envelope).replace(b"cong-van.pdf", name.encode())
    told = congvan("read", "-", "--files", "a/b/tep", given=data)
    assert told.returncode == 0
    assert sorted(p.name for p in (tmp_path / "a/b/tep").iterdir()) == [
        "phu-luc.xlsx",
        "ra-ngoai.pdf",
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_write_takes_nothing_from_outside_its_folder(congvan, tmp_path, envelope):
    (tmp_path / "mat.pdf").write_bytes(PDF)
    form = {
        "sender": {"organ_id": "H55", "name": "A"},
        "receivers": [{"organ_id": "G22", "name": "B"}],
        "code": {"number": "1", "notation": "A"},
        "promulgated_on": "2026-11-27",
        "document_type": {"name": "Công văn"},
        "subject": "V/v",
        "attachments": [{"name": "../mat.pdf"}],
    }
    (tmp_path / "tep").mkdir()
    told = congvan("write", "-", "--files", "tep", given=json.dumps(form).encode())
    assert told.returncode == 1
    assert "[M.attachments[1].path]" in told.stderr.decode()
    # the control: the same file, named where it may be taken from
    form["attachments"] = [{"name": "mat.pdf"}]
    good = congvan("write", "-", "--files", ".", given=json.dumps(form).encode())
    assert good.returncode == 0, good.stderr
    assert base64.b64encode(PDF) in good.stdout
