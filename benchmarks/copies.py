"""Many runs that stand where one stands, each with tokens of its own: written with COPY."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

_TOKEN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

#: what stands on a run, and the column that names it
_TABLES = (
    ("process_instance", "id"),
    ("work_item", "instance_id"),
    ("subscription", "instance_id"),
)


Rows = dict[str, list[dict[str, Any]]]


def rows_of(connection: psycopg.Connection, instance_id: UUID) -> Rows:
    """Return what is to be copied of a run."""
    found: Rows = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        for table, key in _TABLES:
            cursor.execute(f"SELECT * FROM {table} WHERE {key} = %s", (instance_id,))
            found[table] = cursor.fetchall()
    return found


def multiply(
    connection: psycopg.Connection,
    kept: Rows,
    count: int,
    due: Callable[[int], datetime] | None = None,
) -> None:
    """Write `count` copies of a run; `due` says when the clock of each rings."""
    instance_id = kept["process_instance"][0]["id"]
    made: dict[str, list[dict[str, Any]]] = {table: [] for table in kept}
    for place in range(count):
        tokens = _Tokens({str(instance_id): str(uuid4())})
        for table, rows in kept.items():
            for row in rows:
                values = {name: tokens.renamed(name, value) for name, value in row.items()}
                if due is not None and values.get("due_at") and table == "subscription":
                    values["due_at"] = due(place)
                made[table].append(values)
    for table, rows in made.items():
        if not rows:
            continue
        names = ", ".join(rows[0])
        with connection.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for values in rows:
                copy.write_row([Jsonb(v) if isinstance(v, dict) else v for v in values.values()])
    connection.execute("VACUUM ANALYZE process_instance, work_item, subscription, job")


class _Tokens:
    """The new names of a copy's tokens: what began with a random id of one kind gets another."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def renamed(self, column: str, value: Any) -> Any:
        if isinstance(value, UUID) and (str(value) in self.names or value.version == 4):
            return UUID(self._name(str(value)))
        if column == "state":
            return _TOKEN.sub(lambda found: self._name(found[0]), value.decode()).encode()
        return value

    def _name(self, token: str) -> str:
        return self.names.setdefault(token, str(uuid4()))
