"""The job that carries running work over, or returns it (chuyển hồ sơ ở nền): run by run.

Each run goes in a transaction of its own, under the job's lease: who takes an interrupted job up
finds every run wholly old or wholly new and goes on with the next. A run at which the program fails
keeps no other from going: it stays where it is and has a job of its own, which is tried again and
becomes an incident.
"""

import logging
from uuid import UUID

import psycopg
import sqlalchemy as sa

from engine import jobs, steering
from engine.database import Query, Transaction
from engine.definition import Definition
from engine.errors import OfficeError, Stale, StorageFull, Unavailable
from engine.handlers import Errand, Handlers
from engine.instance import ProcessInstance, Suspended
from engine.jobs import ClaimedJob, LeaseLost
from engine.machine import NotWaiting
from engine.migration import NotMigratable
from engine.steering import MovedOn
from processes.means import Means
from processes.migration import (
    MIGRATION_JOB,
    RUN_JOB,
    Migration,
    MigrationRun,
    MigrationStatus,
    RunStatus,
)
from processes.next_authority import NobodyToAsk

log = logging.getLogger(__name__)


class ProgramFailed(OfficeError):
    """The program failed at this run (lỗi chương trình); the others went on."""

    code = "program-failed"
    status = 409
    vi = (
        "Chương trình gặp lỗi khi chuyển hồ sơ này ({fault}); hồ sơ vẫn ở nguyên chỗ cũ. Hệ thống "
        "tự thử lại; nếu vẫn lỗi thì báo sự cố cho người vận hành, khắc phục xong bấm thử lại."
    )
    en = (
        "The program failed at this run ({fault}); it stays where it was. It is tried again and "
        "becomes an incident; the operator retries it once the cause is mended."
    )


def add_handlers(handlers: Handlers, means: Means) -> None:
    """Tell the worker how running work is carried over."""
    handlers.outside(MIGRATION_JOB, lambda errand, job: carry_runs(errand, means, job))
    handlers.outside(RUN_JOB, lambda errand, job: carry_again(errand, means, job))


_NEXT = Query(
    sa.select(MigrationRun)
    .where(
        MigrationRun.migration_id == sa.bindparam("migration"),
        MigrationRun.status == sa.bindparam("status"),
    )
    .order_by(MigrationRun.id)
    .limit(1)
    .with_for_update()
)


#: why a run stays where it is
_REFUSALS = (NotMigratable, NotWaiting, Suspended, MovedOn, NobodyToAsk)
#: what no run is to blame for: the whole job is tried again
_OF_THE_JOB = (
    LeaseLost, Stale, StorageFull, Unavailable, sa.exc.OperationalError, psycopg.OperationalError,
)  # fmt: skip


def carry_runs(errand: Errand, means: Means, job: ClaimedJob) -> None:
    """Carry the runs of a migration over one by one, or return them, each in its transaction."""
    identity = UUID(job.payload["migration"])
    returning = job.payload["status"] == MigrationStatus.RETURNING
    wanted = RunStatus.CARRIED if returning else RunStatus.WAITING
    while _next(errand, means, identity, wanted):
        pass
    with errand.finish() as tx:
        whole = tx.get(Migration, identity, lock=True)
        whole.status = (MigrationStatus.RETURNED if returning else MigrationStatus.DONE).value
        whole.ended_at = tx.now


def _next(errand: Errand, means: Means, identity: UUID, wanted: RunStatus) -> bool:
    """Carry the next run over, or return it; return whether there was one.

    What refuses takes back all that was begun with the run, and is noted in a transaction after.
    """
    row: MigrationRun | None = None
    try:
        with errand.transaction() as tx:
            row = tx.scalar(_NEXT, migration=identity, status=wanted.value)
            if row is None:
                return False
            whole = tx.get(Migration, identity)
            (_return_one if wanted is RunStatus.CARRIED else _carry_one)(tx, means, whole, row)
    except _REFUSALS as error:
        assert row is not None
        with errand.transaction() as tx:
            _told(tx.get(MigrationRun, row.id, lock=True), _LEFT[wanted], error)
    except _OF_THE_JOB:
        raise
    except Exception as fault:
        if row is None:
            raise
        log.warning("migration %s failed at %s", identity, row.instance_id, exc_info=True)
        with errand.transaction() as tx:
            left = tx.get(MigrationRun, row.id, lock=True)
            _told(left, _LEFT[wanted], ProgramFailed(fault=type(fault).__name__))
            payload = {"run": str(left.id), "wanted": wanted.value}
            jobs.post(tx, RUN_JOB, payload, agency_id=left.agency_id)
    return True


def carry_again(errand: Errand, means: Means, job: ClaimedJob) -> None:
    """Carry one run over, or return it, at which the program failed before.

    A run that went over meanwhile, or whose migration was returned since, is left alone.
    """
    wanted, identity = RunStatus(job.payload["wanted"]), UUID(job.payload["run"])
    try:
        with errand.finish() as tx:
            row = tx.get(MigrationRun, identity, lock=True)
            whole = tx.get(Migration, row.migration_id, lock=True)
            if row.status == _LEFT[wanted] and whole.status in _WHILE[wanted]:
                (_return_one if wanted is RunStatus.CARRIED else _carry_one)(tx, means, whole, row)
                row.vi = row.en = ""
    except _REFUSALS as error:
        with errand.finish() as tx:
            _told(tx.get(MigrationRun, identity, lock=True), _LEFT[wanted], error)


#: what becomes of a run that does not go, by where it stood before
_LEFT = {RunStatus.WAITING: RunStatus.REFUSED, RunStatus.CARRIED: RunStatus.STAYED}
#: where a migration may be while such a run is tried again
_WHILE = {
    RunStatus.WAITING: (MigrationStatus.RUNNING, MigrationStatus.DONE),
    RunStatus.CARRIED: (MigrationStatus.RETURNING, MigrationStatus.RETURNED),
}


def _carry_one(tx: Transaction, means: Means, whole: Migration, row: MigrationRun) -> None:
    run = tx.get(ProcessInstance, row.instance_id, lock=True)
    definition = tx.get(Definition, whole.definition_id)
    facts = {"reason": whole.reason, "migration": whole.id, "started_by": whole.started_by}
    facts |= whole.facts
    steering.migrate(tx, means.desk, run, definition, whole.table, facts)
    row.status = RunStatus.CARRIED.value


def _return_one(tx: Transaction, means: Means, whole: Migration, row: MigrationRun) -> None:
    run = tx.get(ProcessInstance, row.instance_id, lock=True)
    facts = {
        "reason": whole.facts["returned_reason"], "migration": whole.id,
        "started_by": whole.facts.get("returned_by"),
    }  # fmt: skip
    steering.give_back(tx, means.desk, run, facts)
    row.status = RunStatus.RETURNED.value


def _told(row: MigrationRun, status: RunStatus, error: OfficeError) -> None:
    row.status = status.value
    row.vi, row.en = error.text("vi"), error.text("en")
