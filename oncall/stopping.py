"""When a run is wanted no more: one condition for the claims of rungs and of messages."""

from datetime import timedelta

from django.db.models import CharField, Exists, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat
from django.utils.timezone import now

from incidents.kinds import Status
from incidents.models import Incident
from oncall.models import Page, PageRun
from outbox.models import OPEN, Message

#: The handler that hears of acknowledgements and endings (`handlers`).
HEARS = "oncall.stops"
# An acknowledgement that was committed but not yet heard holds claims back for so long. No longer: if
# hearing it should ever fail, the pager rather rings once too often than falls silent.
_PATIENCE = timedelta(minutes=1)
_OVER = (Status.RESOLVED, Status.CLOSED, Status.DISMISSED)


def _unheard(incident: str) -> Exists:
    stream = Concat(Value("incident:"), Cast(OuterRef(incident), CharField()))
    fresh = now() - _PATIENCE
    return Exists(Message.objects.filter(OPEN, handler=HEARS, stream=stream, created_at__gt=fresh))


def _over(incident: str) -> Exists:
    return Exists(Incident.objects.filter(pk=OuterRef(incident), status__in=_OVER))


def wanted() -> Q:
    """Of a run: nothing that ends it was said since, heard or not."""
    return ~Q(_unheard("incident_id")) & ~Q(_over("incident_id"))


def message_wanted() -> Q:
    """Of a paging message: its run still climbs."""
    climbing = PageRun.objects.filter(pk=OuterRef("run_key"), status=PageRun.Status.RUNNING)
    return Q(Exists(climbing)) & ~Q(_unheard("incident_id")) & ~Q(_over("incident_id"))


def bundle_wanted() -> Q:
    """Of a message that tells of a bundle: one of its runs still climbs."""
    climbing = Page.objects.filter(
        ~Q(_unheard("run__incident_id")),
        bundle=OuterRef("bundle_key"),
        run__status=PageRun.Status.RUNNING,
    ).exclude(run__incident__status__in=_OVER)
    return Q(Exists(climbing))
