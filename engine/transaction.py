"""The transaction every verb receives (giao dịch): loads mapped records, writes changes at once.

Records come tracked; every change of one command is written as **one** data-modifying statement
(`engine.flush`), so that completing a work item costs a handful of round trips (`benchmarks/`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar, TypeVarTuple, cast
from uuid import UUID

import psycopg
import sqlalchemy as sa
from psycopg.types.json import Jsonb
from sqlalchemy.dialects import postgresql

from engine.errors import Named, NotFound, Stale
from engine.flush import (
    STALE,
    Column,
    Delete,
    Discard,
    Insert,
    Step,
    Update,
    casts,
    plan,
    statement,
)
from engine.query import DIALECT, Compiled, Query
from engine.tables import Base, copied, defaults, same
from engine.wire import Answer, Statement, Wire, numbered

T = TypeVar("T")
E = TypeVar("E", bound=Base)
Ts = TypeVarTuple("Ts")

_KEYS = (sa.PrimaryKeyConstraint, sa.UniqueConstraint)

_IN_AGENCY = "SELECT set_config('congvan.agency', $1, true)"


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts, in which position and agency (người thực hiện, chức vụ, cơ quan).

    The machine acts with `officer_id=None`. `agency_id=None` is the system itself: it sees every
    agency (sealing the journal, claiming jobs) and is never built from a request.
    """

    agency_id: UUID | None = None
    officer_id: UUID | None = None
    position_id: UUID | None = None
    unit_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    name: str = "Hệ thống"
    title: str = ""
    on_behalf_of: UUID | None = None
    address: str = ""


SYSTEM = Acting()


def scope(acting: Acting) -> str:
    """Return what row-level security is told: the agency, or all of them for the system."""
    return str(acting.agency_id) if acting.agency_id else "all"


@dataclass(slots=True)
class _Kept:
    """A loaded record with the values it had in the database."""

    record: Base
    before: dict[str, Any]


