"""How often: incidents per week or month, by severity."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.timezone import now

from metrics import periods
from metrics.measures import Facts
from metrics.periods import Per
from metrics.selection import Selection

# A window longer than this is not filled with empty periods at its beginning.
LONGEST_LEAD = timedelta(days=3_660)


@dataclass(frozen=True)
class Count:
    """One period, its first day, and how many incidents of each severity rank were detected in it."""

    first: date
    by_rank: dict[int, int]

    @property
    def total(self) -> int:
        return sum(self.by_rank.values())


def count(facts: Iterable[Facts], per: Per, selection: Selection, zone: ZoneInfo) -> list[Count]:
    """How often: incidents of every period of the selection, the empty ones too.

    From: the first day of each period by the zone's clock, ISO weeks or months.
    To: the first day of the next one; an incident is counted where its ``detected_at`` lies.
    Unit: incidents, by their final severity.
    Left out: drills, dismissed and merged incidents; private ones count unnamed.
    Source: the rows that `selection.incidents` leaves.
    """
    found: dict[date, Counter[int]] = defaultdict(Counter)
    for row in facts:
        found[periods.of(per, row.detected_at, zone)][row.severity_rank] += 1
    return [Count(day, dict(found.get(day, {}))) for day in window(per, selection, sorted(found), zone)]


def window(per: Per, selection: Selection, seen: Sequence[date], zone: ZoneInfo) -> list[date]:
    """First days of the periods to show: from the selection's beginning, else from the first one seen."""
    end = min(selection.until or now(), now())
    first = _lead(per, selection.since, end, zone) or (seen[0] if seen else None)
    if first is None:
        return []
    # ``until`` is the first instant that does not count any more.
    last = periods.of(per, end - timedelta(microseconds=1), zone)
    return list(periods.between(per, first, max([last, *seen[-1:]])))


def _lead(per: Per, since: datetime | None, end: datetime, zone: ZoneInfo) -> date | None:
    if since is None or end - since > LONGEST_LEAD:
        return None
    return periods.of(per, since, zone)


@dataclass(frozen=True)
class Peak:
    """A period that stands out of the others, and what the others have on average."""

    count: Count
    others: float


def peak(counts: Sequence[Count]) -> Peak | None:
    """The busiest period, where chance alone would hardly make it so.

    Incidents that have nothing to do with each other scatter by the root of their mean (Poisson), so
    three such roots above the mean of the others is worth a sentence.
    """
    if len(counts) < 4:
        return None
    top = max(counts, key=lambda one: one.total)
    others = sum(one.total for one in counts if one is not top) / (len(counts) - 1)
    return Peak(top, others) if top.total > others + 3 * math.sqrt(max(others, 1.0)) else None
