"""What "apply to open incidents" would do to those that are running, before it is done."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.actors import Actor
from incidents import lifecycle
from incidents.kinds import DeadlineKind, EventKind
from incidents.models import Deadline, Incident


@dataclass(frozen=True)
class Change:
    """One clock, before and after; None where it does not run."""

    label: str
    before: datetime | None
    after: datetime | None
    is_overtaken: bool


@dataclass(frozen=True)
class Preview:
    """What would happen to one incident."""

    incident: Incident
    changes: list[Change]
    breaks_glass_for: list[str]


def preview(incident_id: int, *, actor: Actor) -> Preview:
    """What applying the newest version would change. Nothing stays: the real verb runs and is rolled back."""
    with transaction.atomic():
        before = _running(incident_id)
        last = Incident.objects.get(pk=incident_id).timeline.count()
        incident = lifecycle.apply_policy(incident_id, actor=actor)
        after = _running(incident_id)
        glass = incident.timeline.filter(kind=EventKind.BREAK_GLASS, number__gt=last)
        names = [str(event.get("user_name")) for event in glass]
        transaction.set_rollback(True)
    changes = [
        _change(kind, before.get(kind), after.get(kind))
        for kind in DeadlineKind.values
        if _due(before.get(kind)) != _due(after.get(kind))
    ]
    return Preview(incident, changes, names)


def _running(incident_id: int) -> dict[str, Deadline]:
    return {row.kind: row for row in Deadline.objects.filter(incident=incident_id, stopped_at=None)}


def _due(row: Deadline | None) -> datetime | None:
    return row.due_at if row else None


def _change(kind: str, before: Deadline | None, after: Deadline | None) -> Change:
    return Change(
        label=str(DeadlineKind(kind).label),
        before=_due(before),
        after=_due(after),
        is_overtaken=after is not None and after.overtaken_at is not None,
    )
