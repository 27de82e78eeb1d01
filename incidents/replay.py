"""Does every timeline hold? Replays it, checks its seals, and compares the row with its reading."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from incidents import digests, guards, transitions
from incidents.models import Incident, TimelineEvent
from lib.refusal import Refused


@dataclass(frozen=True)
class Difference:
    """One thing that does not hold."""

    reference: str
    what: str

    def __str__(self) -> str:
        return f"{self.reference}: {self.what}"


def check_all() -> Iterator[Difference]:
    """Everything that is wrong, over all incidents; nothing when all is well."""
    for name in guards.missing(connection):
        yield Difference("database", f"the guard {name} is missing")
    for incident in Incident.objects.order_by("pk").iterator(chunk_size=200):
        yield from check(incident)


def check(incident: Incident) -> Iterator[Difference]:
    """Numbers without a gap, seals unbroken, times of recording in order, row equal to its reading."""
    events = list(incident.timeline.order_by("number"))
    if not events:
        yield Difference(incident.reference, "has no events")
        return
    previous, before = digests.GENESIS, None
    for expected, event in enumerate(events, start=1):
        if event.number != expected:
            yield Difference(incident.reference, f"event {expected} is missing")
            return
        yield from _seal(incident, event, previous)
        if before and event.recorded_at < before.recorded_at:
            yield Difference(
                incident.reference, f"event {event.number} was recorded before the one before it"
            )
        previous, before = event.digest, event
    yield from _row(incident, events)


def _seal(incident: Incident, event: TimelineEvent, previous: str) -> Iterator[Difference]:
    fits = event.digest == digests.digest(
        previous=previous,
        number=event.number,
        kind=event.kind,
        at=event.at,
        recorded_at=event.recorded_at,
        actor_id=event.actor_id,
        text_hash=event.text_hash,
        data_hash=event.data_hash,
    )
    if not fits:
        yield Difference(incident.reference, f"the digest of event {event.number} does not fit")
    if event.redacted_at is None and event.text_hash != digests.text_hash(event.salt, event.text):
        yield Difference(incident.reference, f"the words of event {event.number} were changed")
    blanked = event.redacted_at is not None and event.data == {}
    if not blanked and event.data_hash != digests.data_hash(event.data):
        yield Difference(incident.reference, f"the data of event {event.number} were changed")


def reading(incident: Incident, events: list[TimelineEvent]) -> Incident:
    """A fresh row that only the events have written.

    Raises:
        Refused: the events do not follow one another.
    """
    blank = Incident(pk=incident.pk, number=incident.number, detected_at=events[0].at)
    for event in events:
        transitions.apply(blank, event)
    return blank


def _row(incident: Incident, events: list[TimelineEvent]) -> Iterator[Difference]:
    try:
        replayed: Any = reading(incident, events)
    except Refused as refusal:
        yield Difference(incident.reference, f"cannot be replayed: {refusal.message}")
        return
    for column in transitions.REPLAYED:
        kept, told = getattr(incident, column), getattr(replayed, column)
        if kept != told:
            yield Difference(incident.reference, f"{column} is {kept}, its timeline says {told}")
