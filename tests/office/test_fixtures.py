import socket

import psycopg
import pytest

from engine.database import Database, Transaction


def test_each_transaction_runs_as_the_bound_role(tx: Transaction):
    assert tx.execute("SELECT current_user").fetchone() == ("congvan_app",)


def test_leaving_the_machine_is_refused():
    with pytest.raises(ConnectionRefusedError, match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 80))


def test_rolled_back_work_is_gone(administrator: psycopg.Connection, database: Database):
    administrator.execute("CREATE TABLE trace (n int)")
    administrator.execute("GRANT ALL ON trace TO congvan_app")

    def fail_half_way() -> None:
        with database.transaction() as tx:
            tx.execute("INSERT INTO trace VALUES (1)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert administrator.execute("SELECT count(*) FROM trace").fetchone() == (0,)
    with database.transaction() as tx:
        tx.execute("INSERT INTO trace VALUES (2)")
    assert administrator.execute("SELECT count(*) FROM trace").fetchone() == (1,)
