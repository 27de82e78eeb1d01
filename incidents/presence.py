"""Who is in the room, or in its postmortem: people whose page asked for news within half a minute."""

from datetime import timedelta

from django.db import transaction
from django.utils.timezone import now

from accounts.models import User
from incidents.models import Incident, RoomVisit

#: A page asks every 10 s; two lost answers do not make anybody vanish.
HERE = timedelta(seconds=30)
# One write in so long for each person, however many tabs ask.
_FRESH = timedelta(seconds=8)


@transaction.atomic
def enter(incident: Incident, user: User, page: str = RoomVisit.Page.ROOM) -> None:
    """Note that somebody is here. Writes at most once in 8 s for each person and page."""
    at = now()
    stale = RoomVisit.objects.filter(incident=incident, user=user, page=page)
    if stale.filter(seen_at__lt=at - _FRESH).update(seen_at=at) or stale.exists():
        return
    RoomVisit.objects.bulk_create(
        [RoomVisit(incident=incident, user=user, page=page, seen_at=at)], ignore_conflicts=True
    )


def here(incident: Incident, page: str = RoomVisit.Page.ROOM) -> list[User]:
    """Who has this page open, by name; 20 at most."""
    visits = RoomVisit.objects.filter(
        incident=incident, page=page, seen_at__gte=now() - HERE, user__is_active=True
    )
    return [visit.user for visit in visits.select_related("user").order_by("user__name", "user_id")[:20]]
