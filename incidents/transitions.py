"""The whole state machine, pure: what each event does to the incident's row, live and in replay.

It knows no policy and no clock: refusals by policy happen before it, in the verb, so that a replay never
depends on today's matrix. Whatever an event needs to know stands in its ``data``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from incidents.kinds import OPEN, EventKind, Status
from incidents.models import Incident, TimelineEvent
from lib.refusal import Refused

E = EventKind
S = Status
ANY = tuple(Status)
LIVE = (S.TRIAGE, S.ACTIVE, S.MITIGATED, S.RESOLVED)


@dataclass(frozen=True)
class Move:
    """After which states an event may come, where it leads, and which column keeps its time.

    ``first`` keeps the first time (milestones); otherwise the last one counts.
    """

    after: tuple[str, ...]
    to: str | None = None
    stamp: str = ""
    first: bool = False


MOVES: dict[str, Move] = {
    E.ACKNOWLEDGED: Move(LIVE, stamp="acknowledged_at", first=True),
    E.DECLARED: Move((S.TRIAGE,), S.ACTIVE, "declared_at"),
    E.MITIGATED: Move((S.ACTIVE,), S.MITIGATED, "mitigated_at"),
    E.RESOLVED: Move((S.ACTIVE, S.MITIGATED), S.RESOLVED, "resolved_at"),
    E.REOPENED: Move((S.MITIGATED, S.RESOLVED), S.ACTIVE),
    E.CLOSED: Move((S.RESOLVED,), S.CLOSED, "closed_at"),
    E.DISMISSED: Move((S.TRIAGE, S.ACTIVE), S.DISMISSED, "ended_at"),
    E.MERGED: Move(OPEN, S.MERGED, "ended_at"),
    E.UPDATE_POSTED: Move((S.TRIAGE, *LIVE), stamp="last_update_at"),
    E.CLOCK_SNOOZED: Move((S.ACTIVE, S.MITIGATED, S.RESOLVED)),
    E.SEVERITY_CHANGED: Move((*LIVE, S.CLOSED)),
    E.PUBLIC_SKIPPED: Move(LIVE, stamp="public_skipped_at"),
    E.PUBLIC_RESOLVED: Move(ANY, stamp="public_resolved_at"),
    E.POSTMORTEM_PUBLISHED: Move((S.RESOLVED, S.CLOSED), stamp="postmortem_published_at", first=True),
    E.POSTMORTEM_WAIVED: Move((S.RESOLVED, S.CLOSED), stamp="postmortem_waived_at", first=True),
    E.SIGNALS_CLEAR: Move(LIVE, stamp="signals_clear_at"),
    E.ROLE_TAKEN: Move((S.TRIAGE, *LIVE)),
    E.ALERT_JOINED: Move(ANY),
}

#: After these nobody is needed in a chair any more.
ENDS = (E.RESOLVED, E.DISMISSED, E.MERGED)

#: The columns that events alone write; replaying the timeline must give the same.
REPLAYED = (
    "status",
    "opening",
    "severity_id",
    "severity_version_id",
    "started_at",
    "started_at_provenance",
    "detected_at",
    "acknowledged_at",
    "acknowledged_by_id",
    "declared_at",
    "mitigated_at",
    "resolved_at",
    "closed_at",
    "ended_at",
    "impact_seconds",
    "impact_from",
    "last_update_at",
    "promised_at",
    "public_first_at",
    "public_last_at",
    "public_skipped_at",
    "public_resolved_at",
    "has_postmortem_duty",
    "postmortem_published_at",
    "postmortem_waived_at",
    "signals_clear_at",
    "channel_name",
    "clocks",
)

_REFUSALS = {
    S.TRIAGE: "The incident is still in triage. Declare it first.",
    S.ACTIVE: "The incident is active.",
    S.MITIGATED: "The incident is mitigated already.",
    S.RESOLVED: "The incident is resolved already. Reopen it if users hurt again.",
    S.CLOSED: "The incident is closed, which is final. Declare a new one and link the two.",
    S.DISMISSED: "The incident was dismissed. Declare a new one.",
    S.MERGED: "The incident was merged into another one. Go on there.",
}


def moves(kind: str) -> bool:
    """Does an event of that kind change its incident's row, or depend on its state?"""
    return kind in MOVES or kind in _EFFECTS


