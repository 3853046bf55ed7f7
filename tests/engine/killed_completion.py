"""Completes one work item and dies by SIGKILL right after its n-th SQL statement."""

import importlib
import os
import pkgutil
import signal
import sys
from typing import Any
from uuid import UUID

import psycopg

import records
from engine.database import Database

for module in pkgutil.walk_packages(records.__path__, "records."):  # the table of agencies
    importlib.import_module(module.name)

import plain_office as office  # noqa: E402 - beside this file


def main(url: str, agency: str, item: str, point: int) -> None:
    database = Database(url)
    with database.transaction():  # what a pool does at its first connection
        pass
    plain = psycopg.Cursor.execute
    count = 0

    def execute(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal count
        result = plain(self, *args, **kwargs)
        count += 1
        if count == point:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    psycopg.Cursor.execute = execute  # type: ignore[method-assign]
    office.complete(database, UUID(agency), UUID(item), xs=["p"])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
