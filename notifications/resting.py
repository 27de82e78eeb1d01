"""A person's quiet hours: what can wait for the morning waits for their morning."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import User
from lib.refusal import Invalid
from notifications.models import OPEN, Delivery, Reach


def keep(user: User, *, begins: time | None, ends: time | None) -> None:
    """Set one's quiet hours by one's own clock, over midnight where they end earlier; None: no more.

    Raises:
        Invalid: only one of them, or both the same.
    """
    if (begins is None) != (ends is None):
        raise Invalid(_("Give both, or leave both empty."), field="quiet_until")
    if begins is not None and begins == ends:
        raise Invalid(_("That is the whole day. Give another end."), field="quiet_until")
    Reach.objects.update_or_create(user=user, defaults={"quiet_from": begins, "quiet_until": ends})


def hours(user: User) -> tuple[time, time] | None:
    """From when until when, on the person's clock."""
    row = Reach.objects.filter(user=user).first()
    return (row.quiet_from, row.quiet_until) if row and row.quiet_from and row.quiet_until else None


def ends_at(user: User, at: datetime | None = None) -> datetime | None:
    """When the quiet hours that the person is in end; None outside of them."""
    # In UTC: two times of one zone are compared by their clocks, and what counts is the time that passes.
    kept, moment = hours(user), (at or now()).astimezone(UTC)
    if kept is None:
        return None
    begins, ends = kept
    zone = ZoneInfo(user.time_zone)
    today = moment.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        last = day + timedelta(days=1) if ends <= begins else day
        begin, end = (
            datetime.combine(date, clock, zone).astimezone(UTC)
            for date, clock in ((day, begins), (last, ends))
        )
        if begin <= moment < end:
            return end
    return None


@transaction.atomic
def wake(run_keys: list[int]) -> int:
    """What waited for somebody's morning has become urgent: it goes out now, in the order it had."""
    waiting = Delivery.objects.select_for_update(of=("self",)).filter(
        OPEN, run_key__in=run_keys, claims=0, data__quiet=True
    )
    rows = list(waiting)
    for row in rows:
        at = now() + timedelta(seconds=row.fact("delay", 0))
        Delivery.objects.filter(OPEN, pk=row.pk, claims=0).update(
            due_at=at, planned_at=at, data={**row.data, "quiet": False}
        )
    return len(rows)
