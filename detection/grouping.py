"""Which incident an alert belongs to: same service and time, mitigated, a dependency, a storm."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from catalog.models import Service
from detection.models import Alert, Bundle, Source
from incidents.kinds import Status
from incidents.models import Incident
from incidents.questions import ask

STORM_SIZE = 20
STORM_SPAN = timedelta(minutes=1)
_BUNDLE_QUIET = timedelta(minutes=5)
UNMITIGATED = (Status.TRIAGE, Status.ACTIVE)


@dataclass(frozen=True)
class Place:
    """The incident to join (None: open one), and the one to link it with."""

    joins: Incident | None = None
    linked: Incident | None = None


def find(service: Service, *, rank: int, at: datetime) -> Place:
    """Where a new alert of this service belongs; ``rank`` is the severity it suggests (1 is the worst)."""
    related: Incident | None = None
    for incident in _candidates(service, at):
        if incident.status in UNMITIGATED and _is_near(incident, service, at):
            return Place(joins=incident)
        # Changes on a mitigated incident never page, so what is worse than it opens its own.
        if incident.status == Status.MITIGATED and rank >= incident.severity.rank:
            return Place(joins=incident)
        related = related or incident
    if related:
        return Place(linked=related)
    return _beside(service, at)


def _beside(service: Service, at: datetime) -> Place:
    """The open incident of a direct dependency: joined if the same people answer for both, else linked."""
    linked: Incident | None = None
    for dependency in service.depends_on.all():
        for incident in _candidates(dependency, at):
            if incident.status not in UNMITIGATED:
                continue
            near = _is_near(incident, dependency, at)
            if near and dependency.pk == incident.service_id and ask.same_policy(service, dependency):
                return Place(joins=incident)
            linked = linked or incident
    return Place(linked=linked)


def _candidates(service: Service, at: datetime) -> list[Incident]:
    """Open incidents of the service that alerts may touch, newest first, with what is asked of them here."""
    alerts = Alert.objects.filter(incident=OuterRef("pk"))
    rows = Incident.objects.open().filter(
        service_rows__service=service,
        is_private=False,
        is_drill=False,
        is_retrospective=False,
        pages_nobody=False,
    )
    rows = rows.annotate(
        # The first warm one ends the look; the last of all of them would have to be searched for in a storm.
        is_warm=Exists(alerts.filter(last_seen_at__gte=at - service.group_window)),
        has_alerts=Exists(alerts),
    )
    columns = ("status", "acknowledged_at", "detected_at", "service", "severity__rank")
    return list(rows.select_related("severity").only(*columns).order_by("-detected_at")[:20])


def _is_near(incident: Incident, service: Service, at: datetime) -> bool:
    """Acknowledged, or its last alert is not longer ago than the service's window."""
    if incident.acknowledged_at:
        return True
    if incident.has_alerts:  # type: ignore[attr-defined]
        return bool(incident.is_warm)  # type: ignore[attr-defined]
    return at - incident.detected_at <= service.group_window


def is_storm(source: Source, at: datetime) -> bool:
    """Twenty new alerts of one source within a minute; its own checks never are one."""
    if source.is_internal:
        return False
    recent = Alert.objects.filter(source=source, first_seen_at__gt=at - STORM_SPAN, first_seen_at__lte=at)
    return recent.order_by("-first_seen_at").values_list("pk")[STORM_SIZE - 1 : STORM_SIZE].exists()


def is_crowd(incident: Incident) -> bool:
    """More alerts than anybody reads one by one; looks no further than that many."""
    return incident.alerts.order_by().values_list("pk")[STORM_SIZE : STORM_SIZE + 1].exists()


def bundle_of(source: Source, service: Service, at: datetime) -> Bundle | None:
    """The running bundle of this source whose people also answer for the service."""
    running = Bundle.objects.filter(
        Q(incident__status__in=UNMITIGATED),
        source=source,
        last_at__gt=at - _BUNDLE_QUIET,
        incident__is_private=False,
        incident__is_drill=False,
    )
    for bundle in running.select_related("incident__service", "incident__severity"):
        own = bundle.incident.service
        if own.pk == service.pk or ask.same_policy(own, service):
            return bundle
    return None
