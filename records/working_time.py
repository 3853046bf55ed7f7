"""Working time (thời giờ làm việc): deadlines counted in working days and working hours.

Which days are worked is data: the law's holidays, the days swapped by the yearly notice, and what
an agency adds for itself. All moments are aware; results are in Vietnam's time zone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Self

from engine.errors import OfficeError
from records.vietnamese import VIETNAM

#: 07:30-11:30 and 13:30-17:00 unless the agency sets its own
USUAL_HOURS = "07:30-11:30 13:30-17:00"
#: a deadline farther away than this is a mistake of the diagram
FARTHEST = timedelta(days=3660)

_DURATION = re.compile(r"P(?:(\d{1,4})D)?(?:T(?=\d)(?:(\d{1,5})H)?(?:(\d{1,6})M)?)?")
_HOURS = re.compile(r"([0-2]\d:[0-5]\d)-([0-2]\d:[0-5]\d)")
_ZERO = timedelta()


class BadDuration(OfficeError):
    """The text is no time limit we know (thời hạn không hợp lệ)."""

    code = "bad-duration"
    vi = (
        "Thời hạn «{text}» không hợp lệ. Viết như P2D (2 ngày làm việc), PT4H (4 giờ làm việc)"
        " hoặc P1DT2H30M."
    )
    en = "«{text}» is no time limit. Write P2D (2 working days), PT4H (4 working hours), P1DT2H30M."


class BadHours(OfficeError):
    """The text gives no working hours (giờ làm việc không hợp lệ)."""

    code = "bad-working-hours"
    vi = (
        "Giờ làm việc «{text}» không hợp lệ. Viết các buổi theo thứ tự,"
        " như 07:30-11:30 13:30-17:00."
    )
    en = "«{text}» gives no working hours. Write the spans in order: 07:30-11:30 13:30-17:00."


@dataclass(frozen=True, slots=True)
class Duration:
    """A time limit in working days and working hours, from ISO 8601 text (thời hạn)."""

    days: int | None
    hours: timedelta

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `P2D`, `PT4H`, `P1DT2H30M`; raise BadDuration for all else, weeks and months too."""
        found = _DURATION.fullmatch(text)
        if found is None or not any(found.groups()):
            raise BadDuration(text=text)
        days, hours, minutes = (int(g) if g else 0 for g in found.groups())
        given = days if found[1] else None
        limit = cls(given, timedelta(hours=hours, minutes=minutes))
        if timedelta(days=days) + limit.hours > FARTHEST / 2:
            raise BadDuration(text=text)
        return limit


@lru_cache(maxsize=256)
def parse_hours(text: str) -> tuple[tuple[time, time], ...]:
    """Read "07:30-11:30 13:30-17:00" into spans of a day, in order; raise BadHours."""
    spans = []
    for part in text.split():
        found = _HOURS.fullmatch(part)
        if found is None:
            raise BadHours(text=text)
        try:
            spans.append((time.fromisoformat(found[1]), time.fromisoformat(found[2])))
        except ValueError:
            raise BadHours(text=text) from None
    edges = [edge for span in spans for edge in span]
    if not spans or any(a >= b for a, b in pairwise(edges)):
        raise BadHours(text=text)
    return tuple(spans)


