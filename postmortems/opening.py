"""How a document begins: by duty when its incident is resolved, or by hand; and how it follows it."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor, system
from incidents import neighbours, timeline
from incidents.kinds import Status as IncidentStatus
from incidents.models import Incident
from lib.refusal import Refused
from outbox.announcing import announce
from postmortems import facts, picking, reminders, tagging, writing
from postmortems.kinds import Section, Status, TagKind
from postmortems.models import Postmortem, Tag, TimelineRow


@transaction.atomic
def open_by_duty(incident_id: int) -> Postmortem | None:
    """Open the document that the policy wants at resolving; safe to say again, at each resolving.

    A document that was published before the incident was reopened becomes a draft again: what it says
    of the end is no longer the whole truth.
    """
    incident = timeline.lock(incident_id)
    if incident.is_drill or not incident.has_postmortem_duty or not _is_over(incident):
        return None
    postmortem = Postmortem.objects.filter(incident=incident).first() or _open(incident, actor=system())
    if postmortem.is_published and incident.postmortem_published_at is None:
        postmortem.status = Status.DRAFT
    postmortem.due_at = facts.due_at(incident)
    reminders.plan_postmortem(postmortem)
    postmortem.save()
    return postmortem


@transaction.atomic
def follow(incident_id: int) -> None:
    """The incident changed: its duty's date may have moved, begun or ended."""
    incident = timeline.lock(incident_id)
    postmortem = Postmortem.objects.filter(incident=incident).first()
    if postmortem is None:
        open_by_duty(incident_id)
        return
    postmortem.incident = incident
    due_at = facts.due_at(incident) if incident.has_postmortem_duty else None
    if due_at != postmortem.due_at:
        postmortem.due_at = due_at
        reminders.plan_postmortem(postmortem)
        postmortem.save(update_fields=["due_at", "next_reminder_at", "reminders_sent"])


def open_by_hand(incident_id: int, *, actor: Actor) -> Postmortem:
    """Write one although nothing demands it; the incident has to be over.

    Raises:
        Refused: a drill, or not resolved yet.
    """
    with timeline.locked(incident_id, actor=actor, verb="write_postmortem") as incident:
        if incident.is_drill:
            raise Refused("drill", _("A drill has no postmortem. Its score stands in the room."))
        if not _is_over(incident):
            raise Refused("not_resolved", _("Resolve the incident first; the postmortem comes after."))
        known = Postmortem.objects.filter(incident=incident).first()
        if known:
            return known
        postmortem = _open(incident, actor=actor)
        postmortem.due_at = facts.due_at(incident)
        reminders.plan_postmortem(postmortem)
        postmortem.save()
        return postmortem


def _is_over(incident: Incident) -> bool:
    return incident.status in (IncidentStatus.RESOLVED, IncidentStatus.CLOSED)


def _open(incident: Incident, *, actor: Actor) -> Postmortem:
    postmortem = Postmortem.objects.create(incident=incident, opened_by=actor.user)
    author = facts.default_author(incident) or actor.user
    if author:
        postmortem.authors.set([author])
    TimelineRow.objects.bulk_create(picking.first_rows(postmortem))
    if users := facts.users_affected(incident):
        writing.put(postmortem, Section.USERS_AFFECTED, users, by=None, base=0)
    Tag.objects.bulk_create(
        Tag(postmortem=postmortem, kind=TagKind.MITIGATION, word=word) for word in tagging.first(incident)
    )
    neighbours.postmortem_opened(incident.pk, postmortem_id=postmortem.pk, actor=actor)
    announce("postmortems.opened", key=f"postmortem:{postmortem.pk}:opened", postmortem=postmortem.pk)
    return postmortem
