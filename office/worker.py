"""The worker process: does the jobs, keeps the clock, gives a sign of life (tiến trình xử lý).

Jobs are rows (`engine.jobs`). Without a broker this process claims them itself; with one, Celery
rings: a relay sends the number of a due job, and whoever hears it claims the same row and runs the
same handler. A message that is lost, doubled or late therefore changes nothing. This is the only
module that knows Celery.
"""

import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from engine import heartbeat, jobs
from engine.database import Database, Transaction
from engine.handlers import Handlers
from engine.jobs import ClaimedJob
from engine.release import release
from office.runner import LEASE, Runner

if TYPE_CHECKING:
    from celery import Celery  # imported where a broker is used: it doubles the start otherwise

log = logging.getLogger(__name__)

#: seconds between two looks at the table: short after work, longer while there is none
QUICK, IDLE = 0.02, 0.25
#: jobs that wait for other machines, beside those that work: a dead one there holds up nobody here
LINES = 8
#: seconds after which a message that nobody followed up is taken for lost
RING_AGAIN = 30.0
#: seconds without progress after which a worker no longer claims to be alive
LONGEST_SILENCE = 30.0
QUEUE = "congvan"
TASK = "congvan.run_job"


@dataclass(frozen=True, slots=True)
class Periodic:
    """Work that is due again and again, in a transaction of its own, one worker at a time.

    `call(tx)` must bear being called late, or twice as often where several workers run.
    """

    name: str
    every: timedelta
    call: Callable[[Transaction], object]


def housekeeping(handlers: Handlers) -> tuple[Periodic, ...]:
    """Return what every worker does besides what it is given."""
    return (
        Periodic("reap jobs", timedelta(seconds=1), lambda tx: jobs.reap(tx, handlers.patience)),
        Periodic("sweep jobs", timedelta(hours=1), jobs.sweep),
    )


