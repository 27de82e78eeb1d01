"""How well promises to tell were kept, over many incidents: read only, for reports."""

from django.db.models import QuerySet

from incidents.clockrows import COUNTED
from incidents.models import Deadline, Incident


def updates(incidents: QuerySet[Incident]) -> dict[int, tuple[int, int]]:
    """Communication kept: of each incident, updates in time and updates due. One query.

    From: each deadline for an update that ran.
    To: the update that stopped it, in time when it came by ``due_at`` (put off: by the first one).
    Unit: updates.
    Left out: deadlines that a later one overtook, those that run and are not missed, and those that were not
    needed any more (the incident ended, a calmer severity, "no public notice needed").
    Source: the deadlines of the incidents, as `deadlines.adherence` reads them.
    """
    judged = Deadline.objects.filter(incident__in=incidents.order_by().values("pk")).updates().judged()
    rows = judged.order_by().values_list("incident").annotate(**COUNTED)
    return {incident: (kept, due) for incident, kept, due in rows}
