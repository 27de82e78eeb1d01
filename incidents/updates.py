"""Updates to the team: what is known, and when the next word comes."""

from datetime import datetime, timedelta

from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from incidents import deadlines, timeline
from incidents.kinds import DeadlineKind, EventKind, Status
from incidents.models import Deadline, Incident, TimelineEvent
from incidents.reasons import needs_reason
from incidents.severity import policy_of
from lib.refusal import Invalid, Refused
from lib.text import clean

MAX_UPDATE = 4000


def post_update(
    incident_id: int, *, actor: Actor, text: str, next_update_at: datetime | None = None, reason: str = ""
) -> Incident:
    """Tell the team where things stand; the promise of the next update comes with it.

    Without ``next_update_at`` the severity's cadence is the promise. A later promise needs a reason and at
    most doubles the cadence.

    Raises:
        Invalid: an empty text, or a promise that cannot be made.
    """
    with timeline.locked(incident_id, actor=actor, verb="update") as incident:
        words = clean(text, MAX_UPDATE, field="text")
        if not words:
            raise Invalid(
                _("Write what is known, even if it is “still looking”."), code="text_needed", field="text"
            )
        _check_promise(incident, next_update_at, reason)
        timeline.record(
            incident,
            EventKind.UPDATE_POSTED,
            actor=actor,
            text=words,
            next_update_at=next_update_at.isoformat() if next_update_at else None,
            late=clean(reason, 300) or None,
        )
    return incident


def cadence(incident: Incident) -> timedelta | None:
    """How often the team hears, by the pinned policy and the state; None where no cadence is owed."""
    policy = policy_of(incident)
    every = policy.internal_update_every
    if every and incident.status == Status.MITIGATED:
        return policy.internal_update_mitigated or every
    return every


def _check_promise(incident: Incident, promised: datetime | None, reason: str) -> None:
    if promised is None:
        return
    if promised <= now():
        raise Invalid(_("Promise the next update for a time to come."), code="past", field="next_update_at")
    every = cadence(incident)
    if every is None:
        return
    # A minute of grace: forms carry whole minutes.
    if promised > now() + 2 * every + timedelta(minutes=1):
        raise Invalid(
            _("A promise may at most double the cadence of %(minutes)d minutes.")
            % {"minutes": every.total_seconds() // 60},
            code="too_late",
            field="next_update_at",
        )
    if promised > now() + every + timedelta(minutes=1) and not reason.strip():
        raise Invalid(
            _("That is later than the cadence of %(minutes)d minutes. Say why.")
            % {"minutes": every.total_seconds() // 60},
            code="reason_needed",
            field="reason",
        )


#: The promises that can be put off. The first public word has "no public notice needed" instead.
SNOOZABLE = (DeadlineKind.INTERNAL_UPDATE, DeadlineKind.PUBLIC_UPDATE)


def latest(row: Deadline) -> datetime:
    """How far a running promise can be put off: twice the cadence since it began to run."""
    return row.started_at + 2 * row.interval


def snoozable(incident: Incident) -> list[Deadline]:
    """The running promises that can be put off now: in time yet, not put off before, with room to go."""
    return [row for row in deadlines.running(incident) if row.kind in SNOOZABLE and not _why_not(row)]


def snooze(
    incident_id: int,
    *,
    actor: Actor,
    until: datetime,
    reason: str,
    clock: str = DeadlineKind.INTERNAL_UPDATE,
) -> Incident:
    """Put the next update off, once a round and with a reason; nobody is reminded before.

    At most twice the cadence may lie between two updates, as with a promise. In time is still only what comes
    by the first instant: `deadlines.adherence`.

    Raises:
        Invalid: no reason, another clock, or a time that is no later or too late.
        Refused: ``no_clock``, ``late`` or ``snoozed``.
    """
    with timeline.locked(incident_id, actor=actor, verb="snooze") as incident:
        why = needs_reason(reason)
        if clock not in SNOOZABLE:
            raise Invalid(
                _("Only updates can be put off: %(kinds)s.") % {"kinds": ", ".join(SNOOZABLE)},
                code="bad_clock",
                field="clock",
            )
        row = next((one for one in deadlines.running(incident) if one.kind == clock), None)
        if row is None:
            raise Refused("no_clock", _("No such update is promised now, so there is nothing to put off."))
        if refusal := _why_not(row):
            raise refusal
        if until <= row.due_at:
            raise Invalid(_("That is no later than the update is due."), code="no_later", field="until")
        # Forms carry whole minutes.
        if until > latest(row) + timedelta(minutes=1):
            raise Invalid(
                _("At most %(minutes)d minutes may lie between two updates here.")
                % {"minutes": 2 * row.interval.total_seconds() // 60},
                code="too_late",
                field="until",
            )
        timeline.record(
            incident,
            EventKind.CLOCK_SNOOZED,
            actor=actor,
            text=why,
            clock=str(clock),
            until=until.isoformat(),
            due=row.due_at.isoformat(),
        )
    return incident


def _why_not(row: Deadline) -> Refused | None:
    if row.missed_at or row.due_at <= now():
        return Refused("late", _("It is late already. Post an update, even if it says “still looking”."))
    if row.snoozed_from:
        return Refused("snoozed", _("It was put off once already. Post an update."))
    if latest(row) <= row.due_at:
        return Refused("snoozed", _("It is promised for as late as it can be. Post an update."))
    return None


def line(event: TimelineEvent, incident: Incident) -> str:
    """``[UPDATE 14:35] Still investigating.``: the time in the zone of the primary service's team."""
    return f"[UPDATE {incident.team.local(event.at):%H:%M}] {event.text}"
