"""Validation in a process of its own, its limits, and the file on disk."""

import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pikepdf
import pytest
from attacks import paper
from attacks.authority import Authority
from attacks.foreign_signer import sign

from signing.errors import cause_of
from signing.policy import ValidationPolicy
from signing.report import Reason, Verdict
from signing.revocation import Revocation
from signing.sandbox import _parents, child_environment, validate_limited
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
    report = limited(issued, seconds=0.001)
    assert (report.verdict, report.reason) == (Verdict.UNDETERMINED, Reason.LIMIT_EXCEEDED)
    assert report.missing_roles == (SignRole.APPROVE, SignRole.NUMBER, SignRole.SEAL)


def test_too_little_memory_is_not_valid(issued, limited):
    report = limited(issued + b" " * 5_000_000, memory=64 << 20)
    assert report.verdict is not Verdict.VALID


def test_a_file_that_is_too_large_is_not_read(limited):
    report = limited(b"%PDF-1.7" + bytes((60 << 20) + 1))
    assert (report.verdict, report.reason) == (Verdict.UNDETERMINED, Reason.TOO_LARGE)
    assert not report.is_readable
    assert "60 MB" in report.summary()
    assert "lại sau" not in report.next_step()


def test_a_file_with_a_password_has_one_report_each_time(draft, limited):
    locked = io.BytesIO()
    with pikepdf.open(io.BytesIO(draft)) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="o", user="u"))
    report = limited(locked.getvalue())
    assert report.reason is Reason.ENCRYPTED
    assert report.detail == ""
    assert report == limited(locked.getvalue())


def test_no_report_holds_the_address_of_an_object():
    told = [cause_of(ValueError(f"stream {io.BytesIO()}: invalid {object()} there")) for _ in "ab"]
    assert told[0] == "ValueError: invalid there"
    assert "0x" not in told[1]


def scanned(megabytes: int) -> bytes:
    """Return a page that shows one uncompressed picture."""
    width, height = 1000, (megabytes << 20) // 3000
    picture = (
        b"/Type /XObject /Subtype /Image /ColorSpace /DeviceRGB /BitsPerComponent 8"
        b" /Width %d /Height %d" % (width, height)
    )
    page = paper.page().replace(b"/Font <<", b"/XObject << /I 20 0 R >> /Font <<")
    content = paper.TEXT + b" q 300 0 0 300 100 300 cm /I Do Q"
    pixels = bytes(range(250)) * (width * height * 3 // 250)
    return paper.write(
        paper.objects(
            {paper.PAGE: page, paper.CONTENT: paper.stream(content)}
            | {20: paper.stream(pixels, picture)}
        )
    )


def test_a_large_file_is_not_copied_on_its_way(now, tmp_path):
    """Neither process holds it twice: a file of 24 MB stays within 300 MB, drawing included."""
    path = tmp_path / "scan.pdf"
    authority = Authority("CA gốc", now)
    once = sign(scanned(24), authority.admit())
    path.write_bytes(sign(once, authority.admit("Cơ quan"), name="Hai", box=(60, 100, 180, 160)))
    program = (
        "import json, resource, sys\nfrom datetime import datetime\nfrom pathlib import Path\n"
        "from signing.policy import ValidationPolicy\nfrom signing.revocation import Revocation\n"
        "from signing.sandbox import end_children, validate_limited\nfrom signing.trust import Trust\n"
        "given = json.load(sys.stdin)\n"
        "report = validate_limited(Path(given['path']), trust=Trust.from_data(given['trust']),"
        " revocation=Revocation.from_data(given['revocation']),"
        " at=datetime.fromisoformat(given['at']))\n"
        "end_children()\n"
        "own = Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]\n"
        "print(int(own) >> 10, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10,"
        " report.verdict)\n"
    )
    given = {
        "path": str(path),
        "trust": authority.trust.to_data(),
        "revocation": authority.revocation.to_data(),
        "at": now.isoformat(),
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    parent, child, verdict = done.stdout.split()
    assert verdict == "valid"
    assert int(parent) < 120
    assert int(child) < 300


def test_a_path_is_read_as_the_bytes_are(issued, limited, validate, tmp_path):
    path = tmp_path / "quyet-dinh.pdf"
    path.write_bytes(issued)
    assert limited(path) == validate(issued)
    with pytest.raises(FileNotFoundError):
        limited(tmp_path / "khong-co.pdf")


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


def test_a_parent_that_was_killed_is_started_again(issued, limited):
    assert limited(issued).is_valid
    _parents[os.getpid()]._process.kill()
    _parents[os.getpid()]._process.wait()
    assert limited(issued).is_valid


def test_one_that_was_about_to_end_is_not_taken_for_a_verdict(issued, limited):
    """Its ten minutes were over as the request came: it took it and forked nobody."""
    assert limited(issued).is_valid
    parent = _parents[os.getpid()]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    parent._control.close()
    parent._control = ours
    dropping = threading.Thread(target=_take_and_drop, args=(theirs,))
    dropping.start()
    assert limited(issued).is_valid
    dropping.join()


def _take_and_drop(control: socket.socket) -> None:
    with control:
        _said, given, _flags, _address = socket.recv_fds(control, 1, 3)
        for descriptor in given:
            os.close(descriptor)


def test_one_that_dies_harms_no_other_at_the_same_time(issued, limited):
    with ThreadPoolExecutor(4) as threads:
        memory = [64 << 20, 1 << 30] * 4
        reports = list(threads.map(lambda most: limited(issued, memory=most), memory))
    assert [report.is_valid for report in reports] == [False, True] * 4


def test_it_ends_with_whoever_started_it():
    program = (
        "import os\nfrom signing import sandbox\n"
        "print(sandbox._parent()._process.pid, flush=True)\nos.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    child = int(done.stdout)
    until = time.monotonic() + 60
    while Path(f"/proc/{child}").exists() and time.monotonic() < until:
        os.sched_yield()
    assert not Path(f"/proc/{child}").exists()


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
