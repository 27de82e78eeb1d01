"""The timeline as people read it: one line an event, with its corrections counted."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from incidents import eventwords, hidden
from incidents.kinds import EventKind
from incidents.models import Incident, TimelineEvent

E = EventKind
_ICONS = {
    E.OPENED: "radio",
    E.ACKNOWLEDGED: "check",
    E.DECLARED: "siren",
    E.SEVERITY_CHANGED: "gauge",
    E.POLICY_APPLIED: "gauge",
    E.SCOPE_SET: "users",
    E.ROLE_TAKEN: "user",
    E.ROLE_LEFT: "user",
    E.ROLE_OFFERED: "hand",
    E.ROLE_WITHDRAWN: "hand",
    E.BREAK_GLASS: "triangle-alert",
    E.UPDATE_POSTED: "send",
    E.CLOCK_SNOOZED: "clock",
    E.NOTE_ADDED: "message-square",
    E.CAUSE_IDENTIFIED: "search",
    E.ACTION_TAKEN: "hand",
    E.MITIGATION_TRIED: "rotate-ccw",
    E.RUNBOOK_STEP: "list-checks",
    E.TASK_ADDED: "list-checks",
    E.TASK_DONE: "circle-check",
    E.MITIGATED: "shield",
    E.RESOLVED: "circle-check",
    E.REOPENED: "rotate-ccw",
    E.CLOSED: "check",
    E.DISMISSED: "x",
    E.MERGED: "link",
    E.ABSORBED: "link",
    E.LINKED: "link",
    E.ALERT_JOINED: "bell-ring",
    E.ALERT_CLEARED: "circle-check",
    E.SIGNALS_CLEAR: "circle-check",
    E.MAY_NOT_BE_MITIGATED: "triangle-alert",
    E.DEADLINE_MISSED: "clock",
    E.DEADLINE_NUDGED: "clock",
    E.PAGE_ASKED: "phone",
    E.PAGED: "phone",
    E.PAGE_FAILED: "circle-alert",
    E.PUBLISHED: "globe",
    E.PUBLIC_SKIPPED: "globe",
    E.PUBLIC_RESOLVED: "globe",
    E.POSTMORTEM_OPENED: "file-text",
    E.POSTMORTEM_PUBLISHED: "file-text",
    E.POSTMORTEM_WAIVED: "file-text",
    E.MEMBER_ADDED: "users",
}
#: The tolls: milestones drawn as a filled disc.
TOLLS = frozenset({E.OPENED, E.ACKNOWLEDGED, E.DECLARED, E.MITIGATED, E.RESOLVED, E.REOPENED, E.CLOSED})
GROUPS: dict[str, frozenset[str]] = {
    "updates": frozenset({E.UPDATE_POSTED, E.PUBLISHED, E.CAUSE_IDENTIFIED, E.ACTION_TAKEN, E.NOTE_ADDED}),
    "milestones": frozenset({*TOLLS, E.SEVERITY_CHANGED, E.DISMISSED, E.MERGED}),
    "alerts": frozenset({E.ALERT_JOINED, E.ALERT_CLEARED, E.SIGNALS_CLEAR, E.MAY_NOT_BE_MITIGATED}),
    "pages": frozenset({E.PAGED, E.PAGE_ASKED, E.PAGE_FAILED, E.DEADLINE_MISSED, E.DEADLINE_NUDGED}),
    "chairs": frozenset({E.ROLE_TAKEN, E.ROLE_LEFT, E.ROLE_OFFERED, E.ROLE_WITHDRAWN, E.BREAK_GLASS}),
}


@dataclass(frozen=True)
class Line:
    """One event in words: who, what, and in quotes what a person wrote."""

    number: int
    kind: str
    at: datetime
    icon: str
    is_toll: bool
    actor: str
    words: str
    detail: str
    quote: str
    is_redacted: bool
    is_corrected: bool


def tell(incident: Incident, events: Iterable[TimelineEvent]) -> list[Line]:
    """The events as lines, in the order given; corrections move times and words and are lines too."""
    events = list(events)
    corrections = corrected(incident)
    private = hidden.private_among(events)
    lines = [_line(event, corrections.get(event.number, {})) for event in events]
    return [
        replace(line, detail=_("a private incident")) if hidden.named(event.data) & private else line
        for event, line in zip(events, lines, strict=True)
    ]


def corrected(incident: Incident) -> dict[int, dict[str, Any]]:
    """By event number: the last right time and words that a correction gave."""
    found: dict[int, dict[str, Any]] = {}
    for event in incident.timeline.filter(kind=E.CORRECTED).order_by("number"):
        right = found.setdefault(int(event.data.get("event", 0)), {})
        if event.data.get("new_at"):
            right["at"] = datetime.fromisoformat(event.data["new_at"])
        if event.data.get("has_words") and not event.redacted_at:
            right["text"] = event.text.rpartition("\n\n")[0]
    return found


def _line(event: TimelineEvent, right: dict[str, Any]) -> Line:
    kind = E(event.kind)
    text = right.get("text", event.text)
    words, detail = eventwords.of(event, text)
    return Line(
        number=event.number,
        kind=event.kind,
        at=right.get("at", event.at),
        icon=_ICONS.get(kind, "circle-dashed"),
        is_toll=kind in TOLLS,
        actor=str(event.actor) if event.actor else event.actor_label,
        words=words,
        detail=detail,
        quote="" if kind in _SAID_IN_WORDS or event.redacted_at else text,
        is_redacted=event.redacted_at is not None,
        is_corrected=bool(right),
    )


#: Kinds whose text is part of the sentence already.
_SAID_IN_WORDS = frozenset({E.ALERT_JOINED, E.ALERT_CLEARED, E.PAGED, E.PAGE_FAILED, E.ABSORBED, E.OPENED})
