"""What each kind of event says: a sentence and a detail beside it, one function a kind."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from incidents.kinds import DeadlineKind, EventKind
from incidents.models import TimelineEvent

E = EventKind
#: The sentence and its detail.
Said = tuple[str, str]
Says = Callable[[TimelineEvent, str], Said]
_SAYS: dict[str, Says] = {}


def of(event: TimelineEvent, text: str) -> Said:
    """The event in words; ``text`` is what somebody wrote, as the last correction has it.

    A kind that has no function here is called by its name.
    """
    say = _SAYS.get(event.kind)
    return say(event, text) if say else (str(E(event.kind).label), "")


def _for(*kinds: EventKind) -> Callable[[Says], Says]:
    def keep(say: Says) -> Says:
        _SAYS.update(dict.fromkeys(kinds, say))
        return say

    return keep


def _label(event: TimelineEvent) -> str:
    return str(E(event.kind).label)


def _unless_redacted(event: TimelineEvent, text: str) -> str:
    return "" if event.redacted_at else text


@_for(E.OPENED)
def _opened(event: TimelineEvent, text: str) -> Said:
    return _("Detected"), _unless_redacted(event, text)


@_for(E.DECLARED)
def _declared(event: TimelineEvent, text: str) -> Said:
    channel = event.get("channel_name")
    return _("Declared"), _("channel #%(name)s") % {"name": channel} if channel else ""


@_for(E.SEVERITY_CHANGED)
def _severity_changed(event: TimelineEvent, text: str) -> Said:
    return _("Severity %(old)s → %(new)s") % {"old": event.get("from"), "new": event.get("to")}, ""


@_for(E.SCOPE_SET)
def _scope_set(event: TimelineEvent, text: str) -> Said:
    parts = []
    if event.get("users_affected_share") is not None:
        share = f"{Decimal(event.get('users_affected_share')):.2f}".rstrip("0").rstrip(".")
        parts.append(_("about %(share)s %% of users") % {"share": share})
    if event.get("users_affected") is not None:
        parts.append(_("%(count)s users") % {"count": f"{event.get('users_affected'):,}"})
    if event.get("services"):
        parts.append(event.get("services").replace(",", ", "))
    return _("Scope set"), ", ".join(parts)


@_for(E.ROLE_TAKEN)
def _role_taken(event: TimelineEvent, text: str) -> Said:
    previous = event.get("previous_name")
    after = _("after %(name)s") % {"name": previous} if previous else ""
    return _("%(who)s took %(role)s") % _who_and_role(event), after


@_for(E.ROLE_LEFT)
def _role_left(event: TimelineEvent, text: str) -> Said:
    return _("%(who)s left %(role)s") % _who_and_role(event), ""


@_for(E.ROLE_OFFERED)
def _role_offered(event: TimelineEvent, text: str) -> Said:
    return _("%(who)s can take %(role)s") % _who_and_role(event), ""


@_for(E.ROLE_WITHDRAWN)
def _role_withdrawn(event: TimelineEvent, text: str) -> Said:
    return _("Offer of %(who)s withdrawn") % _who_and_role(event), str(event.get("role_name"))


def _who_and_role(event: TimelineEvent) -> dict[str, str]:
    return {"who": event.get("user_name"), "role": event.get("role_name")}


@_for(E.BREAK_GLASS)
def _glass_broken(event: TimelineEvent, text: str) -> Said:
    chairs = ", ".join(str(event.get("roles") or "").replace("_", " ").split(","))
    return _("Glass broken for %(who)s") % {"who": event.get("user_name")}, chairs


@_for(E.MITIGATION_TRIED)
def _mitigation_tried(event: TimelineEvent, text: str) -> Said:
    outcome = str(event.get("outcome") or "").replace("_", " ")
    run = _("dry run") if event.get("dry_run") else outcome
    said = _("%(name)s, %(outcome)s") % {"name": event.get("name"), "outcome": run}
    return said, _("by %(who)s") % {"who": event.get("by")}


@_for(E.CLOCK_SNOOZED)
def _clock_snoozed(event: TimelineEvent, text: str) -> Said:
    times = {name: event.get(name) for name in ("until", "due")}
    local = {
        name: f"{event.incident.team.local(datetime.fromisoformat(str(at))):%H:%M}"
        for name, at in times.items()
        if at
    }
    what = DeadlineKind(str(event.get("clock"))).label
    return _("%(what)s: put off to %(until)s") % {"what": what, **local}, _("was due %(due)s") % local


@_for(E.TASK_ADDED)
def _task_added(event: TimelineEvent, text: str) -> Said:
    words = _("Task for %(who)s") if event.get("owner_name") else _("Task, nobody's yet")
    return words % {"who": event.get("owner_name")}, ""


@_for(E.TASK_DONE)
def _task_done(event: TimelineEvent, text: str) -> Said:
    ends = {"dropped": _("Task not needed"), "moved": _("Task moved to the action items")}
    return ends.get(str(event.get("outcome")), _("Task done")), ""


@_for(E.RUNBOOK_STEP)
def _runbook_step(event: TimelineEvent, text: str) -> Said:
    words = _("Step done: %(title)s") if event.get("done") else _("Step open again: %(title)s")
    return words % {"title": event.get("title")}, ""


@_for(E.PAGED)
def _paged(event: TimelineEvent, text: str) -> Said:
    if not event.get("users"):
        # A page that waits: the reason says until when.
        return _("The page waits"), str(event.get("reason") or "")
    step = {"policy": event.get("policy"), "step": event.get("step")}
    return f"{_label(event)}: {_unless_redacted(event, text)}", _("%(policy)s, step %(step)s") % step


@_for(E.ALERT_JOINED, E.ALERT_CLEARED, E.PAGE_FAILED)
def _with_its_text(event: TimelineEvent, text: str) -> Said:
    return f"{_label(event)}: {_unless_redacted(event, text)}", ""


@_for(E.DEADLINE_MISSED, E.DEADLINE_NUDGED)
def _clock_ran_out(event: TimelineEvent, text: str) -> Said:
    who, kind = event.get("user_name"), event.get("deadline", "")
    clock = DeadlineKind(kind).label if kind in DeadlineKind.values else kind
    return f"{_label(event)}: {clock}", _("%(who)s was told") % {"who": who} if who else ""


@_for(E.PUBLISHED)
def _published(event: TimelineEvent, text: str) -> Said:
    return _("Told the public"), str(event.get("status") or "")


@_for(E.MERGED, E.ABSORBED, E.LINKED)
def _with_another(event: TimelineEvent, text: str) -> Said:
    other = event.get("into") or event.get("source") or event.get("other")
    return _label(event), f"INC-{other}" if other else ""


@_for(E.PAGE_ASKED)
def _page_asked(event: TimelineEvent, text: str) -> Said:
    return _("Asked for help"), str(event.get("target_name") or "")


@_for(E.CORRECTED, E.REDACTED)
def _about_an_event(event: TimelineEvent, text: str) -> Said:
    return _("%(what)s event %(number)s") % {"what": _label(event), "number": event.get("event")}, ""


@_for(E.ACTION_TAKEN)
def _action_taken(event: TimelineEvent, text: str) -> Said:
    return _label(event), _("by %(who)s") % {"who": event.get("by")} if event.get("by") else ""


@_for(E.MEMBER_ADDED)
def _member_added(event: TimelineEvent, text: str) -> Said:
    return _("%(who)s was let in") % {"who": event.get("user_name")}, ""
