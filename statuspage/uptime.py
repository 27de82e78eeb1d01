"""How much of the time a component worked, computed from what its public notices said. Pure."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from statuspage.kinds import ComponentStatus, worst

DAYS = 90
_NONE = timedelta(0)


@dataclass(frozen=True)
class Span:
    """From ``start`` until ``end`` the component had this status."""

    start: datetime
    end: datetime
    status: ComponentStatus


@dataclass(frozen=True)
class Weights:
    """Which share of the time counts as down."""

    major: float = 1.0
    partial: float = 0.3
    degraded: float = 0.0

    def of(self, status: ComponentStatus) -> float:
        return {
            ComponentStatus.MAJOR_OUTAGE: self.major,
            ComponentStatus.PARTIAL_OUTAGE: self.partial,
            ComponentStatus.DEGRADED_PERFORMANCE: self.degraded,
        }.get(status, 0.0)


@dataclass(frozen=True)
class Day:
    """One bar: the worst that was said of the day, and how long it was so. ``None`` before it existed."""

    date: date
    status: ComponentStatus | None
    trouble: timedelta = _NONE
    down: timedelta = field(default=_NONE, compare=False)
    counted: timedelta = field(default=_NONE, compare=False)


def spans_of(points: Sequence[tuple[datetime, str]], end: datetime) -> list[Span]:
    """The spans between the points at which a status was told, the last one until ``end``."""
    ordered = sorted(points, key=lambda point: point[0])
    edges = [at for at, _ in ordered[1:]] + [end]
    return [
        Span(at, edge, ComponentStatus(status))
        for (at, status), edge in zip(ordered, edges, strict=True)
        if edge > at
    ]


def days(
    spans: Iterable[Span],
    *,
    maintenance: Iterable[tuple[datetime, datetime]] = (),
    at: datetime,
    zone: ZoneInfo,
    start_date: date | None = None,
    weights: Weights | None = None,
    count: int = DAYS,
) -> tuple[Day, ...]:
    """The last ``count`` calendar days in the page's zone, oldest first, the last one until ``at``.

    Overlapping spans count once, with the worst status. Time of maintenance is left out of
    both what was down and what is counted.
    """
    spans, works, weights = list(spans), list(maintenance), weights or Weights()
    last = at.astimezone(zone).date()
    result = []
    for back in range(count - 1, -1, -1):
        day = last - timedelta(days=back)
        begin, end = _edges(day, zone)
        end = min(end, at)
        if start_date and day < start_date:
            result.append(Day(day, None))
        else:
            touching = [span for span in spans if span.start < end and span.end > begin]
            paused = [work for work in works if work[0] < end and work[1] > begin]
            result.append(_day(day, begin, end, touching, paused, weights))
    return tuple(result)


def share(days: Iterable[Day]) -> float | None:
    """Per cent of the counted time that was not down; None where nothing was counted."""
    counted = down = _NONE
    for day in days:
        counted, down = counted + day.counted, down + day.down
    return 100 * (1 - down / counted) if counted else None


def _edges(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    # A day of a time change has 23 or 25 hours, so its end is the next midnight, not 24 hours later.
    # In UTC, because datetimes of one zone are subtracted by the wall clock.
    utc = ZoneInfo("UTC")
    begin = datetime.combine(day, time(), tzinfo=zone).astimezone(utc)
    return begin, datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).astimezone(utc)


def _day(
    day: date,
    begin: datetime,
    end: datetime,
    spans: list[Span],
    works: list[tuple[datetime, datetime]],
    weights: Weights,
) -> Day:
    if not spans and not works:
        return Day(day, ComponentStatus.OPERATIONAL, counted=max(end - begin, _NONE))
    cuts = {begin, end}
    for edge in [e for s in spans for e in (s.start, s.end)] + [e for w in works for e in w]:
        if begin < edge < end:
            cuts.add(edge)
    ordered = sorted(cuts)
    trouble = down = counted = _NONE
    seen: list[ComponentStatus] = []
    for start, stop in itertools.pairwise(ordered):
        if any(a <= start and stop <= b for a, b in works):
            continue
        length = stop - start
        status = worst(s.status for s in spans if s.start <= start and stop <= s.end)
        counted += length
        seen.append(status)
        if status not in (ComponentStatus.OPERATIONAL, ComponentStatus.UNDER_MAINTENANCE):
            trouble += length
            down += length * weights.of(status)
    return Day(day, worst(seen), trouble, down, counted)
