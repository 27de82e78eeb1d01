"""Every table of these pages as plain rows: lengths in seconds, ISO dates, None where nothing is known.

The CSV and the JSON of both doors are written from these, and name nothing that the pages do not.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import batched
from typing import Any

from django.utils.timezone import now

from accounts.models import User
from catalog.models import Service
from incidents.models import Incident, Severity
from lib.refusal import Missing
from metrics import (
    annotating,
    answers,
    breakdowns,
    byservice,
    distribution,
    export,
    failures,
    five,
    frequency,
    listing,
    periods,
    trends,
)
from metrics import selection as selections
from metrics.measures import SPANS, Facts, Measure
from metrics.periods import Per
from metrics.review import Review
from metrics.selection import Selection
from metrics.summary import Figure

_FIGURE = ("count", "missing", "open", "invalid", "mean_seconds", "median_seconds", "p90_seconds")
_PARTS = tuple(f"{which}_{name}" for which in SPANS for name in ("count", "median_seconds"))
_CHUNK = 500


@dataclass(frozen=True)
class Asked:
    """What a table is about; ``which`` and ``per`` matter to some of them only."""

    selection: Selection
    reader: User
    which: Measure = Measure.MTTM
    per: Per = Per.MONTH

    def facts(self) -> list[Facts]:
        return list(selections.read(selections.incidents(self.selection)))


@dataclass(frozen=True)
class Table:
    """Rows are read once, in the order of ``columns``."""

    name: str
    columns: tuple[str, ...]
    rows: Iterable[list[Any]]


def read(name: str, asked: Asked) -> Table:
    """One table by its name; one of `NAMES`.

    Raises:
        Missing: there is none of that name.
    """
    if name not in _TABLES:
        raise Missing(f"There is no such table. There are {', '.join(NAMES)}.")
    return _TABLES[name](asked)


def _figures(asked: Asked) -> Table:
    found = five.summarise(asked.selection)
    return Table(
        "figures", ("measure", *_FIGURE), [[which.value, *_cells(one)] for which, one in found.items()]
    )


def _frequency(asked: Asked) -> Table:
    # Quarters of counts are what nobody asks for; the pages have weeks and months.
    per = Per.WEEK if asked.per is Per.WEEK else Per.MONTH
    counts = frequency.count(asked.facts(), per, asked.selection, selections.zone())
    names = dict(Severity.objects.order_by("rank").values_list("rank", "name"))
    rows = [
        [
            periods.name(per, one.first),
            one.first.isoformat(),
            one.total,
            *(one.by_rank.get(rank, 0) for rank in names),
        ]
        for one in counts
    ]
    return Table("frequency", ("period", "starts_on", "total", *names.values()), rows)


def _trend(asked: Asked) -> Table:
    marked = annotating.by_period(annotating.during(asked.selection), asked.per)
    columns = (
        *("measure", "period", "starts_on", *_FIGURE, "low_seconds", "high_seconds"),
        *("change", "change_low", "change_high", "is_real", "annotations"),
    )
    rows = []
    for point in trends.trend(asked.which, asked.per, asked.selection):
        low, high = point.figure.interval or (None, None)
        change = point.change
        ratios = (change.ratio, change.low, change.high) if change else (None, None, None)
        rows.append(
            [
                asked.which.value,
                periods.name(asked.per, point.first),
                point.first.isoformat(),
                *_cells(point.figure),
                answers.seconds(low),
                answers.seconds(high),
                *(None if ratio is None else round(ratio, 4) for ratio in ratios),
                bool(change and change.is_real),
                "; ".join(row.words for row in marked.get(point.first, ())),
            ]
        )
    return Table("trend", columns, rows)


def _distribution(asked: Asked) -> Table:
    figure = listing.behind(asked.which, asked.selection, reader=asked.reader).figure
    bins = distribution.bins(figure.lengths)
    columns = ("measure", "from_seconds", "below_seconds", "count")
    return Table("distribution", columns, [[asked.which.value, one.low, one.high, one.count] for one in bins])


def _services(asked: Asked) -> Table:
    running = failures.read(asked.selection).running_by_service(now())
    columns = (
        *("service", "name", "incidents", "sev1_and_sev2", "mttd_count", "mttd_median_seconds"),
        *("mttm_count", "mttm_median_seconds", "found_by", "updates_due", "updates_in_time", "alerts"),
        *("alerts_per_incident", "seconds_since_last_failure"),
    )
    rows = [
        [
            line.service.slug,
            line.service.name,
            line.incidents,
            line.severe,
            line.detect.count,
            answers.seconds(line.detect.median),
            line.mitigate.count,
            answers.seconds(line.mitigate.median),
            ", ".join(f"{source} {count}" for source, count in line.found_by),
            line.updates_due,
            line.updates_kept,
            line.alerts,
            round(line.alerts_per_incident, 2),
            answers.seconds(line.last_failure),
        ]
        for line in byservice.lines(asked.facts(), asked.selection, running)
    ]
    return Table("services", columns, rows)


def _parts(asked: Asked) -> Table:
    rows = [
        [cut.key, part.name, part.incidents, *_medians(part.spans)]
        for cut in breakdowns.read(asked.facts(), asked.selection)
        for part in cut.parts
    ]
    return Table("parts", ("by", "name", "incidents", *_PARTS), rows)


def _incidents(asked: Asked) -> Table:
    return Table("incidents", export.COLUMNS, export.rows(asked.selection, reader=asked.reader))


def _behind(asked: Asked) -> Table:
    columns = (
        "measure",
        "number",
        "reference",
        "title",
        "severity",
        "service",
        "detected_at",
        "state",
        "seconds",
    )
    return Table("behind", columns, _behind_rows(asked))


def _behind_rows(asked: Asked) -> Iterator[list[Any]]:
    """The incidents behind one figure, the longest first; private ones stay out of a file."""
    found = listing.behind(asked.which, asked.selection, reader=asked.reader)
    services = dict(Service.objects.values_list("pk", "slug"))
    seen = Incident.objects.visible_to(asked.reader).filter(is_private=False).select_related("severity")
    for rows in batched(found.rows, _CHUNK):
        incidents = seen.in_bulk([row.incident_id for row in rows])
        for row in rows:
            if one := incidents.get(row.incident_id):
                yield [
                    asked.which.value,
                    one.number,
                    one.reference,
                    one.title,
                    one.severity.name,
                    services[row.service_id or one.service_id],
                    one.detected_at.isoformat(),
                    row.span.state.value,
                    answers.seconds(row.span.length),
                ]


def _cells(one: Figure) -> list[Any]:
    told = answers.figure(one)
    return [told[name] for name in _FIGURE]


def _medians(spans: Iterable[Figure]) -> list[Any]:
    return [cell for one in spans for cell in (one.count, answers.seconds(one.median))]


_TABLES: dict[str, Callable[[Asked], Table]] = {
    "figures": _figures,
    "frequency": _frequency,
    "trend": _trend,
    "distribution": _distribution,
    "behind": _behind,
    "services": _services,
    "parts": _parts,
    "incidents": _incidents,
}
NAMES = tuple(_TABLES)


def review(found: Review) -> Table:
    """A month as one long table: what, of whom or what, which number, its value. It names no incident."""
    board = found.board
    rows: list[list[Any]] = [["incidents", "", "total", board.total]]
    rows += [
        ["figures", card.which.value, name, value]
        for card in board.cards
        for name, value in _named(card.figure)
    ]
    for cut in board.breakdowns:
        for part in cut.parts:
            rows.append([cut.key, part.name, "incidents", part.incidents])
            rows += [[cut.key, part.name, *pair] for pair in zip(_PARTS, _medians(part.spans), strict=True)]
    for what, kept in (("postmortems", found.documents), ("actions", found.actions)):
        rows += [[what, "", name, getattr(kept, name)] for name in _KEPT]
    rows += [["updates", "", name, getattr(found.promises, name)] for name in ("due", "kept")]
    rows += [["alerts", "", name, getattr(found.noise, name)] for name in (*_LOUD, "per_incident")]
    for line in found.load:
        rows += [["load", str(line.user), name, getattr(line, name)] for name in _LOAD]
        rows.append(["load", str(line.user), "nights", len(line.nights)])
        rows.append(["load", str(line.user), "median_answer_seconds", answers.seconds(line.median_answer)])
    return Table("review", ("section", "of", "number", "value"), rows)


_KEPT = ("fell_due", "in_time", "later", "owed", "let_go")
_LOUD = ("alerts", "of_incidents", "dismissed", "silenced", "incidents")
_LOAD = ("hours", "pages", "at_night", "at_weekends", "answered")


def _named(one: Figure) -> Iterable[tuple[str, Any]]:
    return zip(_FIGURE, _cells(one), strict=True)
