"""Weeks, months and quarters, by the clocks of the instance."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from metrics import periods
from metrics.periods import Per

COPENHAGEN = ZoneInfo("Europe/Copenhagen")


def test_a_late_sunday_evening_in_utc_is_monday_in_the_zone():
    late = datetime(2024, 1, 21, 23, 30, tzinfo=UTC)

    assert periods.of(Per.WEEK, late, COPENHAGEN) == date(2024, 1, 22)
    assert periods.of(Per.WEEK, late, ZoneInfo("UTC")) == date(2024, 1, 15)


def test_iso_weeks_at_the_turn_of_the_year_belong_to_the_year_of_their_thursday():
    assert periods.first_day(Per.WEEK, date(2025, 1, 1)) == date(2024, 12, 30)
    assert periods.name(Per.WEEK, date(2024, 12, 30)) == "2025-W01"


@pytest.mark.parametrize(
    ("per", "first", "name", "following"),
    [
        (Per.WEEK, date(2024, 1, 22), "2024-W04", date(2024, 1, 29)),
        (Per.MONTH, date(2024, 12, 1), "2024-12", date(2025, 1, 1)),
        (Per.QUARTER, date(2024, 10, 1), "2024-Q4", date(2025, 1, 1)),
    ],
)
def test_periods_have_names_and_follow_one_another(per, first, name, following):
    assert periods.name(per, first) == name
    assert periods.next_first(per, first) == following


def test_a_quarter_starts_in_january_april_july_or_october():
    firsts = {periods.first_day(Per.QUARTER, date(2024, month, 15)).month for month in range(1, 13)}

    assert firsts == {1, 4, 7, 10}


def test_the_periods_between_two_days_include_both_ends():
    months = list(periods.between(Per.MONTH, date(2024, 1, 31), date(2024, 3, 1)))

    assert months == [date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)]


def test_a_day_starts_at_midnight_of_the_zone_in_summer_time_too():
    assert periods.starts_at(date(2024, 7, 1), COPENHAGEN) == datetime(2024, 6, 30, 22, tzinfo=UTC)
