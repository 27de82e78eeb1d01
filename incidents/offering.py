"""Which verbs a person may use on an incident now: one answer for the room and the palette."""

from accounts.actors import Actor
from incidents import permissions
from incidents.doorways import OFFERED
from incidents.membership import follows
from incidents.models import Incident
from lib.refusal import Refused

#: What the rule asks for, where the door's name is not the verb's. A test compares both.
_RIGHTS = {
    "chair": "role",
    "take": "role",
    "leave": "role",
    "volunteer": "role",
    "withdraw": "role",
    "alone": "role",
    "try": "try_mitigation",
    "outcome": "try_mitigation",
    "task-end": "task",
    "task-give": "task",
    "step": "tick_step",
    "unfollow": "follow",
}


def right(name: str) -> str:
    """The verb that `permissions.may` is asked about behind a door of `doorways.DOORS`."""
    return _RIGHTS.get(name, name.replace("-", "_"))


def allows(actor: Actor, verb: str, incident: Incident) -> bool:
    """Would `permissions.may` let this verb pass?"""
    try:
        permissions.may(actor, verb, incident)
    except Refused:
        return False
    return True


def folded(incident: Incident, actor: Actor) -> list[str]:
    """The doors whose forms lie folded in the room, in their order on the page."""
    names = list(OFFERED[incident.status])
    names += ["volunteer"] if incident.is_open else []
    names += ["correct", "redact", "people"]
    names.append("make-public" if incident.is_private else "make-private")
    if incident.is_drill and incident.is_open:
        names.append("end-drill")
    if actor.user is not None:
        names.append("unfollow" if follows(incident, actor.user) else "follow")
    return [name for name in names if allows(actor, right(name), incident)]
