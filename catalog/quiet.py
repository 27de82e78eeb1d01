"""When nobody is paged for a service: kept here, so that who plans it and who pages stay strangers."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.timezone import now

from catalog.models import Quiet, Service
from outbox.announcing import announce

#: Heard by whoever waits for the quiet to be over.
ENDED = "catalog.quiet_ended"


@transaction.atomic
def keep(
    key: str, *, services: Iterable[Service], begins_at: datetime, ends_at: datetime, because: str
) -> None:
    """Page nobody for these services between the two times; saying it again under the key replaces it."""
    Quiet.objects.filter(key=key).delete()
    Quiet.objects.bulk_create(
        Quiet(key=key, service=service, begins_at=begins_at, ends_at=ends_at, because=because[:200])
        for service in services
    )


@transaction.atomic
def begin(key: str) -> None:
    """It begins now, earlier than planned."""
    at = now()
    Quiet.objects.filter(key=key, begins_at__gt=at).update(begins_at=at)


@transaction.atomic
def end(key: str) -> None:
    """It is over, maybe earlier than planned; what fired meanwhile may ring now."""
    at = now()
    if Quiet.objects.filter(key=key, ends_at__gt=at).update(ends_at=at):
        announce(ENDED, key=f"{key}:{at.isoformat()}", quiet=key)


def of(service_ids: Iterable[int], *, at: datetime | None = None) -> list[Quiet]:
    """What is quiet at the moment among these services, the first to end first."""
    moment = at or now()
    rows = Quiet.objects.filter(service__in=list(service_ids), begins_at__lte=moment, ends_at__gt=moment)
    return list(rows.select_related("service").order_by("ends_at", "pk"))
