"""What one timeline may say of another incident: of a private one not even its number."""

from collections.abc import Iterable, Mapping
from typing import Any

from incidents.models import Incident, TimelineEvent

#: Where events name another incident.
_NAMES = ("into", "source", "other")


def named(data: Mapping[str, Any]) -> set[int]:
    """The numbers of other incidents in an event's data."""
    return {data[name] for name in _NAMES if isinstance(data.get(name), int)}


def private_among(events: Iterable[TimelineEvent]) -> set[int]:
    """Which of the incidents that these events name are private by now."""
    numbers = {number for event in events for number in named(event.data)}
    if not numbers:
        return set()
    # visible_to: the same answer for everybody; it only takes numbers away.
    found = Incident.objects.filter(number__in=numbers, is_private=True)
    return set(found.values_list("number", flat=True))


def masked(data: Mapping[str, Any], private: set[int]) -> dict[str, Any]:
    """An event's data without the numbers of private incidents."""
    return {name: None if name in _NAMES and value in private else value for name, value in data.items()}
