"""Time that counts only while a team is at work: windows of the week in its zone, without its holidays."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lib.refusal import Refused

# Two years without an open minute is a mistake in the settings, not a long holiday.
_HORIZON_DAYS = 750
_DAY = timedelta(days=1)


class NeverOpen(Refused):
    """The windows and holidays leave no open minute within two years."""

    def __init__(self) -> None:
        super().__init__("never_open", "These business hours never open. Check the windows and the holidays.")


@dataclass(frozen=True)
class Window:
    """An opening of the week; ``weekday`` 0 is Monday; an ``end`` of 00:00 means midnight, the day's end."""

    weekday: int
    start: time
    end: time

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6 or (self.end != time.min and self.end <= self.start):
            raise ValueError(f"impossible window: {self}")


_AROUND_THE_CLOCK = tuple(Window(day, time.min, time.min) for day in range(7))


def instant(day: date, wall: time, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """The moment (UTC) at which a clock on the wall shows that time.

    A time that comes twice (clocks go back) is the first one, or with ``last`` the second; a time that
    never comes (clocks go forward) is the moment of the jump.
    """
    local = datetime.combine(day, wall, tzinfo=zone).replace(fold=1 if last else 0)
    there = local.astimezone(UTC)
    if there.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return there
    # In the gap the two folds lie on either side of the jump: find where the offset changes.
    early, late = sorted(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    before = early.astimezone(zone).utcoffset()
    seconds = range(int((late - early).total_seconds()) + 1)
    return early + timedelta(
        seconds=bisect_right(
            seconds, 0, key=lambda s: (early + timedelta(seconds=s)).astimezone(zone).utcoffset() != before
        )
    )


@dataclass(frozen=True)
class BusinessHours:
    """When a team is at work. No windows at all means around the clock.

    Attributes:
        zone: IANA name; windows and holidays are meant in it.
        windows: openings of the week, which may overlap.
        holidays: days without any opening, as a set or as a question.
    """

    zone: str
    windows: tuple[Window, ...] = ()
    holidays: frozenset[date] | Callable[[date], bool] = frozenset()

    def is_open(self, at: datetime) -> bool:
        return any(start <= at < end for start, end in self._day(self._local(at)))

    def next_opening(self, at: datetime) -> datetime:
        """``at`` itself while open, else the start of the next window (UTC)."""
        start, _ = next(self._from(at))
        return max(start, at.astimezone(UTC))

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """The moment (UTC) at which ``amount`` of open time has passed since ``start``.

        An amount that ends with a window ends there, and not at the next opening.
        """
        left = amount
        for opened, closed in self._from(start):
            begin = max(opened, start.astimezone(UTC))
            if left <= closed - begin:
                return begin + max(left, timedelta(0))
            left -= closed - begin
        raise NeverOpen

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """How much open time lies between two moments; negative when they are the other way round."""
        if end < start:
            return -self.elapsed(end, start)
        total, day = timedelta(0), self._local(start)
        while day <= self._local(end):
            total += sum(
                (max(min(b, end) - max(a, start), timedelta(0)) for a, b in self._day(day)), timedelta(0)
            )
            day += _DAY
        return total

    def open_between(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """The open spans between two moments, in order and cut to them."""
        found, day = [], self._local(start)
        while day <= self._local(end):
            found += [(max(a, start), min(b, end)) for a, b in self._day(day) if a < end and b > start]
            day += _DAY
        return found

    def add_days(self, start: datetime, days: int) -> datetime:
        """The close (UTC) of the ``days``-th business day after the day of ``start``.

        Zero means the close of that day itself or, where it has none, of the next business day.
        """
        day, left = self._local(start), days
        for _ in range(_HORIZON_DAYS + 2 * days):
            spans = self._day(day)
            if spans and left <= 0:
                return spans[-1][1]
            day += _DAY
            left -= 1 if self._day(day) else 0
        raise NeverOpen

    def _local(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.zone)).date()

    def _is_holiday(self, day: date) -> bool:
        return self.holidays(day) if callable(self.holidays) else day in self.holidays

    def _day(self, day: date) -> list[tuple[datetime, datetime]]:
        """The open spans (UTC) of one local day, in order and without overlaps."""
        if self._is_holiday(day):
            return []
        zone, spans = ZoneInfo(self.zone), []
        for window in self.windows or _AROUND_THE_CLOCK:
            if window.weekday != day.weekday():
                continue
            start = instant(day, window.start, zone)
            midnight = window.end == time.min
            end = (
                instant(day + _DAY, time.min, zone) if midnight else instant(day, window.end, zone, last=True)
            )
            if start < end:
                spans.append((start, end))
        return _merged(sorted(spans))

    def _from(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open spans that end after ``at``, soonest first.

        Raises:
            NeverOpen: none for two years.
        """
        day, empty = self._local(at), 0
        while empty < _HORIZON_DAYS:
            found = [span for span in self._day(day) if span[1] > at]
            empty = 0 if found else empty + 1
            yield from found
            day += _DAY
        raise NeverOpen


def _merged(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    joined: list[tuple[datetime, datetime]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def next_sprint(at: datetime, anchor: date, days: int, zone: str) -> datetime:
    """The start (UTC) of the first sprint that begins after ``at``.

    Sprints start at midnight in ``zone``, on ``anchor`` and every ``days`` days before and after it.
    """
    if days < 1:
        raise ValueError("a sprint has at least one day")
    today = at.astimezone(ZoneInfo(zone)).date()
    day = anchor + _DAY * ((today - anchor).days // days * days)
    while (start := instant(day, time.min, ZoneInfo(zone))) <= at:
        day += _DAY * days
    return start
