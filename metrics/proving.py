"""Are the rollups what the incidents say? Everything is counted once more, in memory, and compared."""

from collections.abc import Iterator

from incidents.models import IncidentService
from metrics import gaprollups, rollups
from metrics.models import Contribution, GapRollup, Rollup


def differences() -> Iterator[str]:
    """A line for each cell that is not what a recomputation gives; nothing where all hold."""
    cells = rollups.Cells()
    for one in rollups.contributions():
        cells.add(one, 1)
    should = {tuple(cell): _counted(cells, cell) for cell in cells.counts}
    kept = {
        (row.month, row.severity_id, row.source, row.service_id): (row.count, row.tallies)
        for row in Rollup.objects.all()
    }
    yield from _compared("cell", should, kept)
    services = IncidentService.objects.order_by().values_list("service_id", flat=True).distinct()
    of_services = [row for service_id in services for row in gaprollups.rows(service_id)]
    whole = gaprollups.summed((row, 1) for row in of_services)
    gaps = {_gap(row): row.tally for row in of_services} | {
        (gaprollups.ALL, month, basis, False): tally.as_json() for (basis, month), tally in whole.items()
    }
    yield from _compared("gaps", gaps, {_gap(row): row.tally for row in GapRollup.objects.all()})
    counted = {one.pk for one in rollups.contributions()}
    yield from _compared(
        "incident",
        dict.fromkeys(counted, True),
        dict.fromkeys(Contribution.objects.values_list("pk", flat=True), True),
    )


def _counted(cells: rollups.Cells, cell: rollups.Cell) -> tuple[int, object]:
    tallies = {name: tally.as_json() for name, tally in cells.tallies[cell].items()}
    return cells.counts[cell], tallies


def _gap(row: GapRollup) -> tuple[object, ...]:
    return row.service_id, row.month, row.basis, row.is_public


def _compared(what: str, should: dict, kept: dict) -> Iterator[str]:  # type: ignore[type-arg]
    for key in sorted(should.keys() | kept.keys(), key=str):
        if should.get(key) != kept.get(key):
            yield f"{what} {key}: kept {kept.get(key)}, counted {should.get(key)}"
