"""How well promises to tell were kept, over many incidents: read only, for reports."""

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce

from incidents.kinds import DeadlineKind
from incidents.models import Deadline, Incident

_UPDATES = (DeadlineKind.INTERNAL_UPDATE, DeadlineKind.PUBLIC_FIRST, DeadlineKind.PUBLIC_UPDATE)


def updates(incidents: QuerySet[Incident]) -> dict[int, tuple[int, int]]:
    """Communication kept: of each incident, updates in time and updates due. One query.

    From: each deadline for an update that ran.
    To: the update that stopped it, in time when it came by ``due_at`` (put off: by the first one).
    Unit: updates.
    Left out: deadlines that a later one overtook, and those that run and are not missed.
    Source: the deadlines of the incidents, as `deadlines.adherence` reads them.
    """
    in_time = Q(stopped_at__lte=Coalesce("snoozed_from", "due_at"))
    rows = (
        Deadline.objects.filter(
            kind__in=_UPDATES, overtaken_at=None, incident__in=incidents.order_by().values("pk")
        )
        .exclude(stopped_at=None, missed_at=None)
        .order_by()
        .values_list("incident")
        .annotate(kept=Count("pk", filter=in_time), due=Count("pk"))
    )
    return {incident: (kept, due) for incident, kept, due in rows}
