"""Time between failures by month: a service whose failures changed is counted anew as a whole, by a sweep."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date

from django.db import transaction

from metrics import failures, periods
from metrics import selection as selections
from metrics.failures import Gap
from metrics.histogram import Tally
from metrics.measures import Basis
from metrics.models import GapRollup, StaleGaps
from metrics.periods import Per

BATCH = 20
#: The service of cells that are about everything.
ALL = 0


def stale(service_ids: Iterable[int]) -> None:
    """Remember that a failure of these services changed."""
    StaleGaps.objects.bulk_create(
        (StaleGaps(service_id=service_id) for service_id in service_ids), ignore_conflicts=True
    )


def sweep(lock: Callable[[], object]) -> int:
    """Count the gaps of the next stale services; return how many."""
    if not StaleGaps.objects.exists():
        return 0
    with transaction.atomic():
        lock()
        found = list(StaleGaps.objects.values_list("service_id", flat=True)[:BATCH])
        StaleGaps.objects.filter(pk__in=found).delete()
        old = list(GapRollup.objects.filter(service_id__in=found))
        new = [row for service_id in found for row in rows(service_id)]
        GapRollup.objects.filter(pk__in=[row.pk for row in old]).delete()
        GapRollup.objects.bulk_create(new, batch_size=500)
        _move_whole(old, new)
    return len(found)


def rows(service_id: int) -> list[GapRollup]:
    """All cells of a service, counted from its incidents."""
    row = failures.of_service(service_id)
    public = [facts for facts in row if not facts.is_private]
    return [
        GapRollup(
            service_id=service_id, month=month, basis=basis.value, is_public=is_public, tally=tally.as_json()
        )
        for basis in Basis
        for is_public, of_these in ((False, row), (True, public))
        for month, tally in sorted(_tallies(failures.gaps({service_id: of_these}, basis).gaps).items())
    ]


def summed(parts: Iterable[tuple[GapRollup, int]]) -> dict[tuple[str, date], Tally]:
    """What cells of services add to the cells of everything, by basis and month."""
    found: dict[tuple[str, date], Tally] = defaultdict(Tally)
    for row, times in parts:
        if not row.is_public:
            found[row.basis, row.month].merge(Tally.from_json(row.tally), times)
    return found


def _move_whole(old: Iterable[GapRollup], new: Iterable[GapRollup]) -> None:
    moved = summed([*((row, -1) for row in old), *((row, 1) for row in new)])
    whole = GapRollup.objects.filter(service_id=ALL, month__in={month for _, month in moved})
    kept = {(row.basis, row.month): Tally.from_json(row.tally) for row in whole}
    whole.delete()
    for cell, tally in moved.items():
        kept.setdefault(cell, Tally()).merge(tally)
    GapRollup.objects.bulk_create(
        GapRollup(service_id=ALL, month=month, basis=basis, is_public=False, tally=tally.as_json())
        for (basis, month), tally in kept.items()
        if tally != Tally()
    )


def _tallies(gaps: Iterable[Gap]) -> dict[date, Tally]:
    """By the month in which a gap ends."""
    found: dict[date, Tally] = defaultdict(Tally)
    zone = selections.zone()
    for gap in gaps:
        found[periods.of(Per.MONTH, gap.ended_at, zone)].add(gap.span)
    return found
