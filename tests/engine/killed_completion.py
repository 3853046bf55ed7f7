"""Completes one work item and dies by SIGKILL right after its n-th SQL statement."""

import importlib
import os
import pkgutil
import signal
import sys
from uuid import UUID

import records
from engine import wire
from engine.database import Database

for module in pkgutil.walk_packages(records.__path__, "records."):  # the table of agencies
    importlib.import_module(module.name)

import plain_office as office  # noqa: E402 - beside this file
from single_statements import singly  # noqa: E402


def main(url: str, agency: str, item: str, point: int) -> None:
    database = Database(url)
    with database.transaction():  # what a pool does at its first connection
        pass
    count = 0

    def die(_text: str) -> None:
        nonlocal count
        count += 1
        if count == point:
            os.kill(os.getpid(), signal.SIGKILL)

    wire._converse = singly(die)
    office.complete(database, UUID(agency), UUID(item), xs=["p"])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
