"""The bundle of a real document: whole it verifies without us, and any change in it is named."""

import hashlib
import io
import json
import os
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner
from forging import computed_anew
from story import Story, incoming_letter, letter

from office.cli import main
from processes.evidence import bundle, package, verify
from records import proof, seal
from records.authority import NoRight
from records.journal import JournalLeaf, merkle_root
from records.journal_signature import sign_head

SEED = int(os.environ.get("EVIDENCE_SEED", "188"))
AUDITOR = ("thanhtra", "STTTT")


def exported(story: Story, document: UUID, user: tuple[str, str] = AUDITOR) -> package.Bundle:
    with story.as_(*user) as tx, story.office.database.session() as session:
        return bundle.make(tx, session, story.means, story.instance(document).id)


def sealed(story: Story) -> None:
    with story.office.database.transaction() as tx:
        seal.seal(tx)


@pytest.fixture(scope="module")
def issued(story_office: Story) -> UUID:
    """A công văn written, approved, signed three times, issued and filed, the journal sealed."""
    document = letter(story_office)
    story_office.work()
    sealed(story_office)
    incoming_letter(story_office, "direct")
    sealed(story_office)
    return document


@pytest.fixture(scope="module")
def made(story_office: Story, issued: UUID) -> package.Bundle:
    return exported(story_office, issued)


