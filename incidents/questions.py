"""Questions that rooms above answer: filled by their `AppConfig.ready`, so that no import runs upwards."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from accounts.actors import Actor
from accounts.models import User
from catalog.models import Service
from incidents.models import Incident, TimelineEvent


@dataclass
class Questions:
    """What the floors above can be asked; each has an answer that is right without them."""

    #: Is this person on call for the service now?
    is_on_call: Callable[[User, Service], bool] = lambda user, service: False
    #: Do both services wake the same escalation policy?
    same_policy: Callable[[Service, Service], bool] = lambda one, other: False
    #: Who answers for the service now, as people; for the room and the suggestions of chairs.
    on_call_now: Callable[[Service], list[User]] = lambda service: []
    #: Would one more acknowledgement by the person stop a pager, after the event that said it already?
    would_answer: Callable[[Incident, User, TimelineEvent], bool] = lambda incident, user, before: False
    #: What goes on paging although this person has acknowledged.
    still_asked: Callable[[Incident, User], list[str]] = lambda incident, user: []
    #: Page a person, a team or a service's policy: (incident id, actor, target, reason).
    page_somebody: Callable[..., Any] | None = field(default=None)
    #: What rooms above add to the command palette of an incident: (incident, actor) to `palette.Offer` rows.
    verbs: list[Callable[[Incident, Actor], Iterable[Any]]] = field(default_factory=list)
    #: Facts that another room shows beside the incident, by name.
    panels: dict[str, Callable[..., Any]] = field(default_factory=dict)


ask = Questions()
