"""The programs that the tests of this folder start, watch and kill.

`worker` does jobs whose effects land in the table `effect`; `web` serves the probes; `run` keeps
both under the supervisor. Everything but the handlers is the product's own code.
"""

import json
import os
import pwd
import signal
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg

from engine import heartbeat, jobs
from engine.database import APP_ROLE, Base, Database, Transaction
from engine.handlers import Errand, Handlers
from engine.jobs import ClaimedJob, LeaseLost
from office import settings, wsgi
from office.postgres import Cluster
from office.supervisor import House, Program, Supervisor
from office.worker import Periodic, Worker

TRACES = Path(__file__).with_name("traces.sql")


def note(tx: Transaction, job: ClaimedJob) -> None:
    tx.execute("INSERT INTO effect VALUES (%s, %s)", job.id, job.worker)


def handlers(database: Database) -> Handlers:
    def met(job: ClaimedJob, what: str) -> None:
        with database.transaction() as tx:
            tx.execute(
                "INSERT INTO met VALUES (%s, %s, %s, %s)", job.id, job.attempt, job.worker, what
            )

    def wait_for_gate(job: ClaimedJob) -> None:
        met(job, "started")
        while True:
            with database.transaction() as tx:
                if tx.execute("SELECT 1 FROM gate").fetchone():
                    return
            time.sleep(0.02)

    def half_way(tx: Transaction, job: ClaimedJob) -> None:
        note(tx, job)
        if job.attempt == 1:
            wait_for_gate(job)

    def errand(errand: Errand, job: ClaimedJob) -> None:
        wait_for_gate(job)
        try:
            with errand.finish() as tx:
                note(tx, job)
        except LeaseLost:
            met(job, "lost")
            raise

    def poison(tx: Transaction, job: ClaimedJob) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    known = Handlers()
    known.in_transaction("note", note)
    known.in_transaction("half_way", half_way)
    known.in_transaction("poison", poison)
    known.outside("errand", errand)
    known.outside("alone", errand, lane="soffice")
    return known


def work(options: dict) -> None:
    database = Database(options.pop("url"))
    ticks = Periodic("test", timedelta(seconds=1), lambda tx: tx.execute("SELECT 1"))
    Worker(database, handlers(database), [ticks], **options).run()


def work_naively(options: dict) -> None:
    """The negative control: takes the job off the table, commits, and only then does it."""
    database = Database(options["url"])
    while True:
        with database.transaction() as tx:
            row = tx.execute("DELETE FROM job RETURNING id").fetchone()
        if row:
            with database.transaction() as tx:
                tx.execute("INSERT INTO met VALUES (%s, 1, 'naive', 'started')", row[0])
            while True:
                with database.transaction() as tx:
                    if tx.execute("SELECT 1 FROM gate").fetchone():
                        break
                time.sleep(0.02)
            with database.transaction() as tx:
                tx.execute("INSERT INTO effect VALUES (%s, 'naive')", row[0])
        time.sleep(0.02)


def serve(told: settings.Settings) -> None:
    def create():
        database = Database(told.database_url)
        checks = {
            "database": wsgi.database_answers(database),
            "worker": wsgi.worker_beats(database),
        }
        return wsgi.Probes(_no_pages, checks)

    wsgi.serve(told, create)


def _no_pages(_environ, start):
    start("404 Not Found", [("Content-Length", "0")])
    return [b""]


def prepare(told: settings.Settings) -> None:
    address = told.database_url.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        if not connection.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE]
        ).fetchone():
            connection.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN")
        database = Database(told.database_url, role=None)
        tables = [model.__table__ for model in (jobs.Job, jobs.Incident, heartbeat.Worker)]
        Base.metadata.create_all(database.engine, tables=tables)
        database.dispose()
        connection.execute(TRACES.read_bytes())
        connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {APP_ROLE}")


def run(options: dict) -> None:
    programs = [Program("worker", serve_jobs), Program("web", serve, signal.SIGQUIT)]
    told = replace(settings.load(), **options)
    Supervisor(told, lambda: House(programs, [prepare], lambda known: f"ready {known.url}")).run()


def serve_jobs(told: settings.Settings) -> None:
    work(
        {
            "url": told.database_url,
            "broker_url": told.broker_url,
            "threads": told.job_threads,
            "lease": 2.0,
            "ring_again": 2.0,
        }
    )


def keep_cluster_as_nobody(options: dict) -> None:
    """Become `nobody` first: what runs then is what an ordinary account runs."""
    data = Path(options["data"])
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
    cluster = Cluster(data)
    cluster.start()
    with cluster.connect("congvan") as connection:
        sys.stdout.write(f"{connection.execute('SELECT current_user').fetchone()}\n")
    cluster.stop()


if __name__ == "__main__":
    commands = (keep_cluster_as_nobody, work, work_naively, run)
    given = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
    {command.__name__: command for command in commands}[sys.argv[1]](given)
