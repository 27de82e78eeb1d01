"""Chairs that stay empty: whoever is on call in a chair's own rota is paged for it, once per opening."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import timeline
from incidents.kinds import Status
from incidents.models import Incident, TimelineEvent
from incidents.room import missing_chairs
from oncall import answering, paging, plans
from oncall.models import PageRun, RoleCoverage

_AT_WORK = (Status.TRIAGE, Status.ACTIVE)


@transaction.atomic
def fill(incident_id: int, *, opening: int) -> list[PageRun]:
    """The clock of the chairs ran out: page the rota of each one that is still empty.

    Chairs without a rota are left to the nudge. Idempotent by opening and chair.
    """
    incident = timeline.lock(incident_id)
    if incident.status not in _AT_WORK or incident.opening != opening:
        return []
    empty = {role.pk: role for role in missing_chairs(incident)}
    rotas = RoleCoverage.objects.select_related("role", "schedule").filter(role__in=empty)
    found = [_page(incident, rota) for rota in rotas]
    return [run for run in found if run]


def _page(incident: Incident, rota: RoleCoverage) -> PageRun | None:
    aim: dict[str, Any] = {"kind": "schedule", "id": rota.schedule_id, "name": str(rota.schedule)}
    return paging.start(
        incident,
        reason=PageRun.Reason.CHAIR,
        key=f"chair:{incident.pk}:{incident.opening}:{rota.role_id}",
        plan=plans.of_aim(aim),
        name=str(rota.schedule),
        note=_("Nobody is %(role)s: please take the chair") % {"role": rota.role.name},
    )


@transaction.atomic
def taken(event_id: int) -> int:
    """Somebody sits in the chair: its rota is asked no more."""
    event = TimelineEvent.objects.get(pk=event_id)
    incident = timeline.lock(event.incident_id)
    empty = {role.pk for role in missing_chairs(incident)}
    runs = PageRun.objects.filter(incident=incident, reason=PageRun.Reason.CHAIR)
    keys = [run.key for run in runs if int(run.key.rpartition(":")[2]) not in empty]
    return answering.end(runs.filter(key__in=keys), _("The chair is taken."))