class Worker:
    """One worker process: `run` returns after SIGTERM or SIGINT, when what it held is done."""

    def __init__(
        self,
        database: Database,
        handlers: Handlers,
        periodic: Sequence[Periodic] = (),
        *,
        broker_url: str = "",
        threads: int = 2,
        lease: float = LEASE,
        ring_again: float = RING_AGAIN,
    ) -> None:
        name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self.database = database
        self.runner = Runner(database, handlers, name=name, lease=lease)
        self.periodic = (*housekeeping(handlers), *periodic)
        self.broker_url = broker_url
        self.threads = threads
        self.ring_again = ring_again
        self._stopping = False
        self._progress = time.monotonic()

    def run(self) -> None:
        """Work until told to stop; called in the main thread of the process."""
        background = [
            threading.Thread(target=self._repeat, args=(pause, call), name=name, daemon=True)
            for name, pause, call in (
                ("heartbeat", 1.0, self._beat),
                ("leases", self.runner.lease / 4, self.runner.keep_leases),
            )
        ]
        background.append(threading.Thread(target=self._tick, name="clock", daemon=True))
        lines = (self.runner.claim_waiting, LINES)
        background.append(threading.Thread(target=self._claim, args=lines, name="lines"))
        if self.broker_url:
            background.append(threading.Thread(target=self._relay, name="relay", daemon=True))
        else:
            for sent in (signal.SIGTERM, signal.SIGINT):
                signal.signal(sent, self.stop)
        for thread in background:
            thread.start()
        try:
            if self.broker_url:
                listen(bell(self.broker_url, self._hear), self.threads)
            else:
                self._claim(self.runner.claim_work, self.threads)
        finally:
            self._stopping = True
            for thread in background:
                thread.join(5)
            self.database.dispose()

    def stop(self, *_: object) -> None:
        """Claim nothing more and return from `run` when what is held is done."""
        self._stopping = True  # nothing else: this runs inside a signal handler

    # -- claiming from the table ------------------------------------------------------------------

    def _claim(self, claim: Callable[[int], list[ClaimedJob]], threads: int) -> None:
        """Carry out what `claim` finds in so many threads, until told to stop."""
        done = threading.Event()
        running: set[Future[None]] = set()
        pause = QUICK
        with ThreadPoolExecutor(threads, thread_name_prefix="job") as pool:
            while not self._stopping:
                self._progress = time.monotonic()
                running = {job for job in running if not job.done()}
                room = threads - len(running)
                found = self._guarded(lambda: claim(room), []) if room else []  # noqa: B023 - called at once
                for job in found:
                    future = pool.submit(self.runner.carry_out, job)
                    future.add_done_callback(lambda _: done.set())
                    running.add(future)
                pause = QUICK if found else min(pause * 1.5, IDLE)
                if done.wait(pause):
                    done.clear()
                    pause = QUICK

    # -- the broker -------------------------------------------------------------------------------

    def _hear(self, job_id: str) -> None:
        job = self.runner.claim_one(UUID(job_id))
        if job is not None:
            self.runner.carry_out(job)

    def _relay(self) -> None:
        """Tell the broker of due jobs, a bounded number at a time; commit first, then send.

        The other order loses: a worker is often faster than our commit, finds the row locked and
        takes the message for a duplicate.
        """
        from kombu.exceptions import OperationalError as BrokerDown

        app = bell(self.broker_url, self._hear)
        handlers = self.runner.handlers
        pause = QUICK
        while not self._stopping:
            self._progress = time.monotonic()
            chosen = self._guarded(lambda: self._choose(handlers), [])
            for sent, job_id in enumerate(chosen):
                try:
                    app.send_task(TASK, (str(job_id),), retry=False, ignore_result=True)
                except (BrokerDown, OSError) as error:
                    log.warning("the broker does not answer: %s", error)
                    self._guarded(lambda: self._unring(chosen[sent:]), None)  # noqa: B023 - called at once
                    time.sleep(1)
                    break
            pause = QUICK if chosen else min(pause * 1.5, IDLE)
            time.sleep(pause)

    def _choose(self, handlers: Handlers) -> list[UUID]:
        with self.database.transaction() as tx:
            found = jobs.ring(
                tx, handlers.free_kinds, room=4 * self.threads, again_after=self.ring_again
            )
            for lane, kinds in handlers.lanes.items():
                if jobs.enter_lane(tx, lane, kinds):
                    found += jobs.ring(tx, kinds, room=1, again_after=self.ring_again)
        return [job_id for job_id, _ in found]

    def _unring(self, unsent: Sequence[UUID]) -> None:
        with self.database.transaction() as tx:
            for job_id in unsent:
                jobs.unring(tx, job_id)

    # -- beside the jobs --------------------------------------------------------------------------

    def _beat(self) -> None:
        if time.monotonic() - self._progress < LONGEST_SILENCE:
            with self.database.transaction() as tx:
                heartbeat.beat(tx, self.runner.name, release())

    def _tick(self) -> None:
        due = dict.fromkeys(self.periodic, 0.0)
        while not self._stopping:
            for periodic, at in due.items():
                if time.monotonic() >= at:
                    due[periodic] = time.monotonic() + periodic.every.total_seconds()
                    self._guarded(lambda: self._once(periodic), None)  # noqa: B023 - called at once
            time.sleep(0.1)

    def _once(self, periodic: Periodic) -> None:
        with self.database.transaction() as tx:
            locked = tx.execute(
                "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))",
                f"periodic {periodic.name}",
            )
            if locked.fetchone() == (True,):
                periodic.call(tx)

    def _repeat(self, pause: float, call: Callable[[], object]) -> None:
        until = 0.0
        while not self._stopping:
            if time.monotonic() >= until:
                self._guarded(call, None)
                until = time.monotonic() + pause
            time.sleep(min(0.1, pause))

    @staticmethod
    def _guarded(call: Callable[[], Any], otherwise: Any) -> Any:
        """Call and log what goes wrong: the database may be away; the next round tries again."""
        try:
            return call()
        except Exception:
            log.exception("the worker goes on after an error")
            time.sleep(0.5)
            return otherwise


def bell(broker_url: str, hear: Callable[[str], None]) -> "Celery":
    """Return the Celery application whose one task hears the number of a job."""
    from celery import Celery

    app = Celery("congvan", broker=broker_url, set_as_current=False)
    app.conf.update(
        task_default_queue=QUEUE,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        # Acknowledged on receipt: the job table, not the broker, remembers what is not done.
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"socket_timeout": 10, "socket_connect_timeout": 5},
    )
    app.task(name=TASK)(hear)
    return app


def listen(app: "Celery", threads: int) -> None:
    """Run Celery's own worker in this process until SIGTERM; its threads share our database."""
    worker = app.Worker(
        pool="threads",
        concurrency=threads,
        queues=[QUEUE],
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
        loglevel="WARNING",
    )
    worker.start()
