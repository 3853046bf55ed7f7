"""Heads of the journal are signed: a chain written anew does not hold against them, in or out."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from forging import computed_anew
from story import Story, letter

from office.journal_key import journal_key
from processes import journal_heads
from processes.evidence import bundle, package, verify
from records import seal
from records.journal_signature import JournalKey, keep_signature, sign_head, verify_journal
from signing.asice import verify_container
from signing.revocation import Revocation
from signing.trust import Anchor, AnchorRole, Trust
from signing.verdict import Reason
from signing.verdict import Verdict as SigningVerdict

DAY = timedelta(days=1)
AUDITOR = ("thanhtra", "STTTT")


@pytest.fixture(scope="module")
def issued(story_office: Story) -> UUID:
    document = letter(story_office)
    story_office.work()
    with story_office.office.database.transaction() as tx:
        seal.seal(tx)
    return document


@pytest.fixture(scope="module")
def made(story_office: Story, issued: UUID) -> package.Bundle:
    run_id = story_office.instance(issued).id
    with story_office.as_(*AUDITOR) as tx, story_office.office.database.session() as session:
        return bundle.make(tx, session, story_office.means, run_id)


@pytest.fixture
def folder(made: package.Bundle, tmp_path: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        archive.extractall(tmp_path / "bundle")
    return tmp_path / "bundle"


def run(*words: object) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-I", str(bundle.VERIFIER), *map(str, words)]
    return subprocess.run(
        program, capture_output=True, text=True, cwd="/", timeout=60, check=False,
        env={"PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


def faults(path: Path, key: str = "") -> list[str]:
    return list(verify.faults_of(verify.Bundle(path), "", key))


# -- the signature on the head ---------------------------------------------------------------------


def resigned(folder: Path, change: Callable[[dict[str, Any]], None], key: JournalKey) -> None:
    """Change what the journal's member says, and sign the whole anew, as who owns a key could."""
    path = folder / "journal.json"
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))
    computed_anew(folder, key.keystore)


def test_the_head_is_signed_and_bare_python_checks_it(
    story_office: Story, made: package.Bundle, tmp_path: Path
) -> None:
    (tmp_path / "goi.zip").write_bytes(made.content)
    key = story_office.means.journal_key().keystore.certificate()
    public = x509.load_der_x509_certificate(key).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    fingerprint = hashlib.sha256(der).hexdigest()
    told = run(tmp_path / "goi.zip", "--key", fingerprint)
    assert told.returncode == 0, told.stdout
    assert fingerprint in told.stdout
    assert "chưa ký" not in told.stdout
    other = run(tmp_path / "goi.zip", "--key", "0" * 64)
    assert other.returncode == 1
    assert "khóa khác khóa đã công bố" in other.stdout


def flip(told: dict[str, Any]) -> None:
    told["signature"]["value"] = f"{int(told['signature']['value'], 16) ^ 1:x}"


def other_head(told: dict[str, Any]) -> None:
    told["signature"]["head"] = told["signature"]["head"].replace('"no":', '"no": ')


def weak_exponent(told: dict[str, Any]) -> None:
    """A key of exponent 1 would let anybody sign."""
    told["signature"]["key"] = told["signature"]["key"][:-10] + "0203000001"


def moved(told: dict[str, Any]) -> None:
    told["head"] = {**told["head"], "sealed_at": "2020-01-01T00:00:00+00:00"}


@pytest.mark.parametrize("change", [flip, other_head, weak_exponent, moved])
def test_a_wrong_signature_on_the_head_is_named(
    story_office: Story, folder: Path, change: Any
) -> None:
    resigned(folder, change, story_office.means.journal_key())
    assert any("head's signature is wrong" in fault for fault in faults(folder))


def test_a_forger_with_a_key_of_his_own_is_found_by_the_published_one(
    folder: Path, tmp_path: Path
) -> None:
    published = hashlib.sha256((folder / "MANIFEST.key").read_bytes()).hexdigest()
    own = journal_key(tmp_path / "forger")

    def other_key(told: dict[str, Any]) -> None:
        told["signature"] = sign_head(seal.Head(**told["head"]), own).to_data()

    assert faults(folder, published) == []
    computed_anew(folder, own.keystore)
    assert ["bằng khóa khác" in fault for fault in faults(folder)] == [True]
    resigned(folder, other_key, own)
    assert faults(folder) == []
    assert ["not the key that was published" in f for f in faults(folder, published)] == [True]


def test_a_bundle_may_be_had_as_a_signed_container(
    story_office: Story, issued: UUID, tmp_path: Path
) -> None:
    """ASiC-E, signed whole with the installation's key; the script inside still checks it."""
    run_id = story_office.instance(issued).id
    with story_office.as_(*AUDITOR) as tx, story_office.office.database.session() as session:
        made = bundle.make(tx, session, story_office.means, run_id, as_container=True)
        now = tx.now
    certificate = story_office.means.journal_key().keystore.certificate()
    anchor = Anchor("khóa hệ thống", AnchorRole.SIGNER, certificate, now - DAY, now + DAY, "thử")
    report = verify_container(made.content, trust=Trust((anchor,)), revocation=Revocation(), at=now)
    assert (report.verdict, report.reason) == (SigningVerdict.VALID, Reason.NONE)
    assert {"verify.py", "events.json", "MANIFEST.json"} <= set(report.files)
    path = tmp_path / made.name
    path.write_bytes(made.content)
    told = run(path, "--manifest", made.manifest)
    assert told.returncode == 0, told.stdout
    assert made.name.endswith(".asice")