class Transaction:
    """One command: what was loaded, what is to be written, who acts, what time it is.

    Records come from `rows`, `one` and `get`; changed attributes of theirs, `add`ed and `delete`d
    records are written by `flush` in one statement. Only doors and workers commit.
    """

    def __init__(self, wire: Wire, acting: Acting, now: datetime) -> None:
        self.wire = wire
        self.acting = acting
        self.now = now
        self.after_commit: list[Callable[[], None]] = []
        #: what is to be done when nothing of it was written
        self.after_loss: list[Callable[[], None]] = []
        self._kept: dict[tuple[type[Base], tuple[Any, ...]], _Kept] = {}
        self._new: list[Base] = []
        self._gone: list[Base] = []
        self._discarded: list[tuple[type[Base], dict[str, Any]]] = []

    def act_as(self, acting: Acting) -> None:
        """Go on as `acting`, in his agency alone: what follows finding out who calls."""
        self.wire.hold(Statement(_IN_AGENCY, (scope(acting),)))
        self.acting = acting

    # reading -------------------------------------------------------------------------------

    def rows(self, select: "Query[*Ts] | sa.Select[*Ts]", **parameters: Any) -> "list[tuple[*Ts]]":
        """Return the rows of `select`; mapped records in them are tracked and written by `flush`.

        A record met twice is the same object; its unsaved changes are kept.
        """
        compiled = select.compiled if isinstance(select, Query) else Compiled(cast("Any", select))
        asked = Statement(compiled.text, compiled.values(parameters), compiled.binary)
        found: Any = [self._row(compiled, raw) for raw in self.wire.ask(asked).rows]
        return cast("list[tuple[*Ts]]", found)

    def one(self, select: "Query[*Ts] | sa.Select[*Ts]", **parameters: Any) -> "tuple[*Ts] | None":
        """Return the only row of `select`, or None."""
        found = self.rows(select, **parameters)
        if len(found) > 1:
            msg = "one() met several rows"
            raise LookupError(msg)
        return found[0] if found else None

    def scalars(self, select: "Query[T] | sa.Select[T]", **parameters: Any) -> list[T]:
        """Return the first column of each row of `select`."""
        return [row[0] for row in self.rows(select, **parameters)]

    def scalar(self, select: "Query[T] | sa.Select[T]", **parameters: Any) -> T | None:
        """Return the first column of the only row of `select`, or None."""
        row = self.one(select, **parameters)
        return None if row is None else row[0]

    def get(self, entity: type[E], *key: Any, lock: bool = False) -> E:
        """Return the record with this key, locked for update on request.

        Raises `NotFound` (also for what row-level security hides).
        """
        kept = self._kept.get((entity, key))
        if kept is not None and not lock:
            return cast("E", kept.record)
        names = [str(c.key) for c in sa.inspect(entity).primary_key]
        select = cast("Query[E]", _by_key(entity, lock))
        found = self.scalar(select, **dict(zip(names, key, strict=True)))
        if found is None:
            raise NotFound(what=Named(entity.__tablename__, entity.called))
        return found

    def _row(self, compiled: Compiled, raw: tuple[Any, ...]) -> tuple[Any, ...]:
        if compiled.processors:
            mutable = list(raw)
            for i, process in compiled.processors.items():
                mutable[i] = process(mutable[i])
            raw = tuple(mutable)
        return tuple(
            raw[start] if entity is None else self._track(entity, raw[start:end])
            for entity, start, end in compiled.makers
        )

    def _track(self, entity: type[Base], values: tuple[Any, ...]) -> Base | None:
        names, keys = _layout(entity)
        key = tuple(values[i] for i in keys)
        if None in key:  # the empty side of an outer join
            return None
        loaded = dict(zip(names, values, strict=True))
        kept = self._kept.get((entity, key))
        if kept is None:
            record = _maker(entity)()
            record.__dict__.update(loaded)
            self._kept[entity, key] = _Kept(record, _frozen(entity, loaded))
            return record
        # Read again, for instance under a lock: take over what the officer has not changed.
        current = kept.record.__dict__
        for name, value in _frozen(entity, loaded).items():
            if same(current.get(name), kept.before[name]):
                current[name] = loaded[name]
            kept.before[name] = value
        return kept.record

    # writing -------------------------------------------------------------------------------

    def add(self, record: E) -> E:
        """Have `record` inserted by the next flush; return it."""
        self._new.append(record)
        return record

    def delete(self, record: Base) -> None:
        """Have the loaded `record` deleted by the next flush; one not yet written is forgotten."""
        if any(other is record for other in self._new):
            self._new = [other for other in self._new if other is not record]
        elif not any(other is record for other in self._gone):
            self._gone.append(record)

    def discard(self, entity: type[Base], **where: Any) -> None:
        """Have all rows of `entity` with these values deleted, unread and however many."""
        self._discarded.append((entity, where))

    def flush(self) -> None:
        """Write all pending changes; raises `Stale` when a loaded row is no longer as it was."""
        for written in self._pending():
            self._write(self.wire.ask, written)
        self.wire.push()
        for record in self._gone:
            self._kept.pop((type(record), _key(record)), None)
        for record in self._new:
            entity = type(record)
            values_now = {n: record.__dict__.get(n) for n in _layout(entity)[0]}
            self._kept[entity, _key(record)] = _Kept(record, _frozen(entity, values_now))
        self._new, self._gone, self._discarded = [], [], []

    def commit(self) -> None:
        """Write all pending changes and commit, the last write and COMMIT in one round trip.

        For doors and workers; raises `Stale` as `flush` does.
        """
        writes = self._pending()
        for written in writes[:-1]:
            self._write(self.wire.ask, written)
        self._write(self.wire.commit, *writes[-1:])

    def _pending(self) -> list[Statement]:
        steps = [*self._updates(), *self._inserts(), *self._removals()]
        return [
            Statement(
                statement(tuple(s.shape for s in group)), [v for s in group for v in s.values]
            )
            for group in plan(steps)
        ]

    @staticmethod
    def _write(send: Callable[..., object], *written: Statement) -> None:
        try:
            send(*written)
        except psycopg.DatabaseError as error:
            if error.sqlstate == STALE:
                raise Stale(what=error.diag.message_primary) from None
            raise

    def _updates(self) -> Iterator[Step]:
        gone = {id(r) for r in self._gone}
        for (entity, key), kept in self._kept.items():
            current = kept.record.__dict__
            before = kept.before
            version = "version" if "version" in before else None
            changed = [
                n
                for n, v in before.items()
                if current.get(n) is not v and n != version and not same(current.get(n), v)
            ]
            if not changed or id(kept.record) in gone:
                continue
            table = cast("sa.Table", entity.__table__)
            columns = casts(table, DIALECT)
            values = [_out(entity, n, current.get(n)) for n in changed]
            guard = [before["version"]] if version else []
            primary = tuple(columns[c.key] for c in table.primary_key)
            names = tuple(columns[n] for n in changed)
            yield Step(
                Update(table.name, names, primary, version),
                (*values, *key, *guard),
            )
            if version:
                current["version"] = before["version"] + 1
                before["version"] = current["version"]
            before.update(_frozen(entity, {n: current.get(n) for n in changed}))

    def _inserts(self) -> Iterator[Step]:
        for record in self._new:
            entity = type(record)
            _fill_defaults(record)
            given = record.__dict__.get
            present = [(c, d, v) for n, c, d in _written(entity) if (v := given(n)) is not None]
            name = cast("sa.Table", entity.__table__).name
            yield Step(
                Insert(name, tuple(c for c, _, _ in present), 1),
                tuple(v if d is None else d(v) for _, d, v in present),
            )

    def _removals(self) -> list[Step]:
        steps = [*self._deletes(), *self._discards()]
        first = {s.shape.table for s in steps if s.early}
        if not first:
            return steps
        # What refers to a row that goes first must go with it.
        entities = {*map(type, self._gone), *(entity for entity, _ in self._discarded)}
        drawn = {cast("Any", e).__tablename__ for e in entities if first & _referred(e)}
        return [replace(s, early=s.early or s.shape.table in drawn) for s in steps]

    def _deletes(self) -> Iterator[Step]:
        for record in self._gone:
            entity = type(record)
            table = cast("sa.Table", entity.__table__)
            columns = casts(table, DIALECT)
            primary = tuple(columns[c.key] for c in table.primary_key)
            kept = self._kept.get((entity, _key(record)))
            before = record.__dict__ if kept is None else kept.before
            version = "version" if "version" in before else None
            guard = [before["version"]] if version else []
            yield Step(
                Delete(table.name, primary, version),
                (*_key(record), *guard),
                any(type(r) is entity and _collide(entity, before, r) for r in self._new),
            )

    def _discards(self) -> Iterator[Step]:
        for entity, where in self._discarded:
            table = cast("sa.Table", entity.__table__)
            columns = casts(table, DIALECT)
            names = tuple(columns[n] for n in where)
            early = any(
                type(r) is entity and all(r.__dict__.get(n) == v for n, v in where.items())
                for r in self._new
            )
            values = tuple(_out(entity, n, v) for n, v in where.items())
            yield Step(Discard(table.name, names), values, early)

    def hold(self, text: str, *values: Any) -> None:
        """Have one written-out SQL statement travel with the next question, at last with COMMIT.

        For what is written and needs no answer; its errors show there.
        """
        self.wire.hold(Statement(numbered(text) if values else text, values))

    def execute(self, text: str, *values: Any) -> Answer:
        """Run one written-out SQL statement with bound values: for what a select cannot say."""
        return self.wire.ask(Statement(numbered(text) if values else text, values))


