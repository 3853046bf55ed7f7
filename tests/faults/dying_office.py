"""A process that forks offices on request and has them die by SIGKILL at a chosen point.

Requests come pickled on standard input; the answers say how each fork ended: killed, done, or what
it refused. Everything that runs is the product's own: a lone office dies after its n-th exchange
with the server, one of a crowd between taking a number and telling anybody.
"""

import contextlib
import logging
import os
import pickle
import select
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from single_statements import singly

from engine import jobs, steering, wire
from engine.database import Acting, Query, Transaction
from engine.definition import Definition
from engine.errors import OfficeError, Unavailable
from engine.handlers import Errand
from engine.instance import ProcessInstance
from engine.jobs import ClaimedJob
from office.office import Office
from office.runner import Runner
from processes import carrying, work_items
from processes.incoming.receive import ReceiveIncoming, receive
from processes.means import Means
from processes.migration import Migration, MigrationRun, RunStatus
from processes.outgoing.begin import begin
from processes.work_items import CompleteItem
from records import register
from records.register import RegisterSeries

#: how the server knows the connections of these processes
NAME = "dying office"

KILLED, DONE, REFUSED, IDLE, BUSY = "killed", "done", "refused", "idle", "busy"
_CODES = {DONE: 0, REFUSED: 3, IDLE: 4, BUSY: 5}


#: None begins an outgoing document
Command = CompleteItem | ReceiveIncoming | None


@dataclass(frozen=True)
class Request:
    """What to do, and after which statement to die; `kind` claims and carries out one job.

    `cold` begins with nothing remembered: what starts threads cannot be tried before a fork.
    """

    point: int
    acting: Acting = field(default_factory=Acting)
    command: Command = None
    kind: str = ""
    cold: bool = False
    #: seconds until it is killed from outside, wherever it is then
    patience: float | None = None
    #: the negative control: a run is noted as carried over in one transaction, carried in the next
    torn: bool = False


class Death(StrEnum):
    """Where one of a crowd dies: its number taken, or written, or committed and not yet told."""

    NEVER = "never"
    TAKEN = "taken"
    WRITTEN = "written"
    COMMITTED = "committed"


@dataclass(frozen=True)
class Crowd:
    """Commands carried out at the same moment, each in a process of its own.

    `counting` is the negative control: the next number is the highest one + 1, and no row is locked.
    """

    acting: Acting
    commands: Sequence[tuple[CompleteItem, Death]]
    counting: bool = False


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# -- one alone --------------------------------------------------------------------------------------


def carry_out(office: Office, tx: Transaction, command: Command) -> None:
    if isinstance(command, CompleteItem):
        work_items.complete(tx, office.means, command)
    elif isinstance(command, ReceiveIncoming):
        receive(tx, office.means, command)
    else:
        begin(tx, office.means)


def do_job(office: Office, kind: str) -> str:
    runner = Runner(office.database, office.handlers(), name=f"dying:{os.getpid()}", lease=0)
    with office.database.transaction() as tx:
        found = jobs.claim(tx, runner.name, [kind], 1, lease=0)
    for job in found:
        runner.carry_out(job)
    return DONE if found else IDLE


def die_after(point: int) -> None:
    """Have this process die after its n-th statement."""
    count = 0

    def count_down(_text: str) -> None:
        nonlocal count
        count += 1
        if count == point:
            die()

    wire._converse = singly(count_down)


def carry_in_two(errand: Errand, means: Means, job: ClaimedJob) -> None:
    """Carry runs over as one must not: note each first, carry it in a transaction of its own."""
    migration = UUID(job.payload["migration"])
    with errand.transaction() as tx:
        left = "SELECT id FROM migration_run WHERE migration_id = %s AND status = %s"
        rows = tx.execute(left, migration, RunStatus.WAITING.value).fetchall()
    for (identity,) in rows:
        with errand.transaction() as tx:
            row = tx.get(MigrationRun, identity, lock=True)
            row.status, instance = RunStatus.CARRIED.value, row.instance_id
        with errand.transaction() as tx:
            run = tx.get(ProcessInstance, instance, lock=True)
            whole = tx.get(Migration, migration)
            definition = tx.get(Definition, whole.definition_id)
            with contextlib.suppress(OfficeError):
                steering.migrate(tx, means.desk, run, definition, whole.table, {})


def alone(office: Office, request: Request) -> str:
    die_after(request.point)
    if request.torn:
        carrying.carry_runs = carry_in_two
    if request.kind:
        return do_job(office, request.kind)
    with office.database.transaction(request.acting) as tx:
        carry_out(office, tx, request.command)
    return DONE


