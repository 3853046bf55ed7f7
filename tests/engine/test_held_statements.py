"""What is held travels with the next question, at last with COMMIT, and is never left behind."""

import psycopg
import pytest

from engine.database import Database


@pytest.fixture(autouse=True)
def _table(database: Database):
    with database.transaction() as tx:
        tx.execute("RESET ROLE")
        tx.execute("DROP TABLE IF EXISTS held_probe")
        tx.execute("CREATE TABLE held_probe (n bigint PRIMARY KEY)")
        tx.execute("GRANT ALL ON held_probe TO PUBLIC")


def kept(database: Database) -> list[int]:
    with database.transaction() as tx:
        return [row[0] for row in tx.execute("SELECT n FROM held_probe ORDER BY n")]


def test_it_is_written_where_nothing_else_is_asked(database):
    with database.transaction() as tx:
        tx.hold("INSERT INTO held_probe VALUES (%s)", 1)
    assert kept(database) == [1]


def test_it_is_there_for_the_next_question_and_after_a_flush(database):
    with database.transaction() as tx:
        tx.hold("INSERT INTO held_probe VALUES (%s)", 1)
        assert tx.execute("SELECT count(*) FROM held_probe").fetchone() == (1,)
        tx.hold("INSERT INTO held_probe VALUES (%s)", 2)
        tx.flush()
        assert tx.wire._held == []
    assert kept(database) == [1, 2]


def test_what_fails_with_commit_is_an_error_and_nothing_is_written(database):
    def twice() -> None:
        with database.transaction() as tx:
            tx.execute("INSERT INTO held_probe VALUES (3)")
            tx.hold("INSERT INTO held_probe VALUES (%s)", 4)
            tx.hold("INSERT INTO held_probe VALUES (%s)", 3)

    with pytest.raises(psycopg.errors.UniqueViolation):
        twice()
    assert kept(database) == []


def test_it_is_forgotten_with_its_transaction(database):
    def broken() -> None:
        with database.transaction() as tx:
            tx.hold("INSERT INTO held_probe VALUES (%s)", 5)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert kept(database) == []
