"""What the operators do (phép tính): FEEL's three truth values, exact numbers, bounded sizes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.expressions.errors import ExpressionError

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
LONGEST_TEXT = 100_000
LONGEST_LIST = 10_000
#: one unit is about a tenth of a microsecond of work
FUEL = 4_000_000

_LIMIT = 10**34
_DECIMAL = Context(prec=34, traps=[])
#: equal classes of these compare by Python's own operators
PLAIN = frozenset({str, int, bool, date})
_ORDERED = PLAIN - {bool}


class Run:
    """One evaluation: variables, the injected clock, the fuel left, the values of `some`."""

    __slots__ = ("bound", "fuel", "now", "variables")

    def __init__(self, variables: Mapping[str, Any], now: datetime | None) -> None:
        self.variables = variables
        self.now = now
        self.fuel = FUEL
        self.bound: list[Any] = []

    def spend(self, amount: int) -> None:
        """Pay for work that grows with the data; raise `ExpressionError` when the fuel is gone."""
        self.fuel -= amount
        if self.fuel < 0:
            raise ExpressionError("exhausted")

    def clock(self) -> datetime:
        """Return the injected time, in Vietnam."""
        if self.now is None:
            raise ExpressionError("no-clock")
        return self.now.astimezone(VIETNAM)


@dataclass(frozen=True, order=True, slots=True)
class Months:
    """A duration of years and months (tháng), which has no fixed number of days."""

    count: int

    def after(self, start: date) -> date:
        """Return the same day this many months on, or the last day of that month."""
        year, month = divmod(start.year * 12 + start.month - 1 + self.count, 12)
        for day in (start.day, 30, 29, 28):
            try:
                return start.replace(year=year, month=month + 1, day=day)
            except ValueError:
                continue
        raise OverflowError

    def __str__(self) -> str:
        years, months = divmod(abs(self.count), 12)
        text = f"{years}Y" * bool(years) + f"{months}M" * bool(months or not years)
        return ("-" if self.count < 0 else "") + "P" + text


def number(value: Any) -> int | Decimal | None:
    """Return a value as an exact number, None when it is no finite number."""
    kind = value.__class__
    if kind is float:
        value = Decimal(repr(value))
    elif kind is not int and kind is not Decimal:
        return None
    if kind is not int and not value.is_finite():
        return None
    exact: int | Decimal = sized(value)
    return exact


def sized(value: Any) -> Any:
    """Return the number unless it is beyond what an office counts."""
    if not -_LIMIT < value < _LIMIT:
        raise ExpressionError("too-large")
    return value


def bounded_text(text: str) -> str:
    """Return the text unless it is too long."""
    if len(text) > LONGEST_TEXT:
        raise ExpressionError("too-large")
    return text


def bounded_list(items: list[Any]) -> list[Any]:
    """Return the list unless it is too long."""
    if len(items) > LONGEST_LIST:
        raise ExpressionError("too-large")
    return items


# comparison


def ordered_pair(left: Any, right: Any) -> tuple[Any, Any] | None:
    """Return both values in a comparable form, None when they are of unlike kinds."""
    if left.__class__ is right.__class__ and left.__class__ in _ORDERED:
        return left, right
    read = _READERS.get(left.__class__) or _reader_of(left)
    first = None if read is None else read(left)
    if read is None or first is None:
        return None
    second = read(right)
    return None if second is None else (first, second)


def equal(run: Run, left: Any, right: Any) -> bool | None:
    """Compare as FEEL does: null equals null only, unlike kinds give null."""
    if left.__class__ is right.__class__ and left.__class__ in PLAIN:
        return bool(left == right)
    if left is None or right is None:
        return left is right
    if isinstance(left, (list, tuple)):
        return _equal_lists(run, left, right) if isinstance(right, (list, tuple)) else None
    if isinstance(left, dict):
        return _equal_contexts(run, left, right) if isinstance(right, dict) else None
    pair = ordered_pair(left, right)
    return None if pair is None else bool(pair[0] == pair[1])


def _equal_lists(run: Run, left: Sequence[Any], right: Sequence[Any]) -> bool:
    run.spend(20 + 20 * len(left))
    return len(left) == len(right) and all(
        equal(run, a, b) is True for a, b in zip(left, right, strict=True)
    )


def _equal_contexts(run: Run, left: dict[str, Any], right: dict[str, Any]) -> bool:
    run.spend(20 + 20 * len(left))
    return left.keys() == right.keys() and all(
        equal(run, left[key], right[key]) is True for key in left
    )


def contains_item(run: Run, items: Any, wanted: Any) -> bool:
    """Say whether a list holds an equal value."""
    run.spend(len(items) * 10)
    return any(equal(run, item, wanted) is True for item in items)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=VIETNAM)


def _date(value: Any) -> date | None:
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def time_of(value: Any) -> time | None:
    """Return a time of day without its zone: the office has one."""
    return value.replace(tzinfo=None) if isinstance(value, time) else None


def _timedelta(value: Any) -> timedelta | None:
    return value if isinstance(value, timedelta) else None


def _months(value: Any) -> Months | None:
    return value if isinstance(value, Months) else None


_READERS: dict[type, Callable[[Any], Any]] = {
    str: _text,
    int: number,
    float: number,
    Decimal: number,
    datetime: _moment,
    date: _date,
    time: time_of,
    timedelta: _timedelta,
    Months: _months,
}


def _reader_of(value: Any) -> Callable[[Any], Any] | None:
    """Return the reader for a value of a subclass, such as a member of a StrEnum."""
    return next((read for kind, read in _READERS.items() if isinstance(value, kind)), None)


# arithmetic


def add(left: Any, right: Any) -> Any:
    """Add numbers, join texts, move dates by durations; null otherwise."""
    if isinstance(left, str) and isinstance(right, str):
        return bounded_text(left + right)
    if isinstance(left, (timedelta, Months)):
        left, right = right, left
    if isinstance(right, (timedelta, Months)):
        return _moved(left, right)
    return _counted(left, right, int.__add__, _DECIMAL.add)


def subtract(left: Any, right: Any) -> Any:
    """Subtract numbers and durations; the difference of two dates is a duration."""
    if isinstance(right, timedelta):
        return _moved(left, -right)
    if isinstance(right, Months):
        return _moved(left, Months(-right.count))
    for read in (_moment, _date):
        first, second = read(left), read(right)
        if first is not None and second is not None:
            return first - second
    return _counted(left, right, int.__sub__, _DECIMAL.subtract)


def multiply(left: Any, right: Any) -> Any:
    """Multiply numbers, or a duration by a number; never a text or a list."""
    if isinstance(left, (timedelta, Months)):
        left, right = right, left
    if isinstance(right, (timedelta, Months)):
        factor = number(left)
        return None if factor is None else _scaled(right, Decimal(factor))
    return _counted(left, right, int.__mul__, _DECIMAL.multiply)


def divide(left: Any, right: Any) -> Any:
    """Divide numbers exactly to 34 digits, or a duration by a number; by zero gives null."""
    divisor = number(right)
    if divisor is None or not divisor:
        return None
    if isinstance(left, (timedelta, Months)):
        return _scaled(left, _DECIMAL.divide(Decimal(1), Decimal(divisor)))
    dividend = number(left)
    if isinstance(dividend, int) and isinstance(divisor, int) and not dividend % divisor:
        return dividend // divisor
    return _counted(left, right, None, _DECIMAL.divide)


def modulo(left: Any, right: Any) -> Any:
    """Return what a division leaves, with the divisor's sign; by zero gives null."""
    dividend, divisor = number(left), number(right)
    if dividend is None or divisor is None or not divisor:
        return None
    if isinstance(dividend, int) and isinstance(divisor, int):
        return dividend % divisor
    rest = _DECIMAL.remainder(Decimal(dividend), Decimal(divisor))
    return _finite(_DECIMAL.add(rest, Decimal(divisor)) if rest * divisor < 0 else rest)


