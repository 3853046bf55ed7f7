"""One host: `congvan run` as an operator starts it, in a network namespace, with its own PostgreSQL."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
from host_network import Network, run

from engine.database import Database
from office.child import end, spawn
from office.place import Place, account, find_place, programs

ROOT = Path(__file__).parents[2]
PORT = 8080
STOP = ((signal.SIGTERM, 30.0), (signal.SIGKILL, 10.0))
READY = re.compile(r"Congvan đang chạy tại")
#: what of a host is killed, by what the system shows it as
PARTS = {"worker": "congvan worker", "web": "congvan web", "database": "postgres"}


def until(condition: Callable[[], object], what: str, seconds: float = 180.0) -> object:
    """Wait for a condition, and say what did not come true."""
    end_at = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end_at, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)
    return found


class Node:
    """A host with its data directory, its processes and the folder of its fault points."""

    def __init__(self, net: Network, name: str, data: Path, **settings: str) -> None:
        self.net, self.name, self.data = net, name, data
        self.points = data.with_name(f"{data.name}-points")
        self.points.mkdir(exist_ok=True)
        self.output = data.with_name(f"{data.name}.log")
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self._said = 0
        self.program: list[str | Path] = [Path(sys.executable).parent / "congvan"]

    # -- its processes ------------------------------------------------------------------------

    def start(self) -> None:
        self._said = self.output.stat().st_size if self.output.exists() else 0
        with self.output.open("ab") as file:
            self.process = spawn(
                self.net.inside(self.name, *self.program, "run"),
                on_parent_death=signal.SIGTERM,
                output=file,
                environment=self._environment(),
            )

    def _environment(self) -> Mapping[str, str]:
        ours = {
            k: v
            for k, v in os.environ.items()
            if k not in {"DATABASE_URL", "CELERY_BROKER_URL"} and not k.startswith("CONGVAN_")
        }
        return {
            **ours,
            "PYTHONPATH": str(ROOT),
            "HOST": self.net.address(self.name),
            "PORT": str(PORT),
            "CONGVAN_DATA": str(self.data),
            "CONGVAN_FAULT_POINTS": str(self.points),
            **self.settings,
        }

    def said(self) -> str:
        with self.output.open("rb") as file:
            file.seek(self._said)
            return file.read().decode(errors="replace")

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"{self.name} ended: {self.said()[-3000:]}"
        return READY.search(self.said()) is not None

    def wait(self) -> None:
        until(self.is_ready, f"{self.name} is ready")

    def stop(self) -> None:
        if self.process is not None:
            end(self.process, STOP)
            self.process = None

    def kill(self, part: str) -> bool:
        """Kill one of its processes by SIGKILL; tell whether there was one.

        `all` is the one that watches the others, whose end the kernel makes theirs.
        """
        assert self.process is not None
        if part == "all":
            self.process.kill()
            self.process.wait()
            self.process = None
            return True
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):
                if child.name() == PARTS["web" if part == "page server" else part]:
                    served = child.children() if part == "page server" else [child]
                    for victim in served[:1]:
                        victim.kill()
                        return True
        return False

    # -- its database ---------------------------------------------------------------------------

    @property
    def place(self) -> Place:
        found = find_place(self.data)
        assert found is not None
        return found

    @property
    def password(self) -> str:
        return (self.data / "postgres.password").read_text().strip()

    @property
    def url(self) -> str:
        host = self.place.directory / "socket"
        return f"postgresql+psycopg://congvan:{self.password}@/congvan?host={host}"

    def open(self) -> Database:
        return Database(self.url)

    def rows(self, statement: str, *values: object) -> list[tuple]:
        """Ask its database past row-level security; a server that recovers is waited for."""

        def ask() -> list[list[tuple]]:
            with (
                suppress(psycopg.OperationalError),
                psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as connection,
            ):
                done = connection.execute(statement, values or None)  # type: ignore[arg-type]
                return [done.fetchall() if done.description else []]
            return []

        return until(ask, f"the database of {self.name} answers")[0]  # type: ignore[index]

    # -- its backup -----------------------------------------------------------------------------

    def back_up(self, folder: Path) -> None:
        """Take a base backup while it works."""
        shutil.rmtree(folder, ignore_errors=True)
        program = programs(account(self.place.cluster)) / "pg_basebackup"
        socket = str(self.place.directory / "socket")
        where = ("-D", str(folder), "-h", socket, "-U", "congvan", "-X", "stream")
        os.environ["PGPASSWORD"] = self.password
        try:
            run(str(program), *where, "--checkpoint=fast", "--no-sync")
        finally:
            del os.environ["PGPASSWORD"]

    def restore(self, folder: Path) -> None:
        """Lose the server with all it holds and start again from a base backup."""
        cluster = self.place.cluster
        self.kill("all")
        until(lambda: not in_folder(cluster), f"the server of {self.name} is gone")
        owner = cluster.stat()
        for lost in cluster.iterdir():  # the folder itself is a disk of its own
            shutil.rmtree(lost) if lost.is_dir() and not lost.is_symlink() else lost.unlink()
        run("cp", "-a", f"{folder}/.", str(cluster))
        run("chown", "-R", f"{owner.st_uid}:{owner.st_gid}", str(cluster))
        cluster.chmod(0o700)
        self.start()
        self.wait()


def in_folder(folder: Path) -> list[int]:
    """Return the processes that work in a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (entry / "cwd").readlink() == folder:
                found.append(int(entry.name))
    return found
