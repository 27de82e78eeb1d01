"""What rooms above record on an incident's timeline: complete, so that rules here may depend on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts import responders
from accounts.actors import Actor, system
from accounts.models import User
from incidents import timeline
from incidents.kinds import EventKind
from incidents.membership import welcome_all
from incidents.models import Incident, IncidentMember, TimelineEvent
from incidents.reasons import needs_reason
from lib.refusal import Invalid, Refused

E = EventKind


def joined_alert(incident: Incident | int, *, actor: Actor, label: str, **data: Any) -> TimelineEvent:
    """An alert belongs to this incident now."""
    return timeline.record(incident, E.ALERT_JOINED, actor=actor, text=label, **data)


def cleared_alert(incident: Incident | int, *, actor: Actor, label: str, **data: Any) -> TimelineEvent:
    return timeline.record(incident, E.ALERT_CLEARED, actor=actor, text=label, **data)


def signals_clear(incident: Incident | int, *, actor: Actor) -> TimelineEvent:
    """Every alert of the incident has cleared; whether users still hurt is for a person to say."""
    return timeline.record(incident, E.SIGNALS_CLEAR, actor=actor)


def may_not_be_mitigated(incident: Incident | int, *, actor: Actor, label: str, **data: Any) -> TimelineEvent:
    """A new alert fired although the incident counts as mitigated."""
    return timeline.record(incident, E.MAY_NOT_BE_MITIGATED, actor=actor, text=label, **data)


@dataclass(frozen=True)
class Asked:
    """People who were asked to answer for an incident, whose lock the caller holds."""

    incident: Incident
    users: Sequence[User]
    policy: str
    step: int
    reason: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def paged(
    asked: Incident | int, *, user_ids: list[int], policy: str, step: int, **data: Any
) -> TimelineEvent:
    """People were asked to answer; on a private incident that makes them its people.

    ``asked`` is the incident's ID, or the row that its lock gave in this transaction.
    """
    incident = asked if isinstance(asked, Incident) else timeline.lock(asked)
    people = list(User.objects.filter(pk__in=user_ids))
    reason = str(data.pop("reason", ""))
    return paged_all([Asked(incident, people, policy, step, reason, data)])[0]


def paged_all(asked: Sequence[Asked]) -> list[TimelineEvent]:
    """The same for many at once, in as many statements for one as for a hundred."""
    pairs = [(one.incident, user) for one in asked for user in one.users]
    welcome_all(pairs, IncidentMember.Why.PAGED)
    notes = [
        timeline.Note(
            one.incident,
            {
                "users": ",".join(str(user.pk) for user in one.users),
                "policy": one.policy,
                "step": one.step,
                "reason": one.reason,
                **one.data,
            },
            ", ".join(str(user) for user in one.users),
        )
        for one in asked
    ]
    return timeline.record_quietly(E.PAGED, notes, actor=system())


def pages_failed(failed: Sequence[timeline.Note]) -> list[TimelineEvent]:
    """Steps of incidents, whose locks the caller holds, asked nobody."""
    return timeline.record_quietly(E.PAGE_FAILED, failed, actor=system())


def let_ring(incident_id: int, *, actor: Actor, text: str) -> TimelineEvent | None:
    """What was gathered quietly wakes people after all: the pager hears of the changed details, once."""
    incident = timeline.lock(incident_id)
    if not incident.pages_nobody:
        return None
    incident.pages_nobody = False
    return timeline.record(incident, E.DETAILS_CHANGED, actor=actor, text=text, pages=True)


def page_failed(incident_id: int, *, text: str, **data: Any) -> TimelineEvent:
    """A step reached nobody, or a message could not be delivered."""
    return timeline.record(incident_id, E.PAGE_FAILED, actor=system(), text=text, **data)


def management_informed(incident_id: int, *, text: str, **data: Any) -> TimelineEvent:
    return timeline.record(incident_id, E.MANAGEMENT_INFORMED, actor=system(), text=text, **data)


def published(
    incident_id: int, *, actor: Actor, status: str, text: str, at: datetime | None = None, **data: Any
) -> TimelineEvent:
    """The public was told. Stops ``public_first``, starts ``public_update``.

    Raises:
        Refused: private incidents and drills are never public.
    """
    with timeline.locked(incident_id, actor=actor, verb="publish") as incident:
        if incident.is_private or incident.is_drill:
            raise Refused(
                "never_public", _("Private incidents and drills are never shown on the status page.")
            )
        return timeline.record(incident, E.PUBLISHED, actor=actor, at=at, text=text, status=status, **data)


def skip_public(incident_id: int, *, actor: Actor, reason: str) -> Incident:
    """ "No public notice needed", with a reason: stops ``public_first``."""
    with timeline.locked(incident_id, actor=actor, verb="publish") as incident:
        if incident.public_first_at:
            raise Refused("already_public", _("The public was told already. Resolve the notice instead."))
        timeline.record(incident, E.PUBLIC_SKIPPED, actor=actor, text=needs_reason(reason))
    return incident


def public_resolved(incident_id: int, *, actor: Actor, text: str = "") -> TimelineEvent:
    """The public notice is resolved: stops ``public_update``."""
    with timeline.locked(incident_id, actor=actor, verb="publish") as incident:
        return timeline.record(incident, E.PUBLIC_RESOLVED, actor=actor, text=text)


def postmortem_opened(incident_id: int, *, postmortem_id: int, actor: Actor | None = None) -> TimelineEvent:
    return timeline.record(
        incident_id, E.POSTMORTEM_OPENED, actor=actor or system(), postmortem=postmortem_id
    )


def postmortem_published(
    incident_id: int, *, actor: Actor, postmortem_id: int, public_text: str = "", reviewed: bool = False
) -> TimelineEvent:
    """The write-up is there; the duty is done. ``public_text`` is what a human approved for everybody."""
    with timeline.locked(incident_id, actor=actor, verb="postmortem") as incident:
        return timeline.record(
            incident,
            E.POSTMORTEM_PUBLISHED,
            actor=actor,
            text=public_text,
            postmortem=postmortem_id,
            is_public=bool(public_text),
            reviewed=reviewed,
        )


def postmortem_waived(incident_id: int, *, actor: Actor, reason: str) -> Incident:
    """A manager lets the duty go, with a reason that is shown and counted."""
    with timeline.locked(incident_id, actor=actor, verb="waive_postmortem") as incident:
        if not incident.has_postmortem_duty:
            raise Refused("no_duty", _("This incident owes no postmortem."))
        timeline.record(incident, E.POSTMORTEM_WAIVED, actor=actor, text=needs_reason(reason))
    return incident


def ask_for_help(
    incident_id: int, *, actor: Actor, kind: str, target_id: int, target_name: str, reason: str
) -> Incident:
    """Ask a person, a team or the on-call of a service to come; the room above pages on this news.

    ``kind`` is ``user``, ``team`` or ``service``.

    Raises:
        Refused: ``not_a_responder``, a viewer could not answer.
    """
    if kind not in ("user", "team", "service"):
        raise Invalid(_("Name a person, a team or a service."), field="target")
    if kind == "user" and (user := User.objects.filter(pk=target_id).first()):
        responders.check(user)
    with timeline.locked(incident_id, actor=actor, verb="page") as incident:
        timeline.record(
            incident,
            E.PAGE_ASKED,
            actor=actor,
            text=needs_reason(reason),
            target_kind=kind,
            target_id=target_id,
            target_name=target_name,
        )
    return incident
