"""When a drill comes again: across summer time, by weekday and by cron line."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.refusal import Invalid
from oncall import drill_times
from oncall.drill_times import Weekly

BERLIN = "Europe/Berlin"
#: In 2026 the clocks of Berlin go forward on 29 March, and back on 25 October.
SPRING, AUTUMN = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)


def test_half_past_two_on_the_day_that_has_none_comes_right_after_the_gap():
    sunday, monday = drill_times.upcoming("30 2 * * *", BERLIN, SPRING, 2)
    assert sunday == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert sunday.astimezone(ZoneInfo(BERLIN)).time() == time(3)
    assert monday == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


def test_half_past_two_on_the_day_that_has_two_comes_once():
    times = drill_times.upcoming("30 2 * * *", BERLIN, AUTUMN, 2)
    assert [at.astimezone(ZoneInfo(BERLIN)).date().day for at in times] == [25, 26]


@given(
    weekdays=st.sets(st.integers(0, 6), min_size=1),
    at=st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    zone=st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
    after=st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
)
def test_a_weekly_time_comes_once_on_each_of_its_days_and_on_no_other(weekdays, at, zone, after):
    times = drill_times.upcoming(Weekly(tuple(weekdays), at).line, zone, after, 8)
    here = [one.astimezone(ZoneInfo(zone)) for one in times]
    assert all(one > after for one in times)
    assert all(sooner < later for sooner, later in pairwise(times))
    # Only a gap moves it, by at most an hour, and never to another day but past midnight.
    for one in here:
        wanted = datetime.combine(one.date(), at)
        moved = one.replace(tzinfo=None) - wanted
        assert timedelta(0) <= moved <= timedelta(hours=1) or one.hour == 0
    days = [one.date() for one in here]
    assert len(set(days)) == len(days)
    assert {day.weekday() for day in days} <= weekdays | {(day + 1) % 7 for day in weekdays if at.hour == 23}
    assert max(later - sooner for sooner, later in pairwise(days)) <= timedelta(days=7)


@given(weekdays=st.sets(st.integers(0, 6), min_size=1), hour=st.integers(0, 23), minute=st.integers(0, 59))
def test_a_weekly_line_is_read_back(weekdays, hour, minute):
    weekly = Weekly(tuple(sorted(weekdays)), time(hour, minute))
    assert drill_times.weekly(weekly.line) == weekly


def test_a_line_that_says_more_is_shown_as_it_is():
    assert drill_times.weekly("0 10 * * 2#1") is None
    assert drill_times.words("0 10 * * 2#1", BERLIN) == "0 10 * * 2#1, Europe/Berlin"
    assert drill_times.words("0 10 * * 2,4", BERLIN) == "Tue, Thu 10:00, Europe/Berlin"


@pytest.mark.parametrize(
    ("line", "zone", "words"),
    [
        ("0 10 * * 2", "Mars/Olympus", "no time zone"),
        ("now and then", "UTC", "no cron line"),
        ("0 0 30 2 *", "UTC", "no cron line|never comes"),
        ("*/10 * * * *", "UTC", "once an hour"),
    ],
)
def test_what_is_no_time_of_a_drill_is_refused(line, zone, words):
    with pytest.raises(Invalid, match=words):
        drill_times.check(line, zone, SPRING)
