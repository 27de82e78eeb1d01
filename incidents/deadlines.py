"""The running promises of an incident: recomputed from its state after every event, never patched."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from incidents import clocks
from incidents.clockrows import COUNTED
from incidents.kinds import DeadlineKind, EventKind, Status
from incidents.models import Deadline, Incident, RoleHolding, TimelineEvent
from incidents.severity import policy_of

# That a clock ran out, somebody was paged or a signal came or went moves no clock; everything else may.
_SILENT = (
    EventKind.DEADLINE_MISSED,
    EventKind.DEADLINE_NUDGED,
    EventKind.PAGED,
    EventKind.PAGE_FAILED,
    EventKind.ALERT_JOINED,
    EventKind.ALERT_CLEARED,
    EventKind.SIGNALS_CLEAR,
    EventKind.MAY_NOT_BE_MITIGATED,
)
# What was promised with each clock. Whatever else stops one shows that it was not needed any more.
_DEEDS = {
    DeadlineKind.RESPONSE: (EventKind.ACKNOWLEDGED, EventKind.MITIGATED),
    DeadlineKind.ROLES: (EventKind.ROLE_TAKEN, EventKind.BREAK_GLASS),
    DeadlineKind.INTERNAL_UPDATE: (EventKind.UPDATE_POSTED,),
    DeadlineKind.PUBLIC_FIRST: (EventKind.PUBLISHED,),
    DeadlineKind.PUBLIC_UPDATE: (EventKind.PUBLISHED, EventKind.PUBLIC_RESOLVED),
    DeadlineKind.MANAGEMENT: (EventKind.MITIGATED, EventKind.RESOLVED),
    DeadlineKind.POSTMORTEM: (EventKind.POSTMORTEM_PUBLISHED,),
    DeadlineKind.HAND_OVER: (EventKind.ROLE_TAKEN, EventKind.ROLE_LEFT),
}
_CORRECTIONS = (EventKind.CORRECTED, EventKind.DETAILS_CHANGED, EventKind.ABSORBED, EventKind.POLICY_APPLIED)


def reset(incident: Incident, *, cause: TimelineEvent) -> None:
    """Write down which clocks run now: start, move or stop rows, never delete one.

    ``missed_at`` and ``level`` stay while ``due_at`` is the same. A correction that puts a due time into the
    past marks it overtaken: no nudge, no page.
    """
    if is_silent(cause.kind):
        return
    theirs = Q(opening=incident.opening) | Q(opening__lt=incident.opening, stopped_at=None)
    rows = {
        (row.opening, row.kind, row.round): row for row in Deadline.objects.filter(theirs, incident=incident)
    }
    fresh = []
    for want in compute(incident):
        row = rows.pop((incident.opening, want.kind, want.round), None)
        is_new, row = row is None, row or _begin(incident, want)
        if not _run(incident, want, row, cause, is_new=is_new):
            continue
        if is_new:
            fresh.append(row)
        else:
            row.save()
    if fresh:
        Deadline.objects.bulk_create(fresh)
    _stop([row for row in rows.values() if row.stopped_at is None], cause)


def is_silent(kind: str) -> bool:
    """Does an event of that kind leave every clock as it is?"""
    return kind in _SILENT


def _moment(cause: TimelineEvent) -> datetime:
    """When the clock stopped: when it happened, but never after we learned of it."""
    return min(cause.at, cause.recorded_at)


def compute(incident: Incident) -> list[clocks.Wanted]:
    """The clocks that should run in the incident's present state."""
    team = incident.team
    calendar = clocks.Calendar(team.business_hours, team.sprint_anchor, team.sprint_days)
    return clocks.wanted(incident, policy_of(incident), chairs(incident), calendar)


def chairs(incident: Incident) -> clocks.Chairs:
    """Which chairs are held now, and since when somebody is alone in them."""
    held = list(
        RoleHolding.objects.filter(incident=incident, until=None).values_list(
            "role__slug", "user", "is_glass_broken"
        )
    )
    alone = incident.clocks.get(DeadlineKind.HAND_OVER)
    return clocks.Chairs(
        held=frozenset(slug for slug, _, _ in held),
        people=len({user for _, user, _ in held}),
        alone_since=datetime.fromisoformat(alone["at"])
        if alone and any(glass for *_, glass in held)
        else None,
    )


def _begin(incident: Incident, want: clocks.Wanted) -> Deadline:
    return Deadline(incident=incident, kind=want.kind, opening=incident.opening, round=want.round)


