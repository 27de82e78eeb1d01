"""In short: an incident in a few sentences, each a fact of its timeline. No causes, no judgement."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents import deadlines, telling
from incidents.kinds import EventKind, Provenance, Status
from incidents.models import Incident, TimelineEvent
from incidents.room import scope_words
from lib import durations

E = EventKind
_NAMES = (E.OPENED, E.DECLARED, E.SEVERITY_CHANGED)
#: What people wrote is quoted up to so many characters.
QUOTED = 200


def of(incident: Incident, zone: ZoneInfo | None = None) -> list[str]:
    """The sentences, in the order of what happened; times in ``zone``, else in that of the primary team."""
    events = list(incident.timeline.select_related("actor").order_by("number"))
    zone = zone or ZoneInfo(incident.team.time_zone)
    return [
        *_noticed(incident, zone),
        *_severity(events),
        *_hurt(incident),
        *_tried(incident),
        *_ended(incident, events, zone),
        *_told(incident, events),
        *_glass(events),
    ]


def _clock(at: datetime, zone: ZoneInfo, *, day: bool = False) -> str:
    return f"{at.astimezone(zone):%d %b %Y, %H:%M}" if day else f"{at.astimezone(zone):%H:%M}"


def _noticed(incident: Incident, zone: ZoneInfo) -> Iterator[str]:
    said = {"source": incident.get_source_display(), "at": _clock(incident.detected_at, zone, day=True)}
    yield _("Noticed on %(at)s (%(zone)s): %(source)s.") % {**said, "zone": zone.key}
    if incident.started_at and incident.started_at < incident.detected_at:
        known = incident.started_at_provenance or Provenance.ESTIMATED
        yield _("Users were hurt for %(long)s before that (start %(how)s).") % {
            "long": durations.words(incident.detected_at - incident.started_at),
            "how": Provenance(known).label,
        }
    if incident.acknowledged_at:
        yield _("Acknowledged after %(long)s by %(who)s.") % {
            "long": durations.words(incident.acknowledged_at - incident.detected_at),
            "who": incident.acknowledged_by or _("somebody"),
        }
    elif incident.status not in (Status.TRIAGE, Status.ACTIVE):
        yield _("Nobody acknowledged it.")


def _severity(events: list[TimelineEvent]) -> Iterator[str]:
    # A change names both; what opened and declared it names the one of then.
    told = [event.data.get("to") or event.data.get("severity") for event in events if event.kind in _NAMES]
    names = [str(name) for name in told if name]
    steps = [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]
    if len(steps) > 1:
        yield _("Severity: %(steps)s.") % {"steps": ", then ".join(steps)}
    elif steps:
        yield _("Severity: %(steps)s all along.") % {"steps": steps[0]}


def _hurt(incident: Incident) -> Iterator[str]:
    services = ", ".join(row.service.name for row in incident.service_rows.select_related("service"))
    scope = scope_words(incident) or _("how many users is not known")
    yield _("Affected: %(services)s; %(scope)s.") % {"services": services, "scope": scope}


def _tried(incident: Incident) -> Iterator[str]:
    rows = incident.attempts.filter(is_dry_run=False).select_related("mitigation").order_by("started_at")
    tried = [f"{row.mitigation.name} ({row.get_outcome_display()})" for row in rows]
    if tried:
        yield _("Tried: %(list)s.") % {"list": ", ".join(tried)}


def _ended(incident: Incident, events: list[TimelineEvent], zone: ZoneInfo) -> Iterator[str]:
    if incident.mitigated_at:
        begin = incident.impact_from or incident.impact_began_at
        spent = timedelta(seconds=incident.impact_seconds) + (incident.mitigated_at - begin)
        yield _("Users no longer hurt from %(at)s on, after %(long)s%(words)s.") % {
            "at": _clock(incident.mitigated_at, zone),
            "long": durations.words(max(spent, timedelta(0))),
            "words": _quoted(incident, events, E.MITIGATED),
        }
    if incident.resolved_at:
        yield _("Resolved at %(at)s%(words)s.") % {
            "at": _clock(incident.resolved_at, zone), "words": _quoted(incident, events, E.RESOLVED),
        }  # fmt: skip
    if times := sum(event.kind == E.REOPENED for event in events):
        yield ngettext("It was reopened once.", "It was reopened %(n)d times.", times) % {"n": times}


def _quoted(incident: Incident, events: list[TimelineEvent], kind: str) -> str:
    """What the last event of a kind says, corrected, as ``: “…”``; nothing where that is redacted."""
    lines = telling.tell(incident, [event for event in events if event.kind in (kind, E.CORRECTED)])
    said = [line.quote for line in lines if line.kind == kind and line.quote and not line.is_redacted]
    if not said:
        return ""
    text = " ".join(said[-1].split()).rstrip(".")
    return f": “{text[: QUOTED - 1]}…”" if len(text) > QUOTED else f": “{text}”"


def _told(incident: Incident, events: list[TimelineEvent]) -> Iterator[str]:
    inside = sum(event.kind == E.UPDATE_POSTED for event in events)
    outside = sum(event.kind == E.PUBLISHED for event in events)
    yield _("Updates: %(inside)d to the team, %(outside)d to the public.") % {
        "inside": inside, "outside": outside,
    }  # fmt: skip
    kept, due = deadlines.adherence(incident)
    if due:
        yield _("Promised updates in time: %(share)s.") % {"share": deadlines.in_percent(kept, due)}


def _glass(events: list[TimelineEvent]) -> Iterator[str]:
    if any(event.kind == E.BREAK_GLASS for event in events):
        yield _("There were too few people for the chairs: one held two of them (glass broken).")
