"""Which promises run for an incident, and until when: the clock table of the domain, pure arithmetic.

Everything is computed from the incident's row, its pinned policy, its held chairs and the team's business
hours; `deadlines.reset` writes the result down.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from incidents.kinds import DeadlineKind, ResponseKind, Status
from incidents.models import Incident
from incidents.policy import Policy
from lib.businesshours import BusinessHours, next_sprint

K = DeadlineKind
S = Status
_ENDED = (S.CLOSED, S.DISMISSED, S.MERGED)
_UNMITIGATED = (S.TRIAGE, S.ACTIVE)


@dataclass(frozen=True)
class Chairs:
    """Who sits where: held role slugs, how many people, and when somebody last said "I am alone"."""

    held: frozenset[str] = frozenset()
    people: int = 0
    alone_since: datetime | None = None


@dataclass(frozen=True)
class Calendar:
    """The team's time: business hours, and when its sprints start."""

    hours: BusinessHours
    sprint_anchor: date
    sprint_days: int


@dataclass(frozen=True)
class Wanted:
    """A clock that should run now."""

    kind: str
    round: int
    started_at: datetime
    due_at: datetime
    interval: timedelta
    #: When it would have been due, had nobody put it off.
    snoozed_from: datetime | None = None


#: How often somebody who is alone is asked to hand over a chair.
ALONE_EVERY = timedelta(minutes=15)


def wanted(incident: Incident, policy: Policy, chairs: Chairs, calendar: Calendar) -> list[Wanted]:
    """Every clock that runs in this state; what is missing here is stopped."""
    if incident.is_retrospective:
        rules: tuple[Callable[..., Wanted | None], ...] = (_postmortem,)
    else:
        rules = (
            _response,
            _roles,
            _internal,
            _public_first,
            _public_update,
            _management,
            _postmortem,
            _alone,
        )
    found = (rule(incident, policy, chairs, calendar) for rule in rules)
    return [one for one in found if one is not None]


def _start(incident: Incident, kind: str, *bases: datetime | None) -> tuple[datetime, int]:
    """The later of the base instants and the clock's own start; and its round."""
    clock = incident.clocks.get(kind)
    starts = [base for base in bases if base]
    if clock:
        starts.append(datetime.fromisoformat(clock["at"]))
    return max(starts), int(clock["round"]) if clock else 0


def _put_off(
    incident: Incident, kind: str, start: datetime, due: datetime, every: timedelta
) -> tuple[datetime, datetime | None]:
    """When it is due and, if somebody put it off, when it would have been: at most twice the cadence."""
    until = incident.clocks.get(kind, {}).get("until")
    later = min(datetime.fromisoformat(until), start + 2 * every) if until else due
    return (later, due) if later > due else (due, None)


def _response(incident: Incident, policy: Policy, chairs: Chairs, calendar: Calendar) -> Wanted | None:
    if incident.status not in _UNMITIGATED or incident.acknowledged_at:
        return None
    start, turn = _start(incident, K.RESPONSE, incident.detected_at)
    if policy.response_kind == ResponseKind.NEXT_SPRINT:
        due = next_sprint(start, calendar.sprint_anchor, calendar.sprint_days, calendar.hours.zone)
    elif policy.response_within is None:
        return None
    elif policy.response_kind == ResponseKind.BUSINESS_HOURS:
        due = calendar.hours.add(start, policy.response_within)
    else:
        due = start + policy.response_within
    return Wanted(K.RESPONSE, turn, start, due, max(due - start, timedelta(minutes=1)))


def _roles(incident: Incident, policy: Policy, chairs: Chairs, calendar: Calendar) -> Wanted | None:
    missing = set(policy.required_roles) - chairs.held
    if incident.status not in (S.ACTIVE, S.MITIGATED) or not incident.declared_at or not missing:
        return None
    start, turn = _start(incident, K.ROLES, incident.declared_at)
    return Wanted(K.ROLES, turn, start, start + policy.roles_within, policy.roles_within)


def _internal(incident: Incident, policy: Policy, chairs: Chairs, calendar: Calendar) -> Wanted | None:
    every = policy.internal_update_every
    if every is None or not incident.declared_at or incident.status not in (S.ACTIVE, S.MITIGATED):
        return None
    if incident.status == S.MITIGATED:
        every = policy.internal_update_mitigated or every
    start, turn = _start(incident, K.INTERNAL_UPDATE, incident.declared_at)
    due = start + every
    if incident.promised_at and incident.promised_at > start:
        # A promise made under a calmer severity holds no longer than the cadence reached since.
        is_of_this_round = start == incident.last_update_at
        due = incident.promised_at if is_of_this_round else min(incident.promised_at, due)
    due, was = _put_off(incident, K.INTERNAL_UPDATE, start, due, every)
    return Wanted(K.INTERNAL_UPDATE, turn, start, due, every, was)


def _is_public(incident: Incident) -> bool:
    return not (incident.is_private or incident.is_drill)


def _public_first(incident: Incident, policy: Policy, chairs: Chairs, calendar: Calendar) -> Wanted | None:
    within = policy.public_first_within
    if (
        within is None
        or not _is_public(incident)
        or not incident.declared_at
        or incident.public_first_at
        or incident.public_skipped_at
        or incident.status in (*_ENDED, S.TRIAGE)
    ):
        return None
    start, turn = _start(incident, K.PUBLIC_FIRST, incident.declared_at)
    return Wanted(K.PUBLIC_FIRST, turn, start, start + within, within)


def _public_update(incident: Incident, policy: Policy, chairs: Chairs, calendar: Calendar) -> Wanted | None:
    every = policy.public_update_every
    if (
        every is None
        or not _is_public(incident)
        or not incident.public_last_at
        or incident.public_resolved_at
        or incident.status in _ENDED
    ):
        return None
    if incident.status in (S.MITIGATED, S.RESOLVED):
        every = policy.public_update_mitigated or every
    start, turn = _start(incident, K.PUBLIC_UPDATE, incident.public_last_at)
    due, was = _put_off(incident, K.PUBLIC_UPDATE, start, start + every, every)
    return Wanted(K.PUBLIC_UPDATE, turn, start, due, every, was)


def _management(incident: Incident, policy: Policy, chairs: Chairs, calendar: Calendar) -> Wanted | None:
    after = policy.management_after
    if after is None or incident.is_drill or incident.status not in _UNMITIGATED:
        return None
    start, _ = _start(incident, K.MANAGEMENT, incident.detected_at)
    # Keyed by the opening alone: at most one loop-in, whatever severity does meanwhile.
    return Wanted(K.MANAGEMENT, 0, start, start + after, after)


def _postmortem(incident: Incident, policy: Policy, chairs: Chairs, calendar: Calendar) -> Wanted | None:
    if (
        not incident.has_postmortem_duty
        or not incident.resolved_at
        or incident.status != S.RESOLVED
        or incident.postmortem_published_at
        or incident.postmortem_waived_at
    ):
        return None
    days = policy.postmortem_business_days or 10
    due = calendar.hours.add_days(incident.resolved_at, days)
    return Wanted(K.POSTMORTEM, 0, incident.resolved_at, due, timedelta(days=1))


def _alone(incident: Incident, policy: Policy, chairs: Chairs, calendar: Calendar) -> Wanted | None:
    if not chairs.alone_since or chairs.people > 1 or incident.status not in _UNMITIGATED:
        return None
    turn = int(incident.clocks.get(K.HAND_OVER, {}).get("round", 0))
    return Wanted(K.HAND_OVER, turn, chairs.alone_since, chairs.alone_since + ALONE_EVERY, ALONE_EVERY)
