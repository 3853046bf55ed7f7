"""Copies of a process: what they keep of it, what they let go of, how they end."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FORK = """
import os, signal, sys
from office.child import end, fork
def child(call, patience=20):
    return fork(call, name="a copy", on_parent_death=signal.SIGKILL).wait(patience)
"""


def said(script: str) -> str:
    """Run `script` in a process of one thread, which that of the tests need not be."""
    done = subprocess.run(
        [sys.executable, "-c", FORK + script],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ("lambda: 7", "0"),
        ("lambda: sys.exit(3)", "3"),
        ("lambda: sys.exit()", "0"),
        ("lambda: 1 / 0", "1"),
        ("lambda: os.kill(os.getpid(), 9)", "-9"),
    ],
)
def test_the_status_tells_how_it_ended(call: str, status: str):
    assert said(f"print(child({call}))") == status


def test_nothing_unwinds_into_the_caller():
    told = said("try:\n    child(lambda: 1 / 0)\nfinally:\n    print(os.getpid())\nprint('once')")
    assert len(told.splitlines()) == 2


def test_it_handles_signals_as_a_new_program_does():
    told = said(
        "signal.signal(signal.SIGTERM, lambda *_: print('the handler of the parent'))\n"
        "print(child(lambda: os.kill(os.getpid(), signal.SIGTERM)))\n"
        "print(signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    )
    assert told.splitlines() == ["-15", "set()"]


def test_it_has_a_name_and_a_session_of_its_own_and_no_input():
    told = said(
        "def show():\n"
        "    print(open('/proc/self/comm').read().strip(), os.getsid(0) == os.getpid())\n"
        "    print(os.readlink('/proc/self/fd/0'))\n"
        "child(show)"
    )
    assert told.splitlines() == ["a copy True", "/dev/null"]


def test_it_is_ended_by_stronger_and_stronger_signals():
    told = said(
        "import time\n"
        "def deaf():\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    print('deaf', flush=True)\n"
        "    time.sleep(60)\n"
        "started = fork(deaf, name='deaf', on_parent_death=signal.SIGKILL)\n"
        "time.sleep(0.3)\n"
        "print(end(started, ((signal.SIGTERM, 0.2), (signal.SIGKILL, 5))))"
    )
    assert told.splitlines() == ["deaf", "-9"]


def test_what_is_copied_has_one_thread_and_loads_no_more_than_a_start_needs():
    """A copy has only the thread that made it: what another held locked stays locked for good."""
    told = said(
        "import office.start\n"
        "print(len(os.listdir('/proc/self/task')))\n"
        "print({'alembic', 'celery'} & set(sys.modules))"
    )
    assert told.splitlines() == ["1", "set()"]


def test_the_database_starts_before_the_product_is_imported():
    told = said(
        "import office.cli, office.supervisor\nprint({'sqlalchemy', 'flask'} & set(sys.modules))"
    )
    assert told == "set()"
