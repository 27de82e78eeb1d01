"""Telling people that their shift begins or is over, and a team that a gap comes; each once."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import Role, User
from catalog.models import Membership
from notifications import contacts
from notifications.models import Delivery, Word
from oncall import rota, schedules
from oncall.models import Schedule

# A hand-over longer ago than this is no news any more: after an outage nobody reads of yesterday's.
FRESH = timedelta(minutes=30)
GAPS_AHEAD = timedelta(days=7)
# To know when a gap began that runs already.
LOOK_BACK = timedelta(days=8)
# What was said of a gap is remembered for so long; the same gap a season later is news again.
REMEMBERED = timedelta(days=35)


def sweep() -> int:
    """Look at every schedule; return how many people were told something."""
    rows = Schedule.objects.select_related("team").prefetch_related("layers__members__user")
    return sum(_hand_overs(schedule) + _gaps(schedule) for schedule in rows)


def _hand_overs(schedule: Schedule) -> int:
    at = now()
    found = rota.shifts(schedules.load(schedule, since=at - FRESH), at - FRESH, at + timedelta(days=60))
    shifts = rota.by_person(found)
    changes = [(a, b) for a, b in pairwise(shifts) if b.start <= at]
    names = User.objects.in_bulk([one.user for pair in changes for one in pair if one.user])
    told = 0
    for before, after in changes:
        old, new = names.get(before.user or 0), names.get(after.user or 0)
        if new:
            words = _("You answer for %(schedule)s until %(end)s.")
            subject = _("Your shift has begun: %(schedule)s")
            told += _tell(new, schedule, "begins", after.start, subject, words, end=_when(new, after.end))
        if old:
            words = _("%(next)s answers for %(schedule)s from now on.")
            subject = _("Your shift is over: %(schedule)s")
            told += _tell(old, schedule, "ends", after.start, subject, words, next=str(new or _("Nobody")))
    return told


def _tell(
    user: User, schedule: Schedule, what: str, at: datetime, subject: str, words: str, **facts: str
) -> int:
    said = {"schedule": str(schedule), **facts}
    owed = contacts.tell(
        user,
        Word.NEWS,
        # The key makes it once, however often the sweep looks and whoever runs it.
        key=f"shift:{schedule.pk}:{user.pk}:{what}:{at.isoformat()}",
        subject=subject % said,
        body=f"{words % said}\n\n{_address()}",
    )
    return len(owed)


def _when(user: User, at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(user.time_zone or 'UTC')):%a %d %b, %H:%M}"


def _address() -> str:
    return settings.BASE_URL + reverse("oncall:index")


@transaction.atomic
def _gaps(schedule: Schedule) -> int:
    """One letter for every gap of the next week that was not spoken of yet."""
    # Under the schedule's lock, or two sweeps at once would both find it new.
    Schedule.objects.select_for_update().get(pk=schedule.pk)
    at = now()
    since = at - LOOK_BACK
    found = rota.gaps(schedules.load(schedule, since=since), since, at + GAPS_AHEAD)
    zone = ZoneInfo(schedule.time_zone)
    # A gap that comes every week is one gap, known by the weekday and hour of its start.
    named = {
        f"{gap.start.astimezone(zone):%a %H:%M}" if gap.start > since else "for long": gap
        for gap in found
        if gap.end > at
    }
    about = f"gaps:{schedule.pk}"
    before = Delivery.objects.filter(about=about, created_at__gt=at - REMEMBERED)
    known = {name for data in before.values_list("data", flat=True) for name in data.get("gaps", [])}
    fresh = [name for name in named if name not in known]
    if not fresh:
        return 0
    body = _gap_words(schedule, [named[name] for name in fresh], zone)
    told = 0
    for user in _responsible(schedule):
        told += len(
            contacts.tell(
                user,
                Word.NUDGE,
                key=f"{about}:{user.pk}:{at.isoformat()}",
                subject=_("Nobody holds %(schedule)s for a while") % {"schedule": schedule},
                body=body,
                about=about,
                data={"gaps": fresh},
            )
        )
    return told


def _gap_words(schedule: Schedule, gaps: Iterable[rota.Shift], zone: ZoneInfo) -> str:
    lines = [_("In the next seven days nobody answers for %(schedule)s:") % {"schedule": schedule}]
    lines += [
        f"- {gap.start.astimezone(zone):%a %d %b, %H:%M} – {gap.end.astimezone(zone):%a %d %b, %H:%M}"
        for gap in gaps
    ]
    lines += ["", _("A page then goes to the next step at once. Fill the gap, or leave it on purpose:")]
    return "\n".join([*lines, _address()])


def _responsible(schedule: Schedule) -> list[User]:
    """The team's managers, else its people, else the admins: somebody hears of it."""
    if schedule.team:
        members = Membership.objects.filter(team=schedule.team, user__is_active=True).select_related("user")
        leading = [row.user for row in members if row.is_manager]
        if leading or members:
            return leading or [row.user for row in members]
    return list(User.objects.filter(is_active=True, role=Role.ADMIN).order_by("pk"))
