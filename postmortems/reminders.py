"""Reminders of what is owed: planned as an instant on the row, found by a sweep, told through the outbox."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import count

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from outbox.announcing import announce
from postmortems.models import ActionItem, Postmortem

WEEK = timedelta(weeks=1)
DAY = timedelta(days=1)
# Reminders of a day arrive when the team's day begins.
MORNING = time(9)


def plan_action(action: ActionItem) -> None:
    """When to remind next: a week before, on the day, then weekly; never once it is done or dropped."""
    action.next_reminder_at = None
    if action.is_owed and action.due:
        zone = action.postmortem.zone
        due_at = datetime.combine(action.due, MORNING, tzinfo=zone)
        days = (due_at + WEEK * step for step in count(-1))
        action.next_reminder_at = _next(days)


def plan_postmortem(postmortem: Postmortem) -> None:
    """The day before, when it is due, the day after (the manager hears of it too), then weekly."""
    postmortem.next_reminder_at = None
    waived = postmortem.incident.postmortem_waived_at is not None
    if postmortem.due_at and not postmortem.is_published and not waived:
        postmortem.next_reminder_at = _next(_around(postmortem.due_at))


def _around(due_at: datetime) -> Iterator[datetime]:
    yield due_at - DAY
    yield due_at
    for step in count(0):
        yield due_at + DAY + WEEK * step


def _next(instants: Iterator[datetime]) -> datetime:
    at = now()
    return next(instant for instant in instants if instant > at)


def climbs(action: ActionItem) -> bool:
    """A week late: the manager is told too."""
    return action.days_late >= WEEK.days


def is_climbing(postmortem: Postmortem) -> bool:
    """A day late: the manager is told too."""
    return postmortem.is_late and postmortem.due_at is not None and now() - postmortem.due_at >= DAY


def remind_actions(limit: int = 200) -> int:
    """Owe a reminder for each action whose time has come; return how many."""
    due = ActionItem.objects.filter(next_reminder_at__lte=now()).order_by("next_reminder_at")
    rows = due.select_related("postmortem__incident__service__team")[:limit]
    return sum(_remind_action(action) for action in list(rows))


def remind_postmortems(limit: int = 200) -> int:
    """Owe a reminder for each document whose time has come; return how many."""
    due = Postmortem.objects.filter(next_reminder_at__lte=now()).order_by("next_reminder_at")
    rows = due.select_related("incident__service__team")[:limit]
    return sum(_remind_postmortem(postmortem) for postmortem in list(rows))


@transaction.atomic
def _remind_action(action: ActionItem) -> bool:
    at = action.next_reminder_at
    plan_action(action)
    # The row count decides who reminds, when two sweeps run at once.
    claimed = ActionItem.objects.filter(pk=action.pk, next_reminder_at=at).update(
        next_reminder_at=action.next_reminder_at, reminders_sent=F("reminders_sent") + 1
    )
    if not (claimed and action.is_owed and at):
        return False
    key = f"action:{action.pk}:{at.isoformat()}"
    announce("postmortems.action_due", key=key, action=action.pk, reminder=key)
    return True


@transaction.atomic
def _remind_postmortem(postmortem: Postmortem) -> bool:
    at = postmortem.next_reminder_at
    plan_postmortem(postmortem)
    claimed = Postmortem.objects.filter(pk=postmortem.pk, next_reminder_at=at).update(
        next_reminder_at=postmortem.next_reminder_at, reminders_sent=F("reminders_sent") + 1
    )
    if not (claimed and postmortem.next_reminder_at and at):
        return False
    key = f"postmortem:{postmortem.pk}:{at.isoformat()}"
    announce("postmortems.due", key=key, postmortem=postmortem.pk, reminder=key)
    return True


def sweep() -> int:
    """Both kinds, for the beat schedule and `watch`; return how many reminders were owed."""
    return remind_postmortems() + remind_actions()
