"""The base of all tables: names of constraints, how Python types are stored, ids."""

import os
import random
import threading
import time
import zlib
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


#: what zlib begins with at its fastest; a state is JSON and begins with "{"
_PACKED = b"x\x01"
#: smaller ones the server packs well enough by itself
_PACK_FROM = 32_768


_packing = threading.local()


class Packed(sa.types.TypeDecorator[bytes]):
    """The bytes of a state (bytea), packed where it is large: a fan-out of hundreds, for example.

    Packing is of the column alone: hashes, replay and whoever reads see the bytes themselves.
    """

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, _dialect: sa.Dialect) -> bytes | None:
        """Pack a large value; the same bytes go to the instance and to its event."""
        if value is None or len(value) < _PACK_FROM:
            return value
        last = getattr(_packing, "last", (None, b""))
        if last[0] is not value:
            _packing.last = last = (value, zlib.compress(value, 1))
        return last[1]

    def process_result_value(self, value: bytes | None, _dialect: sa.Dialect) -> bytes | None:
        """Unpack what was packed; what was altered since is returned as it is, for its hash."""
        if value is None or value[:2] != _PACKED:
            return value
        try:
            return zlib.decompress(value)
        except zlib.error:
            return value


class Base(orm.DeclarativeBase):
    """Base class of all tables; time is aware (timestamptz), JSON is jsonb, text is text."""

    #: what a record is called in Vietnamese and English, where people may miss one
    called: ClassVar[tuple[str, str] | None] = None
    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: sa.DateTime(timezone=True),
        str: sa.Text(),
        bytes: sa.LargeBinary(),
        int: sa.BigInteger(),
        dict[str, Any]: postgresql.JSONB(none_as_null=True),
        list[Any]: postgresql.JSONB(none_as_null=True),
        list[str]: postgresql.ARRAY(sa.Text()),
        list[UUID]: postgresql.ARRAY(sa.Uuid()),
    }

    def __init__(self, **values: Any) -> None:
        """Take the values of columns; written by a `Transaction`, which keeps no histories."""
        columns, validated = columns_of(type(self))
        if unknown := values.keys() - columns:
            msg = f"{type(self).__name__} has no column {sorted(unknown)}"
            raise TypeError(msg)
        self.__dict__.update(values)
        for name in validated & values.keys():
            setattr(self, name, values[name])


@lru_cache(maxsize=512)
def columns_of(entity: type[Base]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the attributes of `entity` that are columns, and those that a validator looks at."""
    mapper = sa.inspect(entity)
    return frozenset(a.key for a in mapper.column_attrs), frozenset(mapper.validators)


@lru_cache(maxsize=512)
def defaults(entity: type[Base]) -> list[tuple[str, Any]]:
    """Return the Python-side defaults of `entity`: values, or functions of a context."""
    columns = cast("sa.Table", entity.__table__).columns
    return [(c.key, c.default.arg) for c in columns if isinstance(c.default, sa.ColumnDefault)]


def same(a: Any, b: Any) -> bool:
    """Compare two values strictly by type: 1, 1.0 and True are three values."""
    if a is b:
        return True
    if type(a) is not type(b):
        return isinstance(a, str) and isinstance(b, str) and a == b  # a StrEnum and its text
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(v, b[k]) for k, v in a.items())
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


_CONTAINERS: frozenset[type] = frozenset({dict, list})


def copied(value: Any) -> Any:
    """Copy what can be changed in place: lists and objects, through and through."""
    if isinstance(value, dict):
        return {k: copied(v) if v.__class__ in _CONTAINERS else v for k, v in value.items()}
    if isinstance(value, list):
        return [copied(v) for v in value]
    return value


#: ids must differ, not be secret: one system call a process, not one an id
_chance = random.Random()  # noqa: S311 - see above
os.register_at_fork(after_in_child=_chance.seed)


def new_token_id() -> str:
    """Return a fresh random id as text (UUID version 4, RFC 9562 §5.4), for tokens."""
    digits = f"{_chance.getrandbits(128) & ~(0xF << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def new_seed() -> bytes:
    """Return 16 fresh random bytes."""
    return _chance.randbytes(16)


def new_id() -> UUID:
    """Return a fresh time-ordered id (UUID version 7, RFC 9562 §5.7, §6.2 method 3).

    What one command makes in a row keeps its order: the time is told to a quarter of a microsecond.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    value = milliseconds << 80 | 0x7 << 76 | (rest << 12) // 1_000_000 << 64
    return UUID(int=value | 0x2 << 62 | _chance.getrandbits(62))
