"""Volunteers: "I can take it" for an empty chair. Whoever may assign seats one; until then nobody sits."""

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.models import User
from incidents import roles, timeline
from incidents.kinds import EventKind
from incidents.models import Incident, Role, TimelineEvent
from incidents.roomrows import ChairOffer
from lib.refusal import Refused


def offer(incident_id: int, *, actor: Actor, role_slug: str) -> Incident:
    """The actor can take that chair. It ends by itself when the chair is taken or the incident is over.

    Raises:
        Refused: ``separation`` where the actor may not sit there, in the rule's own words; ``chair_held``;
            ``offered`` already; ``over``.
    """
    with timeline.locked(incident_id, actor=actor, verb="role") as incident:
        role, user = roles.role_named(role_slug), roles.who_may_sit(None, actor)
        if not incident.is_open:
            raise Refused("over", _("The incident is over. Nobody is needed in a chair."))
        _refuse_held(incident, role)
        roles.refuse_together(incident, user, role)
        if incident.chair_offers.running().filter(role=role, user=user).exists():
            raise Refused("offered", _("You have offered that already. Whoever commands sees it."))
        ChairOffer.objects.create(incident=incident, role=role, user=user)
        _record(incident, EventKind.ROLE_OFFERED, actor, role, user)
    return incident


def withdraw(incident_id: int, *, actor: Actor, role_slug: str, user_id: int | None = None) -> Incident:
    """An offer ends: one's own, or somebody's whom whoever may assign does not need.

    Raises:
        Refused: ``no_offer``, there is none (any more).
    """
    with timeline.locked(incident_id, actor=actor, verb="role") as incident:
        role = roles.role_named(role_slug)
        whose = user_id or (actor.user.pk if actor.user else None)
        running = incident.chair_offers.running().filter(role=role, user=whose)
        found = running.select_related("user").first()
        if found is None:
            raise Refused("no_offer", _("There is no such offer any more."))
        event = _record(incident, EventKind.ROLE_WITHDRAWN, actor, role, found.user)
        running.end(event.recorded_at)
    return incident


def running(incident: Incident, role_slug: str) -> QuerySet[ChairOffer]:
    """Who can take that chair, the first to say so first.

    Raises:
        Invalid: there is no such role.
    """
    role = roles.role_named(role_slug)
    rows = incident.chair_offers.running().filter(role=role, user__is_active=True)
    return rows.select_related("user")


def _refuse_held(incident: Incident, role: Role) -> None:
    holding = incident.holdings.filter(role=role, until=None).select_related("user").first()
    if holding:
        raise Refused(
            "chair_held",
            _("%(name)s is %(role)s. An offer is for an empty chair.")
            % {"name": holding.user, "role": role.name},
        )


def _record(incident: Incident, kind: EventKind, actor: Actor, role: Role, user: User) -> TimelineEvent:
    return timeline.record(
        incident,
        kind,
        actor=actor,
        role=role.slug,
        role_name=role.name,
        user=user.pk,
        user_name=str(user),
    )