@pytest.fixture
def folder(made: package.Bundle, tmp_path: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        archive.extractall(tmp_path / "bundle")
    return tmp_path / "bundle"


def run(*words: object) -> subprocess.CompletedProcess[str]:
    """Run the script as a stranger would: bare Python, nothing of ours on its path."""
    program = [sys.executable, "-I", str(bundle.VERIFIER), *map(str, words)]
    return subprocess.run(
        program, capture_output=True, text=True, cwd="/", timeout=60, check=False,
        env={"PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


def faults(path: Path, manifest: str = "") -> list[str]:
    return list(verify.faults_of(verify.Bundle(path), manifest))


def chained_anew(path: Path, story: Story, change: Callable[[list[Any]], list[Any]]) -> None:
    """Change the events and sign anew, as somebody would who owns the machine and its key."""
    file = path / "events.json"
    file.write_text(json.dumps(change(json.loads(file.read_text()))))
    anew(path, story)


def anew(path: Path, story: Story) -> None:
    computed_anew(path, story.means.journal_key().keystore)


# whole ---------------------------------------------------------------------------------------------


def test_a_whole_bundle_verifies_with_bare_python(
    made: package.Bundle, folder: Path, tmp_path: Path
) -> None:
    zipped = tmp_path / made.name
    zipped.write_bytes(made.content)
    for path in (zipped, folder):
        told = run(path, "--manifest", made.manifest)
        assert told.returncode == 0, told.stdout + told.stderr
        assert "Gói chứng cứ nguyên vẹn theo mã băm đã cho" in told.stdout
        assert "chưa ký" not in told.stdout
        assert "nối liền (linked): có" in told.stdout
    alone = subprocess.run(
        [sys.executable, "-I", "verify.py"], cwd=folder, capture_output=True, check=True, timeout=60
    )
    assert b"run again with --key" in alone.stdout
    assert b"nguy" not in alone.stdout


def test_the_script_is_short_and_needs_nothing_of_ours() -> None:
    text = bundle.VERIFIER.read_text()
    # 370 since it reads the container's own signature: else a byte of that could be changed
    assert len(text.splitlines()) <= 370
    modules = set(re.findall(r"^(?:import|from) ([\w.]+)", text, re.MULTILINE))
    assert {name.partition(".")[0] for name in modules} <= sys.stdlib_module_names


def test_everything_known_of_the_run_is_in_it(story_office: Story, folder: Path) -> None:
    read = {name: json.loads((folder / name).read_text()) for name in (
        "events.json", "documents.json", "signatures.json", "journal.json", "replay.json",
    )}  # fmt: skip
    kinds = [json.loads(e["body"])["kind"] for e in read["events.json"]]
    assert kinds[0] == "start"
    assert len(kinds) == len(list((folder / "states").iterdir())) >= 10
    assert read["replay.json"]["holds"] is True
    files = read["documents.json"]["files"]
    assert {"signed", "draft"} & {f["kind"] for f in files}
    assert all(re.fullmatch("[0-9a-f]{64}", f["sha256"]) for f in files)
    assert {s["verdict"] for s in read["signatures.json"]} == {"valid"}
    acts = {json.loads(leaf["body"])["act"] for leaf in read["journal.json"]["leaves"]}
    assert {"sign", "number", "issue"} & acts
    assert set(read["journal.json"]["signature"]) == {"head", "value", "key"}
    assert any(leaf["path"] for leaf in read["journal.json"]["leaves"])
    assert list((folder / "forms").iterdir())
    assert len(list((folder / "diagrams").iterdir())) == 2


def test_no_content_of_a_file_is_in_it(story_office: Story, folder: Path) -> None:
    files = json.loads((folder / "documents.json").read_text())["files"]
    kept = {hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}
    assert files
    assert kept.isdisjoint(f["sha256"] for f in files)
    assert not [p for p in folder.rglob("*") if p.is_file() and p.read_bytes()[:5] == b"%PDF-"]


def test_the_page_needs_no_server(folder: Path) -> None:
    page = (folder / "index.html").read_text()
    assert "<script" not in page
    assert not re.search(r"(?:src|href)\s*=", page)
    assert 'class="bpmn' in page
    assert "hoàn thành bước" in page
    assert "đã ký bằng khóa của hệ thống" in page
    assert page.count("khớp") > 10


# what was changed is named -------------------------------------------------------------------------


def test_one_byte_of_any_member_is_named(folder: Path) -> None:
    chance = random.Random(SEED)
    checked = 0
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        sound = path.read_bytes()
        for at in {0, len(sound) - 1, *(chance.randrange(len(sound)) for _ in range(2))}:
            path.write_bytes(
                sound[:at] + bytes([sound[at] ^ 1 << chance.randrange(8)]) + sound[at + 1 :]
            )
            found = faults(folder)
            named = [f for f in found if name in f]
            assert named, f"{name} byte {at}, EVIDENCE_SEED={SEED}: {found}"
            if not name.startswith("MANIFEST"):
                first = at // package.BLOCK * package.BLOCK
                last = min(first + package.BLOCK, len(sound)) - 1
                assert any(f"byte {first}-{last}" in f for f in named), (name, at, named)
            checked += 1
        path.write_bytes(sound)
    assert checked > 60
    assert faults(folder) == []


def test_a_changed_manifest_is_not_the_one_that_was_told(
    made: package.Bundle, folder: Path, story_office: Story
) -> None:
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    manifest["made_by"] = "Người khác"
    (folder / "MANIFEST.json").write_text(json.dumps(manifest))
    anew(folder, story_office)
    assert faults(folder) == []
    told = run(folder, "--manifest", made.manifest)
    assert told.returncode == 1
    assert "not the manifest that was anchored" in told.stdout


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda e: [*e[:3], *e[4:]], "sự kiện 4 (event 4): thiếu, thừa hoặc đổi chỗ"),
        (lambda e: [*e[:3], e[2], *e[3:]], "sự kiện 4 (event 4): thiếu, thừa hoặc đổi chỗ"),
        (lambda e: [*e[:3], e[4], e[3], *e[5:]], "sự kiện 4 (event 4): thiếu, thừa hoặc đổi chỗ"),
        (lambda e: e[:-1], "mất hoặc thêm sự kiện ở cuối"),
        (
            lambda e: [
                *e[:3],
                {**e[3], "body": e[3]["body"].replace("complete", "compleTe", 1)},
                *e[4:],
            ],
            "sự kiện 4 (event 4): nội dung không khớp mã băm",
        ),
    ],
    ids=["removed", "added", "swapped", "cut", "changed"],
)
def test_events_are_named_although_the_manifest_was_refreshed(
    folder: Path, story_office: Story, change: Callable[[list[Any]], list[Any]], seen: str
) -> None:
    chained_anew(folder, story_office, change)
    told = run(folder)
    assert told.returncode == 1
    assert seen in told.stdout


