"""One measure over time: period by period, each against the one before, with how sure one may be."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from metrics import failures, frequency, periods, rolled, summary
from metrics import selection as selections
from metrics.figures import Change
from metrics.histogram import Tally
from metrics.measures import Basis, Facts, Measure, Span, measure
from metrics.periods import Per
from metrics.selection import Selection
from metrics.summary import Figure


@dataclass(frozen=True)
class Point:
    """A period, its first day, its figure, and the change of its median; None for the first."""

    first: date
    figure: Figure
    change: Change | None


def spans(which: Measure, facts: Iterable[Facts], basis: Basis) -> Iterable[tuple[datetime, Span]]:
    """Each incident's span at the instant that decides its period."""
    return ((row.detected_at, measure(which, row, basis)) for row in facts)


def gap_spans(found: failures.Failures, selection: Selection) -> Iterable[tuple[datetime, Span]]:
    return ((gap.ended_at, gap.span) for gap in found.during(selection.since, selection.until))


def points(
    dated: Iterable[tuple[datetime, Span]], per: Per, selection: Selection, zone: ZoneInfo
) -> list[Point]:
    """The trend of dated spans over every period of the selection, empty ones included."""
    found: dict[date, list[Span]] = defaultdict(list)
    for at, span in dated:
        found[periods.of(per, at, zone)].append(span)
    return _row({day: summary.of_spans(spans) for day, spans in found.items()}, per, selection, zone)


def _row(found: Mapping[date, Figure], per: Per, selection: Selection, zone: ZoneInfo) -> list[Point]:
    trend: list[Point] = []
    before: Figure | None = None
    for day in frequency.window(per, selection, sorted(found), zone):
        figure = found.get(day, Figure())
        trend.append(Point(day, figure, figure.change_from(before) if before else None))
        before = figure
    return trend


def trend(which: Measure, per: Per, selection: Selection) -> list[Point]:
    """The trend of one measure; months and quarters of very many incidents come from the rollups."""
    zone = selections.zone()
    if per is not Per.WEEK and which in rolled.answers(selection):
        found: dict[date, Tally] = defaultdict(Tally)
        for month, tally in rolled.by_month(which, selection).items():
            found[periods.first_day(per, month)].merge(tally)
        return _row({day: rolled.figure(tally) for day, tally in found.items()}, per, selection, zone)
    if which is Measure.MTBF:
        dated = gap_spans(failures.read(selection), selection)
    else:
        facts = selections.read(selections.incidents(selection))
        dated = spans(which, facts, selection.basis)
    return points(dated, per, selection, zone)