def _run(
    incident: Incident, want: clocks.Wanted, row: Deadline, cause: TimelineEvent, *, is_new: bool
) -> bool:
    """Set the row to what is wanted; False when it says so already."""
    moved = is_new or row.due_at != want.due_at
    if not is_new:
        if not moved and row.stopped_at is None and row.version_id == incident.severity_version_id:
            return False
        if want.kind == DeadlineKind.MANAGEMENT and row.missed_at:
            # Once per opening: what was missed is neither moved nor missed again.
            moved = False
    resumed = row.stopped_at is not None
    if row.was_kept or (moved and cause.kind == EventKind.CORRECTED):
        # Not over after all. What ran out stays so, unless somebody puts a time right.
        row.was_kept = None
    row.version_id = incident.severity_version_id
    row.stopped_at = None
    if moved:
        row.started_at, row.due_at, row.interval = want.started_at, want.due_at, want.interval
        row.snoozed_from = want.snoozed_from
        row.missed_at = row.level = row.overtaken_at = None
        row.next_at = _first_look(incident, want)
        if want.due_at <= now() and _is_late_word(cause):
            row.overtaken_at = now()
            row.next_at = None
    elif resumed and not row.overtaken_at:
        row.next_at = now() + row.interval if row.missed_at else want.due_at
        if row.missed_at and want.kind == DeadlineKind.MANAGEMENT:
            row.next_at = None
    return True


def _is_late_word(cause: TimelineEvent) -> bool:
    """A correction, or something told after it happened: nobody could have kept what is past by then."""
    if cause.kind in _CORRECTIONS:
        return True
    return cause.actor_kind == TimelineEvent.ActorKind.PERSON and cause.at < cause.recorded_at


def _first_look(incident: Incident, want: clocks.Wanted) -> datetime:
    """When the sweep has to look first: at a reminder before the end, or at the end."""
    reminder = policy_of(incident).public_first_reminder if want.kind == DeadlineKind.PUBLIC_FIRST else None
    return want.started_at + reminder if reminder else want.due_at


def _stop(rows: list[Deadline], cause: TimelineEvent) -> None:
    at = _moment(cause)
    alike: dict[bool | None, list[int]] = {}
    for row in rows:
        alike.setdefault(_verdict(row, at, cause), []).append(row.pk)
    for was_kept, ids in alike.items():
        Deadline.objects.filter(pk__in=ids).update(stopped_at=at, next_at=None, was_kept=was_kept)


def _verdict(row: Deadline, at: datetime, cause: TimelineEvent) -> bool | None:
    """In time, late, or (None) not needed any more when it was stopped."""
    ran_out_and_was_moved = row.was_kept is False and row.missed_at is None
    if ran_out_and_was_moved or at > row.first_due_at:
        return False
    return True if cause.kind in _DEEDS[DeadlineKind(row.kind)] else None


def running(incident: Incident) -> list[Deadline]:
    """The clocks that run, the most urgent first."""
    return list(incident.deadlines.filter(stopped_at=None, overtaken_at=None).order_by("due_at"))


def is_quiet(incident: Incident) -> bool:
    """Changes on a mitigated, resolved or closed incident never page."""
    return incident.status not in (Status.TRIAGE, Status.ACTIVE)


def adherence(incident: Incident) -> tuple[int, int]:
    """Updates that came in time, and updates that were due: internal and public ones.

    In time means that it was told at or before its due instant; a clock that still runs counts only once
    it is late. Putting one off wins nothing: the instant at which it was first due counts. A clock that
    something else stopped in time (the end of the incident, a calmer severity, "no public notice needed")
    counts neither way.
    Drawn from `Deadline.was_kept`; unit: counts.
    """
    # Counted by the database: the room asks this, and an incident may have been told of a thousand times.
    counted = incident.deadlines.updates().judged().aggregate(**COUNTED)
    return counted["kept"], counted["due"]


def in_percent(kept: int, due: int) -> str:
    """``4 of 5, 80 %``; empty where nothing was due."""
    if not due:
        return ""
    share = {"kept": kept, "due": due, "percent": f"{100 * kept / due:.0f}"}
    return _("%(kept)d of %(due)d, %(percent)s %%") % share


def left(deadline: Deadline, at: datetime | None = None) -> timedelta:
    """How long until it is due; negative once it is late."""
    return deadline.due_at - (at or now())
