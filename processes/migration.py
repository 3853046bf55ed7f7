"""Running work carried over to another version of its procedure (chuyển hồ sơ sang bản mới).

Seen beforehand run by run, then done in the background: each run in a transaction of its own, so an
interruption leaves every run wholly old or wholly new and the job goes on where it stopped. While a
run has not moved since, it can be returned in one act.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine import jobs
from engine.database import Transaction
from engine.definition import Definition
from engine.errors import NotFound, OfficeError
from engine.instance import InstanceStatus, ProcessInstance
from processes import foresight, second_person
from processes.foresight import Comparison, Foreseen
from processes.means import Means
from processes.second_person import Proposal, ProposalStatus, reasoned
from records import journal
from records.authority import Act, authorize
from records.record import GuardedRecord, Record

#: the job that carries the runs of one migration over, or returns them
MIGRATION_JOB = "migrate_runs"
#: the job that tries one run once more at which the program failed
RUN_JOB = "migrate_run"


class MigrationStatus(StrEnum):
    """Where a migration is."""

    RUNNING = "running"
    DONE = "done"
    RETURNING = "returning"
    RETURNED = "returned"


class RunStatus(StrEnum):
    """What became of one run."""

    WAITING = "waiting"
    CARRIED = "carried"
    REFUSED = "refused"
    RETURNED = "returned"
    STAYED = "stayed"


class Migration(GuardedRecord):
    """Runs of a procedure carried over to one version (đợt chuyển hồ sơ).

    `table` names for a step of the old diagram the step of the new one that takes its place.
    """

    __tablename__ = "migration"
    called = ("đợt chuyển hồ sơ", "migration")

    key: Mapped[str]
    definition_id: Mapped[UUID] = mapped_column(sa.ForeignKey("definition.id"))
    table: Mapped[dict[str, Any]]
    reason: Mapped[str]
    facts: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(default=MigrationStatus.RUNNING.value)
    started_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("officer.id"))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class MigrationRun(Record):
    """One run of a migration, what became of it, and why in both languages."""

    __tablename__ = "migration_run"
    called = ("hồ sơ trong đợt chuyển", "run of a migration")
    __table_args__ = (sa.UniqueConstraint("migration_id", "instance_id"),)

    migration_id: Mapped[UUID] = mapped_column(sa.ForeignKey("migration.id"))
    instance_id: Mapped[UUID] = mapped_column(sa.ForeignKey("process_instance.id"))
    status: Mapped[str] = mapped_column(default=RunStatus.WAITING.value)
    vi: Mapped[str] = mapped_column(default="")
    en: Mapped[str] = mapped_column(default="")


class NothingToCarry(OfficeError):
    """No run stands on another version (không có hồ sơ nào để chuyển)."""

    code = "nothing-to-carry"
    status = 409
    vi = "Không có hồ sơ đang chạy nào ở phiên bản khác để chuyển sang bản {number}."
    en = "No run is on another version, so there is nothing to carry over to version {number}."


class StillCarrying(OfficeError):
    """The migration is still at work, or was returned (đợt chuyển chưa xong hoặc đã trả về)."""

    code = "still-carrying"
    status = 409
    vi = "Đợt chuyển này đang chạy hoặc đã được trả về. Tải lại trang để xem kết quả."
    en = "This migration is still at work or was returned. Reload the page to see how it went."


class AnotherCarrying(OfficeError):
    """Runs of the procedure are being carried over already (đang có đợt chuyển khác)."""

    code = "another-carrying"
    status = 409
    vi = (
        "Một đợt chuyển khác của quy trình này chưa xong. Chờ đợt đó xong rồi chuyển tiếp; đợt bị "
        "dừng lâu thì báo quản trị vận hành."
    )
    en = (
        "Another migration of this procedure is not done yet. Wait until it is; tell the operator "
        "where it does not go on."
    )


@dataclass(frozen=True, slots=True)
class MigrateRuns:
    """The command: which procedure, to which version, by which table, and why."""

    key: str
    number: int
    reason: str
    table: Mapping[str, str]


def version_of(tx: Transaction, key: str, number: int) -> Definition:
    """Return one version of a procedure of the acting agency; raises `NotFound`."""
    found = tx.scalar(
        sa.select(Definition).where(
            Definition.agency_id == tx.acting.agency_id,
            Definition.key == key,
            Definition.number == number,
        )
    )
    if found is None:
        raise NotFound(what=f"phiên bản {number} của quy trình «{key}»")
    return found


def _elsewhere(tx: Transaction, definition: Definition) -> Sequence[ProcessInstance]:
    """Return the runs of the same procedure that stand on another version."""
    return tx.scalars(
        sa.select(ProcessInstance)
        .join(Definition, Definition.id == ProcessInstance.definition_id)
        .where(
            Definition.agency_id == definition.agency_id,
            Definition.key == definition.key,
            Definition.id != definition.id,
            ProcessInstance.status.in_(
                [InstanceStatus.RUNNING, InstanceStatus.INCIDENT, InstanceStatus.SUSPENDED]
            ),
        )
        .order_by(ProcessInstance.started_at, ProcessInstance.id)
    )


def foresee(
    tx: Transaction, means: Means, key: str, number: int, table: Mapping[str, str]
) -> list[Foreseen]:
    """Return run by run what a migration would change, writing nothing; raises `NoRight`."""
    authorize(tx.acting, Act.MIGRATE_PROCESS)
    definition = version_of(tx, key, number)
    return foresight.foresee(tx, means, definition.id, _elsewhere(tx, definition), table)


# doing it ----------------------------------------------------------------------------------------


def migrate(tx: Transaction, means: Means, command: MigrateRuns) -> Migration | Proposal:
    """Begin to carry all running work over to one version, or propose it to a second person.

    Raises `NoRight`, `ReasonMissing`, `NotFound`, `NothingToCarry`, `AnotherCarrying`.
    """
    authorize(tx.acting, Act.MIGRATE_PROCESS)
    reason = reasoned(command.reason)
    definition = version_of(tx, command.key, command.number)
    if second_person.is_wanted(tx, Act.MIGRATE_PROCESS):
        foreseen = foresee(tx, means, command.key, command.number, command.table)
        if not foreseen:
            raise NothingToCarry(number=definition.number)
        order = {
            "key": command.key, "number": command.number, "table": dict(command.table),
            "foreseen": foresight.to_json(foreseen),
        }  # fmt: skip
        return second_person.propose(
            tx, Act.MIGRATE_PROCESS, "migrate", definition.id, order, reason
        )
    return _begin(tx, definition, command.table, reason, {})


def compared(tx: Transaction, means: Means, proposal: Proposal) -> Comparison:
    """Return what was foreseen when a migration was proposed beside what would happen now.

    For who may decide on the proposal or made it, whatever he may do himself.
    """
    assert proposal.kind == "migrate"
    order = proposal.order
    then = foresight.from_json(order.get("foreseen", ()))
    if proposal.status != ProposalStatus.WAITING:
        return Comparison(then, then)
    definition = version_of(tx, order["key"], order["number"])
    runs = _elsewhere(tx, definition)
    now = foresight.foresee(tx, means, definition.id, runs, order["table"])
    return foresight.compare(then, now)


def _agreed(tx: Transaction, _means: Means, proposal: Proposal) -> None:
    order = proposal.order
    definition = version_of(tx, order["key"], order["number"])
    told = second_person.told(tx, proposal)
    facts = {k: str(v) for k, v in told.items()}
    _begin(tx, definition, order["table"], proposal.reason, facts)


second_person.CARRIED_OUT["migrate"] = _agreed


def _begin(
    tx: Transaction,
    definition: Definition,
    table: Mapping[str, str],
    reason: str,
    facts: dict[str, Any],
) -> Migration:
    begun = _at_work(tx, definition)
    if begun is not None:
        if (begun.definition_id, begun.table) == (definition.id, dict(table)):
            return begun  # asked for twice: a second click, a second tab
        raise AnotherCarrying
    runs = _elsewhere(tx, definition)
    if not runs:
        raise NothingToCarry(number=definition.number)
    made = tx.add(
        Migration(
            agency_id=definition.agency_id,
            key=definition.key,
            definition_id=definition.id,
            table=dict(table),
            reason=reason,
            facts=facts,
            started_by=tx.acting.officer_id,
            started_at=tx.now,
        )
    )
    tx.flush()
    for run in runs:
        tx.add(MigrationRun(agency_id=run.agency_id, migration_id=made.id, instance_id=run.id))
    journal.record(
        tx, "migrate_process", "definition", definition.id, migration=made.id, key=definition.key,
        number=definition.number, runs=len(runs), table=dict(table), reason=reason,
    )  # fmt: skip
    _post(tx, made)
    return made


def _at_work(tx: Transaction, definition: Definition) -> Migration | None:
    """Return the migration of the procedure that is not done; two begun at once wait in line."""
    of_procedure = (Definition.agency_id == definition.agency_id, Definition.key == definition.key)
    tx.scalar(sa.select(Definition).where(*of_procedure, Definition.is_current).with_for_update())
    return tx.scalar(
        sa.select(Migration)
        .where(
            Migration.agency_id == definition.agency_id,
            Migration.key == definition.key,
            Migration.status.in_([MigrationStatus.RUNNING, MigrationStatus.RETURNING]),
        )
        .limit(1)
    )


def give_back(tx: Transaction, migration_id: UUID, reason: str) -> Migration:
    """Begin to return the runs of a migration that have not moved since.

    Raises `NoRight`, `ReasonMissing`, `StillCarrying`.
    """
    found = tx.get(Migration, migration_id, lock=True)
    authorize(tx.acting, Act.MIGRATE_PROCESS)
    if found.status != MigrationStatus.DONE:
        raise StillCarrying
    found.status = MigrationStatus.RETURNING.value
    found.facts = {
        **found.facts, "returned_reason": reasoned(reason),
        "returned_by": str(tx.acting.officer_id),
    }  # fmt: skip
    found.ended_at = None
    journal.record(tx, "return_migration", "definition", found.definition_id,
                   migration=found.id, reason=reason.strip())  # fmt: skip
    _post(tx, found)
    return found


def _post(tx: Transaction, found: Migration) -> None:
    payload = {"migration": str(found.id), "status": found.status}
    key = f"{MIGRATION_JOB}:{found.id}:{found.status}"
    jobs.post(tx, MIGRATION_JOB, payload, key=key, agency_id=found.agency_id)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A migration with how many runs went which way, and those that did not go over."""

    migration: Migration
    counts: dict[str, int]
    refused: list[MigrationRun]


def outcome(tx: Transaction, migration_id: UUID) -> Outcome:
    """Return how a migration went so far; raises `NotFound`, `NoRight`."""
    found = tx.get(Migration, migration_id)
    authorize(tx.acting, Act.MIGRATE_PROCESS)
    counts = {
        status: int(count)
        for status, count in tx.rows(
            sa.select(MigrationRun.status, sa.func.count(MigrationRun.id))
            .where(MigrationRun.migration_id == migration_id)
            .group_by(MigrationRun.status)
        )
    }
    refused = tx.scalars(
        sa.select(MigrationRun)
        .where(MigrationRun.migration_id == migration_id, MigrationRun.vi != "")
        .order_by(MigrationRun.id)
        .limit(200)
    )
    return Outcome(found, counts, refused)


def migrations(tx: Transaction, key: str) -> list[Migration]:
    """Return the migrations of a procedure, newest first."""
    authorize(tx.acting, Act.MIGRATE_PROCESS)
    return tx.scalars(
        sa.select(Migration)
        .where(Migration.agency_id == tx.acting.agency_id, Migration.key == key)
        .order_by(Migration.started_at.desc())
        .limit(20)
    )
