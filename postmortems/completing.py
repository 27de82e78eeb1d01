"""Whether we learn: documents and actions that fell due in a time. Read only, for reports."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, F, Q

from incidents.models import Incident
from postmortems.kinds import ActionStatus
from postmortems.kinds import Status as DocumentStatus
from postmortems.models import ActionItem, Postmortem


@dataclass(frozen=True)
class Kept:
    """Counts of what fell due: done in time, done later, still owed, let go with a reason."""

    fell_due: int
    in_time: int
    later: int
    owed: int
    let_go: int


def documents(since: datetime, until: datetime) -> Kept:
    """What became of postmortems that fell due.

    From: ``since`` ≤ ``due_at``.
    To: ``due_at`` < ``until``; in time is published by its due time.
    Unit: postmortems.
    Left out: drills, dismissed and merged incidents; private ones count unnamed.
    Source: the documents and the waivers of their incidents.
    """
    published = Q(status=DocumentStatus.PUBLISHED)
    waived = ~published & Q(incident__postmortem_waived_at__isnull=False)
    counted = Incident.objects.counted().order_by().values("pk")
    found = (
        Postmortem.objects.filter(due_at__gte=since, due_at__lt=until, incident__in=counted)
        .order_by()
        .aggregate(
            fell_due=Count("pk"),
            in_time=Count("pk", filter=published & Q(published_at__lte=F("due_at"))),
            later=Count("pk", filter=published & Q(published_at__gt=F("due_at"))),
            owed=Count("pk", filter=~published & Q(incident__postmortem_waived_at=None)),
            let_go=Count("pk", filter=waived),
        )
    )
    return Kept(**found)


def actions(first: date, end: date) -> Kept:
    """What became of action items that fell due.

    From: ``first`` ≤ due day.
    To: due day < ``end``; in time is done on the day at the latest.
    Unit: action items.
    Left out: those of drills, dismissed and merged incidents; private ones count unnamed.
    Source: the action items of all documents.
    """
    done = Q(status=ActionStatus.DONE)
    counted = Incident.objects.counted().order_by().values("pk")
    in_time = done & Q(done_at__date__lte=F("due"))
    found = (
        ActionItem.objects.filter(due__gte=first, due__lt=end, postmortem__incident__in=counted)
        .order_by()
        .aggregate(
            fell_due=Count("pk"),
            in_time=Count("pk", filter=in_time),
            later=Count("pk", filter=done & Q(done_at__date__gt=F("due"))),
            owed=Count("pk", filter=Q(status__in=(ActionStatus.OPEN, ActionStatus.IN_PROGRESS))),
            let_go=Count("pk", filter=Q(status=ActionStatus.DROPPED)),
        )
    )
    return Kept(**found)
