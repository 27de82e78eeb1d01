"""Figures from the rollups: whole months from their cells, months that a selection cuts from incidents."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime

from incidents.models import Severity
from metrics import failures, periods, rollups
from metrics import selection as selections
from metrics.gaprollups import ALL
from metrics.histogram import Lengths, Tally
from metrics.measures import SPANS, Measure, State, measure
from metrics.models import GapRollup, Rollup, StaleGaps
from metrics.periods import Per
from metrics.selection import Selection
from metrics.summary import Figure

ByMonth = dict[date, Tally]


def answers(selection: Selection) -> frozenset[Measure]:
    """The measures that the rollups know; none below `rollups.FROM` incidents.

    Of a team they know none: its services share incidents, which would be counted twice.
    """
    if selection.team is not None or not rollups.is_ready():
        return frozenset()
    # The gaps are between failures of SEV1 to SEV3; those between others are other gaps.
    if selection.severities or selection.source or StaleGaps.objects.exists():
        return frozenset(SPANS)
    return frozenset(Measure)


def by_month(which: Measure, selection: Selection) -> ByMonth:
    """The tally of each month of the selection that has any."""
    found: ByMonth = defaultdict(Tally)
    for month, tally in _gaps(selection) if which is Measure.MTBF else _cells(which, selection):
        found[month].merge(tally)
    for since, until in _cut(selection):
        _add_cut(found, which, selection.during(since, until))
    return dict(found)


def figure(tally: Tally) -> Figure:
    return Figure(Lengths(tally), *(tally.of(state) for state in (State.MISSING, State.OPEN, State.INVALID)))


def whole(months: ByMonth) -> Figure:
    """One figure of all months."""
    together = Tally()
    for tally in months.values():
        together.merge(tally)
    return figure(together)


def _cells(which: Measure, selection: Selection) -> Iterator[tuple[date, Tally]]:
    column = rollups.column(which, selection.basis)
    rows = Rollup.objects.filter(
        service_id=selection.service.pk if selection.service else ALL, **_months(selection)
    )
    if selection.severities:
        ids = Severity.objects.filter(rank__in=selection.severities).values_list("pk", flat=True)
        rows = rows.filter(severity_id__in=list(ids))
    if selection.source:
        rows = rows.filter(source=selection.source)
    for month, kept in rows.values_list("month", f"tallies__{column}"):
        if kept:
            yield month, Tally.from_json(kept)


def _gaps(selection: Selection) -> Iterator[tuple[date, Tally]]:
    rows = GapRollup.objects.filter(
        service_id=selection.service.pk if selection.service else ALL,
        basis=selection.basis.value,
        is_public=selection.service is not None,
        **_months(selection),
    )
    for month, kept in rows.values_list("month", "tally"):
        yield month, Tally.from_json(kept)


def _months(selection: Selection) -> dict[str, date]:
    """The whole months of a selection, as a filter of rows."""
    zone, asked = selections.zone(), {}
    if selection.since:
        first = periods.of(Per.MONTH, selection.since, zone)
        is_whole = periods.starts_at(first, zone) == selection.since
        asked["month__gte"] = first if is_whole else periods.next_first(Per.MONTH, first)
    if selection.until:
        asked["month__lt"] = periods.of(Per.MONTH, selection.until, zone)
    return asked


def _cut(selection: Selection) -> Iterator[tuple[datetime, datetime]]:
    """The parts of months at the two ends of a selection."""
    zone, since, until = selections.zone(), selection.since, selection.until
    first_whole = None
    if since:
        first = periods.of(Per.MONTH, since, zone)
        if periods.starts_at(first, zone) != since:
            first_whole = periods.starts_at(periods.next_first(Per.MONTH, first), zone)
            yield since, min(first_whole, until) if until else first_whole
    if until:
        last = periods.starts_at(periods.of(Per.MONTH, until, zone), zone)
        begins = max(last, first_whole or last, since or last)
        if begins < until:
            yield begins, until


def _add_cut(found: ByMonth, which: Measure, cut: Selection) -> None:
    zone = selections.zone()
    if which is Measure.MTBF:
        for gap in failures.read(cut).during(cut.since, cut.until):
            found[periods.of(Per.MONTH, gap.ended_at, zone)].add(gap.span)
        return
    for facts in selections.read(selections.incidents(cut)):
        found[periods.of(Per.MONTH, facts.detected_at, zone)].add(measure(which, facts, cut.basis))
