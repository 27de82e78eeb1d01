"""Promises that ran out: find what is late, say so on the timeline, remind the right person."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet, prefetch_related_objects
from django.utils.timezone import now

from accounts.actors import system
from accounts.models import User
from incidents import deadlines, duties, roles, timeline
from incidents.kinds import COMMS_LEAD, INCIDENT_COMMANDER, DeadlineKind, EventKind, Status
from incidents.models import Deadline, Incident, TimelineEvent

log = logging.getLogger(__name__)
K = DeadlineKind
Level = Deadline.Level
#: Kinds whose reminders climb: Comms Lead, then Commander, then (inside only) a page to both.
_CLIMBING = (K.INTERNAL_UPDATE, K.PUBLIC_FIRST, K.PUBLIC_UPDATE)
_WROTE_LATELY = timedelta(minutes=10)
# So many promises share a transaction: its locks are held for some tens of milliseconds.
_AT_ONCE = 50


def owed(limit: int = 200) -> QuerySet[Deadline]:
    """What the sweep has to look at now."""
    return Deadline.objects.filter(stopped_at=None, next_at__lte=now()).order_by("next_at")[:limit]


def miss_overdue(limit: int = 200) -> int:
    """Notice every promise that has run out or has to be reminded of; return how many.

    In short transactions, and always the incident's lock first. An incident that somebody is writing to is
    left to the next sweep. What is missed for the first time goes many in one transaction: after an
    outage, or at the top of an hour, thousands may be due in the same second.
    """
    moment = now()
    due = list(owed(limit))
    first = [row for row in due if row.missed_at is None and row.due_at <= moment]
    later = [row for row in due if row.missed_at is not None or row.due_at > moment]
    return sum(_some(batch) for batch in batched(first, _AT_ONCE)) + sum(_one(_look, row) for row in later)


def _some(batch: Sequence[Deadline]) -> int:
    """Many in one transaction; one by one where that fails, so that one keeps none of the others."""
    try:
        return _miss_together(batch)
    except Exception:
        log.exception("the sweep could not miss %d promises together", len(batch))
        return sum(_one(_look, row) for row in batch)


@transaction.atomic
def _miss_together(batch: Sequence[Deadline]) -> int:
    incidents = timeline.lock_those_free(row.incident_id for row in batch)
    moment = now()
    # Read again under the locks: whoever swept, stopped or moved one meanwhile did so under the same.
    due = Deadline.objects.filter(pk__in=[row.pk for row in batch], incident__in=list(incidents))
    due = due.filter(stopped_at=None, missed_at=None, next_at__lte=moment, due_at__lte=moment)
    rows = list(due.order_by("next_at", "pk"))
    steps: dict[datetime | None, list[int]] = {}
    for row in rows:
        steps.setdefault(_next_look(row, moment), []).append(row.pk)
    for next_at, ids in steps.items():
        claim = Deadline.objects.filter(pk__in=ids, stopped_at=None, missed_at=None)
        if claim.update(missed_at=moment, was_kept=False, level=Level.NUDGE, next_at=next_at) != len(ids):
            raise RuntimeError("a promise was taken although its incident is locked")
    prefetch_related_objects(list(incidents.values()), "acknowledged_by")
    held = roles.holders_of(incidents.values())
    notes = []
    for row in rows:
        incident = incidents[row.incident_id]
        notes.append(timeline.Note(incident, _missed(row, _person(incident, row, held[incident.pk]))))
    timeline.record_quietly(EventKind.DEADLINE_MISSED, notes, actor=system())
    return len(rows)


def _one[Row](look: Callable[[Row], bool], row: Row) -> bool:
    """One that fails must not keep the others from their turn; the next sweep tries it again."""
    try:
        return look(row)
    except Exception:
        log.exception("the sweep could not look after %s", row)
        return False


@transaction.atomic
def _look(late: Deadline) -> bool:
    incident = timeline.lock_if_free(late.incident_id)
    if incident is None:
        return False
    # The claim: whoever else swept the same row at the same time finds next_at changed.
    if not Deadline.objects.filter(pk=late.pk, stopped_at=None, next_at=late.next_at).update(next_at=None):
        return False
    late.refresh_from_db()
    if now() < late.due_at:
        _remind(incident, late)
    elif late.missed_at is None:
        _miss(incident, late)
    else:
        _climb(incident, late)
    return True


def _remind(incident: Incident, row: Deadline) -> None:
    row.next_at = row.due_at
    row.save(update_fields=["next_at"])
    _nudge(incident, row, _speaker(incident), level=None)


def _miss(incident: Incident, row: Deadline) -> None:
    row.missed_at, row.was_kept, row.level = now(), False, Level.NUDGE
    row.next_at = _next_look(row, now())
    row.save(update_fields=["missed_at", "was_kept", "level", "next_at"])
    person = _person(incident, row, roles.holders(incident))
    timeline.record(incident, EventKind.DEADLINE_MISSED, actor=system(), **_missed(row, person))


def _next_look(row: Deadline, at: datetime) -> datetime | None:
    repeats = row.kind in _CLIMBING or row.kind == K.HAND_OVER
    # From now on, not from the due time: after an outage the ladder is climbed, never jumped.
    return at + row.interval if repeats else None


def _missed(row: Deadline, person: User | None) -> dict[str, Any]:
    """What the event says."""
    return {
        "deadline": row.kind,
        "due_at": row.due_at.isoformat(),
        "level": int(Level.NUDGE),
        "opening": row.opening,
        "round": row.round,
        "user": person.pk if person else None,
        "user_name": str(person) if person else "",
    }


def _climb(incident: Incident, row: Deadline) -> None:
    if row.kind == K.HAND_OVER:
        row.next_at = now() + row.interval
        row.save(update_fields=["next_at"])
        _nudge(incident, row, _commander(incident), level=Level.NUDGE)
        return
    if row.level == Level.NUDGE:
        row.level, row.next_at = Level.COMMANDER, now() + row.interval
        row.save(update_fields=["level", "next_at"])
        _nudge(incident, row, _commander(incident), level=Level.COMMANDER)
        return
    row.level, row.next_at = Level.PAGE, None
    row.save(update_fields=["level", "next_at"])
    if row.kind != K.INTERNAL_UPDATE or deadlines.is_quiet(incident) or _wrote_lately(incident):
        return
    for person in {one for one in (_commander(incident), _speaker(incident)) if one}:
        _nudge(incident, row, person, level=Level.PAGE)


def _nudge(incident: Incident, row: Deadline, person: User | None, *, level: int | None) -> None:
    if person is None:
        return
    timeline.record(
        incident,
        EventKind.DEADLINE_NUDGED,
        actor=system(),
        deadline=row.kind,
        due_at=row.due_at.isoformat(),
        level=level,
        opening=row.opening,
        round=row.round,
        user=person.pk,
        user_name=str(person),
        page=level == Level.PAGE,
    )


def _commander(incident: Incident) -> User | None:
    return roles.holders(incident).get(INCIDENT_COMMANDER) or incident.acknowledged_by


def _speaker(incident: Incident) -> User | None:
    """The Comms Lead, else the commander, else whoever acknowledged."""
    return roles.holders(incident).get(COMMS_LEAD) or _commander(incident)


def _person(incident: Incident, row: Deadline, held: dict[str, User]) -> User | None:
    commander = held.get(INCIDENT_COMMANDER) or incident.acknowledged_by
    return held.get(COMMS_LEAD) or commander if row.kind in _CLIMBING else commander


def _wrote_lately(incident: Incident) -> bool:
    people = [one.pk for one in (_commander(incident), _speaker(incident)) if one]
    return TimelineEvent.objects.filter(
        incident=incident, actor__in=people, recorded_at__gt=now() - _WROTE_LATELY
    ).exists()


CLOSE_AFTER = timedelta(days=7)


def close_old(limit: int = 100) -> int:
    """Close what has been resolved for seven days and owes nothing any more; return how many."""
    from_before = now() - CLOSE_AFTER
    old = Incident.objects.filter(status=Status.RESOLVED, resolved_at__lte=from_before)
    # What owes something is left out here already, or a hundred of them would keep the rest from closing.
    old = old.exclude(
        has_postmortem_duty=True, postmortem_published_at=None, postmortem_waived_at=None
    ).exclude(Q(public_first_at__isnull=False) & Q(public_resolved_at=None))
    return sum(
        _one(_close, pk) for pk in list(old.order_by("resolved_at").values_list("pk", flat=True)[:limit])
    )


@transaction.atomic
def _close(pk: int) -> bool:
    incident = timeline.lock(pk)
    if incident.status != Status.RESOLVED or duties.owed(incident):
        return False
    timeline.record(incident, EventKind.CLOSED, actor=system())
    return True
