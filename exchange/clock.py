"""Dates and times as edXML writes them: Vietnamese local time, no zone (giờ Việt Nam)."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

_YEAR_FIRST = re.compile(r"(?P<y>\d{4})([/-])(?P<m>\d{1,2})\2(?P<d>\d{1,2})")
_DAY_FIRST = re.compile(r"(?P<d>\d{1,2})([/-])(?P<m>\d{1,2})\2(?P<y>\d{4})")
_TIME = re.compile(r"(?P<h>\d{1,2}):(?P<m>\d{2})(:(?P<s>\d{2})(\.(?P<f>\d{1,9}))?)?")
_ZONE = re.compile(r"(Z|[+-]\d{2}:?\d{2})$")


def now() -> datetime:
    """Return the present moment, aware; the default of every injected clock."""
    return datetime.now(UTC)


def parse_date(text: str) -> date | None:
    """Read yyyy/MM/dd, yyyy-MM-dd, dd/MM/yyyy or dd-MM-yyyy; None when it is no such day.

    No agency dates anything before 1900; earlier years are slips of the hand.
    """
    match = _YEAR_FIRST.fullmatch(text) or _DAY_FIRST.fullmatch(text)
    if match is None or not text.isascii() or int(match["y"]) < 1900:
        return None
    try:
        return date(int(match["y"]), int(match["m"]), int(match["d"]))
    except ValueError:
        return None


def parse_moment(text: str) -> datetime | None:
    """Read a date with an optional time; without a zone it is Vietnamese local time."""
    head, _, tail = text.strip().replace("T", " ").partition(" ")
    day = parse_date(head)
    if day is None:
        return None
    tail = tail.strip()
    zone = _ZONE.search(tail)
    bare = tail[: zone.start()].strip() if zone else tail
    time = _TIME.fullmatch(bare) if bare else None
    if (bare and time is None) or not tail.isascii():
        return None
    parts = (int(time["h"]), int(time["m"]), int(time["s"] or 0)) if time else (0, 0, 0)
    try:
        local = datetime(day.year, day.month, day.day, *parts, tzinfo=VIETNAM)
        if zone:
            stamp = f"{local:%H:%M:%S}{'+00:00' if zone[0] == 'Z' else zone[0]}"
            local = datetime.fromisoformat(f"{day.isoformat()}T{stamp}")
        return local.astimezone(VIETNAM)
    except (ValueError, OverflowError):
        return None


def write_date(day: date) -> str:
    """Write yyyy/MM/dd, the only form we send."""
    return f"{day.year:04d}/{day.month:02d}/{day.day:02d}"


def write_moment(moment: datetime) -> str:
    """Write yyyy/MM/dd HH:mm:ss in Vietnamese local time; raises ValueError for a naive time."""
    if moment.tzinfo is None:
        raise ValueError("a moment on the wire needs a time zone")
    local = moment.astimezone(VIETNAM)
    return f"{write_date(local)} {local:%H:%M:%S}"
