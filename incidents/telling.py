"""The timeline as people read it: one line an event, with its corrections counted."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from incidents import hidden
from incidents.kinds import DeadlineKind, EventKind
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
    words, detail = _words(kind, event, text)
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


def _clock_name(event: TimelineEvent) -> str:
    kind = event.get("deadline", "")
    return str(DeadlineKind(kind).label) if kind in DeadlineKind.values else kind


def _words(kind: EventKind, event: TimelineEvent, text: str) -> tuple[str, str]:
    get = event.get
    if kind == E.OPENED:
        return _("Detected"), "" if event.redacted_at else text
    if kind == E.DECLARED:
        channel = get("channel_name")
        return _("Declared"), _("channel #%(name)s") % {"name": channel} if channel else ""
    if kind == E.SEVERITY_CHANGED:
        return _("Severity %(old)s → %(new)s") % {"old": get("from"), "new": get("to")}, ""
    if kind == E.SCOPE_SET:
        return _("Scope set"), _scope(event)
    if kind == E.ROLE_TAKEN:
        previous = get("previous_name")
        after = _("after %(name)s") % {"name": previous} if previous else ""
        return _("%(who)s took %(role)s") % {"who": get("user_name"), "role": get("role_name")}, after
    if kind == E.ROLE_LEFT:
        return _("%(who)s left %(role)s") % {"who": get("user_name"), "role": get("role_name")}, ""
    if kind == E.ROLE_OFFERED:
        return _("%(who)s can take %(role)s") % {"who": get("user_name"), "role": get("role_name")}, ""
    if kind == E.ROLE_WITHDRAWN:
        return _("Offer of %(who)s withdrawn") % {"who": get("user_name")}, str(get("role_name"))
    if kind == E.BREAK_GLASS:
        chairs = ", ".join(str(get("roles") or "").replace("_", " ").split(","))
        return _("Glass broken for %(who)s") % {"who": get("user_name")}, chairs
    if kind == E.MITIGATION_TRIED:
        run = _("dry run") if get("dry_run") else str(get("outcome") or "").replace("_", " ")
        return _("%(name)s, %(outcome)s") % {"name": get("name"), "outcome": run}, _("by %(who)s") % {
            "who": get("by")
        }
    if kind == E.CLOCK_SNOOZED:
        times = {name: datetime.fromisoformat(str(get(name))) for name in ("until", "due") if get(name)}
        local = {name: f"{event.incident.team.local(at):%H:%M}" for name, at in times.items()}
        what = DeadlineKind(str(get("clock"))).label
        return _("%(what)s: put off to %(until)s") % {"what": what, **local}, _("was due %(due)s") % local
    if kind == E.TASK_ADDED:
        words = _("Task for %(who)s") if get("owner_name") else _("Task, nobody's yet")
        return words % {"who": get("owner_name")}, ""
    if kind == E.TASK_DONE:
        ends = {"dropped": _("Task not needed"), "moved": _("Task moved to the action items")}
        return ends.get(str(get("outcome")), _("Task done")), ""
    if kind == E.RUNBOOK_STEP:
        words = _("Step done: %(title)s") if get("done") else _("Step open again: %(title)s")
        return words % {"title": get("title")}, ""
    if kind == E.PAGED and not get("users"):
        # A page that waits: the reason says until when.
        return _("The page waits"), str(get("reason") or "")
    if kind in (E.ALERT_JOINED, E.ALERT_CLEARED, E.PAGED, E.PAGE_FAILED):
        said = "" if event.redacted_at else text
        step = (
            _("%(policy)s, step %(step)s") % {"policy": get("policy"), "step": get("step")}
            if kind == E.PAGED
            else ""
        )
        return f"{kind.label}: {said}", step
    if kind in (E.DEADLINE_MISSED, E.DEADLINE_NUDGED):
        who = get("user_name")
        return f"{kind.label}: {_clock_name(event)}", _("%(who)s was told") % {"who": who} if who else ""
    if kind == E.PUBLISHED:
        return _("Told the public"), str(get("status") or "")
    if kind in (E.MERGED, E.ABSORBED, E.LINKED):
        other = get("into") or get("source") or get("other")
        return str(kind.label), f"INC-{other}" if other else ""
    if kind == E.PAGE_ASKED:
        return _("Asked for help"), str(get("target_name") or "")
    if kind in (E.CORRECTED, E.REDACTED):
        return _("%(what)s event %(number)s") % {"what": kind.label, "number": get("event")}, ""
    if kind == E.ACTION_TAKEN:
        return str(kind.label), _("by %(who)s") % {"who": get("by")} if get("by") else ""
    if kind == E.MEMBER_ADDED:
        return _("%(who)s was let in") % {"who": get("user_name")}, ""
    return str(kind.label), ""


def _scope(event: TimelineEvent) -> str:
    parts = []
    if event.get("users_affected_share") is not None:
        share = f"{Decimal(event.get('users_affected_share')):.2f}".rstrip("0").rstrip(".")
        parts.append(_("about %(share)s %% of users") % {"share": share})
    if event.get("users_affected") is not None:
        parts.append(_("%(count)s users") % {"count": f"{event.get('users_affected'):,}"})
    if event.get("services"):
        parts.append(event.get("services").replace(",", ", "))
    return ", ".join(parts)
