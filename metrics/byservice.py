"""How each service is doing: incidents, spans, who noticed, promises kept, and how loud its alerts were."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count

from catalog.models import Service
from detection.models import Alert
from incidents import keeping
from incidents.kinds import Source
from metrics import selection as selections
from metrics import summary
from metrics.measures import Facts, Measure
from metrics.selection import Selection
from metrics.summary import Figure


@dataclass(frozen=True)
class Line:
    """One service over a selection. An incident of several services counts for each of them."""

    service: Service
    incidents: int
    severe: int
    detect: Figure
    mitigate: Figure
    found_by: list[tuple[str, int]]
    updates_kept: int
    updates_due: int
    alerts: int
    last_failure: timedelta | None = None

    @property
    def alerts_per_incident(self) -> float:
        return self.alerts / self.incidents

    @property
    def is_silent(self) -> bool:
        """Were fewer than two thirds of the owed updates in time?"""
        return self.updates_due >= 3 and self.updates_kept * 3 < self.updates_due * 2


def lines(facts: Iterable[Facts], selection: Selection, running: Mapping[int, timedelta]) -> list[Line]:
    """One line for each service with incidents, the most first; private incidents are left out.

    ``facts`` are those of the selection. Four queries, whatever their number.
    """
    found = selections.incidents(selection).filter(is_private=False)
    public = {row.pk: row for row in facts if not row.is_private}
    of_service: dict[int, list[Facts]] = defaultdict(list)
    for incident_id, service_id in selections.services_of(found, selection):
        if incident_id in public:
            of_service[service_id].append(public[incident_id])
    promises = keeping.updates(found)
    alerts = dict(
        Alert.objects.filter(incident__in=found.order_by().values("pk"))
        .order_by()
        .values_list("incident")
        .annotate(total=Count("pk"))
    )
    services = Service.objects.in_bulk(list(of_service))
    result = [
        _line(services[pk], rows, selection, promises, alerts, running.get(pk))
        for pk, rows in of_service.items()
    ]
    return sorted(result, key=lambda line: (-line.incidents, line.service.name))


def _line(
    service: Service,
    rows: list[Facts],
    selection: Selection,
    promises: Mapping[int, tuple[int, int]],
    alerts: Mapping[int, int],
    running: timedelta | None,
) -> Line:
    kept, due = (sum(promises.get(row.pk, (0, 0))[place] for row in rows) for place in (0, 1))
    sources = Counter(row.source for row in rows)
    return Line(
        service=service,
        incidents=len(rows),
        severe=sum(row.severity_rank <= 2 for row in rows),
        detect=summary.of(Measure.MTTD, rows, selection.basis),
        mitigate=summary.of(Measure.MTTM, rows, selection.basis),
        found_by=[(str(Source(source).label), count) for source, count in sources.most_common()],
        updates_kept=kept,
        updates_due=due,
        alerts=sum(alerts.get(row.pk, 0) for row in rows),
        last_failure=running,
    )
