"""The job that carries running work over, or returns it (chuyển hồ sơ ở nền): run by run.

Each run goes in a transaction of its own, under the job's lease: who takes an interrupted job up
finds every run wholly old or wholly new and goes on with the next.
"""

from uuid import UUID

import sqlalchemy as sa

from engine import steering
from engine.database import Query, Transaction
from engine.definition import Definition
from engine.errors import OfficeError
from engine.handlers import Errand, Handlers
from engine.instance import ProcessInstance, Suspended
from engine.jobs import ClaimedJob
from engine.machine import NotWaiting
from engine.migration import NotMigratable
from engine.steering import MovedOn
from processes.means import Means
from processes.migration import (
    MIGRATION_JOB,
    Migration,
    MigrationRun,
    MigrationStatus,
    RunStatus,
)
from processes.next_authority import NobodyToAsk


def add_handlers(handlers: Handlers, means: Means) -> None:
    """Tell the worker how running work is carried over."""
    handlers.outside(MIGRATION_JOB, lambda errand, job: carry_runs(errand, means, job))


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


#: why a run stays where it is; whatever else goes wrong is the job's, which is tried again
_REFUSALS = (NotMigratable, NotWaiting, Suspended, MovedOn, NobodyToAsk)


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
            left = tx.get(MigrationRun, row.id, lock=True)
            stays = RunStatus.STAYED if wanted is RunStatus.CARRIED else RunStatus.REFUSED
            _told(left, stays, error)
    return True


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