def may(incident: Incident, kind: str) -> bool:
    """Does the state machine allow that kind of event now?"""
    move = MOVES.get(kind)
    return move is None or incident.status in move.after


def apply(incident: Incident, event: TimelineEvent) -> None:
    """Move the row as the event says.

    Raises:
        Refused: code ``wrong_state``; nothing was changed.
    """
    move = MOVES.get(event.kind)
    if move is not None:
        if incident.status not in move.after:
            raise Refused("wrong_state", _(_REFUSALS[S(incident.status)]))
        if move.stamp and not (move.first and getattr(incident, move.stamp)):
            setattr(incident, move.stamp, event.at)
    effect = _EFFECTS.get(event.kind)
    if effect:
        effect(incident, event)
    if move is not None and move.to:
        incident.status = move.to


def _instant(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def start_clock(incident: Incident, kind: str, at: datetime) -> None:
    """A clock starts (again) at that moment: its next round."""
    clock = incident.clocks.get(kind) or {}
    incident.clocks = {
        **incident.clocks,
        kind: {"at": at.isoformat(), "round": int(clock.get("round", 0)) + 1},
    }


def _start_named(incident: Incident, event: TimelineEvent) -> None:
    for kind in str(event.get("starts") or "").split(","):
        if kind:
            start_clock(incident, kind, event.at)


def _opened(incident: Incident, event: TimelineEvent) -> None:
    incident.status = S.TRIAGE
    incident.detected_at = event.at
    incident.started_at = _instant(event.get("started_at"))
    incident.started_at_provenance = event.get("provenance") or ""
    _pin(incident, event)


def _pin(incident: Incident, event: TimelineEvent) -> None:
    incident.severity_id = event.data["severity_id"]
    incident.severity_version_id = event.data["version_id"]


def _acknowledged(incident: Incident, event: TimelineEvent) -> None:
    if incident.acknowledged_at == event.at and incident.acknowledged_by_id is None:
        incident.acknowledged_by_id = event.actor_id


def _declared(incident: Incident, event: TimelineEvent) -> None:
    incident.channel_name = event.get("channel_name") or None
    for kind in ("roles", "internal_update"):
        start_clock(incident, kind, event.at)


def _severity_changed(incident: Incident, event: TimelineEvent) -> None:
    _pin(incident, event)
    if "postmortem_duty" in event.data:
        incident.has_postmortem_duty = bool(event.data["postmortem_duty"])
    _start_named(incident, event)


def _update_posted(incident: Incident, event: TimelineEvent) -> None:
    incident.promised_at = _instant(event.get("next_update_at"))
    start_clock(incident, "internal_update", event.at)


def _snoozed(incident: Incident, event: TimelineEvent) -> None:
    """The next start of the clock forgets it."""
    kind = str(event.get("clock"))
    clock = incident.clocks.get(kind)
    if clock:
        incident.clocks = {**incident.clocks, kind: {**clock, "until": event.get("until")}}


def _mitigated(incident: Incident, event: TimelineEvent) -> None:
    incident.promised_at = None
    _impact_start(incident, event)


def _impact_start(incident: Incident, event: TimelineEvent) -> None:
    if event.get("started_at"):
        incident.started_at = _instant(event.get("started_at"))
        incident.started_at_provenance = event.get("provenance") or ""


def _resolved(incident: Incident, event: TimelineEvent) -> None:
    if incident.status == S.ACTIVE:
        # Resolving what was never mitigated mitigates it at the same moment.
        incident.mitigated_at = event.at
    incident.has_postmortem_duty = bool(event.get("postmortem_duty"))
    _impact_start(incident, event)


#: Every clock that a reopening restarts; whether it runs is for the state to say.
_RESTARTED = ("response", "roles", "internal_update", "public_first", "public_update", "management")


def _reopened(incident: Incident, event: TimelineEvent) -> None:
    if incident.mitigated_at:
        began = incident.impact_from or incident.started_at or incident.detected_at
        incident.impact_seconds += max(int((incident.mitigated_at - began).total_seconds()), 0)
    incident.impact_from = event.at
    incident.opening += 1
    incident.mitigated_at = incident.resolved_at = None
    incident.promised_at = incident.signals_clear_at = None
    # Users hurt again: whether the public has to hear of it is asked anew.
    incident.public_resolved_at = incident.public_skipped_at = None
    incident.has_postmortem_duty = False
    incident.postmortem_published_at = incident.postmortem_waived_at = None
    for kind in _RESTARTED:
        start_clock(incident, kind, event.at)


def _published(incident: Incident, event: TimelineEvent) -> None:
    incident.public_first_at = incident.public_first_at or event.at
    incident.public_last_at = event.at
    incident.public_resolved_at = None
    start_clock(incident, "public_update", event.at)


def _details_changed(incident: Incident, event: TimelineEvent) -> None:
    if "started_at" in event.data:
        incident.started_at = _instant(event.data["started_at"])
        incident.started_at_provenance = event.get("provenance") or ""


def _alert_joined(incident: Incident, event: TimelineEvent) -> None:
    incident.signals_clear_at = None


def _absorbed(incident: Incident, event: TimelineEvent) -> None:
    for column in ("detected_at", "started_at"):
        earlier, own = _instant(event.get(column)), getattr(incident, column)
        if earlier and (own is None or earlier < own):
            setattr(incident, column, earlier)
            if column == "started_at":
                incident.started_at_provenance = event.get("provenance") or ""


#: Which column a correction of a milestone's time moves.
CORRECTABLE = {
    E.ACKNOWLEDGED: "acknowledged_at",
    E.DECLARED: "declared_at",
    E.MITIGATED: "mitigated_at",
    E.RESOLVED: "resolved_at",
    E.OPENED: "detected_at",
    E.UPDATE_POSTED: "last_update_at",
}
_CLOCKS_OF = {
    E.DECLARED: ("roles", "internal_update"),
    E.UPDATE_POSTED: ("internal_update",),
    E.PUBLISHED: ("public_update",),
}


def _corrected(incident: Incident, event: TimelineEvent) -> None:
    """Move the milestone that the corrected event had set, and the clocks that it had started."""
    new, old, kind = _instant(event.get("new_at")), _instant(event.get("old_at")), event.get("corrects")
    if not (new and old and kind):
        return
    column = CORRECTABLE.get(kind)
    if column and getattr(incident, column) == old:
        setattr(incident, column, new)
    if kind == E.RESOLVED and incident.mitigated_at == old:
        incident.mitigated_at = new
    for clock in _CLOCKS_OF.get(kind, ()):
        kept = incident.clocks.get(clock)
        if kept and _instant(kept["at"]) == old:
            incident.clocks = {**incident.clocks, clock: {**kept, "at": new.isoformat()}}


_EFFECTS: dict[str, Callable[[Incident, TimelineEvent], None]] = {
    E.OPENED: _opened,
    E.ACKNOWLEDGED: _acknowledged,
    E.DECLARED: _declared,
    E.SEVERITY_CHANGED: _severity_changed,
    E.POLICY_APPLIED: _severity_changed,
    E.UPDATE_POSTED: _update_posted,
    E.CLOCK_SNOOZED: _snoozed,
    E.MITIGATED: _mitigated,
    E.RESOLVED: _resolved,
    E.REOPENED: _reopened,
    E.PUBLISHED: _published,
    E.DETAILS_CHANGED: _details_changed,
    E.ALERT_JOINED: _alert_joined,
    E.ABSORBED: _absorbed,
    E.CORRECTED: _corrected,
    E.ROLE_LEFT: _start_named,
    E.ROLE_TAKEN: _start_named,
    E.BREAK_GLASS: _start_named,
    E.MADE_PUBLIC: _start_named,
}