def test_a_chain_written_anew_contradicts_the_sealed_journal(
    folder: Path, story_office: Story
) -> None:
    def forge(events: list[Any]) -> list[Any]:
        head = ""
        for event in events:
            if event["seq"] == 3:
                event["body"] = event["body"].replace('"name":"', '"name":"Ông ', 1)
            body = event["body"].encode()
            event["previous"] = head
            head = hashlib.sha256(bytes.fromhex(head) + b"\x00" + body).hexdigest()
            event["hash"] = head
        return events

    chained_anew(folder, story_office, forge)
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    manifest["head"] = json.loads((folder / "events.json").read_text())[-1]["hash"]
    (folder / "MANIFEST.json").write_text(json.dumps(manifest))
    anew(folder, story_office)
    found = faults(folder)
    assert found
    assert all("chứng nhận một sự kiện không có trong gói" in f for f in found)


def test_a_member_too_many_or_missing_is_named(folder: Path) -> None:
    (folder / "them.txt").write_text("x")
    assert faults(folder) == ["them.txt: thừa trong gói (was added)"]
    (folder / "them.txt").unlink()
    (folder / "directives.json").unlink()
    assert faults(folder) == ["directives.json: thiếu (missing)"]


def test_what_is_no_bundle_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no zip")
    assert run(tmp_path / "x.zip").returncode == 2
    assert run(tmp_path / "none.zip").returncode == 2
    assert run(tmp_path).returncode == 1


# who and what of it is kept ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "user", ["chuyenvien.stttt", "vanthu.stttt", "quantri.stttt", "giamdoc.stc"]
)
def test_only_who_answers_for_the_agency_exports(
    story_office: Story, issued: UUID, user: str
) -> None:
    from engine.errors import NotFound

    with pytest.raises((NoRight, NotFound)):
        exported(story_office, issued, (user, ""))


def test_the_export_stands_in_the_journal_with_its_digest(
    story_office: Story, issued: UUID
) -> None:
    told = exported(story_office, issued, ("giamdoc.stttt", ""))
    leaf = story_office.all(JournalLeaf, JournalLeaf.act == "export_evidence")[-1]
    assert json.loads(leaf.body)["facts"]["manifest"] == told.manifest
    assert told.manifest[:16] in told.name


def test_what_came_after_leads_to_the_head_as_well(
    story_office: Story, issued: UUID, tmp_path: Path
) -> None:
    exported(story_office, issued)
    sealed(story_office)
    incoming_letter(story_office, "direct")
    sealed(story_office)
    (tmp_path / "b.zip").write_bytes(exported(story_office, issued).content)
    assert faults(tmp_path / "b.zip") == []
    told = verify.Bundle(tmp_path / "b.zip").json("journal.json")
    [*_, last] = [leaf for leaf in told["leaves"] if '"export_evidence"' in leaf["body"]]
    assert last["seal"] > told["leaves"][0]["seal"]
    assert told["head"]["no"] == len(told["seals"]) + told["leaves"][0]["seal"] - 1


def test_directives_are_told_with_who_gave_them(story_office: Story, tmp_path: Path) -> None:
    document = incoming_letter(story_office, "process")
    (tmp_path / "b.zip").write_bytes(exported(story_office, document).content)
    assert faults(tmp_path / "b.zip") == []
    [first, *_] = verify.Bundle(tmp_path / "b.zip").json("directives.json")
    assert (first["by_name"], first["by_title"]) == ("Đỗ Xuân Hòa", "Giám đốc")
    assert {part["kind"] for part in first["assignments"]} >= {"lead"}
    page = (verify.Bundle(tmp_path / "b.zip").read("index.html") or b"").decode()
    assert "Đỗ Xuân Hòa, Giám đốc" in page


