"""Time between failures by month: a service whose failures changed is counted anew as a whole, by a sweep."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date

from django.db import transaction

from metrics import failures, periods
from metrics import selection as selections
from metrics.histogram import Tally
from metrics.measures import Basis
from metrics.models import GapRollup, StaleGaps
from metrics.periods import Per

BATCH = 20


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
        GapRollup.objects.filter(service_id__in=found).delete()
        for service_id in found:
            GapRollup.objects.bulk_create(rows(service_id), batch_size=200)
    return len(found)


def rows(service_id: int) -> list[GapRollup]:
    """All cells of a service, counted from its incidents."""
    return [
        GapRollup(
            service_id=service_id, month=month, basis=basis.value, is_public=is_public, tally=tally.as_json()
        )
        for basis in Basis
        for is_public in (False, True)
        for month, tally in sorted(tallies(service_id, basis, is_public=is_public).items())
    ]


def tallies(service_id: int, basis: Basis, *, is_public: bool) -> dict[date, Tally]:
    """By the month in which a gap ends."""
    found: dict[date, Tally] = defaultdict(Tally)
    for gap in failures.of_service(service_id, basis, is_public=is_public):
        found[periods.of(Per.MONTH, gap.ended_at, selections.zone())].add(gap.span)
    return dict(found)
