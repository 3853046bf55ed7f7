"""The web process: gunicorn around the application, with the three probes in front (máy chủ web).

`/healthz` says the process lives, `/readyz` that it can serve (database, migrations, worker),
`/version` what runs. Probes answer before any session, so that they work when nothing else does.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import orjson
from gunicorn.app.base import BaseApplication

from engine import heartbeat
from engine.database import Database
from engine.release import release
from office.child import die_with_parent
from office.settings import Settings

#: a worker beats every second; longer silence means that jobs stand still
LONGEST_SILENCE = timedelta(seconds=15)

#: tells what is wrong in one line, or None
Check = Callable[[], str | None]


class Probes:
    """Answers `/healthz`, `/readyz` and `/version`; everything else goes to the application."""

    def __init__(self, application: WSGIApplication, checks: Mapping[str, Check]) -> None:
        self.application = application
        self.checks = checks

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        match environ.get("PATH_INFO"):
            case "/healthz":
                return _answer(start, "200 OK", {"status": "ok"})
            case "/version":
                python = ".".join(map(str, sys.version_info[:3]))
                return _answer(start, "200 OK", {"version": release(), "python": python})
            case "/readyz":
                found = {name: _tried(check) for name, check in self.checks.items()}
                ready = not any(found.values())
                status = "200 OK" if ready else "503 Service Unavailable"
                shown = {name: problem or "ok" for name, problem in found.items()}
                return _answer(start, status, {"status": "ok" if ready else "wait", **shown})
        return self.application(environ, start)


def _tried(check: Check) -> str | None:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the answer is «not ready»
        return f"{type(error).__name__}: {error}"


def _answer(start: StartResponse, status: str, body: dict[str, Any]) -> Iterable[bytes]:
    data = orjson.dumps(body)
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(data))),
        ("Cache-Control", "no-store"),
    ]
    start(status, headers)
    return [data]


def database_answers(database: Database) -> Check:
    """Check that a transaction can be opened as the bound role."""

    def check() -> None:
        with database.transaction() as tx:
            tx.execute("SELECT 1")

    return check


def worker_beats(database: Database) -> Check:
    """Check that some worker gave a sign of life lately."""

    def check() -> str | None:
        with database.transaction() as tx:
            silence = heartbeat.silence(tx)
        if silence is None or silence > LONGEST_SILENCE:
            return f"no worker has given a sign of life for {silence or 'ever'}"
        return None

    return check


class _Server(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    def __init__(self, options: Mapping[str, Any], create: Callable[[], WSGIApplication]) -> None:
        self.options = options
        self.create = create
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        return self.create()


def serve(settings: Settings, create: Callable[[], WSGIApplication]) -> None:
    """Serve what `create` returns until SIGTERM; it is called once in each process, after the fork.

    The processes die with their master, and the master is told when the supervisor dies.
    """
    arm = die_with_parent(signal.SIGKILL)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    options = {
        "bind": f"{host}:{settings.port}",
        "workers": settings.web_workers,
        # Threads, so that a slow upload does not hold a whole process: they wait, mostly.
        "worker_class": "gthread",
        "threads": 16,
        "timeout": 60,
        "graceful_timeout": 15,
        "keepalive": 15,
        "post_fork": lambda _arbiter, _worker: arm(),
        "proc_name": "congvan",
        "loglevel": "warning",
        "control_socket_disable": True,
        # gunicorn's own heartbeat files: memory where there is some, never a slow disk
        "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,  # noqa: S108 - private files
    }
    _Server(options, create).run()