# -- in the database -------------------------------------------------------------------------------


def signed_again(story: Story) -> None:
    """Seal what is new and have its head signed by the job, as the worker does."""
    with story.office.database.transaction() as tx:
        seal.seal(tx)
        journal_heads.post_signing(tx)
    story.work(poll=False)


def checked(story: Story) -> seal.Verification:
    with story.office.database.session() as session:
        return verify_journal(session, story.means.journal_key)


def as_owner(story: Story, *statements: str) -> None:
    """Change rows as somebody with the database in his hands: no trigger stops him."""
    with psycopg.connect(story.office.settings.database_url.replace("+psycopg", "")) as base:
        base.execute("SET session_replication_role = replica")
        for statement in statements:
            base.execute(statement)


def test_the_worker_signs_the_head_once(story_office: Story, issued: UUID) -> None:
    assert issued
    signed_again(story_office)
    first = story_office.value("SELECT count(*) FROM journal_signature")
    with story_office.office.database.transaction() as tx:
        journal_heads.post_signing(tx)
    story_office.work(poll=False)
    assert story_office.value("SELECT count(*) FROM journal_signature") == first
    found = checked(story_office)
    assert found.holds, found.text()
    assert found.signed == story_office.value("SELECT max(no) FROM journal_seal")
    assert f"niêm phong số {found.signed}" in found.text()
    assert f"up to seal {found.signed}" in found.text("en")


def test_a_signature_is_never_changed_by_the_application(story_office: Story) -> None:
    signed_again(story_office)
    with pytest.raises(psycopg.Error), story_office.office.database.transaction() as tx:
        tx.execute("DELETE FROM journal_signature")


@pytest.fixture
def restored(story_office: Story):
    """Put the signatures and the seals back as they were."""
    signed_again(story_office)
    tables = ("journal_signature", "journal_seal", "journal_leaf")
    as_owner(story_office, *(f"CREATE TABLE kept_{t} AS TABLE {t}" for t in tables))
    yield story_office
    as_owner(
        story_office,
        *(f"DELETE FROM {t}" for t in tables),
        *(f"INSERT INTO {t} SELECT * FROM kept_{t}" for t in tables),
        *(f"DROP TABLE kept_{t}" for t in tables),
    )
    assert checked(story_office).holds


def test_an_end_cut_off_is_missed_without_a_head_kept_elsewhere(restored: Story) -> None:
    with restored.office.database.session() as session:
        last = seal.export_head(session).no
    as_owner(restored, f"DELETE FROM journal_seal WHERE no = {last}",
             f"DELETE FROM journal_leaf WHERE epoch = 1 AND xid >= (SELECT xid_from FROM"
             f" kept_journal_seal WHERE no = {last})")  # fmt: skip
    with restored.office.database.session() as session:
        assert seal.verify(session).holds, "the chain alone does not tell"
    assert checked(restored).reason == "tail-cut"


def test_a_chain_written_anew_does_not_hold(restored: Story) -> None:
    """Drop a leaf of the last seal and seal anew: the chain holds, the signed head does not."""
    with restored.office.database.session() as session:
        last = seal.export_head(session).no
    as_owner(
        restored,
        f"DELETE FROM journal_leaf WHERE id = (SELECT l.id FROM journal_leaf l, journal_seal s"
        f" WHERE s.no = {last} AND l.epoch = s.epoch AND l.xid >= s.xid_from AND l.xid < s.xid_to"
        " ORDER BY l.xid, l.id LIMIT 1)",
        f"DELETE FROM journal_seal WHERE no = {last}",
    )
    with restored.office.database.transaction() as tx:
        seal.seal(tx)
    with restored.office.database.session() as session:
        assert seal.verify(session).holds, "the chain alone does not tell"
    assert checked(restored).reason in {"chain-rewritten", "tail-cut"}


def test_a_strangers_key_does_not_count(restored: Story, tmp_path: Path) -> None:
    stranger = journal_key(tmp_path / "keys")
    with restored.office.database.session() as session:
        head = seal.export_head(session)
    as_owner(restored, "DELETE FROM journal_signature")
    with restored.office.database.transaction() as tx:
        keep_signature(tx, sign_head(head, stranger), None)
    found = checked(restored)
    assert found.reason == "key-unknown"
    assert "khóa lạ" in found.text()


def test_a_wrong_value_does_not_count(restored: Story) -> None:
    as_owner(restored, "UPDATE journal_signature SET value = set_byte(value, 9, 0)",
             "UPDATE journal_signature SET value = set_byte(value, 10, 1)")  # fmt: skip
    assert checked(restored).reason == "signature-wrong"


def test_the_key_is_made_once_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    made = journal_key(folder)
    journal_key.cache_clear()
    again = journal_key(folder)
    assert made.keystore.certificate() == again.keystore.certificate()
    assert made.trusted == {made.keystore.certificate()}
    modes = {p.name: p.stat().st_mode & 0o777 for p in folder.iterdir() if p.suffix != ".cer"}
    assert modes == {"journal.p12": 0o600, "journal.pass": 0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_signatures_of_a_key_used_before_still_count(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = journal_key(folder)
    (folder / "journal.p12").unlink()
    journal_key.cache_clear()
    second = journal_key(folder)
    assert second.keystore.certificate() not in first.trusted
    assert first.trusted < second.trusted
