"""Words on the timeline: notes, corrections, redactions."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from incidents import searching, timeline
from incidents.kinds import EventKind
from incidents.models import Incident, TimelineEvent
from incidents.reasons import needs_reason
from incidents.transitions import CORRECTABLE
from lib.refusal import Invalid, Missing, Refused
from lib.text import clean

KINDS = {
    "note": EventKind.NOTE_ADDED,
    "cause_identified": EventKind.CAUSE_IDENTIFIED,
    "action_taken": EventKind.ACTION_TAKEN,
}
#: Kinds whose data hold what people wrote and no replay needs: a redaction blanks them too.
_BLANKED = frozenset((*KINDS.values(), EventKind.MITIGATION_TRIED, EventKind.DETAILS_CHANGED))


def add_note(
    incident_id: int, *, actor: Actor, text: str, kind: str = "note", at: datetime | None = None, by: str = ""
) -> Incident:
    """Write something down: a note, the cause once it is known, or an action and who took it.

    Raises:
        Invalid: an empty text, an unknown kind, or a time before the start.
    """
    with timeline.locked(incident_id, actor=actor, verb="note") as incident:
        words = clean(text, 4000, field="text")
        if not words:
            raise Invalid(_("Write the note first."), code="text_needed", field="text")
        if kind not in KINDS:
            raise Invalid(_("A note is one of %(kinds)s.") % {"kinds": ", ".join(KINDS)}, field="kind")
        timeline.check_time(incident, at)
        timeline.record(incident, KINDS[kind], actor=actor, at=at, text=words, by=clean(by, 120) or None)
    return incident


def correct(
    incident_id: int,
    *,
    actor: Actor,
    event_number: int,
    at: datetime | None = None,
    text: str = "",
    reason: str,
) -> Incident:
    """Give the right time or words for an event that stands. The event itself is never changed.

    Correcting the time of a milestone moves the incident's own time and the clocks that it started.
    """
    with timeline.locked(incident_id, actor=actor, verb="correct") as incident:
        event = _event(incident, event_number)
        reason, words = needs_reason(reason), clean(text, 4000, field="text")
        if at is None and not words:
            raise Invalid(_("Give the right time or the right words."), field="at")
        if event.kind in (EventKind.CORRECTED, EventKind.REDACTED):
            raise Refused("not_correctable", _("Correct the event itself, not its correction."))
        if event.kind != EventKind.OPENED:
            timeline.check_time(incident, at)
        timeline.check_past(at, field="at")
        _check_order(incident, event, at)
        timeline.record(
            incident,
            EventKind.CORRECTED,
            actor=actor,
            text=f"{words}\n\n{reason}" if words else reason,
            event=event.number,
            corrects=event.kind,
            has_words=bool(words),
            old_at=effective_at(incident, event).isoformat() if at else None,
            new_at=at.isoformat() if at else None,
        )
    return incident


def _check_order(incident: Incident, event: TimelineEvent, at: datetime | None) -> None:
    if at is None or event.kind not in CORRECTABLE:
        return
    late = event.kind == EventKind.OPENED and at > now()
    is_of_now = effective_at(incident, event) in (incident.mitigated_at, incident.resolved_at)
    if is_of_now and event.kind in (EventKind.MITIGATED, EventKind.RESOLVED):
        timeline.check_opening(incident, at)
    bounds = {
        EventKind.MITIGATED: (None, incident.resolved_at),
        EventKind.RESOLVED: (incident.mitigated_at, None),
        EventKind.OPENED: (None, incident.acknowledged_at or incident.mitigated_at),
    }
    low, high = bounds.get(EventKind(event.kind), (None, None))
    also = bool(event.get("also_mitigates"))
    if late or (high and at > high) or (low and at < low and not also):
        raise Invalid(_("That time contradicts the other milestones."), code="times_contradict", field="at")


def effective_at(incident: Incident, event: TimelineEvent) -> datetime:
    """When the event happened, its last correction counted."""
    corrections = incident.timeline.filter(kind=EventKind.CORRECTED).order_by("-number")
    for correction in corrections:
        if correction.get("event") == event.number and correction.get("new_at"):
            return datetime.fromisoformat(correction.data["new_at"])
    return event.at


@transaction.atomic
def redact(incident_id: int, *, actor: Actor, event_number: int, reason: str) -> Incident:
    """Blank the words of an event for good (a pasted secret); its seal and its place stay.

    The one change that the database's guard lets through.
    """
    with timeline.locked(incident_id, actor=actor, verb="redact") as incident:
        event = _event(incident, event_number)
        reason = needs_reason(reason)
        if event.redacted_at:
            raise Refused("redacted", _("That event is redacted already."))
        spare = event.kind in _BLANKED and "started_at" not in event.data
        blank: dict[str, Any] = {"data": {}} if spare else {}
        TimelineEvent.objects.filter(pk=event.pk).update(text="", salt="", redacted_at=now(), **blank)
        searching.forget_event(event)
        timeline.record(incident, EventKind.REDACTED, actor=actor, text=reason, event=event.number)
    return incident


def _event(incident: Incident, number: int) -> TimelineEvent:
    event = incident.timeline.filter(number=number).first()
    if event is None:
        raise Missing(_("There is no event %(number)d on this timeline.") % {"number": number})
    return event
