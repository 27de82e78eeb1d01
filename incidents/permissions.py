"""Who may do what to an incident. Asked inside every verb, under the lock."""

from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.models import Role
from incidents.kinds import COMMS_LEAD, INCIDENT_COMMANDER
from incidents.models import Incident, IncidentMember
from lib.refusal import Forbidden, Missing

#: Verbs that ask for more, or less, than a responder. Teams never gate a verb at 03:00.
_NEEDS = {
    "open": Role.VIEWER,
    "declare": Role.VIEWER,
    "follow": Role.VIEWER,
    "waive_postmortem": Role.MANAGER,
    "make_public": Role.MANAGER,
    "apply_policy": Role.ADMIN,
    "purge": Role.ADMIN,
}
_PUBLIC_CHAIRS = (INCIDENT_COMMANDER, COMMS_LEAD)


def may(actor: Actor, verb: str, incident: Incident | None) -> None:
    """Let the verb pass, or refuse it with a sentence.

    The system and alert sources pass: they come through rules of ours, not through a door.

    Raises:
        Missing: a private incident that is none of the actor's business.
        Forbidden: the role does not carry the verb.
    """
    if actor.kind != "person":
        return
    if incident is not None and verb != "break_in" and not is_visible(actor, incident):
        raise Missing(_("There is no such incident."))
    if verb == "publish":
        if not actor.is_at_least(Role.MANAGER) and not holds(actor, incident, _PUBLIC_CHAIRS):
            raise Forbidden(
                _(
                    "Publishing is for the Incident Commander, the Comms Lead or a manager. Take "
                    "the chair or ask one."
                )
            )
        return
    needed = _NEEDS.get(verb, Role.RESPONDER)
    if not actor.is_at_least(needed):
        raise Forbidden(
            _("This needs the role %(role)s. Ask an admin to change yours.")
            % {"role": Role(needed).label.lower()}
        )


def is_visible(actor: Actor, incident: Incident) -> bool:
    """Private incidents are for their people only, admins included."""
    if not incident.is_private or actor.kind != "person":
        return True
    return IncidentMember.objects.belonging().filter(incident=incident, user=actor.user).exists()


def holds(actor: Actor, incident: Incident | None, roles: tuple[str, ...]) -> bool:
    return (
        incident is not None
        and incident.holdings.filter(user=actor.user, until=None, role__slug__in=roles).exists()
    )