def test_no_bundle_of_a_document_that_became_secret(story_office: Story) -> None:
    """Its events hold what was typed before (Quy chế, Điều 6.2); redacted they would not verify."""
    document = letter(story_office, "issue", subject="Phương án bảo vệ mục tiêu Z-188")
    said = exported(story_office, document).content
    assert b"Z-188" in _all_members(said)
    story_office.run_sql(
        "UPDATE outgoing_document SET secrecy = 'secret', subject = '', description = '' WHERE id = %s",
        document,
    )
    with pytest.raises(bundle.SecretEvidence) as refused:
        exported(story_office, document)
    assert "«Mật»" in refused.value.text()


def _all_members(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 13])
def test_every_leaf_leads_to_the_root(count: int) -> None:
    leaves = [hashlib.sha256(bytes([n])).digest() for n in range(count)]
    for place, leaf in enumerate(leaves):
        digest = leaf
        for side, other in proof.merkle_path(leaves, place):
            pair = (
                (bytes.fromhex(other), digest) if side == "left" else (digest, bytes.fromhex(other))
            )
            digest = hashlib.sha256(b"\x01" + b"".join(pair)).digest()
        assert digest == merkle_root(leaves)


def test_the_command_writes_the_bundle_and_tells_its_digest(
    story_office: Story, issued: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", story_office.office.settings.database_url)
    monkeypatch.setenv("CONGVAN_DATA", str(story_office.office.settings.data))
    instance = story_office.instance(issued).id
    file = tmp_path / "b.zip"
    told = CliRunner().invoke(main, ["evidence", str(instance), "--out", str(file)])
    assert told.exit_code == 0, told.output
    digest = re.search(r"--manifest ([0-9a-f]{64})", told.output)
    assert digest
    assert faults(file, digest[1]) == []
    leaf = story_office.all(JournalLeaf, JournalLeaf.act == "export_evidence")[-1]
    assert json.loads(leaf.body)["name"].startswith("máy chủ: ")


# what is wrong already -----------------------------------------------------------------------------


def test_a_history_that_was_altered_before_is_handed_out_and_named(
    story_office: Story, issued: UUID, tmp_path: Path
) -> None:
    instance = story_office.instance(issued).id
    url = story_office.office.settings.database_url.replace("+psycopg", "")
    change = "UPDATE event SET state = %s WHERE instance_id = %s AND seq = 2"
    with psycopg.connect(url, autocommit=True) as owner:
        [sound] = owner.execute(
            "SELECT state FROM event WHERE instance_id = %s AND seq = 2", (instance,)
        ).fetchone()
        owner.execute("ALTER TABLE event DISABLE TRIGGER USER")
        owner.execute(change, (sound + b" ", instance))
        made = exported(story_office, issued)
        owner.execute(change, (sound, instance))
        owner.execute("ALTER TABLE event ENABLE TRIGGER USER")
    (tmp_path / "b.zip").write_bytes(made.content)
    opened = verify.Bundle(tmp_path / "b.zip")
    [fault] = faults(tmp_path / "b.zip", made.manifest)
    assert fault.startswith("states/2.json: không phải trạng thái của events.json, sự kiện 2")
    assert opened.json("replay.json")["verification"]["broken_at"] == 2
    assert "ĐỨT tại sự kiện 2" in (opened.read("index.html") or b"").decode()


def test_seals_in_between_are_left_out_beyond_a_bound_and_that_is_said(
    story_office: Story, issued: UUID, folder: Path
) -> None:
    agency, instance = story_office.agency("STTTT"), story_office.instance(issued).id
    with story_office.office.database.session() as session:
        short = proof.proof_of(session, agency, [issued, instance], most=0)
    assert not short.linked
    assert [json.loads(s["body"])["no"] for s in short.seals][-1] == short.head["no"]
    key = story_office.means.journal_key()
    signature = sign_head(seal.Head(**short.head), key).to_data()
    told = {"leaves": short.leaves, "seals": short.seals, "linked": False, "signature": signature}
    (folder / "journal.json").write_text(json.dumps({**told, "head": short.head}))
    anew(folder, story_office)
    assert faults(folder) == []
    assert "nối liền (linked): không" in run(folder).stdout
    (folder / "journal.json").write_text(json.dumps({**told, "head": short.head, "linked": True}))
    anew(folder, story_office)
    assert any("thiếu niêm phong trước đó" in f for f in faults(folder))
