"""Shifts as an iCalendar (RFC 5545) that calendar programs keep in step."""

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from oncall.models import CalendarShift

# How often a program should look again.
READ_AGAIN = timedelta(hours=1)


def write(name: str, shifts: Sequence[CalendarShift], *, own: bool) -> str:
    """The whole calendar. ``own``: all shifts are one person's, so the person is not named."""
    calendar = Calendar()
    calendar.add("prodid", "-//Tocsin//On-call//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", READ_AGAIN, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for shift in shifts:
        calendar.add_component(_event(shift, own=own))
    calendar.add_missing_timezones()
    text: str = calendar.to_ical().decode()
    return text


def _event(shift: CalendarShift, *, own: bool) -> Event:
    zone = ZoneInfo(shift.schedule.time_zone)
    who = str(shift.user) if shift.user else _("Nobody")
    words = {"schedule": shift.schedule, "who": who}
    event = Event()
    event.add("uid", f"{shift.uid}@tocsin")
    event.add("summary", _("On call: %(schedule)s") % words if own else _("%(who)s: %(schedule)s") % words)
    event.add("dtstart", shift.start.astimezone(zone))
    event.add("dtend", shift.end.astimezone(zone))
    event.add("dtstamp", shift.changed_at)
    event.add("last-modified", shift.changed_at)
    event.add("sequence", shift.sequence)
    event.add("status", "CANCELLED" if shift.cancelled_at else "CONFIRMED")
    # Being on call is no appointment: the person can still be invited.
    event.add("transp", "TRANSPARENT")
    event.add("categories", ["on-call"])
    event.add("url", settings.BASE_URL + reverse("oncall:index"))
    return event
