"""`congvan replay`: what it prints and its exit status, on runs in a real database."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import plain_office as plain
import psycopg
import pytest
from bpmn_drawing import two_node_loop
from click.testing import CliRunner, Result

from engine.database import Database
from office.cli import main


@pytest.fixture
def run(database: Database) -> UUID:
    """A run of four events: begun, done again twice, done."""
    agency = plain.agency(database)
    plain.publish(database, agency, two_node_loop())
    done = plain.start(database, agency)
    for again in (True, True, False):
        done = plain.complete(database, agency, done.opened[0].id, again=again)
    return done.instance.id


@pytest.fixture
def congvan(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("CONGVAN_DATA", str(tmp_path / "data"))
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def owner(database_url: str) -> Iterator["psycopg.Connection"]:
    """The owner of the tables, whom no trigger stops."""
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("ALTER TABLE event DISABLE TRIGGER USER")
        yield connection
        connection.execute("ALTER TABLE event ENABLE TRIGGER USER")


def test_all_agrees(congvan: Callable[..., Result], run: UUID) -> None:
    told = congvan("replay", run)
    assert told.exit_code == 0, told.output
    assert "Chuỗi băm và trạng thái lưu: khớp 4/4 sự kiện." in told.output
    assert "Thực hiện lại: khớp 4/4 sự kiện." in told.output
    assert "cổng «g»: again = true → đúng; đi tới «a»" in told.output
    assert "đã kết thúc" in told.output


def test_after_any_event(congvan: Callable[..., Result], run: UUID) -> None:
    told = congvan("replay", run, "--at", 2, "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.output)
    assert found["after"]["standing"] == [{"node": "a", "name": "a"}]
    assert [e["verdict"] for e in found["items"]] == ["agrees"] * 4


def test_a_history_rewritten_with_its_chain_is_still_named(
    congvan: Callable[..., Result], run: UUID, owner: "psycopg.Connection", database: Database
) -> None:
    """Somebody who owns the tables writes another choice and chains it all anew."""
    from engine import history

    rows = owner.execute(
        "SELECT seq, body FROM event WHERE instance_id = %s ORDER BY seq", (run,)
    ).fetchall()
    head = b""
    for seq, body in rows:
        forged = body.replace(b'"again":true', b'"again":null') if seq == 3 else body
        following = history.chain(head, forged)
        owner.execute(
            "UPDATE event SET body = %s, previous = %s, hash = %s"
            " WHERE instance_id = %s AND seq = %s",
            (forged, head, following, run, seq),
        )
        head = following
    owner.execute("UPDATE process_instance SET head = %s WHERE id = %s", (head, run))
    told = congvan("replay", run)
    assert told.exit_code == 1, told.output
    assert "Chuỗi băm và trạng thái lưu: khớp 4/4 sự kiện." in told.output
    assert "KHÁC tại sự kiện 3" in told.output


def test_a_changed_state_is_named(
    congvan: Callable[..., Result], run: UUID, owner: "psycopg.Connection"
) -> None:
    owner.execute(
        "UPDATE event SET state = state || ' '::bytea WHERE instance_id = %s AND seq = 2", (run,)
    )
    told = congvan("replay", run)
    assert told.exit_code == 1
    assert "Chuỗi băm: ĐỨT tại sự kiện 2" in told.output


def test_events_without_a_seed_are_not_called_broken(
    congvan: Callable[..., Result], run: UUID, owner: "psycopg.Connection"
) -> None:
    from engine import history

    head = b""
    for seq, body in owner.execute(
        "SELECT seq, body FROM event WHERE instance_id = %s ORDER BY seq", (run,)
    ).fetchall():
        facts = json.loads(body)
        old = json.dumps({k: v for k, v in facts.items() if k != "seed"}).encode()
        following = history.chain(head, old)
        owner.execute(
            "UPDATE event SET body = %s, previous = %s, hash = %s"
            " WHERE instance_id = %s AND seq = %s",
            (old, head, following, run, seq),
        )
        head = following
    owner.execute("UPDATE process_instance SET head = %s WHERE id = %s", (head, run))
    told = congvan("replay", run)
    assert told.exit_code == 0, told.output
    assert "khớp 0/4 sự kiện, 4 sự kiện chỉ kiểm tra được chuỗi băm" in told.output


def test_what_cannot_be_read_ends_with_two(
    congvan: Callable[..., Result], run: UUID, owner: "psycopg.Connection"
) -> None:
    nowhere = uuid4()
    told = congvan("replay", nowhere)
    assert told.exit_code == 2
    assert f"Không tìm thấy lần chạy quy trình {nowhere}." in told.output
    assert f"There is no such run of a procedure {nowhere}, or" in told.output
    told = congvan("replay", run, "--at", 9)
    assert told.exit_code == 2
    assert "There is no such event 9 of the run, or" in told.output
    owner.execute("UPDATE event SET body = 'x' WHERE instance_id = %s AND seq = 1", (run,))
    told = congvan("replay", run)
    assert told.exit_code == 2, told.output
    assert "Không đọc được dữ liệu để phát lại" in told.output


def test_evidence_of_what_is_not_there_is_refused(
    congvan: Callable[..., Result], tmp_path: Path
) -> None:
    told = congvan("evidence", uuid4(), "--out", tmp_path / "b.zip")
    assert told.exit_code == 1
    assert "Không tìm thấy lần chạy quy trình" in told.output
    assert not (tmp_path / "b.zip").exists()


def test_what_is_no_id_is_told_where_ids_stand(
    congvan: Callable[..., Result], tmp_path: Path
) -> None:
    told = congvan("evidence", "01/UBND-TH", "--out", tmp_path / "b.zip")
    assert told.exit_code == 1
    assert "«01/UBND-TH» không phải mã lần chạy hoặc mã gói tin" in told.output
    assert "Tải gói chứng cứ gửi nhận" in told.output
    assert "is not the id of a run or of a packet" in told.output
    assert "UUID" not in told.output


def test_a_bundle_that_cannot_be_kept_is_not_made(
    congvan: Callable[..., Result], run: UUID, tmp_path: Path, database: Database
) -> None:
    journalled = "SELECT count(*) FROM journal_leaf"
    with database.engine.connect() as connection:
        before = connection.exec_driver_sql(journalled).scalar()
    told = congvan("evidence", run, "--out", tmp_path / "none" / "b.zip")
    assert told.exit_code == 1
    assert "Không ghi được" in told.output
    assert "b.zip" in told.output
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql(journalled).scalar() == before
