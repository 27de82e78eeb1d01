"""Who is paged at a moment, and why: the question of the on-call page, asked from chat."""

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Service
from chatops import telling
from chatops.asked import Asked
from lib.refusal import Invalid, Missing
from notifications.channels.slack import escape
from oncall import policies, schedules
from oncall.models import Schedule

_AT = re.compile(r"^(?P<whom>.*?)\s*\bat\s+(?P<when>[^a-z]+|tomorrow\s.+)$", re.IGNORECASE)
_LISTED = 20
_FORMS = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M")


def who(asked: Asked) -> str:
    """``who``: the incident's chairs, or who is on call where none is open.

    ``who [service or schedule] [at 03:00]``: who is paged then, and why.

    Raises:
        Invalid: no time that can be read. Missing: no such service or schedule.
    """
    words = asked.text.strip()
    if not words:
        try:
            incident = asked.incident
        except Missing:
            if asked.number is not None:
                raise
            return _on_call(asked.user)
        return "\n".join([telling.head(incident), telling.who(incident)])
    found = _AT.match(words)
    name = found["whom"].strip() if found else words
    at = moment(found["when"], asked.user) if found else now()
    person, trace = _why(name, asked, at)
    local = at.astimezone(ZoneInfo(asked.user.time_zone))
    head = _("%(when)s: %(who)s") % {
        "when": f"{local:%a %d %b %H:%M %Z}",
        "who": escape(str(person)) if person else _("nobody"),
    }
    return "\n".join([head, *(f"• {escape(line)}" for line in trace)])


def _on_call(user: User) -> str:
    """Nothing is open: who answers now, schedule by schedule."""
    zone, lines = ZoneInfo(user.time_zone), [_("No incident is open. On call now:")]
    for schedule in Schedule.objects.order_by("name")[:_LISTED]:
        person = schedules.on_call(schedule)
        lines.append(f"• {escape(str(schedule))}: {escape(str(person)) if person else _('nobody')}")
    if len(lines) == 1:
        return _("No incident is open, and there is no schedule yet.")
    return "\n".join([*lines, f"({now().astimezone(zone):%a %d %b %H:%M %Z})"])


def _why(name: str, asked: Asked, at: datetime) -> tuple[User | None, list[str]]:
    if not name:
        return policies.why(asked.incident.service, at)
    service = Service.objects.filter(slug=name.lower()).first() or _one(Service, name)
    if service:
        return policies.why(service, at)
    schedule = _one(Schedule, name)
    if schedule is None:
        raise Missing(_("There is no service and no schedule of the name “%(name)s”.") % {"name": name[:80]})
    return schedules.on_call(schedule, at), schedules.trace(schedule, at)


def _one[Row: (Service, Schedule)](kind: type[Row], name: str) -> Row | None:
    row: Row | None = kind.objects.filter(name__iexact=name).first()
    return row


def moment(text: str, user: User) -> datetime:
    """``03:00`` (the next one), ``tomorrow 03:00`` or ``2026-11-27 03:00``, by the asker's clock.

    Raises:
        Invalid: none of these.
    """
    zone, words = ZoneInfo(user.time_zone), text.strip().lower()
    for form in _FORMS:
        try:
            return datetime.strptime(words.upper(), form).replace(tzinfo=zone)
        except ValueError:
            continue
    day = now().astimezone(zone).date()
    is_tomorrow = words.startswith("tomorrow")
    try:
        clock = time.fromisoformat(words.removeprefix("tomorrow").strip())
    except ValueError as bad:
        raise Invalid(_("Give a time as 03:00, tomorrow 03:00 or 2026-11-27 03:00."), field="text") from bad
    at = datetime.combine(day, clock, zone)
    if is_tomorrow or at <= now():
        at = datetime.combine(day + timedelta(days=1), clock, zone)
    return at
