"""What the incident already knows: prefills for the document and the conditions shown beside it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.models import User
from incidents import deadlines
from incidents.kinds import INCIDENT_COMMANDER, EventKind
from incidents.models import Incident, MitigationAttempt, RoleHolding, TimelineEvent


def impact(incident: Incident) -> timedelta | None:
    """How long users were hurt, summed over reopenings; None while they still are.

    From ``started_at`` (else ``detected_at``; of a later opening: its reopening) to ``mitigated_at``, plus
    the seconds of earlier openings. Whole seconds, never below zero.
    """
    if incident.mitigated_at is None:
        return None
    began = incident.impact_from or incident.impact_began_at
    current = max(incident.mitigated_at - began, timedelta(0))
    return timedelta(seconds=incident.impact_seconds) + current


def handle(user: User) -> str:
    """``@alice``: how the template names a person."""
    return "@" + user.email.partition("@")[0]


def find_handle(text: str) -> User | None:
    """The one active person whom ``@alice`` (or a whole address, or a name) can mean; None when unsure."""
    asked = text.strip().removeprefix("@")
    if not asked:
        return None
    people = User.objects.filter(is_active=True)
    for found in (
        people.filter(email__iexact=asked),
        people.filter(email__istartswith=f"{asked}@"),
        people.filter(name__iexact=asked),
    ):
        matches = list(found[:2])
        if matches:
            return matches[0] if len(matches) == 1 else None
    return None


def default_author(incident: Incident) -> User | None:
    """The last Incident Commander, else who acknowledged."""
    last = (
        RoleHolding.objects.filter(incident=incident, role__slug=INCIDENT_COMMANDER)
        .select_related("user")
        .order_by("-since", "-pk")
        .first()
    )
    return last.user if last else incident.acknowledged_by


def users_affected(incident: Incident) -> str:
    """``~5,000``, or a share, or nothing."""
    if incident.users_affected is not None:
        return f"~{incident.users_affected:,}"
    if incident.users_affected_share is not None:
        return f"~{incident.users_affected_share.normalize():f} % of users"
    return ""


def due_at(incident: Incident) -> datetime | None:
    """Until when the policy wants the document published; None without such a clock."""
    row = incident.deadlines.filter(kind="postmortem", opening=incident.opening).order_by("-round").first()
    return row.due_at if row else None


@dataclass(frozen=True)
class Chair:
    """Who held a role, and whether glass was broken for it."""

    role: str
    user: User
    is_glass_broken: bool


@dataclass
class Conditions:
    """The circumstances people worked under: facts, never faults."""

    source: str
    chairs: list[Chair] = field(default_factory=list)
    glass: list[TimelineEvent] = field(default_factory=list)
    updates_kept: int = 0
    updates_due: int = 0
    attempts: list[MitigationAttempt] = field(default_factory=list)

    @property
    def updates_in_time(self) -> str:
        """``4 of 5, 80 %``; empty where nothing was due."""
        return deadlines.in_percent(self.updates_kept, self.updates_due)


def conditions(incident: Incident) -> Conditions:
    """Detection source, chairs, break glass, updates on time, mitigations tried."""
    kept, due = deadlines.adherence(incident)
    holdings = RoleHolding.objects.filter(incident=incident).select_related("role", "user").order_by("since")
    return Conditions(
        source=str(incident.get_source_display()),
        chairs=[Chair(str(row.role), row.user, row.is_glass_broken) for row in holdings],
        glass=list(incident.timeline.filter(kind=EventKind.BREAK_GLASS).select_related("actor")),
        updates_kept=kept,
        updates_due=due,
        attempts=list(incident.attempts.select_related("mitigation", "by").order_by("started_at")),
    )
