"""Figures by month, kept as incidents move: what reads a million incidents reads some hundred rows instead.

Each incident has put its spans into the cells it belongs to; when it moves they are taken out and put in
anew, all under one lock, so that a handler that runs twice, late or out of order changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Q, Sum

from incidents.models import Incident, IncidentService
from metrics import gaprollups, measures, periods
from metrics import selection as selections
from metrics.gaprollups import ALL
from metrics.histogram import Tally
from metrics.measures import Basis, Measure, Span, State
from metrics.models import Contribution, GapRollup, Rollup, RollupState, StaleGaps
from metrics.periods import Per

#: Below so many incidents every figure is exact.
FROM = 50_000
#: To be raised when what is counted, or how, changes: everything is then counted anew.
LAYOUT = 1
BATCH = 2_000
COLUMNS = {
    "mttd": (Measure.MTTD, Basis.STARTED),
    "mtta": (Measure.MTTA, Basis.STARTED),
    "mttm:started": (Measure.MTTM, Basis.STARTED),
    "mttr:started": (Measure.MTTR, Basis.STARTED),
    "mttm:detected": (Measure.MTTM, Basis.DETECTED),
    "mttr:detected": (Measure.MTTR, Basis.DETECTED),
}


class Cell(NamedTuple):
    """Where spans are counted."""

    month: date
    severity_id: int
    source: str
    service_id: int


class Cells:
    """Tallies of cells by column, and how many incidents each cell has."""

    def __init__(self) -> None:
        self.tallies: dict[Cell, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
        self.counts: dict[Cell, int] = defaultdict(int)

    def add(self, one: Contribution, times: int) -> None:
        # A private incident counts in totals and beside no service's name.
        for service_id in (ALL, *(() if one.is_private else one.services)):
            cell = Cell(one.month, one.severity_id, one.source, service_id)
            self.counts[cell] += times
            for column, reading in one.readings.items():
                self.tallies[cell][column].add(_span(reading), times)


def column(which: Measure, basis: Basis) -> str:
    """Where a measure is counted under a basis."""
    return which.value if which in (Measure.MTTD, Measure.MTTA) else f"{which.value}:{basis.value}"


@transaction.atomic
def follow(incident_id: int) -> None:
    """An incident moved, or is gone: count it anew."""
    state = _lock()
    # Whom the filling has not met yet, it will read as they are by then.
    if state.is_complete or incident_id <= state.filled_to:
        _count_anew([incident_id])


def sweep() -> int:
    """Fill what is not counted yet, a batch at a time, and count the gaps of services that changed."""
    state = RollupState.objects.first()
    if state is None or not _is_of_today(state) or not state.is_complete:
        return fill()
    return gaprollups.sweep(_lock)


@transaction.atomic
def fill(size: int = BATCH) -> int:
    """Count the next incidents; return how many there were."""
    state = _lock()
    if state.is_complete:
        return 0
    after = Incident.objects.filter(pk__gt=state.filled_to).order_by("pk")
    found = list(after.values_list("pk", flat=True)[:size])
    if found:
        _count_anew(found)
        state.filled_to = found[-1]
    state.is_complete = len(found) < size
    state.save(update_fields=["filled_to", "is_complete"])
    return len(found)


def rebuild() -> int:
    """Forget everything and count it anew; return how many incidents there were."""
    with transaction.atomic():
        _forget(_lock())
    total = 0
    while done := fill():
        total += done
    while gaprollups.sweep(_lock):
        pass
    return total


def is_ready() -> bool:
    """Whether the rollups tell the truth, and there are so many incidents that they are worth asking."""
    state = RollupState.objects.first()
    if state is None or not state.is_complete or not _is_of_today(state):
        return False
    counted = Rollup.objects.filter(service_id=ALL).aggregate(all=Sum("count"))["all"] or 0
    return bool(counted >= FROM)


def contributions(incident_ids: Sequence[int] | None = None) -> Iterator[Contribution]:
    """What incidents should have put in, read from themselves."""
    found = Incident.objects.counted()
    if incident_ids is not None:
        found = found.filter(pk__in=incident_ids)
    services: dict[int, list[int]] = defaultdict(list)
    affected = IncidentService.objects.filter(incident__in=found.order_by().values("pk"))
    for incident_id, service_id in affected.order_by("service_id").values_list("incident_id", "service_id"):
        services[incident_id].append(service_id)
    severity = dict(found.order_by().values_list("pk", "severity_id"))
    for facts in selections.read(found):
        yield Contribution(
            incident_id=facts.pk,
            month=periods.of(Per.MONTH, facts.detected_at, selections.zone()),
            severity_id=severity[facts.pk],
            source=facts.source,
            services=services[facts.pk],
            is_private=facts.is_private,
            readings={
                name: _reading(measures.measure(which, facts, basis))
                for name, (which, basis) in COLUMNS.items()
            },
        )


def _reading(span: Span) -> int | str:
    return span.state.value if span.length is None else round(span.length.total_seconds() * 1_000_000)


def _span(reading: int | str) -> Span:
    if isinstance(reading, str):
        return Span(State(reading))
    return Span(State.MEASURED, timedelta(microseconds=reading))


def _count_anew(incident_ids: Sequence[int]) -> None:
    """The caller holds the lock."""
    old = list(Contribution.objects.filter(pk__in=incident_ids))
    new = list(contributions(incident_ids))
    unmoved = {_facts(one) for one in old} & {_facts(one) for one in new}
    old, new = ([one for one in rows if _facts(one) not in unmoved] for rows in (old, new))
    if not old and not new:
        return
    moved = Cells()
    for one in old:
        moved.add(one, -1)
    for one in new:
        moved.add(one, 1)
    _apply(moved)
    Contribution.objects.filter(pk__in=[one.pk for one in old]).delete()
    Contribution.objects.bulk_create(new)
    gaprollups.stale({service_id for one in (*old, *new) for service_id in one.services})


def _facts(one: Contribution) -> tuple[object, ...]:
    """Everything that is counted of it."""
    services, readings = tuple(one.services), tuple(sorted(one.readings.items()))
    return one.pk, one.month, one.severity_id, one.source, one.is_private, services, readings


def _apply(moved: Cells) -> None:
    known = {Cell(*_key(row)): row for row in _rows(moved.counts)}
    made = {cell: Rollup(**cell._asdict()) for cell in moved.counts if cell not in known}
    for cell, row in (known | made).items():
        row.count += moved.counts[cell]
        kept = {name: Tally.from_json(tally) for name, tally in row.tallies.items()}
        for name, tally in moved.tallies[cell].items():
            kept.setdefault(name, Tally()).merge(tally)
        row.tallies = {name: tally.as_json() for name, tally in sorted(kept.items())}
    Rollup.objects.filter(pk__in=[row.pk for row in known.values() if not row.count]).delete()
    Rollup.objects.bulk_create(
        [row for row in (known | made).values() if row.count],
        batch_size=500,
        update_conflicts=True,
        unique_fields=list(Cell._fields),
        update_fields=["count", "tallies"],
    )


def _key(row: Rollup) -> tuple[date, int, str, int]:
    return row.month, row.severity_id, row.source, row.service_id


def _rows(cells: Iterable[Cell]) -> list[Rollup]:
    wanted = list(cells)
    if len(wanted) <= 40:
        either = Q(pk=None)
        for cell in wanted:
            either |= Q(**cell._asdict())
        return list(Rollup.objects.filter(either))
    asked = set(wanted)
    found = Rollup.objects.filter(month__in={cell.month for cell in wanted})
    return [row for row in found if Cell(*_key(row)) in asked]


def _is_of_today(state: RollupState) -> bool:
    return state.zone == settings.TIME_ZONE and state.layout == LAYOUT


def _lock() -> RollupState:
    """The row that all writers wait for; what was counted for another zone or by other rules is forgotten."""
    RollupState.objects.get_or_create(pk=1, defaults={"zone": settings.TIME_ZONE, "layout": LAYOUT})
    state = RollupState.objects.select_for_update().get(pk=1)
    if not _is_of_today(state):
        _forget(state)
    return state


def _forget(state: RollupState) -> None:
    for model in (Rollup, Contribution, GapRollup, StaleGaps):
        model.objects.all().delete()
    state.zone, state.layout, state.filled_to, state.is_complete = settings.TIME_ZONE, LAYOUT, 0, False
    state.save()
