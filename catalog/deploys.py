"""What changed lately: deploys and configuration changes, as others tell us of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor

from django.db import transaction
from django.db.models import Q

from catalog.models import Deploy, Service
from lib.refusal import Invalid, Missing
from lib.text import clean

# A list in an incident's room; more than this is no longer context.
AT_MOST = 50


@dataclass(frozen=True)
class RecentDeploy:
    """A change and how long before the moment asked about; nearness is not a cause."""

    deploy: Deploy
    minutes_before: int
    service: Service

    @property
    def before(self) -> timedelta:
        return timedelta(minutes=self.minutes_before)


@transaction.atomic
def record(
    service_id: int,
    *,
    version: str,
    at: datetime,
    url: str = "",
    author: str = "",
    kind: str = Deploy.Kind.DEPLOY,
    source: str = "",
) -> Deploy:
    """Remember a change; telling us twice (same service, version and time) changes nothing.

    Raises:
        Missing: there is no such service.
        Invalid: no version, an unknown kind, or a time without a zone.
    """
    version = clean(version, 200, field="version")
    if not version:
        raise Invalid("Say which version was deployed.", field="version")
    if kind not in Deploy.Kind.values:
        raise Invalid("The kind is “deploy” or “config”.", field="kind")
    if at.tzinfo is None:
        raise Invalid("Give the time with its zone, for example 2026-11-23T14:35:00Z.", field="at")
    if not Service.objects.filter(pk=service_id).exists():
        raise Missing("There is no such service.")
    deploy, _ = Deploy.objects.get_or_create(
        service_id=service_id,
        version=version,
        at=at,
        defaults={
            "url": clean(url, 500, field="url"),
            "author": clean(author, 200, field="author"),
            "kind": kind,
            "source": clean(source, 100, field="source"),
        },
    )
    return deploy


def recent(service: Service, before: datetime, hours: int = 24) -> list[RecentDeploy]:
    """Changes of the service and its direct dependencies in the hours before a moment, nearest first."""
    about = Q(service=service) | Q(service__in=service.depends_on.all())
    window = Q(at__lte=before, at__gte=before - timedelta(hours=hours))
    found = Deploy.objects.filter(about & window).select_related("service").order_by("-at", "-pk")[:AT_MOST]
    return [
        RecentDeploy(deploy, floor((before - deploy.at) / timedelta(minutes=1)), deploy.service)
        for deploy in found
    ]
