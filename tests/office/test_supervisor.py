"""The whole house under its supervisor: started, killed, started again."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="the server must not be ours")


def test_start_probes_stop(house, eventually: Callable):
    house.start()
    eventually(house.is_ready, 60)
    assert house.get("/healthz") == (200, b'{"status":"ok"}')
    status, body = house.get("/readyz")
    assert (status, body) == (200, b'{"status":"ok","database":"ok","worker":"ok"}')
    assert b'"version"' in house.get("/version")[1]
    assert house.get("/elsewhere")[0] == 404
    family = house.family()
    assert len(family) > 5  # PostgreSQL and its own, web and its two, the worker
    assert house.stop() == 0
    # Dead at once; whoever reaps orphans on this machine may take a moment longer.
    assert [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.parametrize("house", ["open", pytest.param("closed", marks=as_root)], indirect=True)
def test_kill_9_leaves_no_orphan_and_the_next_start_has_the_same_data(house, eventually: Callable):
    house.start()
    eventually(house.is_ready, 60)
    house.leave_effect()
    family = house.family()
    assert any("postgres" in p.name() for p in family)
    house.process.kill()
    house.process.wait()
    eventually(lambda: not [p for p in family if p.is_running()], 20)

    house.start()  # the same port: nobody holds it any more
    eventually(house.is_ready, 60)
    assert house.effects() == 1


def test_without_the_death_signal_an_orphan_stays(tmp_path: Path, eventually: Callable):
    """The negative control: the same kill, the same look, a child that is not tied to its parent."""
    pid = tmp_path / "pid"
    script = (
        "import subprocess, time, pathlib, sys\n"
        "child = subprocess.Popen(['sleep', '60'], start_new_session=True)\n"
        f"pathlib.Path({str(pid)!r}).write_text(str(child.pid))\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script]) as parent:
        eventually(lambda: pid.exists() and pid.read_text())
        child = psutil.Process(int(pid.read_text()))
        parent.kill()
        parent.wait()
        assert child.is_running()
        child.kill()


def test_what_crashes_is_started_again(house, eventually: Callable):
    house.start()
    eventually(house.is_ready, 60)
    house.leave_effect()
    for name in ("congvan worker", "postgres", "congvan web"):
        before = house.child(name)
        os.kill(before, signal.SIGKILL)
        eventually(lambda: house.child(name) not in {before, None})  # noqa: B023
        eventually(lambda: house.get("/readyz")[0] == 200)
    [page_server, *_] = psutil.Process(house.child("congvan web")).children()
    page_server.kill()
    eventually(lambda: not page_server.is_running())
    eventually(lambda: house.get("/readyz")[0] == 200)
    assert house.effects() == 1


def test_one_supervisor_a_data_directory(house, eventually: Callable, tmp_path: Path):
    house.start()
    eventually(house.is_ready, 60)
    second = type(house)(house.data, tmp_path / "second")
    second.start()
    assert second.process.wait(30) != 0
    assert "AlreadyRunning" in second.said()
    assert re.search(rf"process {house.process.pid}\b", second.said())
    assert house.get("/readyz")[0] == 200


def test_a_taken_port_is_named(house):
    with socket.socket() as other:
        other.bind(("127.0.0.1", house.port))
        other.listen()
        house.start()
        assert house.process.wait(60) != 0
    assert "PortTaken" in house.said()
    assert f"PORT={house.port + 1}" in house.said()
