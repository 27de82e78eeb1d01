"""Business hours against a minute-by-minute count, across clock changes and holidays."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.businesshours import BusinessHours, NeverOpen, Window, instant, next_sprint

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "UTC",
]
WEEK = tuple(Window(day, time(9), time(17)) for day in range(5))
OFFICE = BusinessHours("Europe/Berlin", WEEK, frozenset({date(2026, 12, 25)}))


def berlin(*args: int) -> datetime:
    return datetime(*args, tzinfo=BERLIN)


def test_four_hours_from_friday_afternoon_end_on_monday():
    assert OFFICE.add(berlin(2026, 11, 20, 15), timedelta(hours=4)) == berlin(2026, 11, 23, 11)


def test_a_saturday_waits_for_monday_morning():
    assert OFFICE.next_opening(berlin(2026, 11, 21, 12)) == berlin(2026, 11, 23, 9)
    assert not OFFICE.is_open(berlin(2026, 11, 21, 12))


def test_a_holiday_counts_for_nothing():
    assert OFFICE.add(berlin(2026, 12, 24, 16), timedelta(hours=2)) == berlin(2026, 12, 28, 10)
    assert OFFICE.elapsed(berlin(2026, 12, 25, 0), berlin(2026, 12, 28, 0)) == timedelta(0)


def test_an_amount_that_ends_with_the_day_ends_there():
    assert OFFICE.add(berlin(2026, 11, 23, 13), timedelta(hours=4)) == berlin(2026, 11, 23, 17)


def test_business_days_end_at_the_close():
    assert OFFICE.add_days(berlin(2026, 11, 20, 10), 5) == berlin(2026, 11, 27, 17)
    assert OFFICE.add_days(berlin(2026, 11, 21, 10), 1) == berlin(2026, 11, 23, 17)
    assert OFFICE.add_days(berlin(2026, 12, 24, 10), 1) == berlin(2026, 12, 28, 17)


def test_a_night_shift_loses_an_hour_in_spring_and_gains_one_in_autumn():
    nights = BusinessHours("Europe/Berlin", tuple(Window(day, time(0), time(6)) for day in range(7)))
    assert nights.elapsed(berlin(2026, 3, 29, 0), berlin(2026, 3, 29, 12)) == timedelta(hours=5)
    assert nights.elapsed(berlin(2026, 10, 25, 0), berlin(2026, 10, 25, 12)) == timedelta(hours=7)


def test_a_window_that_starts_in_the_missing_hour_starts_with_the_jump():
    early = BusinessHours("Europe/Berlin", (Window(6, time(2, 30), time(5)),))
    assert early.next_opening(berlin(2026, 3, 29, 0)) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_no_windows_mean_around_the_clock():
    always = BusinessHours("UTC")
    start = datetime(2026, 11, 21, 3, tzinfo=UTC)
    assert always.is_open(start)
    assert always.add(start, timedelta(hours=30)) == start + timedelta(hours=30)


def test_overlapping_windows_count_once():
    twice = BusinessHours("UTC", (Window(0, time(9), time(12)), Window(0, time(11), time(13))))
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    assert twice.elapsed(monday, monday + timedelta(days=1)) == timedelta(hours=4)


def test_hours_that_never_open_are_refused_with_a_sentence():
    shut = BusinessHours("UTC", WEEK, lambda day: True)
    for question in (
        shut.next_opening,
        lambda at: shut.add(at, timedelta(hours=1)),
        lambda at: shut.add_days(at, 1),
    ):
        with pytest.raises(NeverOpen, match="never open"):
            question(datetime(2026, 11, 23, tzinfo=UTC))


def test_a_window_that_ends_before_it_starts_is_impossible():
    with pytest.raises(ValueError, match="impossible"):
        Window(0, time(17), time(9))


def test_the_next_sprint_starts_at_midnight_of_the_teams_zone():
    anchor = date(2026, 11, 2)
    assert next_sprint(berlin(2026, 11, 23, 14), anchor, 14, "Europe/Berlin") == berlin(2026, 11, 30)
    assert next_sprint(berlin(2026, 11, 30), anchor, 14, "Europe/Berlin") == berlin(2026, 12, 14)
    assert next_sprint(berlin(2026, 10, 1), anchor, 14, "Europe/Berlin") == berlin(2026, 10, 5)


wall_quarters = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))


@st.composite
def hours(draw):
    windows = []
    for _ in range(draw(st.integers(1, 6))):
        a, b = draw(wall_quarters), draw(wall_quarters)
        if a != b and max(a, b) != time.min:
            windows.append(Window(draw(st.integers(0, 6)), min(a, b), max(a, b)))
    windows.append(Window(draw(st.integers(0, 6)), time(9), time.min))
    free = draw(st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=20))
    return BusinessHours(draw(st.sampled_from(ZONES)), tuple(windows), frozenset(free))


moments = st.datetimes(datetime(2026, 1, 5), datetime(2026, 12, 20)).map(
    lambda at: at.replace(second=0, microsecond=0, minute=at.minute // 15 * 15, tzinfo=UTC)
)


@settings(max_examples=150, deadline=None)
@given(hours(), moments, st.integers(0, 8 * 96))
def test_elapsed_time_is_the_number_of_open_quarters(calendar, start, quarters):
    step = timedelta(minutes=15)
    counted = sum(calendar.is_open(start + step * n) for n in range(quarters)) * step

    assert calendar.elapsed(start, start + step * quarters) == counted


@settings(max_examples=150, deadline=None)
@given(hours(), moments, st.integers(1, 60))
def test_adding_and_measuring_agree(calendar, start, quarters):
    amount = timedelta(minutes=15 * quarters)
    end = calendar.add(start, amount)

    assert calendar.elapsed(start, end) == amount
    assert end == start or calendar.is_open(end - timedelta(microseconds=1))


@settings(max_examples=150, deadline=None)
@given(hours(), moments)
def test_nothing_is_open_before_the_next_opening(calendar, start):
    opening = calendar.next_opening(start)

    assert opening >= start
    assert calendar.is_open(opening)
    assert calendar.elapsed(start, opening) == timedelta(0)


@settings(max_examples=200, deadline=None)
@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)), wall_quarters, st.sampled_from(ZONES))
def test_an_instant_shows_its_wall_time_or_is_the_jump(day, wall, name):
    zone = ZoneInfo(name)
    first, last = instant(day, wall, zone), instant(day, wall, zone, last=True)
    shown = first.astimezone(zone).replace(tzinfo=None)

    assert first <= last
    if shown != datetime.combine(day, wall):
        just_before = (first - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
        assert just_before < datetime.combine(day, wall) < shown
