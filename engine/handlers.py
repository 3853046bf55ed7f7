"""How jobs are carried out: a registry of handlers and the execution of one attempt (bộ xử lý).

A handler has one of two shapes. `in_transaction(tx, job)` changes the database only: its effect and
the word `done` commit together. `outside(errand, job)` works long or talks to the world: it runs
without a transaction and ends with a short one, `errand.finish()`, that commits only while the job
is still ours. What it does outside carries `job.id` as its idempotency key.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from engine import jobs
from engine.backoff import Backoff, Patience
from engine.database import SYSTEM, Acting, Database, Transaction
from engine.errors import Stale
from engine.jobs import ClaimedJob, LeaseLost

log = logging.getLogger(__name__)

#: somebody changed a record in between: not the job's fault, tried again at once this many times
STALE_TRIES = 5


class GiveUp(Exception):
    """The handler knows that trying again cannot help; the job becomes an incident at once.

    `also` is written with the incident, in one transaction of the job's agency.
    """

    def __init__(self, *words: object, also: Callable[[Transaction], None] | None = None) -> None:
        super().__init__(*words)
        self.also = also


class Later(Exception):
    """The handler cannot begin now, through no fault of the job; no attempt is used up."""

    def __init__(self, pause: timedelta) -> None:
        super().__init__(pause)
        self.pause = pause


class Errand:
    """What an `outside` handler works with: the job's agency, its database, its end."""

    def __init__(self, database: Database, job: ClaimedJob, *, forget: bool = False) -> None:
        self.database = database
        self.job = job
        self.forget = forget
        self.acting = acting_for(job)
        self.finished = False

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction on the way; raises `LeaseLost` when the job is no longer ours."""
        with self.database.transaction(self.acting) as tx:
            jobs.hold(tx, self.job)
            yield tx

    @contextmanager
    def finish(self) -> Iterator[Transaction]:
        """Open the last transaction: its effect and `done` commit together, or neither does."""
        with self.database.transaction(self.acting) as tx:
            jobs.finish(tx, self.job, forget=self.forget)
            yield tx
        self.finished = True


InTransaction = Callable[[Transaction, ClaimedJob], object]
Outside = Callable[[Errand, ClaimedJob], object]


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind of job is carried out; of the kinds that share a `lane` one job runs at a time.

    `limit` is how long its lease is renewed: what takes longer is taken for hung and tried again.
    What `waits` mostly waits for others and has threads of its own.
    """

    kind: str
    run: Callable[[Database, ClaimedJob], None]
    lane: str | None
    limit: timedelta
    waits: bool = False


class Handlers:
    """The kinds of job this installation knows and how each is carried out."""

    def __init__(self) -> None:
        self._known: dict[str, Handler] = {}
        #: the kinds that are tried otherwise than the rest
        self.patience: dict[str, Backoff] = {}

    def in_transaction(
        self, kind: str, call: InTransaction, *, limit: timedelta = timedelta(minutes=1)
    ) -> None:
        """Have jobs of `kind` done by `call` within the transaction that finishes them."""

        def run(database: Database, job: ClaimedJob) -> None:
            for left in reversed(range(STALE_TRIES)):
                try:
                    with database.transaction(acting_for(job)) as tx:
                        jobs.finish(tx, job)
                        call(tx, job)
                except Stale:
                    if not left:
                        raise
                else:
                    return

        self._add(Handler(kind, run, None, limit))

    def outside(
        self,
        kind: str,
        call: Outside,
        *,
        lane: str | None = None,
        limit: timedelta = timedelta(minutes=10),
        forget: bool = False,
        waits: bool = False,
        backoff: Backoff | None = None,
    ) -> None:
        """Have jobs of `kind` done by `call` outside any transaction.

        `forget` those that are done at once: a job posted again and again says nothing afterwards.
        """

        def run(database: Database, job: ClaimedJob) -> None:
            errand = Errand(database, job, forget=forget)
            call(errand, job)
            if not errand.finished:
                with errand.finish():
                    pass

        self._add(Handler(kind, run, lane, limit, waits))
        if backoff is not None:
            self.patience[kind] = backoff

    def _add(self, handler: Handler) -> None:
        if handler.kind in self._known:
            raise ValueError(f"two handlers for jobs of kind {handler.kind!r}")
        self._known[handler.kind] = handler

    def __getitem__(self, kind: str) -> Handler:
        return self._known[kind]

    def __contains__(self, kind: object) -> bool:
        return kind in self._known

    @property
    def free_kinds(self) -> list[str]:
        """The kinds of which any number may run at the same time."""
        return [h.kind for h in self._known.values() if h.lane is None and not h.waits]

    @property
    def waiting_kinds(self) -> list[str]:
        """The kinds that mostly wait for others: they take no thread from those that work."""
        return [h.kind for h in self._known.values() if h.waits]

    @property
    def lanes(self) -> dict[str, list[str]]:
        """The kinds of each lane."""
        found: dict[str, list[str]] = {}
        for handler in self._known.values():
            if handler.lane is not None:
                found.setdefault(handler.lane, []).append(handler.kind)
        return found


def acting_for(job: ClaimedJob) -> Acting:
    """The machine acts in the agency of the job, bound to it as a person would be."""
    return SYSTEM if job.agency_id is None else Acting(agency_id=job.agency_id)


def execute(database: Database, handlers: Handlers, job: ClaimedJob) -> None:
    """Carry out one claimed attempt; what goes wrong is written on the job, never raised.

    Raises only when the database cannot be reached: the lease then runs out and the job is reaped.
    """
    try:
        handlers[job.kind].run(database, job)
    except LeaseLost:
        log.warning("job %s (%s) was lost to another worker", job.id, job.kind)
    except Later as put_off:
        with database.transaction() as tx:
            jobs.postpone(tx, job, put_off.pause)
    except GiveUp as error:
        _fail(database, job, str(error), handlers.patience, final=True, also=error.also)
    except Exception as error:
        log.warning("job %s (%s) failed", job.id, job.kind, exc_info=True)
        _fail(database, job, f"{type(error).__name__}: {error}", handlers.patience, final=False)


def _fail(
    database: Database,
    job: ClaimedJob,
    error: str,
    patience: Patience,
    *,
    final: bool,
    also: Callable[[Transaction], None] | None = None,
) -> None:
    try:
        with database.transaction(acting_for(job) if also else SYSTEM) as tx:
            jobs.fail(tx, job, error, patience, final=final)
            if also is not None:
                also(tx)
    except LeaseLost:
        log.warning("job %s (%s) was lost to another worker", job.id, job.kind)
