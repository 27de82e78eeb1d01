"""How loud the alerts were: read only, for reports."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from detection.models import Alert
from incidents.kinds import Status


@dataclass(frozen=True)
class Noise:
    """Counts of alerts first seen in a time. One that repeats counts once, its repetitions apart."""

    alerts: int
    of_incidents: int
    dismissed: int
    silenced: int
    incidents: int

    @property
    def per_incident(self) -> float | None:
        """Alerts for each real incident that had one; None without any."""
        return self.alerts / self.incidents if self.incidents else None


def during(since: datetime, until: datetime) -> Noise:
    """How loud: alerts, and how many of them belong to real incidents. One query.

    From: ``since`` ≤ first seen.
    To: first seen < ``until``.
    Unit: alerts, each once however often it repeats; and alerts for each real incident that had one.
    Left out: drills. Real is an incident neither dismissed nor merged; private ones count unnamed.
    Source: the alerts of this room and the status of their incidents.
    """
    real = Q(incident__isnull=False) & ~Q(incident__status__in=(Status.DISMISSED, Status.MERGED))
    found = (
        Alert.objects.filter(first_seen_at__gte=since, first_seen_at__lt=until)
        .exclude(incident__is_drill=True)
        .order_by()
        .aggregate(
            alerts=Count("pk"),
            of_incidents=Count("pk", filter=real),
            dismissed=Count("pk", filter=Q(incident__status=Status.DISMISSED)),
            silenced=Count("pk", filter=Q(silence__isnull=False)),
            incidents=Count("incident", filter=real, distinct=True),
        )
    )
    return Noise(**found)
