"""Shifts out of an .ics file, as overrides: first what would happen, then all of it or nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.timezone import is_naive, now
from django.utils.translation import gettext as _
from icalendar import Calendar

from accounts.actors import Actor
from accounts.models import Role, User
from lib.businesshours import instant
from lib.refusal import Forbidden, Invalid, Missing
from oncall import schedules
from oncall.models import Schedule

MAX_BYTES = 500_000
MAX_SHIFTS = 500


@dataclass(frozen=True)
class Row:
    """One event of the file, and what becomes of it: `new`, `there` already, `over`, or a `problem`."""

    verdict: str
    title: str
    user: User | None = None
    start: datetime | None = None
    end: datetime | None = None
    problem: str = ""


def preview(schedule_id: int, text: str, *, actor: Actor) -> list[Row]:
    """What an import would do, row by row; writes nothing.

    Raises:
        Forbidden: who is no manager. Missing: no such schedule. Invalid: no calendar, or too large.
    """
    if not actor.is_at_least(Role.MANAGER):
        raise Forbidden(_("Shifts are imported by managers."))
    schedule = Schedule.objects.filter(pk=schedule_id).first()
    if schedule is None:
        raise Missing(_("There is no such schedule."))
    people = list(User.objects.filter(is_active=True))
    kept = set(schedule.overrides.filter(end__gt=now()).values_list("user", "start", "end"))
    return [_row(event, people, kept, ZoneInfo(schedule.time_zone)) for event in _events(text)]


@transaction.atomic
def take(schedule_id: int, text: str, *, actor: Actor) -> list[Row]:
    """Make the overrides of an import; all of them, or none while a row has a problem.

    Raises:
        Invalid: with the first problem. The rest as ``preview``.
    """
    rows = preview(schedule_id, text, actor=actor)
    if bad := next((row for row in rows if row.problem), None):
        raise Invalid(
            _("“%(title)s”: %(problem)s") % {"title": bad.title, "problem": bad.problem}, field="ics"
        )
    for row in rows:
        if row.verdict == "new" and row.user and row.start and row.end:
            schedules.stand_in(
                schedule_id,
                actor=actor,
                user_id=row.user.pk,
                start=row.start,
                end=row.end,
                note=_("Imported: %(title)s") % {"title": row.title[:150]},
            )
    return rows


def _events(text: str) -> list[Any]:
    if len(text.encode()) > MAX_BYTES:
        raise Invalid(_("That is more than 500 kB. Import a few months at a time."), field="ics")
    try:
        events = list(Calendar.from_ical(text).walk("VEVENT"))
    except Exception as bad:
        # The parser raises a dozen kinds; to the person they are one.
        raise Invalid(_("This is not an iCalendar file (.ics)."), field="ics") from bad
    if not events:
        raise Invalid(_("There is no event in this file."), field="ics")
    if len(events) > MAX_SHIFTS:
        raise Invalid(_("Five hundred shifts at a time are enough. Split the file."), field="ics")
    return events


def _row(event: Any, people: list[User], kept: set[tuple[Any, ...]], zone: ZoneInfo) -> Row:
    title = str(event.get("SUMMARY") or _("without a title")).replace("\x00", "")[:200]
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return Row("over", title, problem="")
    if event.get("RRULE") or event.get("RDATE"):
        return Row("problem", title, problem=_("it repeats. Make it a layer of the schedule instead."))
    try:
        start, end = _span(event, zone)
    except (TypeError, ValueError, AttributeError, KeyError, OverflowError):
        return Row("problem", title, problem=_("its start or end cannot be read."))
    user = _who(event, title, people)
    if end <= start:
        return Row("problem", title, user, start, end, _("it ends before it starts."))
    if end - start > schedules.LONGEST_OVERRIDE:
        return Row("problem", title, user, start, end, _("a year is the longest span."))
    if end <= now():
        return Row("over", title, user, start, end)
    if user is None:
        return Row(
            "problem", title, None, start, end,
            _("nobody here has that name or address. The title or an attendee has to name one person."),
        )  # fmt: skip
    verdict = "there" if (user.pk, start, end) in kept else "new"
    return Row(verdict, title, user, start, end)


def _span(event: Any, zone: ZoneInfo) -> tuple[datetime, datetime]:
    first = event["DTSTART"].dt
    if "DTEND" in event:
        last = event["DTEND"].dt
    elif "DURATION" in event:
        last = first + event["DURATION"].dt
    else:
        last = first + timedelta(days=1) if not isinstance(first, datetime) else first
    return _moment(first, zone), _moment(last, zone)


def _moment(value: date | datetime, zone: ZoneInfo) -> datetime:
    """A whole day begins at midnight of the schedule's zone; a time without a zone is in it, too."""
    if not isinstance(value, datetime):
        return instant(value, datetime.min.time(), zone)
    return instant(value.date(), value.time(), zone) if is_naive(value) else value.astimezone(zone)


def _who(event: Any, title: str, people: Iterable[User]) -> User | None:
    """Whoever attends, else the one person whose address or name stands in the title."""
    attendees = event.get("ATTENDEE") or []
    told = attendees if isinstance(attendees, list) else [attendees]
    addresses = {str(one).lower().removeprefix("mailto:") for one in told}
    found = [user for user in people if user.email.lower() in addresses]
    if not found:
        words = title.lower()
        found = [user for user in people if user.email.lower() in words]
    if not found:
        named = [user for user in people if user.name and user.name.lower() in title.lower()]
        # "Ann" stands in "Ann-Marie", too: the longer name is meant.
        longest = max((len(user.name) for user in named), default=0)
        found = [user for user in named if len(user.name) == longest]
    return found[0] if len(found) == 1 else None
