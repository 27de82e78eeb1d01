"""Private calendar links, and the shifts that they show: the same shift keeps its id when it moves."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.models import User
from lib.ids import public_id
from lib.refusal import Missing
from oncall import ics, rota, schedules
from oncall.models import CalendarLink, CalendarShift, Schedule

PAST, AHEAD = timedelta(days=31), timedelta(days=93)
# One write an hour is enough to tell a link in use from a forgotten one.
_TOUCH_EVERY = timedelta(hours=1)


def _digest(token: str) -> str:
    # 192 random bits need no slow hash.
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def make(actor: Actor, *, schedule_id: int | None = None) -> tuple[CalendarLink, str]:
    """A new link and its token, which nobody can show again; the one before it ends.

    Raises:
        Missing: no such schedule.
    """
    user, schedule = _whose(actor), None
    if schedule_id is not None:
        schedule = Schedule.objects.filter(pk=schedule_id).first()
        if schedule is None:
            raise Missing(_("There is no such schedule."))
    token = secrets.token_urlsafe(24)
    CalendarLink.objects.filter(user=user, schedule=schedule).delete()
    link = CalendarLink.objects.create(user=user, schedule=schedule, digest=_digest(token))
    audit.note(actor, "calendar.made", link, after={"of": str(schedule or "own shifts")})
    return link, token


@transaction.atomic
def revoke(link_id: int, *, actor: Actor) -> None:
    """End a link of one's own: calendars that read it get no answer any more."""
    link = CalendarLink.objects.filter(pk=link_id, user=_whose(actor)).first()
    if link is None:
        raise Missing(_("This link has ended already."))
    audit.note(actor, "calendar.revoked", link, before={"of": str(link.schedule or "own shifts")})
    link.delete()


def _whose(actor: Actor) -> User:
    if actor.user is None:
        raise Missing(_("Only people have calendars."))
    return actor.user


def feed(token: str) -> str:
    """The calendar behind a link.

    Raises:
        Missing: no such link, or its person is gone.
    """
    link = CalendarLink.objects.select_related("user", "schedule").filter(digest=_digest(token)).first()
    if link is None or not link.user.is_active:
        raise Missing(_("There is no calendar at this address."))
    if link.last_used_at is None or link.last_used_at < now() - _TOUCH_EVERY:
        CalendarLink.objects.filter(pk=link.pk).update(last_used_at=now())
    if link.schedule:
        shown = publish(link.schedule)
        return ics.write(str(link.schedule), shown, own=False)
    mine = [row for schedule in _of(link.user) for row in publish(schedule) if row.user_id == link.user_id]
    return ics.write(_("On call: %(name)s") % {"name": link.user}, mine, own=True)


def _of(user: User) -> Iterable[Schedule]:
    """Every schedule that has, or lately had, a shift of this person."""
    told = CalendarShift.objects.filter(user=user, end__gt=now() - PAST).values("schedule")
    asked = Q(layers__members__user=user) | Q(overrides__user=user) | Q(pk__in=told)
    return Schedule.objects.filter(asked).distinct().order_by("pk")


def window(at: datetime) -> tuple[datetime, datetime]:
    """From when to when shifts are shown.

    Both ends stand still for a month, because a shift that reaches beyond is cut there, and must not move
    with every reading.
    """
    return _month(at - PAST), _month(at + AHEAD)


def _month(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


@transaction.atomic
def publish(schedule: Schedule) -> list[CalendarShift]:
    """Bring the rows up to what the schedule says now, and return all that a calendar has to know of."""
    Schedule.objects.select_for_update().get(pk=schedule.pk)
    at = now()
    start, end = window(at)
    # One entry for one stay, also where a changed rotation hands over to the same person.
    planned = rota.by_person(rota.shifts(schedules.load(schedule, since=start), start, end))
    rows = list(CalendarShift.objects.filter(schedule=schedule, end__gt=start).select_related("user"))
    living = [row for row in rows if row.cancelled_at is None]
    fresh: list[rota.Shift] = []
    for shift in planned:
        row = _same(shift, living)
        if row is None:
            fresh.append(shift)
        else:
            living.remove(row)
            _move(row, shift, start, at)
    for shift in list(fresh):
        # What began or ended elsewhere and overlaps is the same shift, moved; else it is a new one.
        row = _moved(shift, living)
        if row is not None:
            living.remove(row)
            fresh.remove(shift)
            _move(row, shift, start, at)
    for row in living:
        row.cancelled_at = row.changed_at = at
        row.sequence += 1
        row.save()
    names = User.objects.in_bulk([shift.user for shift in fresh if shift.user])
    made = [
        CalendarShift(
            schedule=schedule, user=names.get(shift.user or 0), uid=public_id(),
            start=shift.start, end=shift.end, changed_at=at,
        )
        for shift in fresh
    ]  # fmt: skip
    CalendarShift.objects.bulk_create(made)
    shown = sorted([*rows, *made], key=lambda row: (row.start, row.uid))
    for row in shown:
        row.schedule = schedule
    return shown


def _same(shift: rota.Shift, living: list[CalendarShift]) -> CalendarShift | None:
    return next((row for row in living if (row.user_id, row.start) == (shift.user, shift.start)), None)


def _moved(shift: rota.Shift, living: list[CalendarShift]) -> CalendarShift | None:
    return next(
        (r for r in living if r.user_id == shift.user and r.start < shift.end and shift.start < r.end), None
    )


def _move(row: CalendarShift, shift: rota.Shift, cut_at: datetime, at: datetime) -> None:
    # A shift that began before the window is cut there; the row knows better.
    start = row.start if shift.start == cut_at and row.start < cut_at else shift.start
    if (row.start, row.end) == (start, shift.end):
        return
    row.start, row.end, row.changed_at = start, shift.end, at
    row.sequence += 1
    row.save()
