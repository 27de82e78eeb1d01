"""Duplicates and relatives: merging one incident into another, and linking two."""

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from incidents import permissions, roles, timeline
from incidents.kinds import OPEN, EventKind
from incidents.models import Incident, IncidentService, RoleHolding
from lib.refusal import Missing, Refused


@transaction.atomic
def merge(incident_id: int, *, actor: Actor, into: int) -> Incident:
    """This one is the same as that one: its services and earliest times move there, and its clocks stop.

    ``into`` is the other incident's id. Alerts and reporters follow by the news ``incidents.merged``.

    Raises:
        Refused: into itself, into one that is not open, between a drill and a real one, or out of private.
    """
    if incident_id == into:
        raise Refused("merge_into_itself", _("An incident cannot be merged into itself."))
    # Always in the order of ids, so that two merges cannot wait for each other.
    rows = {pk: _lock(pk) for pk in sorted((incident_id, into))}
    source, target = rows[incident_id], rows[into]
    for incident in (source, target):
        permissions.may(actor, "merge", incident)
    if target.status not in OPEN:
        raise Refused("target_not_open", _("%(ref)s is not open any more.") % {"ref": target.reference})
    if source.is_drill != target.is_drill:
        raise Refused("drill_and_real", _("A drill and a real incident cannot be merged."))
    if source.is_private != target.is_private:
        raise Refused(
            "private_and_public", _("A private and an open incident cannot be merged. Link them instead.")
        )
    source.merged_into = target
    timeline.record(source, EventKind.MERGED, actor=actor, into=target.number, into_id=target.pk)
    RoleHolding.objects.filter(incident=source, until=None).update(until=now())
    _absorb(target, source, actor)
    roles.settle(target, actor=actor, why=_("merged"))
    return source


def _lock(pk: int) -> Incident:
    try:
        return timeline.lock(pk)
    except Incident.DoesNotExist:
        raise Missing(_("There is no such incident.")) from None


def _absorb(target: Incident, source: Incident, actor: Actor) -> None:
    known = set(target.service_rows.values_list("service_id", flat=True))
    position = len(known)
    for row in source.service_rows.all():
        if row.service_id not in known:
            IncidentService.objects.create(incident=target, service_id=row.service_id, position=position)
            position += 1
    timeline.record(
        target,
        EventKind.ABSORBED,
        actor=actor,
        text=source.title,
        source=source.number,
        source_id=source.pk,
        detected_at=source.detected_at.isoformat(),
        started_at=source.started_at.isoformat() if source.started_at else None,
        provenance=source.started_at_provenance,
    )


@transaction.atomic
def link(
    incident_id: int, *, actor: Actor, parent: int | None = None, related: int | None = None
) -> Incident:
    """Put two incidents beside each other: as parent and child, or as relatives. Ids, not numbers.

    Raises:
        Refused: to itself, or in a circle of parents.
    """
    other_id = parent or related
    if other_id is None or other_id == incident_id:
        raise Refused("link_to_itself", _("Name another incident to link to."))
    rows = {pk: _lock(pk) for pk in sorted((incident_id, other_id))}
    incident, other = rows[incident_id], rows[other_id]
    for row in (incident, other):
        permissions.may(actor, "link", row)
    if parent:
        above: Incident | None = other
        while above is not None:
            if above.pk == incident.pk:
                raise Refused("link_circle", _("That would make a circle of parents."))
            above = above.parent
        incident.parent = other
    else:
        incident.related.add(other)
    word = "parent" if parent else "related"
    timeline.record(incident, EventKind.LINKED, actor=actor, relation=word, other=other.number)
    timeline.record(
        other, EventKind.LINKED, actor=actor, relation="child" if parent else word, other=incident.number
    )
    return incident