# -- a crowd ----------------------------------------------------------------------------------------


def count_up() -> None:
    """Number as one must not: look for the highest and add one."""
    unlocked = sa.select(RegisterSeries).where(
        RegisterSeries.register_id == sa.bindparam("register", type_=sa.Uuid()),
        RegisterSeries.year == sa.bindparam("year", type_=sa.BigInteger()),
        RegisterSeries.key == sa.bindparam("key", type_=sa.Text()),
    )

    def highest(tx: Transaction, series: RegisterSeries, _at: object) -> int:
        asked = "SELECT coalesce(max(number), 0) + 1 FROM register_entry WHERE series_id = %s"
        return tx.execute(asked, series.id).fetchone()[0]

    register._SERIES = Query(unlocked)
    register.take_number = highest


def take(office: Office, acting: Acting, command: CompleteItem, death: Death) -> str:
    with office.database.transaction(acting) as tx:
        work_items.complete(tx, office.means, command)
        if death is Death.TAKEN:
            die()
        if death is Death.WRITTEN:
            tx.flush()
            die()
    if death is Death.COMMITTED:
        die()
    return DONE


def together(office: Office, crowd: Crowd) -> list[str]:
    """Have all open their connection first, then begin at once."""
    ready, tell_ready = os.pipe()
    gate, hold_gate = os.pipe()

    def waiting(command: CompleteItem, death: Death) -> Callable[[], str]:
        def act() -> str:
            if crowd.counting:
                count_up()
            os.close(hold_gate)
            os.write(tell_ready, b".")
            os.close(tell_ready)
            os.read(gate, 1)  # nothing is ever written: it ends when the gate is let go
            return take(office, crowd.acting, command, death)

        return act

    children = [fork(office, waiting(*each)) for each in crowd.commands]
    os.close(tell_ready)
    for _ in children:
        os.read(ready, 1)
    os.close(hold_gate)
    answers = [ended(child) for child in children]
    os.close(ready)
    os.close(gate)
    return answers


# -- the process ------------------------------------------------------------------------------------


class TakenBack(Exception):
    """What was done to warm up shall not stay."""


def warm_up(office: Office, asked: Request | Crowd) -> None:
    """Do it once and take it back: a fork then starts with what a process at work remembers."""
    command = asked.commands[0][0] if isinstance(asked, Crowd) else asked.command
    with contextlib.suppress(TakenBack), office.database.transaction(asked.acting) as tx:
        carry_out(office, tx, command)
        raise TakenBack
    office.database.dispose()
    threads = list(Path("/proc/self/task").iterdir())
    assert len(threads) == 1, "a fork would wait for threads it does not have"


def fork(office: Office, act: Callable[[], str]) -> int:
    child = os.fork()
    if child:
        return child
    answer = REFUSED
    try:
        with office.database.transaction() as tx:
            tx.execute("SELECT 1")  # what a pool does at its first connection is done
        answer = act()
    except Unavailable:
        answer = BUSY
    except BaseException:  # noqa: BLE001 - how it ended is the answer
        traceback.print_exc()
    os._exit(_CODES[answer])


def ended(child: int, patience: float | None = None) -> str:
    """Return how a fork ended; one still there when the patience runs out is killed."""
    if patience is not None:
        watched = os.pidfd_open(child)
        if not select.select([watched], [], [], patience)[0]:
            os.kill(child, signal.SIGKILL)
        os.close(watched)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        return KILLED
    return next(name for name, code in _CODES.items() if code == os.WEXITSTATUS(status))


def main() -> None:
    logging.disable(logging.CRITICAL)
    os.environ["PGAPPNAME"] = NAME
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    office = Office.open(pickle.load(incoming))
    while True:
        try:
            asked = pickle.load(incoming)
        except EOFError:
            return
        if isinstance(asked, Crowd):
            warm_up(office, asked)
            answer: Any = together(office, asked)
        else:
            if asked.point == 1 and not asked.kind and not asked.cold:
                warm_up(office, asked)
            child = fork(office, lambda asked=asked: alone(office, asked))
            answer = ended(child, asked.patience)
        pickle.dump(answer, outgoing)
        outgoing.flush()


if __name__ == "__main__":
    # what is pickled by the tests is named after this module, not after `__main__`
    sys.modules["dying_office"] = sys.modules["__main__"]
    main()
