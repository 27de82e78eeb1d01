"""The score of a drill that is over: the first five minutes step by step, and every clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from incidents.kinds import DeadlineKind, EventKind, Status
from incidents.models import Incident, Role
from incidents.room import FIRST_FIVE
from incidents.severity import policy_of
from lib import durations
from lib.refusal import Refused

_OVER = (Status.RESOLVED, Status.CLOSED, Status.DISMISSED)


@dataclass(frozen=True)
class Mark:
    """One thing that was practised: what, how long it took, whether it came in time."""

    key: str
    label: str
    took: timedelta | None
    is_good: bool

    @property
    def words(self) -> str:
        return _("never") if self.took is None else durations.clock(self.took)


@dataclass(frozen=True)
class Promise:
    """One clock over the whole drill: how often it ran, and how often it ran out."""

    kind: str
    label: str
    kept: int
    missed: int


@dataclass(frozen=True)
class Score:
    """What was in time of what was practised."""

    steps: list[Mark]
    promises: list[Promise]

    @property
    def good(self) -> int:
        return sum(one.is_good for one in self.steps) + sum(one.kept for one in self.promises)

    @property
    def total(self) -> int:
        return len(self.steps) + sum(one.kept + one.missed for one in self.promises)


def is_due(incident: Incident) -> bool:
    """Has the drill ended, so that there is a score?"""
    return incident.is_drill and incident.status in _OVER


def of(incident: Incident) -> Score:
    """The score, read from the timeline alone; a correction of a time corrects it too.

    Raises:
        Refused: it is no drill, or it still runs.
    """
    if not incident.is_drill:
        raise Refused("not_a_drill", _("Only drills are scored."))
    if not is_due(incident):
        raise Refused("drill_runs", _("The drill still runs. Its score is there when it ends."))
    return Score(_steps(incident), _promises(incident))


def _steps(incident: Incident) -> list[Mark]:
    """Acknowledging is measured from the detection, the other four from the acknowledgement."""
    acknowledged = incident.acknowledged_at
    begin = acknowledged or incident.detected_at
    within = policy_of(incident).response_within or FIRST_FIVE
    took = acknowledged - incident.detected_at if acknowledged else None
    first = Mark("acknowledge", _("Acknowledge"), took, took is not None and took <= within)
    rest = (
        ("scope", _("Assess scope"), _first(incident, EventKind.SCOPE_SET)),
        ("severity", _("Set severity"), _first(incident, EventKind.SEVERITY_CHANGED, EventKind.DECLARED)),
        ("declare", _("Declare"), incident.declared_at),
        ("roles", _("Assign roles"), _seated(incident)),
    )
    return [first, *(_mark(key, label, at, begin) for key, label, at in rest)]


def _mark(key: str, label: str, at: datetime | None, begin: datetime) -> Mark:
    took = max(at - begin, timedelta(0)) if at else None
    return Mark(key, label, took, took is not None and took <= FIRST_FIVE)


def _first(incident: Incident, *kinds: EventKind) -> datetime | None:
    event = incident.timeline.filter(kind__in=kinds).order_by("number").first()
    return event.at if event else None


def _seated(incident: Incident) -> datetime | None:
    """When the last of the demanded chairs was first taken; None while one never was."""
    demanded = set(
        Role.objects.filter(slug__in=policy_of(incident).required_roles).values_list("pk", flat=True)
    )
    taken: dict[int, datetime] = {}
    for role, since in incident.holdings.order_by("-since").values_list("role", "since"):
        taken[role] = since
    if not demanded <= set(taken):
        return None
    return max((taken[role] for role in demanded), default=incident.declared_at)


def _promises(incident: Incident) -> list[Promise]:
    rows = incident.deadlines.judged().exclude(kind=DeadlineKind.POSTMORTEM).order_by("pk")
    found: dict[str, list[bool | None]] = {}
    for row in rows:
        found.setdefault(row.kind, []).append(row.was_kept)
    return [
        Promise(kind, str(DeadlineKind(kind).label), kept=ends.count(True), missed=ends.count(False))
        for kind, ends in found.items()
    ]