@lru_cache(maxsize=512)
def _layout(entity: type[Base]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the attribute names of `entity` in select order and where its key stands in them."""
    mapper = sa.inspect(entity)
    names = tuple(a.key for a in mapper.column_attrs)
    return names, tuple(names.index(c.key) for c in mapper.primary_key)


@lru_cache(maxsize=512)
def _maker(entity: type[Base]) -> Callable[[], Base]:
    """Return what makes an empty record of `entity`; to find it takes longer than to call it."""
    return cast("Callable[[], Base]", sa.inspect(entity).class_manager.new_instance)


@lru_cache(maxsize=512)
def _by_key(entity: type[Base], lock: bool) -> "Query[Base]":
    mapper = sa.inspect(entity)
    select = sa.select(entity).where(
        *(c == sa.bindparam(c.key, type_=c.type) for c in mapper.primary_key)
    )
    return Query(select.with_for_update() if lock else select)


@lru_cache(maxsize=2048)
def _dumper(entity: type[Base], name: str) -> Callable[[Any], Any] | None:
    kind = cast("sa.Table", entity.__table__).columns[name].type
    if isinstance(kind, postgresql.JSON):
        return as_jsonb
    if isinstance(kind, sa.Enum | sa.TypeDecorator):
        return kind.dialect_impl(DIALECT).bind_processor(DIALECT)
    if isinstance(kind, sa.DateTime):
        return _aware
    return None


def as_jsonb(value: Any) -> Any:
    """Wrap a value for a jsonb column."""
    return None if value is None else Jsonb(value)


def _aware(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        msg = "a time without zone cannot be stored"
        raise ValueError(msg)
    return value


def _out(entity: type[Base], name: str, value: Any) -> Any:
    dump = _dumper(entity, name)
    return value if dump is None else dump(value)


def _key(record: Base) -> tuple[Any, ...]:
    names, keys = _layout(type(record))
    return tuple(record.__dict__[names[i]] for i in keys)


def _collide(entity: type[Base], before: dict[str, Any], record: Base) -> bool:
    """Return whether `record` could not be inserted while the row `before` is there."""
    return any(
        all(before[n] is not None and before[n] == record.__dict__.get(n) for n in names)
        for names in _unique(entity)
    )


@lru_cache(maxsize=512)
def _unique(entity: type[Base]) -> list[tuple[str, ...]]:
    """Return the columns that no two rows share; none for an index over an expression."""
    table = cast("sa.Table", entity.__table__)
    found: list[Any] = [c.columns for c in table.constraints if isinstance(c, _KEYS)]
    found += [i.columns for i in table.indexes if i.unique]
    return [tuple(c.key for c in columns) for columns in found]


@lru_cache(maxsize=512)
def _referred(entity: type[Base]) -> frozenset[str]:
    """Return the tables that rows of `entity` stand on, directly or not."""
    seen: set[str] = set()
    todo = [cast("sa.Table", entity.__table__)]
    while todo:
        for key in todo.pop().foreign_keys:
            if key.column.table.name not in seen:
                seen.add(key.column.table.name)
                todo.append(key.column.table)
    return frozenset(seen)


def _fill_defaults(record: Base) -> None:
    """Give the columns left empty their Python-side default, as an ORM flush would."""
    for name, default in defaults(type(record)):
        if record.__dict__.get(name) is None:
            setattr(record, name, default(None) if callable(default) else default)


def _frozen(entity: type[Base], values: dict[str, Any]) -> dict[str, Any]:
    """Copy what can be changed in place (JSON, arrays), so that a change in it is seen."""
    kept = values.copy()
    for name in _changeable(entity):
        if name in kept:
            kept[name] = copied(kept[name])
    return kept


@lru_cache(maxsize=512)
def _changeable(entity: type[Base]) -> tuple[str, ...]:
    columns = cast("sa.Table", entity.__table__).columns
    return tuple(c.key for c in columns if isinstance(c.type, sa.JSON | sa.ARRAY))


@lru_cache(maxsize=512)
def _written(entity: type[Base]) -> list[tuple[str, Column, Callable[[Any], Any] | None]]:
    """Return each attribute of `entity` with its column and what prepares its value."""
    columns = casts(cast("sa.Table", entity.__table__), DIALECT)
    return [(n, columns[n], _dumper(entity, n)) for n in _layout(entity)[0]]
