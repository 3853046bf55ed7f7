"""One process that starts, watches and stops all others (người trông nom các tiến trình).

Order: embedded PostgreSQL (unless `DATABASE_URL` is set), preparation (migrations, demo), web and
worker; stopped the other way round. What crashes is started again, slower each time. Every child
is tied to this process by the kernel, so that even `kill -9` leaves nothing behind.

Web and worker are copies of this process: importing the product takes longer than all the rest of
a start together, so it is done once, while PostgreSQL starts. This process itself opens no
connection that it keeps and no thread.
"""

import fcntl
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from engine.errors import OfficeError
from office import garbage
from office.child import Process, end, fork
from office.postgres import Cluster
from office.settings import Settings

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
#: a child that lived this long is not in a crash loop
PROVEN = 10.0
LONGEST_START = 90.0
STOP = ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0))


class AlreadyRunning(OfficeError):
    """Another supervisor uses this data directory (đang chạy rồi)."""

    code = "already-running"
    status = 409
    vi = "Congvan đang chạy với dữ liệu tại {data} (tiến trình {pid}). Dừng nó trước: kill {pid}"
    en = "Congvan already runs on the data in {data} (process {pid}). Stop it first: kill {pid}"


class PortTaken(OfficeError):
    """Another program listens on the port (cổng đã bị chiếm)."""

    code = "port-taken"
    status = 409
    vi = "Không mở được {host}:{port} ({reason}). Chọn cổng khác, ví dụ: PORT={other} congvan run"
    en = "Cannot listen on {host}:{port} ({reason}). Choose another port: PORT={other} congvan run"


class NotReady(OfficeError):
    """The web server did not become ready (không khởi động được)."""

    code = "not-ready"
    status = 503
    vi = "Hệ thống không sẵn sàng sau {seconds} giây: {reason}. Xem các dòng nhật ký ở trên."
    en = "The system is not ready after {seconds} seconds: {reason}. See the log lines above."


class _Told(BaseException):
    """The supervisor was told to stop."""


@dataclass(frozen=True, slots=True)
class Program:
    """A child to keep running; `on_parent_death` is what it gets when the supervisor dies.

    `run` is called once the database is prepared, in a process of its own.
    """

    name: str
    run: Callable[[Settings], object]
    on_parent_death: signal.Signals = signal.SIGKILL


@dataclass(frozen=True, slots=True)
class House:
    """What an installation does: `prepare` in order once the database answers, then `programs`.

    `announce` returns what is printed when the web server is ready.
    """

    programs: Sequence[Program]
    prepare: Sequence[Callable[[Settings], object]]
    announce: Callable[[Settings], str]


@dataclass(slots=True)
class _Child:
    program: Program
    process: Process | None = None
    failures: int = 0
    started_at: float = field(default_factory=time.monotonic)
    next_start: float = 0.0


class Supervisor:
    """Runs one installation in this process until SIGTERM, SIGINT or SIGHUP.

    `load` imports the installation and returns it.
    """

    def __init__(
        self,
        settings: Settings,
        load: Callable[[], House],
        *,
        say: Callable[[str], None] = lambda line: print(line, flush=True),  # noqa: T201 - the terminal
    ) -> None:
        self.settings = settings
        self.load = load
        self.say = say
        self.cluster = None if settings.database_url else Cluster(settings.data, say=say)
        self.children: list[_Child] = []
        self._cluster_failures = 0

    def run(self) -> None:
        """Start everything, print the announcement, watch until told to stop, stop in order.

        Raises what keeps it from starting (`AlreadyRunning`, `PortTaken`, `NotReady`, …), after
        stopping what it had started.
        """
        self.settings.make_data()
        with _only_one(self.settings):
            for sent in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(sent, _tell)
            try:
                refuse_taken_port(self.settings)
                house = self._start()
                self.say(house.announce(self.settings))
                while True:
                    self._watch()
                    time.sleep(0.2)
            except _Told:
                self.say("Đang dừng… (stopping)")
            finally:
                for sent in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                    signal.signal(sent, signal.SIG_IGN)
                self._stop()

    def _start(self) -> House:
        if self.cluster is not None:
            self.cluster.launch()
        house = self._loaded()
        if self.cluster is not None:
            self.settings = replace(self.settings, database_url=self.cluster.wait())
        for step in house.prepare:
            step(self.settings)
        self.children = [_Child(program) for program in house.programs]
        for child in self.children:
            self._launch(child)
        until = time.monotonic() + LONGEST_START
        while (problem := not_ready(self.settings)) is not None:
            if time.monotonic() > until:
                raise NotReady(seconds=int(LONGEST_START), reason=problem)
            self._watch()
            time.sleep(0.05)
        return house

    def _loaded(self) -> House:
        with garbage.loading():
            return self.load()

    def _launch(self, child: _Child) -> None:
        child.started_at = time.monotonic()
        child.process = fork(
            partial(child.program.run, self.settings),
            name=f"congvan {child.program.name}",
            on_parent_death=child.program.on_parent_death,
        )

    def _watch(self) -> None:
        """Start again what has stopped, after a pause that doubles with each failure."""
        if self.cluster is not None and not self.cluster.running:
            self._recover(self.cluster)
        now = time.monotonic()
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                code = child.process.returncode
                child.failures = 1 if now - child.started_at > PROVEN else child.failures + 1
                pause = min(FIRST_PAUSE * 2 ** (child.failures - 1), LONGEST_PAUSE)
                child.process, child.next_start = None, now + pause
                self.say(f"{child.program.name} dừng ({code}), chạy lại sau {pause:.1f} giây")
            if child.process is None and now >= child.next_start:
                self._launch(child)

    def _recover(self, cluster: Cluster) -> None:
        self.say("PostgreSQL đã dừng, đang phục hồi (recovering)")
        try:
            cluster.start()
        except OfficeError as error:
            self._cluster_failures += 1
            if self._cluster_failures > 5:
                raise
            self.say(error.text("vi"))
            time.sleep(min(FIRST_PAUSE * 2**self._cluster_failures, LONGEST_PAUSE))
        else:
            self._cluster_failures = 0

    def _stop(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            if process.poll() is None:
                process.send_signal(STOP[0][0])
        for process in running:
            end(process, STOP)
        if self.cluster is not None:
            self.cluster.stop()


def _tell(_signal: int, _frame: object) -> None:
    raise _Told


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Hold the data directory; the kernel lets go of it even when we are killed.

    With `flock` the lock would be the copies' too, and outlive us by their last moments.
    """
    with (settings.data / "lock").open("a+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise AlreadyRunning(data=settings.data, pid=file.read().strip() or "?") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def refuse_taken_port(settings: Settings, patience: float = 5.0) -> None:
    """Raise `PortTaken` unless the web server will be able to listen.

    The web server of a killed supervisor is on its way out: it is given a moment.
    """
    until = time.monotonic() + patience
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    while True:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((settings.host, settings.port))
            except OSError as error:
                if time.monotonic() > until:
                    raise PortTaken(
                        host=settings.host,
                        port=settings.port,
                        reason=error.strerror,
                        other=settings.port + 1,
                    ) from error
            else:
                return
        time.sleep(0.1)


def not_ready(settings: Settings) -> str | None:
    """Ask `/readyz`; return why the system is not ready, or None when it is."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - compared, not bound
    address = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/readyz"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(address, timeout=5):
            return None
    except urllib.error.HTTPError as error:
        return error.read().decode(errors="replace")
    except OSError as error:
        return str(error)
