"""Becoming one of an incident's people."""

from collections.abc import Iterable

from accounts.models import User
from incidents.models import Incident, IncidentMember

Why = IncidentMember.Why


def follows(incident: Incident, user: User) -> bool:
    """Is the person told of updates because they asked for it?"""
    return IncidentMember.objects.filter(incident=incident, user=user, follows=True).exists()


def welcome(incident: Incident, user: User, why: Why) -> bool:
    """Make the person one of the incident's people; returns whether that is new.

    Who only follows is not one of them yet: following opens no private incident.
    """
    row, is_new = IncidentMember.objects.get_or_create(incident=incident, user=user, defaults={"why": why})
    if not is_new and row.why == Why.FOLLOWS and why != Why.FOLLOWS:
        row.why, is_new = why, True
        row.save(update_fields=["why"])
    return is_new


def welcome_all(people: Iterable[tuple[Incident, User]], why: Why) -> None:
    """The same for many at once, in as many statements for one as for a hundred."""
    pairs = {(incident.pk, user.pk) for incident, user in people}
    rows = IncidentMember.objects.filter(incident__in={pk for pk, _user in pairs})
    there = {(row.incident_id, row.user_id): row for row in rows}
    IncidentMember.objects.bulk_create(
        (
            IncidentMember(incident_id=incident, user_id=user, why=why)
            for incident, user in sorted(pairs - there.keys())
        ),
        ignore_conflicts=True,
    )
    follow = [row.pk for pair, row in there.items() if pair in pairs and row.why == Why.FOLLOWS]
    if follow and why != Why.FOLLOWS:
        IncidentMember.objects.filter(pk__in=follow).update(why=why)
