"""Becoming one of an incident's people."""

from accounts.models import User
from incidents.models import Incident, IncidentMember

Why = IncidentMember.Why


def welcome(incident: Incident, user: User, why: Why) -> bool:
    """Make the person one of the incident's people; returns whether that is new.

    Who only follows is not one of them yet: following opens no private incident.
    """
    row, is_new = IncidentMember.objects.get_or_create(incident=incident, user=user, defaults={"why": why})
    if not is_new and row.why == Why.FOLLOWS and why != Why.FOLLOWS:
        row.why, is_new = why, True
        row.save(update_fields=["why"])
    return is_new
