"""The second gate of the timeline: purging a whole incident, with a trace that stays."""

from django.db import transaction

from accounts import audit
from accounts.actors import Actor
from incidents import permissions, timeline
from incidents.models import Incident, Purge, TimelineEvent
from outbox.announcing import announce


@transaction.atomic
def purge(incident: Incident, *, actor: Actor) -> Purge:
    """Delete an incident and its timeline for good. The `Purge` row and an audit entry stay.

    Duplicates and children of it stay too, and point to nothing: their own timelines still tell its number.

    Raises:
        Forbidden: not an admin.
    """
    row = timeline.lock(incident.pk)
    permissions.may(actor, "purge", row)
    gate = Purge.objects.create(incident_pk=row.pk, reference=row.reference, by=actor.user)
    Incident.objects.filter(merged_into=row).update(merged_into=None)
    Incident.objects.filter(parent=row).update(parent=None)
    TimelineEvent.objects.filter(incident=row).delete()
    Incident.objects.filter(pk=row.pk).delete()
    gate.is_open = False
    gate.save(update_fields=["is_open"])
    announce(
        "incidents.purged",
        key=f"purge:{gate.pk}",
        stream=f"incident:{gate.incident_pk}",
        incident=gate.incident_pk,
    )
    audit.note(actor, "incident.purged", gate.reference)
    return gate
