"""Claims jobs, carries them out and keeps their leases while they run (người thực hiện việc nền).

One `Runner` a process; any number of its threads may call `carry_out` at the same time.
"""

import logging
import threading
import time
from uuid import UUID

from engine import jobs
from engine.database import Database
from engine.errors import OfficeError
from engine.handlers import Handlers, execute
from engine.jobs import ClaimedJob

log = logging.getLogger(__name__)

#: seconds a claim lasts unless renewed; a job of a killed worker waits that long
LEASE = 20.0


class Runner:
    """The jobs this process holds, under the name that fences them."""

    def __init__(
        self, database: Database, handlers: Handlers, *, name: str, lease: float = LEASE
    ) -> None:
        self.database = database
        self.handlers = handlers
        self.name = name
        self.lease = lease
        self._held: dict[UUID, tuple[ClaimedJob, float]] = {}
        self._lock = threading.Lock()

    def claim(self, limit: int) -> list[ClaimedJob]:
        """Take up to `limit` due jobs of any kind; of each lane at most one."""
        found = self.claim_work(limit)
        return found + (self.claim_waiting(limit - len(found)) if len(found) < limit else [])

    def claim_waiting(self, limit: int) -> list[ClaimedJob]:
        """Take up to `limit` due jobs of the kinds that mostly wait for others."""
        with self.database.transaction() as tx:
            kinds = self.handlers.waiting_kinds
            found = jobs.claim(tx, self.name, kinds, limit, lease=self.lease)
        return self._hold(found)

    def claim_work(self, limit: int) -> list[ClaimedJob]:
        """Take up to `limit` due jobs of the other kinds."""
        with self.database.transaction() as tx:
            found = jobs.claim(tx, self.name, self.handlers.free_kinds, limit, lease=self.lease)
            for lane, kinds in self.handlers.lanes.items():
                if len(found) < limit and jobs.enter_lane(tx, lane, kinds):
                    found += jobs.claim(tx, self.name, kinds, 1, lease=self.lease)
        return self._hold(found)

    def claim_one(self, job_id: UUID) -> ClaimedJob | None:
        """Take this job if it is due, known here and its lane is free."""
        with self.database.transaction() as tx:
            row = tx.execute("SELECT kind FROM job WHERE id = %s", job_id).fetchone()
            if row is None or row[0] not in self.handlers:
                return None
            lane = self.handlers[row[0]].lane
            if lane and not jobs.enter_lane(tx, lane, self.handlers.lanes[lane]):
                jobs.unring(tx, job_id)
                return None
            found = jobs.claim_one(tx, self.name, job_id, lease=self.lease)
        self._hold([found] if found else [])
        return found

    def carry_out(self, job: ClaimedJob) -> None:
        """Carry out a claimed job; returns when it is done, failed or lost."""
        try:
            execute(self.database, self.handlers, job)
        except OfficeError as error:
            # The database is away: the lease runs out and the job comes back.
            log.warning("job %s (%s) is left to its lease: %s", job.id, job.kind, error)
        finally:
            with self._lock:
                self._held.pop(job.id, None)

    def keep_leases(self) -> None:
        """Renew the leases of what runs here, except what took longer than its kind may."""
        now = time.monotonic()
        with self._lock:
            kept = [
                job
                for job, since in self._held.values()
                if now - since < self.handlers[job.kind].limit.total_seconds()
            ]
        if kept:
            with self.database.transaction() as tx:
                held = jobs.extend(tx, kept, lease=self.lease)
            for job in kept:
                if job.id not in held and job.id in self._held:
                    log.warning("job %s (%s) is no longer ours", job.id, job.kind)

    def _hold(self, found: list[ClaimedJob]) -> list[ClaimedJob]:
        with self._lock:
            self._held.update({job.id: (job, time.monotonic()) for job in found})
        return found
