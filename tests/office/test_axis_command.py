"""`congvan axis`: a hub is set up by hand, answers alone, and its log is verified."""

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import psycopg
import pytest
from click.testing import CliRunner
from hub_ground import document

from exchange.axis_client import AxisClient, Connection
from exchange.errors import RefusedByAxis
from exchange.gateway import MessageType, Outcome
from exchange.wire import Secret
from office import settings
from office.cli import main
from office.office import Office

EDOC = MessageType.EDOC


@pytest.fixture
def told(fresh_database, tmp_path, monkeypatch):
    """Commands of an installation with this database and a data directory of its own."""
    url = fresh_database.url.replace("postgresql+psycopg", "postgresql")
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("CONGVAN_DATA", str(tmp_path))

    def run(*words: str, fails: bool = False) -> str:
        done = CliRunner().invoke(main, words)
        assert (done.exit_code != 0) == fails, done.output
        return done.output

    return run


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def answers(url: str) -> bool:
    try:
        return urllib.request.urlopen(url, timeout=5).status == 200
    except (urllib.error.URLError, OSError):
        return False


def chained(database) -> int:
    with database.transaction() as tx:
        return tx.execute("SELECT count(no) FROM axis_log_entry").fetchone()[0]


def secret_of(output: str) -> str:
    return output.strip().splitlines()[-1]


def test_systems_agencies_and_codes_are_kept_by_commands(told):
    assert len(secret_of(told("axis", "system", "stc"))) >= 32
    assert "Đã lưu" in told("axis", "system", "stc", "--messages", "5", "--megabytes", "9")
    told("axis", "system", "vnpt")
    assert "chưa kết nối" in told(
        "axis", "agency", "H55.08", "--name", "Sở Tài chính", "--system", "ai", fails=True
    )
    told("axis", "agency", "H55.08", "--name", "STC", "--system", "stc", "--code", "000.00.08.H55")
    told("axis", "rename", "000.00.08.H55", "Sở Tài chính")
    told("axis", "add-code", "H55.08", "H55.18", "--from", "01/01/2020")
    told("axis", "retire-code", "H55.08", "--until", "19/11/2020", "--successor", "H55.18")
    told("axis", "intermediary", "H55.18", "vnpt")
    told("axis", "lock", "H55.18")
    told("axis", "lock", "H55.18", "--unlock")
    assert "H55.99" in told("axis", "rename", "H55.99", "Không có", fails=True)
    office = Office.open(settings.load())
    with office.database.transaction() as tx:
        found = tx.execute(
            """SELECT a.code, a.name, a.intermediaries, a.is_locked, s.messages_per_hour,
                 s.bytes_per_hour, (SELECT array_agg(c.code || c.successor ORDER BY no)
                   FROM axis_code c WHERE c.agency = a.key)
               FROM axis_agency a JOIN axis_system s USING (system_id)"""
        ).fetchall()
    office.database.dispose()
    codes = ["H55.18", "H55.08H55.18", "000.00.08.H55"]
    assert found == [("H55.18", "Sở Tài chính", ["vnpt"], False, 5, 9_000_000, codes)]


def test_a_hub_alone_answers_serves_its_members_and_proves_its_log(
    careful_cluster, told, fresh_database, eventually
):
    """In a process of its own, as an operator starts it: the axis and nothing beside it."""
    secrets = {name: secret_of(told("axis", "system", name)) for name in ("stttt", "stc")}
    told("axis", "agency", "H55.07", "--name", "Sở TTTT", "--system", "stttt")
    told("axis", "agency", "H55.08", "--name", "Sở Tài chính", "--system", "stc")
    port = free_port()
    environ = {**os.environ, "PORT": str(port), "CONGVAN_WEB_WORKERS": "1"}
    process = subprocess.Popen([sys.executable, "-m", "office.cli", "axis"], env=environ)
    try:
        eventually(lambda: answers(f"http://127.0.0.1:{port}/readyz"), 60)
        clients = {
            name: AxisClient(
                Connection(f"http://127.0.0.1:{port}/axis", name, Secret(secret), code)
            )
            for (name, secret), code in zip(secrets.items(), ("H55.07", "H55.08"), strict=True)
        }
        for path in ("/login", "/operator", "/api/v1/work-items"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}")
        clients["stttt"].send(EDOC, document("H55.07", "H55.08"))
        (packet,) = clients["stc"].list_received(EDOC)
        assert clients["stc"].fetch(packet.packet_id) == document("H55.07", "H55.08")
        clients["stc"].confirm(packet.packet_id, Outcome.DONE)
        with pytest.raises(RefusedByAxis):
            clients["stttt"].send(EDOC, document("H55.07", "H55.99"))
        eventually(lambda: chained(fresh_database) == 3)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert "3 mục trong chuỗi, 0 mục chờ" in told("axis", "verify-log")
    assert "stc: 0 gói tin chờ" in told("axis", "queues")
    with psycopg.connect(fresh_database.url.replace("+psycopg", "")) as base:
        base.execute("SET session_replication_role = replica")
        base.execute("UPDATE axis_log_entry SET receiver = 'H55.09' WHERE no = 2")
    assert "đã bị can thiệp tại mục 2" in told("axis", "verify-log", fails=True)
