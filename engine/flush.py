"""One statement for all changes of a command (ghi một lần).

`plan` sorts inserts, updates and deletes of mapped records into the fewest data-modifying
statements: one, unless a row is deleted that could stand in the way of a new one; it goes first.
A unique value that an update frees can be taken only after it was flushed.
The text is built once per shape (which tables, which columns, how many rows) and cached, so the
server keeps it prepared. What it does is what a row-by-row flush would do, guards included: every
update and delete must meet exactly the row that was loaded, or the transaction raises `Stale`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from engine.wire import numbered

#: PostgreSQL's wire protocol counts parameters in 16 bits
MAX_PARAMETERS = 60_000


class Column(NamedTuple):
    """One written column: its name and the cast that pins the type of its parameter."""

    name: str
    cast: str


class Insert(NamedTuple):
    """Rows of one table that share their columns."""

    table: str
    columns: tuple[Column, ...]
    rows: int


class Update(NamedTuple):
    """One row of one table, found by its key and, where it has one, its version."""

    table: str
    columns: tuple[Column, ...]
    key: tuple[Column, ...]
    version: str | None


class Delete(NamedTuple):
    """One row of one table, found by its key and, where it has one, its version."""

    table: str
    key: tuple[Column, ...]
    version: str | None


class Discard(NamedTuple):
    """All rows of one table with these values, however many."""

    table: str
    where: tuple[Column, ...]


Shape = Insert | Update | Delete | Discard


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the statement with its parameters."""

    shape: Shape
    values: tuple[Any, ...]
    #: a row of the same table is inserted that this one could stand in the way of
    early: bool = False


#: the SQLSTATE of the function `congvan_stale` (a migration makes it)
STALE = "CV001"


@lru_cache(maxsize=2048)
def statement(shapes: tuple[Shape, ...]) -> str:
    """Return the text of one statement that carries out `shapes`.

    The server itself sees to the guards, with an error of state `STALE`, so that COMMIT can travel
    with the statement: it is skipped after an error.
    """
    parts = [f"s{i} AS ({_text(shape)}{_counted(shape)})" for i, shape in enumerate(shapes)]
    guards = [
        f"CASE (SELECT count(*) FROM s{i}) WHEN 1 THEN 1 ELSE congvan_stale('{shape.table}') END"
        for i, shape in enumerate(shapes)
        if isinstance(shape, Update | Delete)
    ]
    return numbered(f"WITH {', '.join(parts)} SELECT {', '.join(guards) or '1'}")


def _counted(shape: Shape) -> str:
    return " RETURNING 1" if isinstance(shape, Update | Delete) else ""


def _text(shape: Shape) -> str:
    if isinstance(shape, Insert):
        names = ", ".join(f'"{c.name}"' for c in shape.columns)
        row = "(" + ", ".join(f"%s{c.cast}" for c in shape.columns) + ")"
        return f'INSERT INTO "{shape.table}" ({names}) VALUES {", ".join([row] * shape.rows)}'
    key = shape.where if isinstance(shape, Discard) else shape.key
    where = " AND ".join(f'"{c.name}" = %s{c.cast}' for c in key)
    version = None if isinstance(shape, Discard) else shape.version
    if version:
        where += f' AND "{version}" = %s::bigint'
    if not isinstance(shape, Update):
        return f'DELETE FROM "{shape.table}" WHERE {where}'
    sets = ", ".join(f'"{c.name}" = %s{c.cast}' for c in shape.columns)
    if version:
        sets += f', "{version}" = "{version}" + 1'
    return f'UPDATE "{shape.table}" SET {sets} WHERE {where}'


def plan(steps: Iterable[Step]) -> list[list[Step]]:
    """Group `steps` into statements: those marked `early` first.

    Inserts of one shape are merged; foreign keys are checked by the server at the end of each
    statement, so the order within one does not matter. Where there must be several, new rows come
    in the order they were added, then what changes, then what goes.
    """
    merged: dict[tuple[str, tuple[Column, ...]], list[Step]] = {}
    changes: list[Step] = []
    early: list[Step] = []
    for step in steps:
        match step.shape:
            case Insert(table, columns, _):
                merged.setdefault((table, columns), []).append(step)
            case _:
                (early if step.early else changes).append(step)
    inserts = [piece for (t, c), rows in merged.items() for piece in _merge(t, c, rows)]
    statements = [early] if early else []
    return statements + _split([*inserts, *changes])


def _merge(table: str, columns: tuple[Column, ...], rows: Sequence[Step]) -> list[Step]:
    width = max(1, MAX_PARAMETERS // max(1, len(columns)))
    return [
        Step(
            Insert(table, columns, len(chunk)),
            tuple(v for row in chunk for v in row.values),
        )
        for start in range(0, len(rows), width)
        for chunk in [rows[start : start + width]]
    ]


def _split(steps: Sequence[Step]) -> list[list[Step]]:
    statements: list[list[Step]] = []
    room = 0
    for step in steps:
        if not statements or len(step.values) > room:
            statements.append([])
            room = MAX_PARAMETERS
        statements[-1].append(step)
        room -= len(step.values)
    return statements


@lru_cache(maxsize=512)
def casts(table: sa.Table, dialect: sa.Dialect) -> dict[str, Column]:
    """Return each column of `table` with the cast that pins the type of its parameter."""
    return {c.key: Column(c.name, f"::{c.type.compile(dialect=dialect)}") for c in table.columns}
