"""The timeline by chat: its events with their numbers, the right time of one, and blanking one for good."""

import re
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from chatops import telling, words
from chatops.asked import Asked
from chatops.blocks import cut
from incidents import notes, recap
from incidents import telling as lines
from incidents.forms import MomentField
from incidents.models import Incident
from lib.refusal import Invalid

_EVENT = re.compile(r"^#?(\d{1,9})\Z")
_DAY = re.compile(r"^\d{4}-\d\d-\d\d\Z")
_SHOWN, _MOST, _LONGEST = 15, 50, 3_500


def timeline(asked: Asked) -> str:
    """``timeline [30]``: the last events, oldest first, with the numbers by which the others name them."""
    typed = asked.words.strip()
    if typed and not (typed.isdecimal() and len(typed) < 4):
        raise Invalid(_("Say how many events, as in “timeline 30”."), field="text")
    incident, count = asked.incident, min(int(typed or _SHOWN), _MOST)
    newest = incident.timeline.select_related("actor").order_by("-number")[:count]
    head = telling.head(incident)
    told: list[str] = []
    left = _LONGEST - len(head)
    with timezone.override(ZoneInfo(asked.user.time_zone)):
        for line in lines.tell(incident, newest):
            text = _line(line)
            left -= len(text) + 1
            if left < 0:
                break
            told.append(text)
    return "\n".join([head, *reversed(told)])


def _line(line: lines.Line) -> str:
    said = " · ".join(part for part in (line.words, line.detail, line.actor) if part)
    quote = f" “{cut(line.quote, 300)}”" if line.quote else ""
    mark = f" ({_('redacted')})" if line.is_redacted else f" ({_('corrected')})" if line.is_corrected else ""
    return f"`#{line.number}` {timezone.localtime(line.at):%H:%M} {cut(said, 300)}{quote}{mark}"


def correct(asked: Asked) -> str:
    """``correct 12 14:05 <reason>``: the right time of an event that stands, by the asker's clock.

    Raises:
        Invalid: no event, no time, no reason, or a time that contradicts the others.
    """
    number, rest = _event(asked.text, _("correct 12 14:05 The clock of the log was wrong"))
    moment, reason = words.first_word(rest)
    if _DAY.match(moment):
        clock, reason = words.first_word(reason)
        moment = f"{moment} {clock}"
    with timezone.override(ZoneInfo(asked.user.time_zone)):
        try:
            at = MomentField().clean(moment.replace("T", " "))
        except ValidationError as bad:
            raise Invalid(_("Give the time as 14:05 or 2026-11-27 14:05."), field="at") from bad
    incident = notes.correct(asked.incident.pk, actor=asked.actor, event_number=number, at=at, reason=reason)
    return _("Event %(number)d is corrected: %(link)s.") % {"number": number, "link": telling.link(incident)}


def redact(asked: Asked) -> str:
    """``redact 12 <reason>``: the words of an event are gone for good."""
    number, reason = _event(asked.text, _("redact 12 A password was pasted"))
    incident = notes.redact(asked.incident.pk, actor=asked.actor, event_number=number, reason=reason)
    said = _("The words of event %(number)d are gone: %(link)s.")
    return said % {"number": number, "link": telling.link(incident)}


def _event(typed: str, example: str) -> tuple[int, str]:
    first, rest = words.first_word(typed)
    found = _EVENT.match(first)
    if found is None:
        raise Invalid(
            _("Say which event, as in “%(example)s”; “timeline” shows the numbers.") % {"example": example},
            field="event_number",
        )
    return int(found[1]), rest


def in_short(asked: Asked) -> str:
    """``recap``: the incident in a few sentences."""
    incident: Incident = asked.incident
    return "\n".join([telling.head(incident), cut(" ".join(recap.of(incident)), _LONGEST)])
