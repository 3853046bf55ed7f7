"""Deadlines in working time, over Tết and swapped Saturdays."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.calendar_day import (
    CalendarDay,
    DayKind,
    calendar_of,
    load_calendar,
    seed_calendar,
    shipped_days,
)
from records.vietnamese import (
    VIETNAM,
    date_words,
    local_date,
    moment_words,
    number_text,
    serial_words,
    time_words,
)
from records.working_time import (
    BadDuration,
    BadHours,
    Duration,
    WorkingCalendar,
    add_working_time,
    due_text,
    parse_hours,
    working_time_between,
)

CALENDAR = calendar_of((d.day, d.kind) for d in shipped_days())
SHORT = calendar_of(((d.day, d.kind) for d in shipped_days()), "08:00-12:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


FIRST = at("2025-01-01 00:00")
moments = st.integers(0, 1034 * 24 * 60).map(lambda n: FIRST + timedelta(minutes=n))
calendars = st.sampled_from([CALENDAR, SHORT, WorkingCalendar()])
hours = st.integers(0, 20_000).map(lambda m: timedelta(minutes=m))


@pytest.mark.parametrize(
    ("start", "limit", "due"),
    [
        ("2026-03-02 09:00", "PT4H", "2026-03-02 15:00"),  # over lunch
        ("2026-03-02 16:00", "PT4H", "2026-03-03 10:30"),
        ("2026-03-06 16:30", "PT1H", "2026-03-09 08:00"),  # over the weekend
        ("2026-03-02 09:00", "P1D", "2026-03-03 17:00"),
        ("2026-03-02 23:00", "P1D", "2026-03-03 17:00"),
        ("2026-03-06 09:00", "P2D", "2026-03-10 17:00"),
        ("2026-03-07 09:00", "P1D", "2026-03-09 17:00"),  # begun on a Saturday
        ("2026-03-02 09:00", "P0D", "2026-03-02 17:00"),
        ("2026-03-02 17:30", "P0D", "2026-03-03 17:00"),
        ("2026-03-02 09:00", "P1DT2H", "2026-03-04 09:30"),
        ("2026-02-13 09:00", "P2D", "2026-02-24 17:00"),  # over Tết Bính Ngọ
        ("2026-08-21 09:00", "P1D", "2026-08-22 17:00"),  # a swapped Saturday is worked
        ("2026-08-28 16:00", "PT2H", "2026-09-03 08:30"),  # and its Monday is not
    ],
)
def test_known_limits(start, limit, due):
    assert add_working_time(at(start), limit, CALENDAR) == at(due)


def test_the_day_is_the_one_of_vietnam():
    # 18:00 UTC is already the next day there
    start = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
    assert local_date(start) == date(2026, 3, 3)
    assert add_working_time(start, "P1D", CALENDAR) == at("2026-03-04 17:00")


@given(moments, moments, hours, calendars)
def test_later_starts_end_no_earlier(one, other, limit, calendar):
    first, second = sorted([one, other])
    duration = Duration(None, limit)
    assert add_working_time(first, duration, calendar) <= add_working_time(
        second, duration, calendar
    )


@pytest.mark.parametrize("limit", ["P1830D", "PT7320H", "P1829DT4H"])
@pytest.mark.parametrize("calendar", [CALENDAR, SHORT, WorkingCalendar()])
def test_the_longest_limit_of_a_diagram_can_be_counted(limit, calendar):
    """What the check of a diagram lets pass must not stop the officer before the step."""
    assert add_working_time(at("2026-03-02 09:00"), limit, calendar) > at("2029-01-01 00:00")


@given(moments, st.integers(0, 60), calendars)
def test_days_are_monotone_and_end_with_the_hours(start, days, calendar):
    due = add_working_time(start, Duration(days, timedelta()), calendar)
    longer = add_working_time(start, Duration(days + 1, timedelta()), calendar)
    assert start <= due <= longer
    assert days == 0 or due < longer
    assert due == calendar.close_of(due.date())
    assert calendar.is_working_day(due.date())


@given(moments, hours, calendars)
def test_what_is_added_lies_between(start, limit, calendar):
    due = add_working_time(start, Duration(None, limit), calendar)
    assert working_time_between(start, due, calendar) == limit
    assert working_time_between(due, start, calendar) == -limit
    assert calendar.is_working_moment(due)


@given(moments, moments, moments, calendars)
def test_between_adds_up(a, b, c, calendar):
    a, b, c = sorted([a, b, c])
    whole = working_time_between(a, c, calendar)
    assert whole == working_time_between(a, b, calendar) + working_time_between(b, c, calendar)
    assert timedelta() <= whole <= c - a


@given(moments, st.integers(1, 300))
def test_swapped_saturdays_are_worked_and_their_days_off_are_not(start, minutes):
    due = add_working_time(start, Duration(None, timedelta(minutes=minutes)), CALENDAR)
    day = due.date()
    assert day not in CALENDAR.holidays
    assert day.weekday() < 5 or day in CALENDAR.workdays


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1", "2D", "P1W", "P1Y", "P1M", "-P1D", "P1DT", "PT1S", "P9999D", "P1.5D"],
)
def test_other_limits_are_refused(text):
    with pytest.raises(BadDuration) as caught:
        add_working_time(at("2026-03-02 09:00"), text, CALENDAR)
    assert "P2D" in caught.value.text("vi")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7-11",
        "07:30-07:30",
        "13:30-17:00 07:30-11:30",
        "07:30-25:00",
        "07:30-11:30 11:00-12:00",
    ],
)
def test_other_hours_are_refused(text):
    with pytest.raises(BadHours):
        parse_hours(text)


@pytest.mark.parametrize(
    ("now", "due", "vi", "en"),
    [
        (
            "2026-03-02 09:00",
            "2026-03-02 13:50",
            "Còn 2 giờ 50 phút làm việc",
            "2 h 50 min of working time left",
        ),
        (
            "2026-03-02 09:00",
            "2026-03-03 17:00",
            "Còn 1 ngày 6 giờ làm việc",
            "1 d 6 h of working time left",
        ),
        ("2026-03-04 10:30", "2026-03-02 17:00", "Quá 1 ngày 3 giờ", "Overdue by 1 d 3 h"),
        ("2026-03-02 17:00", "2026-03-02 17:00", "Đến hạn", "Due now"),
        ("2026-03-02 20:00", "2026-03-02 17:00", "Vừa quá hạn", "Just overdue"),
    ],
)
def test_words(now, due, vi, en):
    assert due_text(at(due), at(now), CALENDAR) == vi
    assert due_text(at(due), at(now), CALENDAR, "en") == en


def test_the_shipped_days_are_sound():
    days = shipped_days()
    assert len({d.day for d in days}) == len(days)
    for d in days:
        # a holiday on a weekend would say nothing, a workday is a swapped weekend
        assert (d.day.weekday() < 5) is (d.kind is DayKind.HOLIDAY), d
        assert d.confirmed is (d.day < date(2026, 11, 1)), d
    for year in (2025, 2026, 2027):
        off = [d for d in days if d.day.year == year and d.kind is DayKind.HOLIDAY]
        swapped = [d for d in days if d.day.year == year and d.kind is DayKind.WORKDAY]
        # 11 days of art. 112, one more from 2026 on, and a day off for each worked Saturday
        assert len(off) == (11 if year == 2025 else 12) + len(swapped)


def test_an_agency_has_days_and_hours_of_its_own(tx, province):
    assert seed_calendar(tx) == len(shipped_days())
    tx.flush()
    assert seed_calendar(tx) == 0
    stttt = province.stttt
    stttt.working_hours = "08:00-12:00"
    tx.add(
        CalendarDay(agency_id=stttt.id, day=date(2026, 8, 22), kind=DayKind.HOLIDAY, name="Nghỉ")
    )
    tx.flush()
    theirs, others = load_calendar(tx, stttt.id), load_calendar(tx, province.ubnd.id)
    assert theirs.day_length == timedelta(hours=4)
    assert others.day_length == timedelta(hours=7, minutes=30)
    assert not theirs.is_working_day(date(2026, 8, 22))
    assert others.is_working_day(date(2026, 8, 22))
    assert not theirs.is_working_day(date(2026, 2, 17))


def test_dates_are_written_as_the_decree_says():
    assert date_words(date(2026, 2, 5)) == "ngày 05 tháng 02 năm 2026"
    assert date_words(date(2026, 3, 15)) == "ngày 15 tháng 3 năm 2026"
    assert date_words(date(2026, 12, 1)) == "ngày 01 tháng 12 năm 2026"
    assert time_words(datetime(2026, 2, 5, 9, 30, tzinfo=UTC)) == "16 giờ 30"
    assert (
        moment_words(datetime(2026, 2, 5, 17, 0, tzinfo=UTC)) == "0 giờ, ngày 06 tháng 02 năm 2026"
    )
    assert serial_words(5) == "05"
    assert serial_words(188) == "188"
    assert number_text(1234567) == "1.234.567"
