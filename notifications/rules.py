"""A person's own order: mail and push at once, a text after two minutes, a call after five."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import User
from lib.refusal import Invalid, Missing, Refused
from notifications import delivery, resting, ways
from notifications.models import ContactMethod, Reach, Rule, Urgency
from notifications.ways import Way

MAX_RULES = 20
AWAKE = timedelta(hours=2)
#: The ladder has long asked others by then.
LONGEST = timedelta(hours=1)


@dataclass(frozen=True)
class Firing:
    """One message of a page: this way, so long after it began, or after the person's quiet hours are over."""

    way: Way
    delay: timedelta = timedelta(0)
    rests_until: datetime | None = None


def firings(user: User, urgency: str = Urgency.HIGH, *, soft: bool = False) -> list[Firing]:
    """What a page to this person sets off. Without rules that can be kept: every confirmed way at once."""
    if not user.is_active:
        return []
    rows = user.reach_rules.filter(urgency=urgency).exclude(method__verified_at=None)
    planned = [
        Firing(ways.of(row.method), timedelta(seconds=row.delay_seconds))
        for row in rows.select_related("method")
        if delivery.is_set_up(row.method.kind)
    ]
    planned = planned or [Firing(way) for way in ways.ways(user)]
    if urgency == Urgency.LOW and (end := resting.ends_at(user)):
        planned = [replace(one, rests_until=end) for one in planned]
    return _softened(user, planned) if soft else planned


def is_awake(user: User) -> bool:
    """Has the person said so, and is it still so?"""
    return awake_until(user) is not None


def awake_until(user: User) -> datetime | None:
    """Until when the person is awake by their own word; None when that is over or was never said."""
    row = Reach.objects.filter(user=user, awake_until__gt=now()).first()
    return row.awake_until if row else None


def stay_awake(user: User, *, span: timedelta = AWAKE) -> None:
    """For a while a call and a text are push and chat, for bundles after one that the person answered."""
    Reach.objects.update_or_create(user=user, defaults={"awake_until": now() + span})


def go_to_sleep(user: User) -> None:
    """Everything rings again as the order says."""
    Reach.objects.filter(user=user).update(awake_until=None)


def _softened(user: User, planned: list[Firing]) -> list[Firing]:
    """Calls and texts become push and chat; who has neither keeps them, so that nothing falls silent."""
    instead = [way for way in ways.ways(user) if way.channel in ways.SOFT]
    if not instead:
        return planned
    kept = [one for one in planned if one.way.channel not in ways.LOUD]
    there = {one.way.key for one in kept}
    return kept + [Firing(way) for way in instead if way.key not in there]


@transaction.atomic
def add(user: User, *, urgency: str, method_id: int, delay: timedelta) -> Rule:
    """One more step.

    Raises:
        Invalid: too long a wait, or no such urgency.
        Missing: not one of the person's own lines.
        Refused: the line is not confirmed, the step is there already, or there are too many.
    """
    if urgency not in Urgency:
        raise Invalid(_("There is no such urgency."), field="urgency")
    if not timedelta(0) <= delay <= LONGEST:
        raise Invalid(_("At most an hour: by then others have been asked."), field="delay")
    method = ContactMethod.objects.select_for_update().filter(pk=method_id, user=user).first()
    if method is None:
        raise Missing(_("There is no such way to be reached on your list."))
    if method.verified_at is None:
        raise Refused("not_confirmed", _("Confirm this line first: nothing is sent there before that."))
    mine = user.reach_rules.filter(urgency=urgency)
    seconds = int(delay.total_seconds())
    if mine.filter(method=method, delay_seconds=seconds).exists():
        raise Refused("rule_twice", _("This step is in your order already."))
    if mine.count() >= MAX_RULES:
        raise Refused("rules_many", _("Twenty steps are enough. Remove one first."))
    last = mine.aggregate(last=Max("position"))["last"] or 0
    return Rule.objects.create(
        user=user, urgency=urgency, method=method, delay_seconds=seconds, position=last + 1
    )


def remove(user: User, *, rule_id: int) -> None:
    """Take a step out; without any, every confirmed line is used at once."""
    if not user.reach_rules.filter(pk=rule_id).delete()[0]:
        raise Missing(_("There is no such step in your order."))
