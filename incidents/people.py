"""Who belongs to an incident: private ones, drills, followers."""

from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.models import Role, User
from incidents import timeline
from incidents.kinds import EventKind
from incidents.membership import welcome
from incidents.models import Incident, IncidentMember
from incidents.reasons import needs_reason
from lib.refusal import Forbidden, Invalid, Refused

Why = IncidentMember.Why


def add(incident_id: int, *, actor: Actor, user_id: int) -> Incident:
    """Let one more person in."""
    with timeline.locked(incident_id, actor=actor, verb="people") as incident:
        user = User.objects.filter(pk=user_id, is_active=True).first()
        if user is None:
            raise Invalid(_("There is no such person."), field="user")
        if welcome(incident, user, Why.ADDED):
            timeline.record(incident, EventKind.MEMBER_ADDED, actor=actor, user=user.pk, user_name=str(user))
    return incident


def break_in(incident_id: int, *, actor: Actor, reason: str) -> Incident:
    """An admin enters a private incident by breaking glass: its people see that it happened, and why.

    Raises:
        Forbidden: not an admin.
    """
    with timeline.locked(incident_id, actor=actor, verb="break_in") as incident:
        if actor.user is None or not actor.is_at_least(Role.ADMIN):
            raise Forbidden(_("Only an admin can break the glass of a private incident."))
        welcome(incident, actor.user, Why.BREAK_GLASS)
        timeline.record(
            incident,
            EventKind.BREAK_GLASS,
            actor=actor,
            text=needs_reason(reason),
            user=actor.user.pk,
            user_name=str(actor.user),
            roles="",
            alone=False,
            entered=True,
        )
        audit.note(actor, "incident.break_glass", incident.reference)
    return incident


def make_private(incident_id: int, *, actor: Actor, reason: str) -> Incident:
    """Hide it from now on; what was sent already cannot be called back, and the answer says so."""
    with timeline.locked(incident_id, actor=actor, verb="make_private") as incident:
        if incident.is_private:
            raise Refused("private", _("It is private already."))
        incident.is_private = True
        if actor.user is not None:
            welcome(incident, actor.user, Why.ADDED)
        timeline.record(
            incident,
            EventKind.MADE_PRIVATE,
            actor=actor,
            text=needs_reason(reason),
            was_public=bool(incident.public_first_at),
            channel=incident.channel_name,
        )
    return incident


def make_public(incident_id: int, *, actor: Actor, reason: str) -> Incident:
    """A manager opens a private incident to everybody signed in; its public clocks start now."""
    with timeline.locked(incident_id, actor=actor, verb="make_public") as incident:
        if not incident.is_private:
            raise Refused("not_private", _("It is not private."))
        incident.is_private = False
        timeline.record(
            incident,
            EventKind.MADE_PUBLIC,
            actor=actor,
            text=needs_reason(reason),
            starts="public_first,public_update",
        )
    return incident


def follow(incident_id: int, *, actor: Actor) -> Incident:
    """Be told of each update, and never paged for it. No event: it happens to the reader.

    Who belongs to a private incident or a drill already stays one of its people.
    """
    with timeline.locked(incident_id, actor=actor, verb="follow") as incident:
        if actor.user is not None:
            welcome(incident, actor.user, Why.FOLLOWS)
            IncidentMember.objects.filter(incident=incident, user=actor.user).update(follows=True)
    return incident


def unfollow(incident_id: int, *, actor: Actor) -> Incident:
    """No more updates; who holds a chair goes on hearing them."""
    with timeline.locked(incident_id, actor=actor, verb="follow") as incident:
        mine = IncidentMember.objects.filter(incident=incident, user=actor.user)
        mine.filter(why=Why.FOLLOWS).delete()
        mine.update(follows=False)
    return incident


def end_drill(incident_id: int, *, actor: Actor, reason: str) -> Incident:
    """A drill ends where a real page needs its people."""
    with timeline.locked(incident_id, actor=actor, verb="end_drill") as incident:
        if not incident.is_drill:
            raise Refused("not_a_drill", _("This is not a drill."))
        if incident.is_open:
            timeline.record(incident, EventKind.DRILL_ENDED, actor=actor, text=needs_reason(reason))
            if incident.status == "mitigated":
                timeline.record(
                    incident, EventKind.RESOLVED, actor=actor, postmortem_duty=False, also_mitigates=False
                )
            else:
                timeline.record(incident, EventKind.DISMISSED, actor=actor, text=reason)
    return incident
