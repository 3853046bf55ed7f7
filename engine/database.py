"""The database session (kho dữ liệu): the pool, who acts, and the way in for verbs and for pages.

Verbs receive a `Transaction`; pages and lists read through the ORM (`Database.session`). Both run
as a role that row-level security binds to the acting agency.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
import sqlalchemy as sa
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg.types.numeric import Int8Dumper
from sqlalchemy import orm

from engine.errors import StorageFull, Unavailable
from engine.query import Query
from engine.tables import Base, new_id
from engine.transaction import SYSTEM, Acting, Transaction, as_jsonb, scope
from engine.wire import BEGIN, Statement, Wire

__all__ = [
    "APP_ROLE",
    "SYSTEM",
    "Acting",
    "Base",
    "Database",
    "Query",
    "Transaction",
    "as_jsonb",
    "bind_session",
    "new_id",
]

log = logging.getLogger(__name__)

#: the role that every command runs as: it owns nothing, so row-level security binds it
APP_ROLE = "congvan_app"

#: custom plans cost more than the statements of a command (0.6 ms of planning a completion)
SESSION_OPTIONS = (
    "-c plan_cache_mode=force_generic_plan -c timezone=UTC"
    " -c idle_in_transaction_session_timeout=60s -c lock_timeout=10s -c statement_timeout=60s"
)


class Database:
    """The pool of connections and the clock (kho dữ liệu).

    `clock` returns the present moment, aware; tests pass their own.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 5,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        role: str | None = APP_ROLE,
    ) -> None:
        self.url = url
        self.clock = clock
        self.role = role
        self.engine = sa.create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=10,
            json_serializer=lambda v: orjson.dumps(v).decode(),
            json_deserializer=orjson.loads,
            connect_args={"options": SESSION_OPTIONS, "prepare_threshold": 0},
        )
        sa.event.listen(self.engine, "connect", _prepare_connection)
        # Commands have connections of their own, in autocommit for good: they say BEGIN
        # themselves, with role, agency and the first question in the same round trip.
        self._commands = sa.pool.QueuePool(
            self._connect,
            pool_size=pool_size,
            max_overflow=pool_size,
            timeout=10,
            reset_on_return=None,
        )

    def _connect(self) -> Any:
        arguments, options = self.engine.dialect.create_connect_args(self.engine.url)
        own = {"options": SESSION_OPTIONS, "prepare_threshold": 0, "autocommit": True}
        connection = psycopg.connect(*arguments, **{**options, **own})
        _prepare_connection(connection, None)
        return connection

    def dispose(self) -> None:
        """Close all connections; after a fork the child calls this first."""
        self.engine.dispose(close=True)
        self._commands.dispose()
        self._commands = self._commands.recreate()

    @contextmanager
    def transaction(self, acting: Acting = SYSTEM) -> Iterator[Transaction]:
        """Open one command's transaction; commit at the end, roll back on any error.

        Raises `Unavailable` when the database cannot be reached, `StorageFull` where its disk is
        full.
        """
        wire = Wire(self._commands, (BEGIN, _context(self.role, acting)))
        tx = Transaction(wire, acting, self.clock())
        try:
            with told():
                yield tx
                tx.commit()
        except BaseException:
            wire.abandon()
            for call in tx.after_loss:
                call()
            raise
        for call in tx.after_commit:
            call()

    @contextmanager
    def session(self, acting: Acting = SYSTEM) -> Iterator[orm.Session]:
        """Open a read-only ORM session in the agency of `acting`, for pages, lists and reports.

        Raises `Unavailable` when the database cannot be reached.
        """
        with told(), orm.Session(self.engine, autoflush=False) as session:
            bind_session(session, self.role, acting)
            yield session
            session.commit()  # a ROLLBACK would throw away every prepared statement (psycopg)


def bind_session(session: orm.Session, role: str | None, acting: Acting) -> None:
    """Begin a read-only transaction of `session` as the bound role in the agency of `acting`."""
    session.execute(sa.text("SET TRANSACTION READ ONLY"))
    if role:
        session.execute(sa.text(f'SET LOCAL ROLE "{role}"'))
    session.execute(sa.select(sa.func.set_config("congvan.agency", scope(acting), True)))


def _context(role: str | None, acting: Acting) -> Statement:
    """Return what binds a transaction to a role and an agency."""
    if role is None:
        return Statement("SELECT set_config('congvan.agency', $1, true)", (scope(acting),))
    both = "SELECT set_config('role', $1, true), set_config('congvan.agency', $2, true)"
    return Statement(both, (role, scope(acting)))


@contextmanager
def told() -> Iterator[None]:
    """Tell what the server could not do in our own words: `StorageFull`, `Unavailable`."""
    try:
        yield
    except psycopg.errors.DiskFull as error:
        raise StorageFull from error
    except psycopg.OperationalError as error:
        raise Unavailable(what="cơ sở dữ liệu") from error
    except sa.exc.TimeoutError as error:
        raise Unavailable(what="quá tải") from error
    except sa.exc.OperationalError as error:
        if isinstance(error.orig, psycopg.errors.DiskFull):
            raise StorageFull from error
        raise Unavailable(what="cơ sở dữ liệu") from error


def _prepare_connection(connection: "psycopg.Connection[Any]", _record: Any) -> None:
    # One width for all integers: psycopg picks the smallest, which would prepare a statement
    # once per combination of magnitudes.
    connection.adapters.register_dumper(int, Int8Dumper)
    set_json_dumps(orjson.dumps, connection)
    set_json_loads(orjson.loads, connection)
    connection.prepared_max = 1000
