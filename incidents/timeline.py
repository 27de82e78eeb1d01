"""The one way anything happens to an incident: event, state, deadlines and news in one transaction."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from incidents import deadlines, digests, permissions, searching, transitions
from incidents.kinds import EventKind
from incidents.models import Incident, TimelineEvent, new_salt
from lib.refusal import Invalid
from lib.text import clean
from outbox.announcing import News, announce_all

# A phone's clock may run ahead a little; what lies further in the future is a typing mistake.
_AHEAD = timedelta(minutes=2)
_OLDEST = timedelta(days=3653)
MAX_TEXT = 10_000
# What the next event of an incident has to know of the last one.
_CHAIN = ("number", "digest", "recorded_at")


@contextmanager
def locked(incident_id: int, *, actor: Actor, verb: str) -> Iterator[Incident]:
    """The incident's row, read afresh under its lock, once the actor may do the verb.

    Raises:
        Missing: there is no such incident, or the actor may not know of it.
        Forbidden: the actor's role does not carry the verb.
    """
    with transaction.atomic():
        incident = lock(incident_id)
        permissions.may(actor, verb, incident)
        yield incident


def lock(incident_id: int) -> Incident:
    """The incident with its lock, for the rest of the transaction (lock order: incident, then the rest).

    In one statement as a rule. Where that one finds nothing, first the lock and then the reading: PostgreSQL
    checks a join again with the new row and the old neighbours after it has waited, and finds nothing where
    somebody has just changed the severity.
    """
    row = _whole().select_for_update(of=("self",)).filter(pk=incident_id).first()
    if row is not None:
        return _noted(row)
    Incident.objects.select_for_update().values_list("pk").get(pk=incident_id)
    return read(incident_id)


def lock_if_free(incident_id: int) -> Incident | None:
    """The same without waiting; None while somebody else writes to it."""
    row = _whole().select_for_update(skip_locked=True, of=("self",)).filter(pk=incident_id).first()
    return _noted(row) if row else None


def lock_those_free(incident_ids: Iterable[int]) -> dict[int, Incident]:
    """Those of the incidents that nobody is writing to, locked without waiting, by id."""
    free = Incident.objects.select_for_update(skip_locked=True).filter(pk__in=set(incident_ids))
    # Many incidents share a few services and severities: each is made once, and not once an incident.
    whole = free.order_by("pk").prefetch_related("severity", "severity_version", "service__team")
    return {row.pk: _noted(row) for row in whole}


def read(incident_id: int) -> Incident:
    """The row with what every rule asks of it."""
    return _noted(_whole().get(pk=incident_id))


def _whole() -> QuerySet[Incident]:
    return Incident.objects.select_related("severity", "severity_version", "service__team")


def _columns(row: Incident) -> dict[str, Any]:
    return {field.attname: row.__dict__.get(field.attname) for field in Incident._meta.concrete_fields}


def _noted(row: Incident) -> Incident:
    """The row with a note of what the database holds, so that an event writes only what it changes."""
    row.as_read = _columns(row)
    return row


def _save(row: Incident) -> None:
    before = row.as_read
    if before is None:
        row.save()
        searching.keep_incident(row)
        return
    after = _columns(row)
    changed = [name for name, value in after.items() if value != before[name]]
    if changed:
        row.save(update_fields=changed)
        row.as_read = after
    if not searching.COLUMNS.isdisjoint(changed):
        searching.keep_incident(row)


def record(
    incident: Incident | int,
    kind: EventKind,
    *,
    actor: Actor,
    at: datetime | None = None,
    text: str = "",
    **data: Any,
) -> TimelineEvent:
    """Append an event, move the incident, reset its deadlines and owe the news.

    All four or none: they share one transaction and the lock on the incident's row. ``data`` holds strings,
    integers, booleans and None only.

    Raises:
        Refused: the state machine does not allow the event now.
        Invalid: a time before the incident began or in the future, or a text that no database keeps.
    """
    if not isinstance(incident, Incident):
        with transaction.atomic():
            return record(lock(incident), kind, actor=actor, at=at, text=text, **data)
    row = incident
    recorded_at = now()
    digests.check_data(data)
    last = row.timeline.order_by("-number").only(*_CHAIN).first()
    event = _append(
        row, kind, last, actor=actor, at=at or recorded_at, recorded_at=recorded_at, text=text, data=data
    )
    transitions.apply(row, event)
    # A savepoint would keep nothing: whatever fails from here on, the verb's own transaction fails with it.
    with transaction.atomic(savepoint=False):
        _save(row)
        event.save()
        searching.keep_event(row, event)
        deadlines.reset(row, cause=event)
        if kind in transitions.ENDS:
            row.chair_offers.end(recorded_at)
        announce_all(kind.topic, [_news(event)])
    return event


def _news(event: TimelineEvent) -> News:
    ids = {"incident": event.incident_id, "event": event.pk, "number": event.number}
    if "deadline" in event.data:
        # Most who hear of a promise care for one kind only, and thousands may run out at once.
        ids["deadline"] = event.data["deadline"]
    return News(f"event:{event.pk}", f"incident:{event.incident_id}", ids)


@dataclass(frozen=True)
class Note:
    """An event of a kind that moves nothing, for `record_quietly`."""

    incident: Incident
    data: dict[str, Any]
    text: str = ""


@transaction.atomic
def record_quietly(kind: EventKind, notes: Sequence[Note], *, actor: Actor) -> list[TimelineEvent]:
    """Append an event to each of many locked incidents at once, of a kind that moves no state and no clock.

    A few statements however many there are; an incident may come more than once.

    Raises:
        ValueError: the kind moves something, so each event has to be recorded by itself.
    """
    if transitions.moves(kind) or not deadlines.is_silent(kind):
        raise ValueError(f"{kind} moves an incident")
    last = _last_events([note.incident.pk for note in notes])
    recorded_at, events = now(), []
    for note in notes:
        digests.check_data(note.data)
        event = _append(
            note.incident,
            kind,
            last.get(note.incident.pk),
            actor=actor,
            at=recorded_at,
            recorded_at=recorded_at,
            text=note.text,
            data=note.data,
        )
        last[note.incident.pk] = event
        events.append(event)
    TimelineEvent.objects.bulk_create(events)
    announce_all(kind.topic, [_news(event) for event in events])
    return events


def _last_events(incident_ids: Sequence[int]) -> dict[int, TimelineEvent]:
    newest = TimelineEvent.objects.filter(incident=OuterRef("pk")).order_by("-number").values("pk")[:1]
    ends = Incident.objects.filter(pk__in=incident_ids).annotate(end=Subquery(newest)).values("end")
    rows = TimelineEvent.objects.filter(pk__in=ends).only("incident", *_CHAIN)
    return {event.incident_id: event for event in rows}


def _append(
    incident: Incident,
    kind: EventKind,
    last: TimelineEvent | None,
    *,
    actor: Actor,
    at: datetime,
    recorded_at: datetime,
    text: str,
    data: dict[str, Any],
) -> TimelineEvent:
    # The digest chain promises that recorded_at never goes back, even when the machine's clock does.
    recorded_at = max(recorded_at, last.recorded_at) if last else recorded_at
    event = TimelineEvent(
        incident=incident,
        number=last.number + 1 if last else 1,
        kind=kind,
        at=at,
        recorded_at=recorded_at,
        actor=actor.user,
        actor_kind=actor.kind,
        actor_label=actor.label[:120],
        via=actor.via,
        text=clean(text, max_length=MAX_TEXT),
        data=data,
        salt=new_salt(),
        digest_version=digests.VERSION,
    )
    event.text_hash = digests.text_hash(event.salt, event.text)
    event.data_hash = digests.data_hash(data)
    event.digest = digests.digest(
        previous=last.digest if last else digests.GENESIS,
        number=event.number,
        kind=event.kind,
        at=event.at,
        recorded_at=event.recorded_at,
        actor_id=event.actor_id,
        text_hash=event.text_hash,
        data_hash=event.data_hash,
    )
    return event


def check_opening(incident: Incident, at: datetime | None, *, field: str = "at") -> None:
    """What ends the impact of a reopened incident comes after the reopening.

    Raises:
        Invalid: the time lies in an opening that is over.
    """
    if at and incident.impact_from and at < incident.impact_from:
        raise Invalid(
            _("That is before the incident was reopened. Give a later time."),
            code="before_reopened",
            field=field,
        )


def check_past(at: datetime | None, *, field: str) -> None:
    """A year that nobody meant is a typing mistake.

    Raises:
        Invalid: more than ten years ago.
    """
    if at and at < now() - _OLDEST:
        raise Invalid(_("That is more than ten years ago. Check the year."), code="too_old", field=field)


def check_time(incident: Incident, at: datetime | None, *, field: str = "at") -> None:
    """``started_at ≤ at ≤ now + 2 min``.

    Raises:
        Invalid: says which bound was broken.
    """
    if at is None:
        return
    check_past(at, field=field)
    if at > now() + _AHEAD:
        raise Invalid(
            _("That time is still to come. Give the time at which it happened."), code="future", field=field
        )
    if at < incident.impact_began_at and at < incident.detected_at:
        raise Invalid(
            _("That is before the incident began. Correct the start first, or give a later time."),
            code="before_start",
            field=field,
        )
