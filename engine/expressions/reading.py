"""Values written as text (cách viết): dates, durations and numbers read and written, ISO 8601."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.expressions.values import VIETNAM, Months, number

_DURATION = re.compile(
    r"(-)?P(?:([0-9]{1,6})D)?(?:T(?=[0-9])(?:([0-9]{1,6})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,6})S)?)?"
)
_MONTHS = re.compile(r"(-)?P(?:([0-9]{1,4})Y)?(?:([0-9]{1,5})M)?")


def read_date(text: str) -> date | None:
    """Read `2026-11-22`, None when there is no such day."""
    try:
        return (
            date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
        )
    except ValueError:
        return None


def read_time(text: str) -> time | None:
    """Read `08:30` or `08:30:00`, None when there is no such time."""
    try:
        return time.fromisoformat(text) if re.fullmatch(r"[0-9]{2}(:[0-9]{2}){1,2}", text) else None
    except ValueError:
        return None


def read_moment(text: str) -> datetime | None:
    """Read `2026-11-22T08:30:00`, Vietnam's time unless it carries an offset."""
    pattern = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,15}(Z|[+-][0-9]{2}:[0-9]{2})?"
    try:
        found = datetime.fromisoformat(text) if re.fullmatch(pattern, text) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=VIETNAM)


def read_duration(text: str) -> timedelta | Months | None:
    """Read `P3D`, `PT4H30M` as days and time, `P1Y6M` as months; None for anything else."""
    if text.endswith(("P", "T")):
        return None
    if found := _DURATION.fullmatch(text):
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
        span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return -span if found[1] else span
    if found := _MONTHS.fullmatch(text):
        count = int(found[2] or 0) * 12 + int(found[3] or 0)
        return Months(-count if found[1] else count)
    return None


def read_number(text: str) -> int | Decimal | None:
    """Read `12`, `-0.5`; None for anything else."""
    if not re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", text.strip(" ")):
        return None
    return number(Decimal(text.strip(" ")) if "." in text else int(text))


def written(value: Any) -> str | None:
    """Write a single value as text, None for null, lists and contexts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if (found := number(value)) is not None:
        return str(found) if isinstance(found, int) else format(found, "f")
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _span(value)
    return str(value) if isinstance(value, (str, Months)) else None


def _span(value: timedelta) -> str:
    sign, value = ("-", -value) if value < timedelta() else ("", value)
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    clock = "".join(f"{n}{u}" for n, u in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n)
    days = f"{value.days}D" if value.days or not clock else ""
    return f"{sign}P{days}" + (f"T{clock}" if clock else "")
