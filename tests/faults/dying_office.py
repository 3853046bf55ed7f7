"""A process that forks an office for each request and has it die by SIGKILL after statement n.

Requests come pickled on standard input; the answer says how the fork ended: killed, done, or what
it refused. Only the wire is hooked: everything that runs is the product's own.
"""

import logging
import os
import pickle
import signal
import sys
import traceback
from dataclasses import dataclass, field

from single_statements import singly

from engine import jobs, wire
from engine.database import Acting
from office.office import Office
from office.runner import Runner
from office.settings import Settings
from processes import work_items
from processes.incoming.receive import ReceiveIncoming, receive
from processes.outgoing.begin import begin
from processes.work_items import CompleteItem

KILLED, DONE, REFUSED, IDLE = "killed", "done", "refused", "idle"
_CODES = {0: DONE, 3: REFUSED, 4: IDLE}


@dataclass(frozen=True)
class Request:
    """What to do, and after which statement to die; `kind` claims and carries out one job."""

    point: int
    acting: Acting = field(default_factory=Acting)
    command: CompleteItem | ReceiveIncoming | None = None
    kind: str = ""


def perform(office: Office, request: Request) -> bool:
    database = office.database
    if request.kind:
        runner = Runner(database, office.handlers(), name=f"dying:{os.getpid()}", lease=0)
        with database.transaction() as tx:
            found = jobs.claim(tx, runner.name, [request.kind], 1, lease=0)
        for job in found:
            runner.carry_out(job)
        return bool(found)
    with database.transaction(request.acting) as tx:
        if isinstance(request.command, CompleteItem):
            work_items.complete(tx, office.means, request.command)
        elif isinstance(request.command, ReceiveIncoming):
            receive(tx, office.means, request.command)
        else:
            begin(tx, office.means)
    return True


def die_after(point: int) -> None:
    count = 0

    def die(_text: str) -> None:
        nonlocal count
        count += 1
        if count == point:
            os.kill(os.getpid(), signal.SIGKILL)

    wire._converse = singly(die)


def answer(settings: Settings, request: Request) -> str:
    child = os.fork()
    if child == 0:
        code = 3
        try:
            office = Office.open(settings)
            with office.database.transaction():  # what a pool does at its first connection
                pass
            die_after(request.point)
            code = 0 if perform(office, request) else 4
        except BaseException:  # noqa: BLE001 - how it ended is the answer
            traceback.print_exc()
        os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        return KILLED
    return _CODES[os.WEXITSTATUS(status)]


def main() -> None:
    logging.disable(logging.CRITICAL)
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    settings = pickle.load(incoming)
    while True:
        try:
            request = pickle.load(incoming)
        except EOFError:
            return
        pickle.dump(answer(settings, request), outgoing)
        outgoing.flush()


if __name__ == "__main__":
    # what is pickled by the tests is named after this module, not after `__main__`
    sys.modules["dying_office"] = sys.modules["__main__"]
    main()
