"""Somebody is on it: when that is news for the timeline, and what is true after it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.actors import Actor
from incidents import timeline, transitions
from incidents.kinds import EventKind
from incidents.models import Incident
from incidents.questions import ask


@dataclass(frozen=True)
class Said:
    """An acknowledgement: whether it was news, and who is asked although it was said."""

    incident: Incident
    is_new: bool
    #: ``Search (Carol)``: what pages on, and whom it has asked so far.
    still_asked: list[str]

    @property
    def rest(self) -> str:
        """The sentence about who is still asked; empty when nobody is."""
        if not self.still_asked:
            return ""
        words = _("The on-call of %(who)s is still being asked: who was not asked does not stop that pager.")
        return words % {"who": ", ".join(self.still_asked)}


def is_useful(incident: Incident, actor: Actor) -> bool:
    """Would acknowledging say anything new, or stop a pager?"""
    if not transitions.may(incident, EventKind.ACKNOWLEDGED):
        return False
    return not incident.acknowledged_at or _is_news(incident, actor, for_page=False)


def acknowledge(
    incident_id: int, *, actor: Actor, at: datetime | None = None, for_page: bool = False
) -> Said:
    """Acknowledge; a second time by the same person writes nothing unless it would stop another pager.

    ``for_page``: a page was answered, which is told even then.

    Raises:
        Refused: ``wrong_state``, the incident is over. Missing, Forbidden: as for every verb.
    """
    with timeline.locked(incident_id, actor=actor, verb="acknowledge") as incident:
        timeline.check_time(incident, at)
        is_over = not transitions.may(incident, EventKind.ACKNOWLEDGED)
        is_new = is_over or not incident.acknowledged_at or _is_news(incident, actor, for_page=for_page)
        if is_new:
            timeline.record(incident, EventKind.ACKNOWLEDGED, actor=actor, at=at)
        still = ask.still_asked(incident, actor.user) if actor.user else []
    return Said(incident, is_new, still)


def _is_news(incident: Incident, actor: Actor, *, for_page: bool) -> bool:
    said = incident.timeline.filter(kind=EventKind.ACKNOWLEDGED)
    if actor.user is None or for_page:
        since = incident.timeline.filter(kind__in=(EventKind.ACKNOWLEDGED, EventKind.PAGED))
        last = since.order_by("-number").first()
        own = actor.user.pk if actor.user else None
        return last is None or last.kind == EventKind.PAGED or last.actor_id != own
    mine = said.filter(actor=actor.user).order_by("-number").first()
    return mine is None or ask.would_answer(incident, actor.user, mine)