@dataclass(frozen=True)
class WorkingCalendar:
    """Which days and hours are worked (lịch làm việc)."""

    spans: tuple[tuple[time, time], ...] = field(default_factory=lambda: parse_hours(USUAL_HOURS))
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    def is_working_day(self, day: date) -> bool:
        return day in self.workdays or (day.weekday() < 5 and day not in self.holidays)

    def is_working_moment(self, moment: datetime) -> bool:
        local = moment.astimezone(VIETNAM)
        return any(a <= local <= b for a, b in self.spans_of(local.date()))

    def spans_of(self, day: date) -> list[tuple[datetime, datetime]]:
        """Return the worked spans of `day`; none when it is not worked."""
        if not self.is_working_day(day):
            return []
        return [
            (datetime.combine(day, a, VIETNAM), datetime.combine(day, b, VIETNAM))
            for a, b in self.spans
        ]

    def close_of(self, day: date) -> datetime:
        """Return the end of working hours on `day` (hết giờ làm việc)."""
        return datetime.combine(day, self.spans[-1][1], VIETNAM)

    @property
    def day_length(self) -> timedelta:
        """How long one working day is: 7 hours 30 minutes as usual."""
        start = date(2000, 1, 1)
        return sum(
            (datetime.combine(start, b) - datetime.combine(start, a) for a, b in self.spans),
            start=_ZERO,
        )

    def following(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the worked spans from `moment` on; the first may be the rest of a span."""
        local = moment.astimezone(VIETNAM)
        for offset in range(FARTHEST.days):
            for start, end in self.spans_of(local.date() + timedelta(days=offset)):
                if end >= local:
                    yield max(start, local), end


def add_working_time(
    start: datetime, duration: Duration | str, calendar: WorkingCalendar
) -> datetime:
    """Return the moment by which a time limit that begins at `start` ends (hạn xử lý).

    `P2D`: the first day is not counted and the limit ends with the working hours of the second
    working day after it (Civil Code 91/2015/QH13, art. 147.2 and 148.1); `P0D` ends with the
    working hours of the present day, or of the next one worked. Hours run at once, through worked
    time only; of both, the days come first.
    """
    limit = Duration.parse(duration) if isinstance(duration, str) else duration
    moment = start.astimezone(VIETNAM)
    if limit.days is not None:
        moment = _close_after(moment, limit.days, calendar)
    if limit.hours or limit.days is None:
        moment = _run(moment, limit.hours, calendar)
    return moment


def _close_after(start: datetime, days: int, calendar: WorkingCalendar) -> datetime:
    day = start.date()
    if days == 0 and calendar.is_working_day(day) and start <= calendar.close_of(day):
        return calendar.close_of(day)
    left = max(days, 1)
    for _ in range(FARTHEST.days):
        day += timedelta(days=1)
        left -= calendar.is_working_day(day)
        if not left:
            return calendar.close_of(day)
    raise BadDuration(text=f"P{days}D")


def _run(start: datetime, hours: timedelta, calendar: WorkingCalendar) -> datetime:
    left = hours
    for begin, end in calendar.following(start):
        if left <= end - begin:
            return begin + left
        left -= end - begin
    raise BadDuration(text=str(hours))


def working_time_between(start: datetime, end: datetime, calendar: WorkingCalendar) -> timedelta:
    """Return the worked time from `start` to `end`; negative when `end` comes first."""
    if end < start:
        return -working_time_between(end, start, calendar)
    total = _ZERO
    for begin, close in calendar.following(start):
        if begin >= end:
            break
        total += min(close, end.astimezone(VIETNAM)) - begin
    return total


def due_text(due: datetime, now: datetime, calendar: WorkingCalendar, language: str = "vi") -> str:
    """Return "Còn 3 giờ 20 phút làm việc" or "Quá 1 ngày 3 giờ": working time to or from `due`."""
    left = working_time_between(now, due, calendar)
    amount = _amount(abs(left), calendar.day_length, language)
    vietnamese = language != "en"
    if not amount:
        if now <= due:
            return "Đến hạn" if vietnamese else "Due now"
        return "Vừa quá hạn" if vietnamese else "Just overdue"
    if left > _ZERO:
        return f"Còn {amount} làm việc" if vietnamese else f"{amount} of working time left"
    return f"Quá {amount}" if vietnamese else f"Overdue by {amount}"


def _amount(length: timedelta, day: timedelta, language: str) -> str:
    """Return the two greatest parts that say something, as "1 ngày 3 giờ"."""
    days, rest = divmod(length, day)
    hours, rest = divmod(rest, timedelta(hours=1))
    minutes = rest // timedelta(minutes=1)
    words = ("ngày", "giờ", "phút") if language != "en" else ("d", "h", "min")
    shown = [(days, words[0]), (hours, words[1]), (0 if days else minutes, words[2])]
    return " ".join(f"{n} {word}" for n, word in shown if n)
