"""The wire to the server (đường truyền): prepared statements, several in one round trip.

A cursor for each statement, with adapters of its own, text results unwound from hexadecimal, and a
round trip each for BEGIN and COMMIT were a third of a completion. Here a connection keeps its
adapters and what it has prepared, and what needs no answer of its own (BEGIN, who acts) waits for
the next question; COMMIT travels with the last write. The protocol itself is psycopg's and libpq's.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, cast

import psycopg
import sqlalchemy as sa
from psycopg import generators
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus

from engine.errors import Unavailable

#: a connection that has prepared so many statements begins anew
MOST_PREPARED = 1_000

_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED)


class Statement(NamedTuple):
    """One statement with places `$1…` and their values; `binary` asks for binary results."""

    text: str
    values: Sequence[Any] = ()
    binary: bool = False


@dataclass(slots=True)
class Answer:
    """What the server answered: the rows, and how many rows a writing statement met."""

    rows: list[tuple[Any, ...]]
    rowcount: int

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the first row, or None."""
        return self.rows[0] if self.rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows."""
        return self.rows


@dataclass(slots=True)
class _Memory:
    """What a connection keeps between transactions: its adapters and its prepared statements."""

    adapters: Any  # psycopg picks one of two classes at import
    prepared: dict[tuple[str, tuple[int, ...]], bytes] = field(default_factory=dict)
    count: int = 0


class Wire:
    """One transaction's use of a connection from `pool`, taken at the first question.

    `opening` goes with the first question, so a transaction that asks nothing costs nothing.
    """

    def __init__(self, pool: sa.Pool, opening: Iterable[Statement]) -> None:
        self._pool = pool
        self._held = list(opening)
        self._opening = len(self._held)
        self._fairy: Any = None

    def hold(self, statement: Statement) -> None:
        """Have `statement` sent with the next question; its answer is of no interest."""
        self._held.append(statement)

    def push(self) -> None:
        """Send now what is held; where nothing was held since the opening, that waits on."""
        if self._is_due():
            self._send([])

    def _is_due(self) -> bool:
        """Say whether more is held than the opening of a transaction that asked nothing."""
        return len(self._held) > (0 if self._fairy is not None else self._opening)

    def ask(self, statement: Statement) -> Answer:
        """Send what is held and `statement`; return its answer, or raise its error."""
        return self._send([statement])

    def commit(self, *last: Statement) -> None:
        """Write `last` and commit, in one round trip."""
        if self._fairy is None:
            if not last and not self._is_due():
                return
            # A broken connection must show before anything could have been committed.
            self._send([])
        self._send([*last, COMMIT])
        self._release()

    def abandon(self) -> None:
        """Roll back and give the connection back, or close it where it does not answer."""
        if self._fairy is None:
            return
        self._held = []
        try:
            self._send([ROLLBACK])
            self._release()
        except psycopg.Error:
            self._drop()

    def _send(self, statements: Sequence[Statement]) -> Answer:
        batch = [*self._held, *statements]
        self._held = []
        return self._exchange(batch) if self._fairy is not None else self._begin(batch)

    def _begin(self, batch: Sequence[Statement]) -> Answer:
        """Send the first batch; connections that died in the pool are replaced unseen.

        A restart of the server leaves such behind; nothing of the transaction has reached it yet.
        """
        while True:
            self._take()
            try:
                return self._exchange(batch)
            except psycopg.OperationalError as error:
                if self._connection.pgconn.status == ConnStatus.OK:
                    raise
                is_new = self._fairy.info.pop("new", False)
                self._drop()
                if is_new:
                    raise Unavailable(what="cơ sở dữ liệu") from error

    @property
    def _connection(self) -> "psycopg.Connection[Any]":
        return cast("psycopg.Connection[Any]", self._fairy.dbapi_connection)

    def _take(self) -> None:
        try:
            self._fairy = self._pool.connect()
        except sa.exc.TimeoutError as error:
            raise Unavailable(what="quá tải") from error
        except (sa.exc.OperationalError, psycopg.OperationalError) as error:
            raise Unavailable(what="cơ sở dữ liệu") from error

    def _release(self) -> None:
        fairy, self._fairy = self._fairy, None
        fairy.info.pop("new", None)
        fairy.close()

    def _drop(self) -> None:
        fairy, self._fairy = self._fairy, None
        fairy.invalidate()

    def _exchange(self, batch: Sequence[Statement]) -> Answer:
        """Send a batch and read all its answers; return the last, or raise the first error."""
        memory = self._fairy.info.get("memory")
        if memory is None:
            memory = self._fairy.info["memory"] = _Memory(Transformer(self._connection))
            self._fairy.info["new"] = True
        if memory.count > MOST_PREPARED:
            batch = [Statement("DEALLOCATE ALL"), *batch]
            memory.prepared, memory.count = {}, 0
        parcels = [_parcel(memory, statement) for statement in batch]
        results = _converse(self._connection, parcels)
        error = None
        for parcel, result in zip(parcels, results, strict=True):
            if result.status in _FAILED:
                error = error or result
                memory.prepared.pop(parcel.key, None)  # prepared or not, it is not relied upon
        if error is not None:
            raise psycopg.errors.error_from_result(error)
        return _read(memory.adapters, results[-1])


class _Parcel(NamedTuple):
    """A statement ready to be sent: its name at the server, and its text where that is new."""

    key: tuple[str, tuple[int, ...]]
    name: bytes
    is_new: bool
    values: Any
    formats: Any
    binary: bool


def _parcel(memory: _Memory, statement: Statement) -> _Parcel:
    adapters, values = memory.adapters, statement.values
    dumped, types, formats = None, (), None
    if values:
        dumped = adapters.dump_sequence(values, [PyFormat.AUTO] * len(values))
        types, formats = adapters.types or (), adapters.formats
    key: tuple[str, tuple[int, ...]] = (statement.text, tuple(types))
    name = memory.prepared.get(key)
    is_new = name is None
    if name is None:
        memory.count += 1
        name = memory.prepared[key] = b"w%d" % memory.count
    return _Parcel(key, name, is_new, dumped, formats, statement.binary)


def _converse(connection: "psycopg.Connection[Any]", parcels: Sequence[_Parcel]) -> list[Any]:
    """Send all and read one result for each: that of its preparation where this failed."""
    line = connection.pgconn
    line.enter_pipeline_mode()
    try:
        for parcel in parcels:
            if parcel.is_new:
                text, types = parcel.key
                line.send_prepare(parcel.name, text.encode(), types or None)
            line.send_query_prepared(parcel.name, parcel.values, parcel.formats, parcel.binary)
        line.pipeline_sync()
        connection.wait(generators.send(line))
        results = []
        for parcel in parcels:
            prepared = _fetch(connection) if parcel.is_new else None
            result = _fetch(connection)
            is_ready = prepared is None or prepared.status not in _FAILED
            results.append(result if is_ready else prepared)
        _fetch(connection)  # the answer to the sync
    except BaseException:
        connection.close()  # half an answer is worth nothing
        raise
    line.exit_pipeline_mode()
    return results


def _fetch(connection: "psycopg.Connection[Any]") -> Any:
    return connection.wait(generators.fetch_many(connection.pgconn))[-1]


def _read(adapters: Any, result: Any) -> Answer:
    rows: list[tuple[Any, ...]] = []
    if result.status == ExecStatus.TUPLES_OK:
        adapters.set_pgresult(result)
        rows = adapters.load_rows(0, result.ntuples, tuple)
    return Answer(rows, result.command_tuples or 0)


@lru_cache(maxsize=1024)
def numbered(text: str) -> str:
    """Write each `%s` of `text` as the server counts its places: `$1`, `$2`, …."""
    pieces = text.split("%s")
    places = (f"${n}" for n in range(1, len(pieces)))
    return "".join(part + place for part, place in zip(pieces, (*places, ""), strict=True))


BEGIN, COMMIT, ROLLBACK = Statement("BEGIN"), Statement("COMMIT"), Statement("ROLLBACK")
