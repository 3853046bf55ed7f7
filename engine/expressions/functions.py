"""The functions an expression may call (hàm): this table is all there is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from engine.expressions import reading
from engine.expressions import syntax as s
from engine.expressions import values as v
from engine.expressions.errors import ExpressionError
from engine.expressions.kinds import (
    ANY,
    BOOLEAN,
    DATE,
    DURATION,
    LIST,
    MOMENT,
    NUMBER,
    TEXT,
    TIME,
    Kind,
)
from engine.expressions.patterns import compile_pattern

_CLASSES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "list": (list, tuple),
    "number": (int, float, Decimal),
    "date": (date,),
    "time": (time,),
}


@dataclass(frozen=True, slots=True)
class Function:
    """A function: what it takes (the last kind may repeat), what it gives, how it is computed.

    `body` receives the run and the arguments; an argument of another kind makes the result null.
    `reads` names what a quoted argument must really be, checked when the expression is compiled.
    """

    name: str
    takes: tuple[Kind, ...]
    gives: Kind
    body: Callable[..., Any]
    optional: int = 0
    repeats: bool = False
    reads: tuple[str, str] | None = None

    def checked_call(self, at: int, arguments: tuple[s.Node, ...]) -> s.Node:
        """Return the call, or its value when it is a written date, time or duration."""
        least = len(self.takes) - self.optional
        if len(arguments) < least or (len(arguments) > len(self.takes) and not self.repeats):
            most = "…" if self.repeats else str(len(self.takes))
            wanted = str(least) if most == str(least) else f"{least}-{most}"
            raise ExpressionError(
                "arity", at=at, name=self.name, wanted=wanted, found=len(arguments)
            )
        if self.name == "matches":
            _check_pattern(arguments[1])
        match arguments:
            case [s.Literal(value=str() as text) as written] if self.reads:
                value = self.body(None, text)
                if value is None:
                    raise ExpressionError(
                        "bad-literal", at=written.at, text=f"“{text}”", what=self.reads
                    )
                return s.Literal(at, value)
        return s.Call(at, self.name, arguments)

    def kind_of(self, place: int) -> Kind:
        """Return the kind of the argument at `place`."""
        return self.takes[min(place, len(self.takes) - 1)]

    def compute(self, run: v.Run, arguments: list[Any]) -> Any:
        """Return the value, null when an argument is null or of another kind."""
        cost = 4
        for place, argument in enumerate(arguments):
            classes = _CLASSES.get(self.kind_of(place).name)
            if classes and (not isinstance(argument, classes) or isinstance(argument, bool)):
                return None
            if isinstance(argument, (str, list, tuple)):
                cost += len(argument) // (16 if isinstance(argument, str) else 1)
        run.spend(cost)
        return self.body(run, *arguments)


def _check_pattern(node: s.Node) -> None:
    if not isinstance(node, s.Literal) or not isinstance(node.value, str):
        raise ExpressionError("literal-pattern", at=node.at)
    try:
        compile_pattern(node.value)
    except ExpressionError as error:
        raise ExpressionError("pattern", at=node.at, why=error.fields["why"]) from None


def _listed(arguments: tuple[Any, ...]) -> Any:
    """Read `max(1, 2)` and `max([1, 2])` alike."""
    if len(arguments) == 1 and isinstance(arguments[0], (list, tuple)):
        return arguments[0]
    return arguments


def _sum(run: v.Run, *arguments: Any) -> Any:
    items = _listed(arguments)
    run.spend(len(items) * 8)
    total: Any = items[0] if items else None
    for item in items[1:]:
        total = v.add(total, item)
    return None if isinstance(total, str) else total


def _most(run: v.Run, arguments: tuple[Any, ...], sign: int) -> Any:
    items = _listed(arguments)
    run.spend(len(items) * 16)
    best: Any = items[0] if items else None
    for item in items[1:]:
        pair = v.ordered_pair(best, item)
        if pair is None:
            return None
        if (pair[1] > pair[0]) if sign > 0 else (pair[1] < pair[0]):
            best = item
    return best


def _substring(_: v.Run, text: str, start: Any, length: Any = None) -> Any:
    first, count = v.number(start), None if length is None else v.number(length)
    if (
        not isinstance(first, int)
        or not first
        or (length is not None and not isinstance(count, int))
    ):
        return None
    begin = first - 1 if first > 0 else max(len(text) + first, 0)
    return text[begin:] if count is None else text[begin : begin + max(int(count), 0)]


def _distinct(run: v.Run, items: Any) -> list[Any]:
    found: list[Any] = []
    texts: set[str] = set()
    for item in items:
        if isinstance(item, str):
            if item in texts:
                continue
            texts.add(item)
        elif v.contains_item(run, found, item):
            continue
        found.append(item)
    return found


def _joined(_: v.Run, *lists: Any) -> list[Any]:
    return v.bounded_list([item for part in lists for item in part])


def _date(_: Any, *given: Any) -> Any:
    match given:
        case [datetime() as moment]:
            return moment.astimezone(v.VIETNAM).date() if moment.tzinfo else moment.date()
        case [date() as day]:
            return day
        case [str() as text]:
            return reading.read_date(text)
        case [int() as year, int() as month, int() as day]:
            return reading.read_date(f"{year:04}-{month:02}-{day:02}") if year < 10_000 else None
    return None


def _time(_: Any, given: Any) -> Any:
    if isinstance(given, datetime):
        return (given.astimezone(v.VIETNAM) if given.tzinfo else given).time()
    return reading.read_time(given) if isinstance(given, str) else v.time_of(given)


def _moment(_: Any, day: Any, clock: Any = None) -> Any:
    if isinstance(day, str) and clock is None:
        return reading.read_moment(day)
    if isinstance(day, date) and isinstance(clock, time):
        start = day.date() if isinstance(day, datetime) else day
        return datetime.combine(start, clock, tzinfo=clock.tzinfo or v.VIETNAM)
    return day if isinstance(day, datetime) and clock is None else None


def _number(_: Any, given: Any) -> Any:
    return reading.read_number(given) if isinstance(given, str) else v.number(given)


def _absolute(_: Any, given: Any) -> Any:
    zero = v.number(given)
    return None if zero is None else abs(zero)


def _matches(run: v.Run, text: str, source: str) -> bool:
    pattern = compile_pattern(source)
    run.spend(len(text) * pattern.size)
    return pattern.search(text)


def _count(_: Any, items: Any) -> int:
    return len(items)


_ALL = (
    Function("string length", (TEXT,), NUMBER, _count),
    Function("contains", (TEXT, TEXT), BOOLEAN, lambda _, text, part: part in text),
    Function("starts with", (TEXT, TEXT), BOOLEAN, lambda _, text, part: text.startswith(part)),
    Function("ends with", (TEXT, TEXT), BOOLEAN, lambda _, text, part: text.endswith(part)),
    Function("upper case", (TEXT,), TEXT, lambda _, text: v.bounded_text(text.upper())),
    Function("lower case", (TEXT,), TEXT, lambda _, text: v.bounded_text(text.lower())),
    Function("substring", (TEXT, NUMBER, NUMBER), TEXT, _substring, optional=1),
    Function("matches", (TEXT, TEXT), BOOLEAN, _matches),
    Function("string", (ANY,), TEXT, lambda _, value: reading.written(value)),
    Function("number", (ANY,), NUMBER, _number),
    Function("count", (LIST,), NUMBER, _count),
    # Python's len is the one name for both: text or list
    Function(
        "len", (ANY,), NUMBER, lambda _, x: len(x) if isinstance(x, (str, list, tuple)) else None
    ),
    Function("sum", (ANY,), ANY, _sum, repeats=True),
    Function("min", (ANY,), ANY, lambda run, *xs: _most(run, xs, -1), repeats=True),
    Function("max", (ANY,), ANY, lambda run, *xs: _most(run, xs, 1), repeats=True),
    Function("list contains", (LIST, ANY), BOOLEAN, v.contains_item),
    Function(
        "append",
        (LIST, ANY),
        LIST,
        lambda _, items, *more: v.bounded_list([*items, *more]),
        repeats=True,
    ),
    Function("concatenate", (LIST,), LIST, _joined, repeats=True),
    Function("distinct values", (LIST,), LIST, _distinct),
    Function("date", (ANY, NUMBER, NUMBER), DATE, _date, optional=2, reads=("ngày", "date")),
    Function("time", (ANY,), TIME, _time, reads=("giờ", "time")),
    Function(
        "date and time",
        (ANY, TIME),
        MOMENT,
        _moment,
        optional=1,
        reads=("ngày giờ", "date and time"),
    ),
    Function(
        "duration",
        (TEXT,),
        DURATION,
        lambda _, text: reading.read_duration(text),
        reads=("khoảng thời gian", "duration"),
    ),
    Function("now", (), MOMENT, lambda run: run.clock()),
    Function("today", (), DATE, lambda run: run.clock().date()),
    Function("floor", (NUMBER,), NUMBER, lambda _, value: v.floor(value)),
    Function("ceiling", (NUMBER,), NUMBER, lambda _, value: v.ceiling(value)),
    Function("abs", (NUMBER,), NUMBER, _absolute),
    Function(
        "round",
        (NUMBER, NUMBER),
        NUMBER,
        lambda _, *given: v.round_half_up(*given),
        optional=1,
    ),
    Function("modulo", (NUMBER, NUMBER), NUMBER, lambda _, a, b: v.modulo(a, b)),
)
FUNCTIONS = {function.name: function for function in _ALL}
#: the Python-like names of the same functions
SYNONYMS = {
    "str": "string",
    "upper": "upper case",
    "lower": "lower case",
    "startswith": "starts with",
    "endswith": "ends with",
}


def _phrases() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Index the names by their first word, the longest first."""
    names = sorted((*FUNCTIONS, *SYNONYMS), key=lambda name: -len(name.split()))
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for name in names:
        words = tuple(name.split())
        found[words[0]] = (*found.get(words[0], ()), words)
    return found


PHRASES = _phrases()
