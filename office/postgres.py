"""The embedded PostgreSQL: made, started, checked and stopped by us (cơ sở dữ liệu đi kèm).

It listens on a private Unix socket only, asks for a password (SCRAM), keeps every durability
setting on and dies with the process that started it, which is why `Cluster.start` belongs in a
thread that lives as long as the process.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from engine.errors import OfficeError
from office.child import Account, end, spawn
from office.place import Place, account, choose_place, programs, socket_directory
from office.settings import keep_secret

#: the superuser of the cluster and the name of its one database
NAME = "congvan"

# No ICU and no system locale, so that order and case are the same on every machine. ctype C.UTF-8
# matters: under C, PostgreSQL 17 leaves «ĐỊNH» in upper case and pg_trgm drops every accent.
LOCALE = (
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--lc-collate=C",
    "--lc-ctype=C.UTF-8",
)

#: recovery after a crash replays the log; that may take a while and is waited for
LONGEST_START = 300.0
LONGEST_FAREWELL = 15.0
LARGEST_LOG = 10_000_000

STOP = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


class ClusterFailed(OfficeError):
    """The embedded database does not start (cơ sở dữ liệu không khởi động được)."""

    code = "cluster-failed"
    status = 503
    vi = "Cơ sở dữ liệu đi kèm không khởi động được. Nhật ký: {log}\n{tail}"
    en = "The embedded database does not start. Log: {log}\n{tail}"


class ClusterBusy(OfficeError):
    """Another process runs this cluster (cơ sở dữ liệu đang được dùng)."""

    code = "cluster-busy"
    status = 503
    vi = (
        "Cơ sở dữ liệu tại {directory} đang được tiến trình {processes} dùng. "
        "Dừng chương trình kia trước."
    )
    en = "Process {processes} uses the database in {directory}. Stop the other program first."


class WrongVersion(OfficeError):
    """The cluster was made by another major version (sai phiên bản cơ sở dữ liệu)."""

    code = "wrong-postgres-version"
    status = 503
    vi = (
        "Dữ liệu tại {directory} thuộc PostgreSQL {found}, còn bản đi kèm là {ours}. Chưa có gì "
        "thay đổi: sao lưu bằng bản Congvan cũ rồi khôi phục vào bản mới."
    )
    en = (
        "The data in {directory} belongs to PostgreSQL {found}; the embedded one is {ours}. "
        "Nothing was changed: back up with the old Congvan and restore into the new one."
    )


class Unsafe(OfficeError):
    """The database could lose or garble what it was given (cơ sở dữ liệu không an toàn)."""

    code = "unsafe-database"
    status = 503
    vi = "Từ chối dùng cơ sở dữ liệu: {problem}. Sửa cấu hình PostgreSQL rồi chạy lại."
    en = "The database is refused: {problem}. Correct the PostgreSQL configuration."


class Cluster:
    """One embedded PostgreSQL whose files belong to the data directory `data`.

    `say` receives one line when the files had to be put elsewhere.
    """

    def __init__(self, data: Path, *, say: Callable[[str], None] = print) -> None:
        self.data = data
        self.say = say
        self.process: subprocess.Popen[bytes] | None = None
        self._place: Place | None = None
        self._socket: Path | None = None

    @property
    def password(self) -> str:
        return keep_secret(self.data / "postgres.password")

    def url(self, database: str = NAME) -> str:
        """Return the SQLAlchemy address of `database`."""
        return (
            f"postgresql+psycopg://{NAME}:{quote(self.password)}@/{database}"
            f"?host={quote(str(self._socket), safe='')}"
        )

    def connect(self, database: str = "postgres") -> "psycopg.Connection[Any]":
        """Open an administrator's connection in autocommit."""
        return psycopg.connect(
            host=str(self._socket),
            user=NAME,
            password=self.password,
            dbname=database,
            autocommit=True,
        )

    def start(self) -> str:
        """Make the cluster when there is none, start it and return the address of its database.

        Raises `NoPlace`, `NoPrograms`, `WrongVersion`, `ClusterBusy`, `ClusterFailed`, `Unsafe`.
        """
        self.launch()
        return self.wait()

    def launch(self) -> None:
        """Do the first half of `start`: what takes no waiting for the server."""
        place = self._place = choose_place(self.data)
        if place.made:
            self.say(f"Cơ sở dữ liệu đặt tại {place.directory} (database files)")
        owner = account(place.cluster)
        binaries = programs(owner)
        if not place.cluster.exists():
            self._make(place, owner, binaries)
        refuse_other_version(place.cluster, binaries)
        clear_leftovers(place.cluster)
        self._socket = self._socket or socket_directory(place, owner)
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):  # of a server that was killed
            (self._socket / name).unlink(missing_ok=True)
        self._spawn(place, owner, binaries)

    def wait(self) -> str:
        """Do the second half of `start`: wait for the server, check it, return the address."""
        try:
            self._await_answer()
            create_database(self)
            with self.connect(NAME) as connection:
                refuse_unsafe(connection)
        except BaseException:
            self._halt()
            raise
        return self.url()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Stop the server in order (open transactions are rolled back)."""
        self._halt()
        if self._socket and self._place and self._socket.parent != self._place.directory:
            shutil.rmtree(self._socket, ignore_errors=True)

    def _halt(self) -> None:
        if self.process is not None:
            end(self.process, STOP)
            self.process = None

    def _make(self, place: Place, owner: Account, binaries: Path) -> None:
        draft = place.directory / "cluster.new"  # a start that is killed here begins again
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        owner.own(draft)
        with _readable_password(place, owner, self.password) as password:
            made = subprocess.run(  # noqa: S603 - a program of our own
                [
                    *(str(binaries / "initdb"), "-D", str(draft), "-U", NAME, *LOCALE),
                    *("--auth=scram-sha-256", f"--pwfile={password}", "--data-checksums"),
                ],
                check=False,
                capture_output=True,
                text=True,
                env=_environment(),
                **owner.identity,
            )
        if made.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise ClusterFailed(log="initdb", tail=made.stderr[-1500:])
        draft.rename(place.cluster)

    def _spawn(self, place: Place, owner: Account, binaries: Path) -> None:
        if place.log.exists() and place.log.stat().st_size > LARGEST_LOG:
            place.log.replace(place.log.with_suffix(".log.1"))
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._socket),
            "unix_socket_permissions": "0700",
            "port": "5432",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        given = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with place.log.open("ab") as log:
            place.log.chmod(0o600)
            self.process = spawn(
                [binaries / "postgres", "-D", place.cluster, *given],
                on_parent_death=signal.SIGINT,  # its fast, clean shutdown
                output=log,
                environment=_environment(),
                account=owner,
            )

    def _await_answer(self) -> None:
        assert self.process is not None
        assert self._place is not None
        log = self._place.log
        until = time.monotonic() + LONGEST_START
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > until:
                    tail = log.read_text(errors="replace")[-1500:]
                    raise ClusterFailed(log=log, tail=tail) from None
                time.sleep(0.02)
            else:
                return


def create_database(cluster: Cluster, name: str = NAME) -> None:
    """Create the database `name` when it is missing."""
    with cluster.connect() as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if known.fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def refuse_other_version(cluster: Path, binaries: Path) -> None:
    """Raise `WrongVersion` unless `cluster` was made by the major version of `binaries`."""
    said = subprocess.run(  # noqa: S603 - a program of our own
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    ours = said.stdout.split()[-1].split(".")[0]
    found = (cluster / "PG_VERSION").read_text().strip()
    if found != ours:
        raise WrongVersion(directory=cluster, found=found, ours=ours)


def refuse_unsafe(connection: "psycopg.Connection[Any]") -> None:
    """Raise `Unsafe` when the server may lose acknowledged writes or cannot fold Vietnamese.

    Asked of every database, external ones included; needs the right to create `unaccent`.
    """
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
        if row == ("off",):
            raise Unsafe(problem=f"{name} đang tắt (off), dữ liệu có thể mất khi mất điện")
    connection.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
    folded = connection.execute(
        "SELECT unaccent(lower(normalize(%s, NFC)))", ["QUYẾT ĐỊNH số ĐƯỜNG ỚỲ"]
    ).fetchone()
    if folded != ("quyet dinh so duong oy",):
        raise Unsafe(
            problem=f"chữ tiếng Việt bị gấp sai («{folded}»); cần mã hóa UTF8, ctype UTF-8"
        )


def clear_leftovers(cluster: Path, patience: float = LONGEST_FAREWELL) -> None:
    """Wait for the server of a killed supervisor to be gone; forget its pid when that is reused.

    Raises `ClusterBusy` when it lives on. The pid file guards the shared memory too, so it is
    removed only when no process works in the cluster any more.
    """
    until = time.monotonic() + patience
    while busy := _working_in(cluster):
        if time.monotonic() > until:
            raise ClusterBusy(directory=cluster, processes=", ".join(map(str, busy)))
        time.sleep(0.05)
    file = cluster / "postmaster.pid"
    with suppress(FileNotFoundError, ValueError, IndexError):
        pid = int(file.read_text().splitlines()[0])
        if Path(f"/proc/{pid}").exists():  # some other program bears this number now
            file.unlink()


def _working_in(cluster: Path) -> list[int]:
    """Return the processes whose working directory is `cluster`: all of a server's are (Linux)."""
    found = []
    real = cluster.resolve()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (entry / "cwd").readlink() == real:
                found.append(int(entry.name))
    return found


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


@contextmanager
def _readable_password(place: Place, owner: Account, password: str) -> Iterator[Path]:
    """Lend `initdb` the password in a file only it can read."""
    handle, name = tempfile.mkstemp(dir=place.directory)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(password)
        yield owner.own(Path(name))
    finally:
        Path(name).unlink()