def negate(value: Any) -> Any:
    """Return the opposite number or duration."""
    return multiply(-1, value)


def _counted(
    left: Any,
    right: Any,
    whole: Callable[[int, int], int] | None,
    exact: Callable[[Decimal, Decimal], Decimal],
) -> int | Decimal | None:
    first, second = number(left), number(right)
    if first is None or second is None:
        return None
    if whole is not None and isinstance(first, int) and isinstance(second, int):
        return int(sized(whole(first, second)))
    return _finite(exact(Decimal(first), Decimal(second)))


def _finite(value: Decimal) -> Decimal | None:
    return value if value.is_finite() and sized(value) is not None else None


def _moved(start: Any, by: timedelta | Months) -> Any:
    try:
        if isinstance(by, Months):
            if isinstance(start, Months):
                return Months(start.count + by.count)
            return by.after(start) if isinstance(start, date) else None
        if isinstance(start, (datetime, timedelta)):
            return start + by
        if isinstance(start, date) and not by % timedelta(days=1):
            return start + by
    except OverflowError:
        raise ExpressionError("too-large") from None
    return None


def _scaled(value: timedelta | Months, factor: Decimal) -> Any:
    try:
        if isinstance(value, Months):
            scaled = _DECIMAL.multiply(Decimal(value.count), factor)
            return Months(int(sized(scaled).to_integral_value(ROUND_FLOOR)))
        seconds = _DECIMAL.multiply(Decimal(value // timedelta(microseconds=1)), factor)
        return timedelta(microseconds=int(sized(seconds).to_integral_value(ROUND_HALF_UP)))
    except OverflowError:
        raise ExpressionError("too-large") from None


def rounded(value: Any, rounding: str, digits: int = 0) -> int | Decimal | None:
    """Round a number; half goes up, away from zero, as an office counts."""
    found = number(value)
    if found is None or not -30 <= digits <= 30:
        return None
    if isinstance(found, int) and digits >= 0:
        return found
    step = Decimal(1).scaleb(-digits)
    result = _finite(Decimal(found).quantize(step, rounding, _DECIMAL))
    return int(result) if result is not None and digits <= 0 else result


def floor(value: Any) -> int | Decimal | None:
    """Round down."""
    return rounded(value, ROUND_FLOOR)


def ceiling(value: Any) -> int | Decimal | None:
    """Round up."""
    return rounded(value, ROUND_CEILING)


def round_half_up(value: Any, digits: Any = 0) -> int | Decimal | None:
    """Round to `digits` decimals."""
    places = number(digits)
    return rounded(value, ROUND_HALF_UP, places) if isinstance(places, int) else None
