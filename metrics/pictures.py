"""From figures to drawings, tables and sentences: the words around a chart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lib import durations
from metrics import charts
from metrics import distribution as distributions
from metrics import frequency as frequencies
from metrics.charts import Bar, Dot, Mark
from metrics.frequency import Count
from metrics.measures import Measure
from metrics.models import Annotation
from metrics.periods import Per
from metrics.summary import Figure
from metrics.trends import Point

_UNITS = ((172_800, 86_400), (14_400, 3_600), (240, 60))


@dataclass(frozen=True)
class Picture:
    """A drawing and the table of the same numbers; no drawing where there is nothing to draw."""

    drawing: SafeString
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    unit: str = ""
    #: What people marked, in the order of its numbers.
    legend: Sequence[str] = ()


def titles() -> dict[Measure, tuple[str, str]]:
    """The short words of each measure, and its full name."""
    return {
        Measure.MTTD: (_("Time to detect"), _("Mean time to detect")),
        Measure.MTTM: (_("Time to mitigate"), _("Mean time to mitigate")),
        Measure.MTTA: (_("To acknowledge"), _("Mean time to acknowledge")),
        Measure.MTTR: (_("To resolve"), _("Mean time to resolve")),
        Measure.MTBF: (_("Between failures"), _("Mean time between failures")),
    }


def units() -> dict[int, str]:
    return {86_400: _("days"), 3_600: _("hours"), 60: _("minutes"), 1: _("seconds")}


def label(per: Per, first: date, *, is_first: bool = False) -> str:
    """Short enough for an axis: ``7 Sep`` where the month is new, ``14`` otherwise; ``Sep``; ``Q3``."""
    if per is Per.WEEK:
        return date_format(first, "j M") if is_first or first.day <= 7 else str(first.day)
    if per is Per.MONTH:
        return date_format(first, "M Y" if is_first else "M")
    return f"Q{(first.month + 2) // 3}"


def long_label(per: Per, first: date) -> str:
    """For a table: ``7 Sep 2026``, ``September 2026``, ``Q3 2026``."""
    if per is Per.QUARTER:
        return f"Q{(first.month + 2) // 3} {first.year}"
    return date_format(first, "j M Y" if per is Per.WEEK else "F Y")


def heading(per: Per) -> str:
    return {Per.WEEK: _("Week of"), Per.MONTH: _("Month"), Per.QUARTER: _("Quarter")}[per]


def spark(which: Measure, per: Per, points: Sequence[Point]) -> SafeString:
    values = [
        None if point.figure.median is None else point.figure.median.total_seconds() for point in points
    ]
    words = {
        Per.WEEK: _("%(name)s by week, %(count)d weeks, the last one at the right"),
        Per.MONTH: _("%(name)s by month, %(count)d months, the last one at the right"),
        Per.QUARTER: _("%(name)s by quarter, %(count)d quarters, the last one at the right"),
    }[per]
    return charts.sparkline(values, words % {"name": which.value.upper(), "count": len(points)})


Marked = Mapping[date, Sequence[Annotation]]


def _marks(firsts: Sequence[date], marked: Marked) -> list[Mark]:
    """One mark for each period in which something was marked, numbered from 1."""
    places = [place for place, first in enumerate(firsts) if marked.get(first)]
    return [
        Mark(place, number, "; ".join(row.words for row in marked[firsts[place]]))
        for number, place in enumerate(places, start=1)
    ]


def _with_marks(
    head: list[str], rows: list[list[str]], marks: Sequence[Mark]
) -> tuple[list[str], list[list[str]]]:
    """The table with a column of what was marked, where something was."""
    if not marks:
        return head, rows
    said = {mark.place: f"{mark.number} {mark.words}" for mark in marks}
    return [*head, _("What changed")], [[*row, said.get(place, "")] for place, row in enumerate(rows)]


def _legend(firsts: Sequence[date], per: Per, marks: Sequence[Mark]) -> list[str]:
    return [f"{mark.number} · {long_label(per, firsts[mark.place])}: {mark.words}" for mark in marks]


def frequency(counts: Sequence[Count], per: Per, marked: Marked | None = None) -> Picture:
    """Bars by severity; ranks beyond the fourth are drawn like the fourth."""
    firsts = [one.first for one in counts]
    marks = _marks(firsts, marked or {})
    bars = [_bar(one, per, is_first=place == 0) for place, one in enumerate(counts)]
    title = _("Incidents per week by severity") if per is Per.WEEK else _("Incidents per month by severity")
    sentence = frequency_sentence(counts, per)
    drawing = charts.bars(bars, key="fq", title=title, description=sentence, marks=marks)
    head = [heading(per), "SEV1", "SEV2", "SEV3", "SEV4"]
    rows = [[long_label(per, one.first), *map(str, _levels(one))] for one in counts]
    head, rows = _with_marks(head, rows, marks)
    drawn = drawing if any(one.total for one in counts) else SafeString("")
    return Picture(drawn, head, rows, legend=_legend(firsts, per, marks))


def _bar(one: Count, per: Per, *, is_first: bool) -> Bar:
    parts = [f"{count} SEV{level}" for level, count in enumerate(_levels(one), start=1) if count]
    words = f"{long_label(per, one.first)}: {', '.join(parts) or _('none')}"
    return Bar(label(per, one.first, is_first=is_first), _levels(one), words)


def _levels(one: Count) -> tuple[int, int, int, int]:
    get = one.by_rank.get
    return get(1, 0), get(2, 0), get(3, 0), sum(count for rank, count in one.by_rank.items() if rank >= 4)


def frequency_sentence(counts: Sequence[Count], per: Per) -> str:
    """What the bars show: a period that stands out, or the average."""
    total = sum(one.total for one in counts)
    if not total:
        return _("No incidents in this time.")
    peak = frequencies.peak(counts)
    if peak is None:
        text = _("%(mean).1f a week on average.") if per is Per.WEEK else _("%(mean).1f a month on average.")
        return text % {"mean": total / len(counts)}
    words = {"day": date_format(peak.count.first, "j F"), "count": peak.count.total, "others": peak.others}
    if per is Per.WEEK:
        return _("The week of %(day)s had %(count)d; the others %(others).1f a week on average.") % words
    words["day"] = date_format(peak.count.first, "F Y")
    return _("%(day)s had %(count)d; the other months %(others).1f on average.") % words


def trend(which: Measure, per: Per, points: Sequence[Point], marked: Marked | None = None) -> Picture:
    """The median by period with its 95 % band."""
    firsts = [point.first for point in points]
    marks = _marks(firsts, marked or {})
    known = [point for point in points if point.figure.median is not None]
    unit = _unit(known)
    dots = [_trend_dot(point, per, is_first=place == 0) for place, point in enumerate(points)]
    name = which.value.upper()
    words = {"name": name, "unit": units()[unit]}
    title = {
        Per.WEEK: _("Median %(name)s by week, in %(unit)s"),
        Per.MONTH: _("Median %(name)s by month, in %(unit)s"),
        Per.QUARTER: _("Median %(name)s by quarter, in %(unit)s"),
    }[per] % words
    drawing = charts.trend_line(
        dots, key="tr", title=title, description=_shape(known), unit=unit, marks=marks
    )
    head = [heading(per), _("Median"), "95 %", _("Measured"), _("No time")]
    rows = [_trend_row(point, per) for point in points]
    head, rows = _with_marks(head, rows, marks)
    legend = _legend(firsts, per, marks)
    return Picture(drawing if known else SafeString(""), head, rows, units()[unit], legend)


def _unit(points: Sequence[Point]) -> int:
    """Days, hours, minutes or seconds: what makes the largest value a number of two digits or so."""
    top = max((point.figure.median.total_seconds() for point in points if point.figure.median), default=0.0)
    return next((size for least, size in _UNITS if top >= least), 1)


def _shape(points: Sequence[Point]) -> str:
    if not points:
        return _("Nothing could be measured in this time.")
    first, last = points[0], points[-1]
    return _("From %(first)s to %(last)s over %(count)d periods that could be measured.") % {
        "first": durations.words(first.figure.median),
        "last": durations.words(last.figure.median),
        "count": len(points),
    }


def _trend_dot(point: Point, per: Per, *, is_first: bool) -> Dot:
    median, edges = point.figure.median, point.figure.interval
    return Dot(
        label=label(per, point.first, is_first=is_first and per is Per.WEEK),
        value=None if median is None else median.total_seconds(),
        low=edges[0].total_seconds() if edges else None,
        high=edges[1].total_seconds() if edges else None,
        count=point.figure.count,
        words=_dot_words(point, per),
    )


def _dot_words(point: Point, per: Per) -> str:
    count = point.figure.count
    measured = ngettext("%(count)d incident", "%(count)d incidents", count) % {"count": count}
    words = f"{long_label(per, point.first)}: {durations.words(point.figure.median)}, {measured}"
    if point.figure.interval:
        words += ", " + _("95 %% between %(edges)s") % {"edges": _edges(point.figure.interval)}
    return words


def _trend_row(point: Point, per: Per) -> list[str]:
    figure = point.figure
    return [
        long_label(per, point.first),
        durations.words(figure.median),
        " – ".join(durations.words(edge) for edge in figure.interval) if figure.interval else "–",
        str(figure.count),
        str(figure.missing + figure.open + figure.invalid),
    ]


def _edges(edges: tuple[timedelta, timedelta]) -> str:
    return _("%(low)s and %(high)s") % {"low": durations.words(edges[0]), "high": durations.words(edges[1])}


def distribution(figure: Figure, name: str) -> Picture:
    """How many incidents took how long, on edges that people think in."""
    bins = distributions.bins(figure.lengths)
    columns = [Bar(_until(one), (0, 0, one.count, 0), f"{_from_to(one)}: {one.count}") for one in bins]
    title = _("%(name)s: how many took how long") % {"name": name}
    top = max(bins, key=lambda one: one.count, default=None)
    words = _("Most often %(range)s.") % {"range": _from_to(top)} if top else ""
    drawing = charts.bars(columns, key="ds", title=title, description=words)
    rows = [[_from_to(one), str(one.count), f"{one.count / figure.count:.0%}"] for one in bins]
    return Picture(drawing if bins else SafeString(""), [_("Time"), _("Count"), _("Share")], rows)


def _until(one: distributions.Bin) -> str:
    return "> " + _edge(one.low) if one.high is None else "< " + _edge(one.high)


def _from_to(one: distributions.Bin) -> str:
    if one.high is None:
        return _("%(low)s and longer") % {"low": _edge(one.low)}
    if not one.low:
        return _("under %(high)s") % {"high": _edge(one.high)}
    return _("%(low)s to %(high)s") % {"low": _edge(one.low), "high": _edge(one.high)}


def _edge(seconds: float) -> str:
    return durations.words(timedelta(seconds=seconds))
