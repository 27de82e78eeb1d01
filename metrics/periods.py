"""Weeks, months and quarters of the instance's zone. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Per(StrEnum):
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


def first_day(per: Per, day: date) -> date:
    """The first day of the period that ``day`` is in; weeks are ISO weeks and start on Monday."""
    if per is Per.WEEK:
        return day - timedelta(days=day.weekday())
    month = day.month if per is Per.MONTH else day.month - (day.month - 1) % 3
    return day.replace(month=month, day=1)


def next_first(per: Per, first: date) -> date:
    """The first day of the period after the one that starts on ``first``."""
    if per is Per.WEEK:
        return first + timedelta(days=7)
    months = first.month - 1 + (1 if per is Per.MONTH else 3)
    return date(first.year + months // 12, months % 12 + 1, 1)


def back(per: Per, first: date, count: int) -> date:
    """The first day of the period ``count`` periods before the one that starts on ``first``."""
    for _ in range(count):
        first = first_day(per, first - timedelta(days=1))
    return first


def of(per: Per, at: datetime, zone: ZoneInfo) -> date:
    """The first day of the period that an instant belongs to, by the clocks of ``zone``."""
    return first_day(per, at.astimezone(zone).date())


def between(per: Per, first: date, last: date) -> Iterator[date]:
    """First days of all periods from the one of ``first`` to the one of ``last``, both included."""
    day, end = first_day(per, first), first_day(per, last)
    while day <= end:
        yield day
        day = next_first(per, day)


def starts_at(day: date, zone: ZoneInfo) -> datetime:
    """Midnight at the start of a day, as an instant."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def name(per: Per, first: date) -> str:
    """``2024-W04``, ``2024-01``, ``2024-Q1``: sorts by time and reads the same everywhere."""
    if per is Per.WEEK:
        year, week, _ = first.isocalendar()
        return f"{year}-W{week:02}"
    if per is Per.MONTH:
        return f"{first:%Y-%m}"
    return f"{first.year}-Q{(first.month + 2) // 3}"
