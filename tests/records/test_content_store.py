import hashlib
import io
import os
import shutil
import signal
import stat
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.errors import StorageFull
from records.content import ContentStore, File, Stored, attach_file, clean_name, files_of, is_named
from records.document import OutgoingDocument
from records.file_error import (
    ContentDamaged,
    ContentMissing,
    FileTooLarge,
    FileTypeRefused,
    NotAPdf,
    NotScanned,
)
from records.inspection import DOCUMENTS, PDF, XML, Limits
from records.vocabulary import FileKind, Scan

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def picture(size=(8, 8), *, colour=0) -> bytes:
    out = io.BytesIO()
    Image.new("L", size, colour).save(out, "PNG")
    return out.getvalue()


def everything(root) -> list[str]:
    return sorted(p.name for p in root.rglob("*") if p.is_file())


@pytest.fixture
def store(tmp_path) -> ContentStore:
    return ContentStore(tmp_path / "kho")


def test_bytes_come_back_as_they_went_in(store):
    content = picture()
    kept = store.put(content)
    assert kept == Stored(hashlib.sha256(content).hexdigest(), len(content), "image/png")
    assert store.read(kept.sha256) == content
    assert store.put(io.BytesIO(content)) == kept
    assert everything(store.root) == [kept.sha256]


def test_only_the_owner_may_read_the_store(store):
    path = store.path(store.put(picture()).sha256)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(d.stat().st_mode) for d in (path.parent, store.root)} == {0o700}


def test_a_changed_byte_is_noticed_before_anything_is_handed_out(store):
    kept = store.put(picture())
    with store.path(kept.sha256).open("r+b") as file:
        file.seek(20)
        file.write(b"\xff")
    with pytest.raises(ContentDamaged):
        store.open(kept.sha256)


@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", "A" * 64, "", "0" * 63 + "\n"])
def test_what_is_not_there_is_missing_and_no_name_is_a_path(store, name):
    with pytest.raises(ContentMissing):
        store.open(name)


def test_what_is_refused_leaves_nothing(store):
    big = picture((300, 300))
    with pytest.raises(FileTooLarge):
        store.put(big, limits=Limits(file_bytes=len(big) - 1))
    with pytest.raises(FileTypeRefused):
        store.put(b"MZ\x90\x00 not a document at all")
    with pytest.raises(NotAPdf):
        store.put(big, accept=frozenset({PDF}))
    with pytest.raises(FileTypeRefused):
        store.put(b"<?xml version='1.0'?><a/>")
    assert everything(store.root) == []
    store.put(big, limits=Limits(file_bytes=len(big)))
    store.put(b"<?xml version='1.0'?><a/>", accept=frozenset({XML}))
    assert XML not in DOCUMENTS


def test_the_sweep_takes_only_what_no_row_names_and_is_old(store):
    orphan, kept, young = (store.put(picture(colour=c)).sha256 for c in (1, 2, 3))
    leftover = store.root / "tmp-abandoned"
    leftover.write_bytes(b"half")
    old = (NOW - timedelta(days=40)).timestamp()
    for path in (store.path(orphan), store.path(kept), leftover):
        os.utime(path, (old, old))
    os.utime(store.path(young), (NOW.timestamp(), NOW.timestamp()))
    removed = store.sweep({kept}.__contains__, older_than=NOW - timedelta(days=30))
    assert removed == [orphan]
    assert set(store.digests()) == {kept, young}
    assert not leftover.exists()


def test_a_file_put_again_is_young_again(store):
    """The sweep must not take what somebody is about to name."""
    sha256 = store.put(picture()).sha256
    os.utime(store.path(sha256), (1, 1))
    store.put(picture())
    assert store.sweep(lambda _: False, older_than=NOW - timedelta(days=3650)) == []


# -- faults ---------------------------------------------------------------------------------------


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 256 KiB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine does not let tests mount")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_keeps_nothing_and_says_so(tiny_disk):
    store = ContentStore(tiny_disk)
    small = store.put(picture())
    noise = io.BytesIO()
    Image.frombytes("L", (700, 700), os.urandom(490_000)).save(noise, "PNG")
    with pytest.raises(StorageFull) as refused:
        store.put(noise.getvalue())
    assert refused.value.status == 507
    assert everything(tiny_disk) == [small.sha256]
    assert store.put(picture(colour=9)).size > 0  # room again


#: uploads the same file again and again, each in a child that dies one step later than the last
UPLOADS = """
import os, pathlib, signal, sys
from records import content
place, bytes_ = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).read_bytes()

def upload(step):
    left = [step]
    def dying(real):
        def call(*given, **named):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **named)
        return call
    for name in ("fsync", "open", "rename", "mkdir", "unlink", "close"):
        setattr(os, name, dying(getattr(os, name)))
    content.ContentStore(place / f"kho-{step}").put(bytes_)
    os._exit(0)

for step in range(1, 60):
    child = os.fork()
    if child == 0:
        upload(step)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(step, status)
    if status == 0:
        break
"""


def test_killed_at_any_step_the_store_holds_whole_files_only(tmp_path):
    content = picture((64, 64))
    source = tmp_path / "source.png"
    source.write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", UPLOADS, str(tmp_path), str(source)],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    outcomes = [int(line.split()[1]) for line in done.stdout.splitlines()]
    assert outcomes[-1] == 0  # the driver walked past the last step
    assert outcomes[:-1] == [-signal.SIGKILL] * (len(outcomes) - 1)
    assert len(outcomes) > 8
    places = {}
    for step in range(1, len(outcomes) + 1):
        store = ContentStore(tmp_path / f"kho-{step}")
        held = list(store.digests())
        places[step] = len(held)
        assert all(store.read(sha256) == content for sha256 in held)
        store.put(content)
        store.sweep(lambda _: True, older_than=datetime.now(UTC) + timedelta(days=1))
        assert everything(store.root) == [hashlib.sha256(content).hexdigest()]
    assert set(places.values()) == {0, 1}


# -- names and rows -------------------------------------------------------------------------------


@given(st.text(max_size=400))
def test_a_name_is_one_harmless_line(name):
    clean = clean_name(name)
    assert 0 < len(clean) <= 200
    assert clean == unicodedata.normalize("NFC", clean)
    assert not set(clean) & set("/\\\x00\r\n\u202e")
    assert clean not in {".", ".."}


def test_names_keep_their_words_and_their_extension():
    name = unicodedata.normalize("NFD", "Quyết định số 188.pdf")
    assert clean_name(name) == "Quyết định số 188.pdf"
    assert clean_name("../../etc/passwd") == "_.._etc_passwd"
    long = clean_name("ệ" * 300 + ".docx")
    assert (len(long), long[-5:]) == (200, ".docx")
    assert clean_name("\u202egpj.exe") == "_gpj.exe"
    assert clean_name("") == "tep"


def test_a_file_row_names_the_bytes_and_waits_for_the_scan(tx, province, store):
    document = tx.add(OutgoingDocument(agency_id=province.ubnd.id, created_at=NOW))
    kept = store.put(picture())
    file = attach_file(tx, document, kept, name="ảnh.png", kind=FileKind.SCAN)
    tx.flush()
    assert [f.id for f in files_of(tx, document)] == [file.id]
    assert is_named(tx, kept.sha256)
    assert not is_named(tx, "0" * 64)
    with pytest.raises(NotScanned, match="not cleared"):
        file.ensure_downloadable()
    file.scan = Scan.QUARANTINE
    with pytest.raises(NotScanned):
        file.ensure_downloadable()
    file.scan = Scan.CLEAN
    file.ensure_downloadable()
    assert isinstance(file, File)
