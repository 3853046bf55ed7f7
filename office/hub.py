"""A hub alone (trục liên thông riêng): our axis as an installation of its own, without agencies.

It serves `/axis` and the probes and does the axis's jobs, nothing else; its database has the tables
of any installation, so that one line of migrations serves both.
"""

import signal
from datetime import timedelta
from wsgiref.types import WSGIApplication

from flask import Flask

from api.axis import init_axis
from engine.handlers import Handlers
from office import start, wsgi
from office.office import Office
from office.settings import Settings
from office.supervisor import House, Program
from office.worker import Periodic, Worker
from processes import axis_forward, axis_heads, revocation_lists


def house(_settings: Settings) -> House:
    """Return what `congvan axis` prepares and keeps running."""
    programs = (
        Program("worker", lambda told: _worker(told).run()),
        Program("web", lambda told: wsgi.serve(told, lambda: application(told)), signal.SIGQUIT),
    )
    prepare = (start.check_database, start.remember_database, start.upgrade)
    return House(programs, prepare, announcement)


def announcement(settings: Settings) -> str:
    """Return what is printed when the hub is ready."""
    return (
        f"Trục liên thông: {settings.url}/axis (the axis answers there).\n"
        "Cấp mã hệ thống: congvan axis system; thêm đơn vị: congvan axis agency."
    )


def application(settings: Settings) -> WSGIApplication:
    """Return the axis behind its probes, for one process of the web server."""
    office = Office.open(settings)
    return wsgi.Probes(bare(office), start.checks(office))


def bare(office: Office) -> Flask:
    """Return an application that answers `/axis` and nothing else."""
    app = Flask("axis", static_folder=None)
    app.extensions["congvan"] = office
    init_axis(app)
    return app


def _worker(settings: Settings) -> Worker:
    office = Office.open(settings)
    handlers = Handlers()
    axis_heads.add_handlers(handlers, office.means)
    axis_forward.add_handlers(handlers, office.means)
    # whose timestamps are believed is checked against lists like any signature
    revocation_lists.add_handlers(handlers, office.means)
    return Worker(
        office.database,
        handlers,
        [
            *office.hub_periodic(),
            Periodic("revocation lists", timedelta(minutes=1), revocation_lists.post_refresh),
        ],
        broker_url=settings.broker_url,
        threads=settings.job_threads,
    )
