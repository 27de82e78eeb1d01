"""What the page /metrics/ shows, put together from one reading of the incidents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.safestring import SafeString
from django.utils.timezone import now
from django.utils.translation import gettext as _

from lib import durations
from metrics import (
    annotating,
    breakdowns,
    byservice,
    failures,
    frequency,
    periods,
    pictures,
    rolled,
    sentences,
    summary,
    trends,
)
from metrics import selection as selections
from metrics.breakdowns import Breakdown
from metrics.byservice import Line
from metrics.failures import Failures
from metrics.figures import Change
from metrics.measures import Facts, Measure, Span
from metrics.periods import Per
from metrics.selection import Selection
from metrics.summary import Figure

# The two that stand first: improving them helps users most.
FIRST = (Measure.MTTD, Measure.MTTM)
TREND_MONTHS = 12


@dataclass(frozen=True)
class Card:
    """One of the five figures with everything that stands below it."""

    which: Measure
    figure: Figure
    change: Change
    spark: SafeString

    @property
    def is_first(self) -> bool:
        return self.which in FIRST

    @property
    def title(self) -> str:
        return pictures.titles()[self.which][0]

    @property
    def long_name(self) -> str:
        return pictures.titles()[self.which][1]

    @property
    def value(self) -> str:
        return durations.words(self.figure.median) if self.figure.median is not None else _("not enough")

    @property
    def headline(self) -> str:
        return sentences.headline(self.change)

    @property
    def sentence(self) -> str:
        return sentences.honest(self.change)

    @property
    def tone(self) -> str:
        """good, bad or idle: shorter is better, but for the time between failures."""
        if not self.change.is_real or not self.change.ratio:
            return "idle"
        return "good" if (self.change.ratio < 0) != (self.which is Measure.MTBF) else "bad"

    @property
    def icon(self) -> str:
        if self.tone == "idle":
            return "equal"
        return "arrow-down" if (self.change.ratio or 0) < 0 else "arrow-up"


@dataclass(frozen=True)
class Board:
    """All of the page."""

    total: int
    cards: Sequence[Card]
    frequency: pictures.Picture
    frequency_sentence: str
    trend: pictures.Picture
    lines: Sequence[Line]
    breakdowns: Sequence[Breakdown]
    running: timedelta | None
    #: Whether the trend comes from figures kept by month, which are within `histogram.ERROR`.
    is_rolled: bool = False


def read(selection: Selection, *, trend_of: Measure = Measure.MTTM) -> Board:
    """The board of a selection that has both ends; its comparison is the same length of time before."""
    since, until = selection.since, selection.until
    assert since is not None and until is not None, "a board compares, so it needs both ends"
    before = since - (until - since)
    per = Per.WEEK if until - since <= timedelta(days=120) else Per.MONTH
    this_month = periods.of(Per.MONTH, until, selections.zone())
    year = periods.starts_at(periods.back(Per.MONTH, this_month, TREND_MONTHS - 1), selections.zone())
    months = selection.during(year, until)
    # The rollups know the year where there are very many incidents; else it is read with the rest.
    is_rolled = trend_of in rolled.answers(months)
    start = before if is_rolled else min(before, year)
    facts = list(selections.read(selections.incidents(selection.during(start, until))))
    gaps = failures.read(selection.during(start, until))
    inside = [row for row in facts if row.detected_at >= since]
    past = [row for row in facts if before <= row.detected_at < since]
    cards = [_card(which, selection, per, inside, past, gaps, before) for which in Measure]
    counts = frequency.count(inside, per, selection, selections.zone())
    running = gaps.running(now())
    marks = annotating.during(months)
    inside_days = [row for row in marks if row.day >= since.astimezone(selections.zone()).date()]
    return Board(
        total=len(inside),
        cards=cards,
        frequency=pictures.frequency(counts, per, annotating.by_period(inside_days, per)),
        frequency_sentence=pictures.frequency_sentence(counts, per),
        trend=pictures.trend(
            trend_of,
            Per.MONTH,
            trends.trend(trend_of, Per.MONTH, months)
            if is_rolled
            else _points(trend_of, Per.MONTH, months, facts, gaps),
            annotating.by_period(marks, Per.MONTH),
        ),
        lines=byservice.lines(inside, selection, gaps.running_by_service(now())),
        breakdowns=breakdowns.read(inside, selection),
        running=min(running.values(), default=None),
        is_rolled=is_rolled,
    )


def _card(
    which: Measure,
    selection: Selection,
    per: Per,
    inside: Sequence[Facts],
    past: Sequence[Facts],
    gaps: Failures,
    before: datetime,
) -> Card:
    if which is Measure.MTBF:
        figure = summary.between_failures(gaps, selection.since, selection.until)
        earlier = summary.between_failures(gaps, before, selection.since)
    else:
        figure, earlier = (summary.of(which, rows, selection.basis) for rows in (inside, past))
    points = _points(which, per, selection, inside, gaps)
    return Card(which, figure, figure.change_from(earlier), pictures.spark(which, per, points))


def _points(
    which: Measure, per: Per, selection: Selection, facts: Sequence[Facts], gaps: Failures
) -> list[trends.Point]:
    assert selection.since is not None
    dated: list[tuple[datetime, Span]]
    if which is Measure.MTBF:
        dated = list(trends.gap_spans(gaps, selection))
    else:
        rows = [row for row in facts if row.detected_at >= selection.since]
        dated = list(trends.spans(which, rows, selection.basis))
    return trends.points(dated, per, selection, selections.zone())
