"""The very incidents behind a figure, the longest spans first, then the ones without a span and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from accounts.models import User
from incidents.models import Incident
from metrics import failures
from metrics import selection as selections
from metrics.measures import Measure, Span, State, measure
from metrics.selection import Selection
from metrics.summary import Figure, of_spans

_ORDER = [State.MEASURED, State.OPEN, State.MISSING, State.INVALID]


@dataclass(frozen=True)
class Row:
    """One incident (for MTBF: the later one of a gap, and the service) and its span."""

    incident_id: int
    span: Span
    is_private: bool
    service_id: int | None = None


@dataclass(frozen=True)
class Listing:
    """A figure, the rows a reader may see of it, and how many private ones are counted unseen."""

    figure: Figure
    rows: Sequence[Row]
    hidden: int


def behind(which: Measure, selection: Selection, *, reader: User) -> Listing:
    """What one figure is made of; two queries, three for MTBF."""
    rows = _gaps(selection) if which is Measure.MTBF else _spans(which, selection)
    found = sorted(rows, key=_order)
    known = _private_known_to(reader) if any(row.is_private for row in found) else frozenset()
    # A gap names its service, and the services of private incidents are nobody's business.
    shown = [
        row for row in found if not row.is_private or (row.service_id is None and row.incident_id in known)
    ]
    return Listing(of_spans(row.span for row in found), shown, len(found) - len(shown))


def _spans(which: Measure, selection: Selection) -> Iterable[Row]:
    facts = selections.read(selections.incidents(selection))
    return (Row(row.pk, measure(which, row, selection.basis), row.is_private) for row in facts)


def _gaps(selection: Selection) -> Iterable[Row]:
    found = failures.read(selection)
    return (
        Row(gap.later.pk, gap.span, gap.later.is_private, gap.service_id)
        for gap in found.during(selection.since, selection.until)
    )


def _order(row: Row) -> tuple[int, timedelta, int]:
    return _ORDER.index(row.span.state), -(row.span.length or timedelta(0)), -row.incident_id


def _private_known_to(reader: User) -> frozenset[int]:
    mine = Incident.objects.visible_to(reader).filter(is_private=True)
    return frozenset(mine.values_list("pk", flat=True))
