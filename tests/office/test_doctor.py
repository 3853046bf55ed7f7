import os
import re
import shutil
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine import jobs
from engine.database import Database
from office import settings
from office.cli import main
from office.doctor import PROGRAMS, doctor
from office.finding import Finding, Level
from office.settings import Settings
from signing.testing import Lie, TsaServer, make_pki


@pytest.fixture
def told(open_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for setting in settings.SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)
    return replace(settings.load(), data=open_directory / "data")


def of(findings: list[Finding], name: str) -> list[Finding]:
    return [finding for finding in findings if finding.name == name]


def test_it_works_with_nothing_started_and_leaves_nothing(told: Settings):
    findings = doctor(told)
    assert {"python", "data", "disk", "postgres", "database", "clock", "libreoffice"} <= {
        finding.name for finding in findings
    }
    assert of(findings, "database")[0].level == Level.OK
    assert not told.data.exists()
    for finding in findings:
        assert finding.text("vi")[0] in "✓!✗"
        assert finding.text("vi") != finding.text("en") or finding.level == Level.OK


def test_what_is_looked_at_is_called_by_people_s_words(told: Settings):
    """A Vietnamese line says «Đồng hồ», not the code's word; scripts read that in the JSON."""
    for finding in doctor(told):
        title = finding.text("vi")[2:].split(":")[0]
        assert title[0].isupper(), title
        assert title != finding.name
    made = Finding("clock", Level.OK, "đã đồng bộ", "synchronised")
    assert made.text("vi") == "✓ Đồng hồ: đã đồng bộ"
    assert made.text("en") == "✓ Clock: synchronised"
    unknown = Finding("not-writable", Level.PROBLEM, "Không ghi được tệp.", "Not written.")
    assert unknown.text("vi") == "✗ Cấu hình: Không ghi được tệp."


def test_every_name_has_its_words():
    """Each finding the code makes is named where titles stand."""
    root = Path(__file__).parents[2] / "office"
    made = {
        one
        for file in root.glob("*.py")
        for one in re.findall(r'Finding\(\s*"([a-z-]+)"', file.read_text("utf-8"))
    }
    assert "clock" in made
    names = made | {name for name, *_ in PROGRAMS}
    told = {name: Finding(name, Level.OK, "", "").text("vi") for name in names}
    assert [name for name, line in told.items() if "Cấu hình" in line] == []


def test_it_speaks_english_when_asked(told: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CONGVAN_DATA", str(told.data))
    vi = CliRunner().invoke(main, ["doctor"]).output
    en = CliRunner().invoke(main, ["doctor", "--english"]).output
    assert "Thư mục dữ liệu:" in vi
    assert "Data folder:" not in vi
    assert "Data folder:" in en
    assert "Thư mục dữ liệu" not in en


def test_a_data_directory_open_to_others_is_a_problem(told: Settings):
    told.make_data()
    told.secret_key()
    assert {f.level for f in of(doctor(told), "data")} == {Level.OK}
    told.data.chmod(0o777)
    (told.data / "secret.key").chmod(0o644)
    problems = [f for f in of(doctor(told), "data") if f.level == Level.PROBLEM]
    assert [("chmod go-w" in f.vi, "chmod 600" in f.vi) for f in problems] == [
        (True, False),
        (False, True),
    ]


def test_an_answering_database_is_looked_into(told: Settings, fresh_database: Database):
    here = replace(told, database_url=fresh_database.url)
    findings = doctor(here)
    assert of(findings, "database")[0].en == "PostgreSQL 18"
    assert of(findings, "jobs")[0].level == Level.OK
    with fresh_database.transaction() as tx:
        job_id = jobs.post(tx, "note", {})
        tx.flush()
        tx.add(jobs.Incident(job_id=job_id, kind="note", error="x"))
    assert of(doctor(here), "jobs")[0].level == Level.NOTE


def test_migrations_behind_the_program_are_a_problem(told: Settings, fresh_database: Database):
    with fresh_database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
        connection.exec_driver_sql("CREATE TABLE alembic_version AS SELECT '0001' AS version_num")
    here = replace(told, database_url=fresh_database.url)
    assert of(doctor(here, expected_revision="0001"), "migrations")[0].level == Level.OK
    assert of(doctor(here, expected_revision="0002"), "migrations")[0].level == Level.PROBLEM


def test_a_database_that_does_not_answer_is_a_problem(told: Settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"postgresql+psycopg://u:p@127.0.0.1:{free.getsockname()[1]}/x"
    [finding] = of(doctor(replace(told, database_url=nowhere)), "database")
    assert finding.level == Level.PROBLEM


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's cluster is put elsewhere")
def test_a_cluster_whose_data_directory_is_gone_is_named(
    told: Settings, tmp_path: Path, request: pytest.FixtureRequest
):
    from office.place import choose_place

    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    made = choose_place(closed)
    remove: Callable[[], None] = lambda: (  # noqa: E731
        (made.directory / "made-for").unlink(),
        made.directory.rmdir(),
    )
    request.addfinalizer(remove)
    assert str(made.directory) not in str(of(doctor(told), "place"))
    (closed / "postgres.place").unlink()
    closed.rmdir()
    assert str(made.directory) in str(of(doctor(told), "place"))


def test_timestamps_and_the_clock_are_tried(told: Settings):
    (absent,) = of(doctor(told), "timestamps")
    assert (absent.level, "CONGVAN_TSA_URLS" in absent.vi) == (Level.NOTE, True)
    now = datetime.now(UTC)
    signing = told.make_data() / "signing"
    pki = make_pki(signing, [], [], now, "x")
    with (
        TsaServer(pki.services.tsa, lambda: datetime.now(UTC)) as right,
        TsaServer(pki.services.tsa, lambda: datetime.now(UTC)) as astray,
    ):
        astray.lying(Lie.TIME, timedelta(hours=1))
        asking = replace(told, tsa_urls=(right.url, astray.url))
        good, bad = of(doctor(asking), "timestamps")
    assert (good.level, "Dấu thời gian thử nghiệm" in good.vi) == (Level.OK, True)
    assert (bad.level, "Đồng hồ máy chủ lệch" in bad.vi) == (Level.PROBLEM, True)
    assert len(right.requests) == 1


def test_lists_laid_by_hand_are_counted_and_their_terms_told(told: Settings):
    signing = told.make_data() / "signing"
    make_pki(signing, [], [], datetime.now(UTC), "x")
    counted = of(doctor(told), "revocation")[-1]
    assert (counted.level, counted.vi.startswith("0 ")) == (Level.OK, False)
    assert "(0 tải về" in counted.vi

    (told.data / "old").mkdir()
    make_pki(told.data / "old", [], [], datetime.now(UTC) - timedelta(days=9000), "x")
    shutil.copytree(told.data / "old" / "trust", signing / "trust", dirs_exist_ok=True)
    late = [f for f in of(doctor(told), "revocation") if f.level == Level.PROBLEM]
    assert late
    assert all("chép tay đã hết hạn" in one.vi and "+07:00" in one.vi for one in late)
