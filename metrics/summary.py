"""Five figures of many incidents: what is typical, what is bad, and how many could not be measured."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from metrics import figures
from metrics.failures import Failures
from metrics.histogram import ERROR, Lengths
from metrics.measures import Basis, Facts, Measure, Span, State, measure


@dataclass(frozen=True)
class Figure:
    """What is known of one measure over a selection; lengths are in seconds and ascending."""

    lengths: Sequence[float] = ()
    missing: int = 0
    open: int = 0
    invalid: int = 0

    @property
    def count(self) -> int:
        """How many could be measured: mean, median and p90 are of these."""
        return len(self.lengths)

    @property
    def mean(self) -> timedelta | None:
        if isinstance(self.lengths, Lengths):
            return figures.as_time(self.lengths.total / self.count if self.count else None)
        return figures.as_time(figures.mean(self.lengths))

    @property
    def within(self) -> float:
        """By which part of itself a median or p90 may be off: 0, or `histogram.ERROR` from rollups."""
        return ERROR if isinstance(self.lengths, Lengths) else 0.0

    @property
    def median(self) -> timedelta | None:
        return figures.as_time(figures.median(self.lengths))

    @property
    def p90(self) -> timedelta | None:
        return figures.as_time(figures.percentile(self.lengths, 0.9))

    @property
    def interval(self) -> tuple[timedelta, timedelta] | None:
        """Between which two lengths the median lies, 19 times in 20."""
        edges = figures.interval(self.lengths)
        return (timedelta(seconds=edges[0]), timedelta(seconds=edges[1])) if edges else None

    def change_from(self, before: "Figure") -> figures.Change:
        return figures.change(self.lengths, before.lengths)


def of_spans(spans: Iterable[Span]) -> Figure:
    """Count and sort; what has no length is counted by its reason and never taken for zero."""
    lengths: list[float] = []
    without = {State.MISSING: 0, State.OPEN: 0, State.INVALID: 0}
    for span in spans:
        if span.length is None:
            without[span.state] += 1
        else:
            lengths.append(span.length.total_seconds())
    return Figure(sorted(lengths), without[State.MISSING], without[State.OPEN], without[State.INVALID])


def of(which: Measure, facts: Iterable[Facts], basis: Basis) -> Figure:
    return of_spans(measure(which, row, basis) for row in facts)


def between_failures(found: Failures, since: datetime | None, until: datetime | None) -> Figure:
    """MTBF. Fewer than two failures of a service make no gap, so the figure may well be empty."""
    return of_spans(gap.span for gap in found.during(since, until))
