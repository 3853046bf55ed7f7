"""What a dotted name reads (mục dữ liệu): keys of contexts, parts of dates and durations."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from engine.expressions.values import Months, Run

PARTS: dict[type, dict[str, Callable[[Any], int]]] = {
    date: {
        "year": lambda value: value.year,
        "month": lambda value: value.month,
        "day": lambda value: value.day,
        "weekday": lambda value: value.isoweekday(),
    },
    time: {"hour": lambda value: value.hour, "minute": lambda value: value.minute},
    timedelta: {
        "days": lambda value: value.days,
        "hours": lambda value: value.seconds // 3600,
        "minutes": lambda value: value.seconds % 3600 // 60,
    },
    Months: {
        "years": lambda value: value.count // 12,
        "months": lambda value: value.count % 12,
    },
}
PARTS[datetime] = PARTS[date] | PARTS[time]


def part_of(run: Run, base: Any, key: str) -> Any:
    """Return one key of a context, of each context in a list, or a part of a date; or null."""
    if isinstance(base, Mapping):
        return base.get(key)
    if isinstance(base, (list, tuple)):
        run.spend(len(base))
        return [part_of(run, item, key) for item in base]
    reader = PARTS.get(type(base), {}).get(key)
    return reader(base) if reader else None
