"""The evidence of an exchange that somebody changed, and computed anew, is found out and named."""

import hashlib
import io
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from forging import computed_anew
from story import Story, letter

from office.journal_key import journal_key
from processes.evidence import verify
from processes.evidence.bundle import VERIFIER
from processes.evidence.exchange import make_exchange
from records import seal
from records.transfer import Direction, Packet
from signing.asice import Content, build_container

SEED = int(os.environ.get("EVIDENCE_SEED", "188"))
AUDITOR = ("thanhtra", "STTTT")
SIGNATURES = "META-INF/signatures.xml"


@pytest.fixture(scope="module")
def made(story_office: Story) -> bytes:
    story = story_office
    wanted = letter(story, subject="chứng cứ bị sửa", to=("UBND",))
    story.work()
    with story.office.database.transaction() as tx:
        seal.seal(tx)
    sent = Packet.outgoing_document_id == wanted, Packet.direction == Direction.OUT
    with story.as_(*AUDITOR) as tx, story.office.database.session() as session:
        return make_exchange(tx, session, story.means, story.one(Packet, *sent).id).content


@pytest.fixture
def folder(made: bytes, tmp_path: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        archive.extractall(tmp_path / "goi")
    return tmp_path / "goi"


@pytest.fixture
def published(story_office: Story, folder: Path) -> str:
    return hashlib.sha256((folder / "MANIFEST.key").read_bytes()).hexdigest()


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(VERIFIER), *map(str, words)],
        capture_output=True, text=True, cwd="/", timeout=60, check=False,
        env={"PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


def replaced(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        data = (folder / name).read_bytes()
        assert old in data
        (folder / name).write_bytes(data.replace(old, new, 1))

    return change


def written(name: str, data: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return change


def test_untouched_it_holds_by_a_key_that_is_named(
    folder: Path, published: str, made: bytes
) -> None:
    (folder.parent / "goi.asice").write_bytes(made)
    for path in (folder, folder.parent / "goi.asice"):
        told = run(path)
        assert told.returncode == 0, told.stdout + told.stderr
        assert f"Khớp với khóa có dấu vân tay {published}: hãy đối chiếu" in told.stdout
        assert "nguyên vẹn" not in told.stdout
        assert "receipt-1.xml: đúng mã băm của message.edxml" in told.stdout
        told = run(path, "--key", published)
        assert (told.returncode, "nguyên vẹn, ký bằng khóa" in told.stdout) == (0, True)


@pytest.mark.parametrize(
    "change",
    [
        replaced("message.edxml", b"<", b" <"),
        replaced("exchange.json", b'"sent"', b'"refused"'),
        written("receipt-1.xml", b"<forged/>"),
    ],
    ids=["message", "attempt", "receipt"],
)
def test_all_digests_computed_anew_are_not_signed(
    folder: Path, published: str, change: Callable[[Path], None]
) -> None:
    change(folder)
    computed_anew(folder)
    for words in ((), ("--key", published)):
        told = run(folder, *words)
        assert told.returncode == 1
        assert "MANIFEST.sig: chữ ký trên MANIFEST.json không đúng" in told.stdout


@pytest.mark.parametrize(
    "name", ["mimetype", "META-INF/manifest.xml", SIGNATURES, "MANIFEST.sig", "MANIFEST.key"]
)
def test_what_stands_outside_the_manifest_is_named_when_it_goes_or_changes(
    folder: Path, name: str
) -> None:
    sound = (folder / name).read_bytes()
    for at in {0, len(sound) // 3, len(sound) // 2, len(sound) - 2}:
        (folder / name).write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        told = run(folder)
        assert (told.returncode, name in told.stdout) == (1, True), (at, told.stdout, told.stderr)
    (folder / name).unlink()
    told = run(folder)
    assert (told.returncode, f"{name}: thiếu" in told.stdout) == (1, True), told.stdout
    (folder / name).write_bytes(sound)
    assert run(folder).returncode == 0


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        (b"T", b"U", "SignedProperties: khác bản"),
        (b"<ds:X509Certificate>MII", b"<ds:X509Certificate>MIJ", "KeyInfo: khác bản"),
        (b'URI="message.edxml"', b'URI="exchange.jsom"', "chữ ký của gói không đúng"),
        (b"==</ds:SignatureValue>", b"=</ds:SignatureValue>", "không đọc được"),
    ],
    ids=["time", "certificate", "reference", "value"],
)
def test_each_part_of_the_containers_signature_counts(
    folder: Path, old: bytes, new: bytes, seen: str
) -> None:
    data = (folder / SIGNATURES).read_bytes()
    at = data.index(b"<xades:SigningTime>") if old == b"T" else 0
    (folder / SIGNATURES).write_bytes(data[:at] + data[at:].replace(old, new, 1))
    told = run(folder)
    assert (told.returncode, seen in told.stdout) == (1, True), told.stdout


class Unpacked:
    """The members of a bundle in memory."""

    def __init__(self, members: dict[str, bytes]) -> None:
        self.members, self.names = members, set(members)

    def read(self, name: str) -> bytes | None:
        return self.members.get(name)


def test_a_bit_of_every_byte_of_the_containers_signature_counts(made: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    key, sound = members["MANIFEST.key"].hex(), members[SIGNATURES]
    chance = random.Random(SEED)

    def holds(data: bytes) -> bool:
        try:
            return not list(verify.check_container(Unpacked({**members, SIGNATURES: data}), key))
        except verify.MALFORMED:
            return False

    assert holds(sound)
    missed = []
    for at, byte in enumerate(sound):
        changed = bytes([byte ^ 1 << chance.randrange(8)])
        if holds(sound[:at] + changed + sound[at + 1 :]):
            missed.append((at, changed))
    assert missed == [], f"EVIDENCE_SEED={SEED}"


def test_who_signs_all_of_it_with_a_key_of_his_own_is_told_by_its_fingerprint(
    story_office: Story, folder: Path, published: str, tmp_path: Path
) -> None:
    own = journal_key(tmp_path / "forger").keystore
    (folder / "receipt-1.xml").write_bytes(b"<forged/>")
    (folder / "journal.json").write_text(
        '{"leaves": [], "seals": [], "linked": true, "head": null, "signature": null}'
    )
    computed_anew(folder, own)
    outside = {"mimetype", "META-INF"}
    files = {
        name: Content(p.read_bytes())
        for p in sorted(folder.rglob("*"))
        if p.is_file()
        and (name := p.relative_to(folder).as_posix()).partition("/")[0] not in outside
    }
    with story_office.as_(*AUDITOR) as tx:
        now = tx.now
    forged = tmp_path / "forged.asice"
    forged.write_bytes(build_container(files, own, claimed_at=now))
    told = run(forged)
    other = hashlib.sha256((folder / "MANIFEST.key").read_bytes()).hexdigest()
    assert other != published
    assert (told.returncode, f"dấu vân tay {other}" in told.stdout) == (0, True), told.stdout
    assert published not in told.stdout
    assert "receipt-1.xml: KHÔNG nêu mã băm" in told.stdout
    told = run(forged, "--key", published)
    assert (told.returncode, "MANIFEST.key: khóa khác" in told.stdout) == (1, True), told.stdout
