"""Facts as members of a bundle (dữ kiện trong gói chứng cứ): records as readable JSON."""

from typing import Any

import orjson
import sqlalchemy as sa

from engine.database import Base
from records.vocabulary import Term


def columns(record: Base, only: set[str] | None = None) -> dict[str, Any]:
    """Return the columns of a record, or some of them."""
    names = [a.key for a in sa.inspect(type(record)).column_attrs]
    return {n: getattr(record, n) for n in names if only is None or n in only}


def as_json(value: Any) -> bytes:
    """Return a member of a bundle as JSON that people can read."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return value.value if isinstance(value, Term) else str(value)
