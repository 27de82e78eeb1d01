"""The document's timeline table: which events stand in it, and in which words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from incidents.kinds import EventKind as E
from incidents.kinds import Source
from incidents.models import Incident, TimelineEvent
from postmortems.models import Postmortem, TimelineRow

MAX_WORDS = 300
# Bookkeeping that tells a reader of the document nothing.
_NEVER = (
    E.CORRECTED, E.REDACTED, E.DEADLINE_NUDGED, E.POSTMORTEM_OPENED, E.POSTMORTEM_PUBLISHED,
    E.POSTMORTEM_WAIVED, E.POLICY_APPLIED,
)  # fmt: skip
_SHOWN = (E.OPENED, E.CAUSE_IDENTIFIED, E.ACTION_TAKEN, E.MITIGATION_TRIED, E.MITIGATED, E.REOPENED)
_FIRST_SHOWN = (E.ACKNOWLEDGED,)


@dataclass
class Proposal:
    """An event with the words and the place it would have in the table."""

    event: TimelineEvent
    at: datetime
    words: str
    shown: bool


def proposals(incident: Incident) -> list[Proposal]:
    """Every event worth a row, oldest first; corrections are applied, redacted texts stay out."""
    events = list(incident.timeline.select_related("actor").order_by("number"))
    moved = {
        event.get("event"): datetime.fromisoformat(event.get("new_at"))
        for event in events
        if event.kind == E.CORRECTED and event.get("new_at")
    }
    # A correction reads: the right words, a blank line, the reason.
    reworded = {
        event.get("event"): event.text.rpartition("\n\n")[0]
        for event in events
        if event.kind == E.CORRECTED and event.get("has_words")
    }
    found = [
        Proposal(event, moved.get(event.number, event.at), "", False)
        for event in events
        if event.kind not in _NEVER and not event.redacted_at
    ]
    seen: set[str] = set()
    ended_by_resolving = _openings_without_mitigation(events)
    for one in found:
        text = reworded.get(one.event.number, one.event.text)
        is_end = one.event.number in ended_by_resolving
        one.words = words(one.event, incident, text=text, is_end=is_end)[:MAX_WORDS]
        first = one.event.kind in _FIRST_SHOWN and one.event.kind not in seen
        is_outcome = one.event.get("outcome") not in (None, "started")
        one.shown = first or is_end or (one.event.kind in _SHOWN and not is_outcome)
        seen.add(one.event.kind)
    return sorted(found, key=lambda one: (one.at, one.event.number))


def _openings_without_mitigation(events: list[TimelineEvent]) -> set[int]:
    """The resolutions that also ended the impact, because nobody had said "mitigated" before."""
    ends, mitigated = set(), False
    for event in events:
        if event.kind == E.MITIGATED:
            mitigated = True
        elif event.kind == E.REOPENED:
            mitigated = False
        elif event.kind == E.RESOLVED and not mitigated:
            ends.add(event.number)
    return ends


def words(event: TimelineEvent, incident: Incident, *, text: str = "", is_end: bool = False) -> str:
    """How the template would say it: "On-call acknowledged", "Service restored"."""
    said = " ".join((text or event.text).split())
    if event.kind == E.OPENED:
        return _how_found(event, incident, said)
    if event.kind == E.CAUSE_IDENTIFIED:
        return f"Root cause identified ({_low(said)})" if said else "Root cause identified"
    if event.kind == E.MITIGATED or is_end:
        return "Service restored"
    if event.kind == E.ACKNOWLEDGED:
        return "On-call acknowledged"
    if event.kind == E.MITIGATION_TRIED:
        return _mitigation(event, said)
    if event.kind == E.ACTION_TAKEN:
        return said or "Action taken"
    if event.kind in (E.ROLE_TAKEN, E.ROLE_LEFT):
        verb = "taken by" if event.kind == E.ROLE_TAKEN else "left by"
        return f"{event.get('role_name')} {verb} {event.get('user_name')}"
    if event.kind in (E.ROLE_OFFERED, E.ROLE_WITHDRAWN):
        verb = "offered by" if event.kind == E.ROLE_OFFERED else "no longer offered by"
        return f"{event.get('role_name')} {verb} {event.get('user_name')}"
    if event.kind == E.SEVERITY_CHANGED:
        return f"Severity changed from {event.get('from')} to {event.get('to')}"
    label = str(E(event.kind).label)
    return f"{label}: {said}" if said else label


def _how_found(event: TimelineEvent, incident: Incident, said: str) -> str:
    # The event keeps the first title, which is the alert's own summary.
    subject = _low(said or incident.title)
    source = event.get("source") or incident.source
    if source == Source.MONITORING_ALERT:
        return f"Alert fired for {subject}"
    if source == Source.HEALTH_CHECK:
        return f"Health check failed: {subject}"
    if source == Source.CUSTOMER_REPORT:
        return f"First customer report: {subject}"
    return f"Reported: {subject}"


def _mitigation(event: TimelineEvent, said: str) -> str:
    name = str(event.get("name") or said or "Mitigation")
    outcome = str(event.get("outcome") or "started")
    if outcome == "started":
        return f"{name} initiated"
    return f"{name}: {outcome.replace('_', ' ')}"


def _low(text: str) -> str:
    """In the middle of a sentence: ``Elevated error rate`` → ``elevated error rate``, ``DB`` stays."""
    is_name = len(text) > 1 and not text[1].islower() and text[1] != " "
    return text if is_name else text[:1].lower() + text[1:]


def first_rows(postmortem: Postmortem) -> list[TimelineRow]:
    """The rows a new document starts with (not saved)."""
    chosen = [one for one in proposals(postmortem.incident) if one.shown]
    return [
        TimelineRow(
            postmortem=postmortem, event_number=one.event.number, at=one.at, words=one.words, position=place
        )
        for place, one in enumerate(chosen)
    ]


class Sent(Protocol):
    """A line as somebody sent it (`tabling.Line`)."""

    @property
    def key(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def words(self) -> str: ...
    @property
    def shown(self) -> bool: ...


@dataclass
class Choice:
    """One line of the picker: a row there is, or an event that could become one."""

    key: str
    at: datetime
    words: str
    shown: bool
    kind: str = ""


def choices(postmortem: Postmortem) -> list[Choice]:
    """Everything that can stand in the table, in the order of time; the rows' own words win."""
    rows = list(postmortem.rows.all())
    taken = {row.event_number: row for row in rows if row.event_number}
    lines = [
        Choice(f"row-{row.pk}", row.at, row.words, row.shown, "own words")
        for row in rows
        if row.event_number is None
    ]
    for one in proposals(postmortem.incident):
        label = str(E(one.event.kind).label)
        row = taken.get(one.event.number)
        if row:
            lines.append(Choice(f"event-{one.event.number}", row.at, row.words, row.shown, label))
        else:
            lines.append(Choice(f"event-{one.event.number}", one.at, one.words, False, label))
    return sorted(lines, key=lambda line: line.at)


def merged(lines: list[Choice], sent: Sequence[Sent]) -> list[Choice]:
    """The picker with what somebody had sent filled in again, so that no word of it is typed twice."""
    known = {line.key: line for line in lines}
    for one in sent:
        line = known.get(one.key)
        if line:
            line.words, line.shown = one.words, one.shown
        else:
            lines.append(Choice(one.key, one.at, one.words, one.shown, "own words"))
    return sorted(lines, key=lambda line: line.at)
