"""The verbs that carry an incident from triage to closed. Every door says these and nothing else."""

from datetime import datetime
from typing import Any, Unpack

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from incidents import acknowledging, duties, numbers, opening, questions, roles, timeline, transitions
from incidents.duties import owed
from incidents.kinds import EventKind, Provenance, Status
from incidents.merging import merge
from incidents.models import Incident, Severity
from incidents.opening import Opening, Retrospective
from incidents.policy import from_json, newly_running
from incidents.reasons import needs_reason
from incidents.scope import check_start, set_scope
from incidents.severity import policy_of
from incidents.updates import post_update
from lib.refusal import Invalid, Refused

__all__ = [
    "Retrospective",
    "acknowledge",
    "apply_policy",
    "close",
    "declare",
    "dismiss",
    "merge",
    "mitigate",
    "open_incident",
    "owed",
    "post_update",
    "reopen",
    "resolve",
    "set_scope",
    "set_severity",
]


@transaction.atomic
def open_incident(
    *,
    declare: bool = False,
    responding: bool = False,
    retrospective: Retrospective | None = None,
    **words: Unpack[Opening],
) -> Incident:
    """Open an incident in triage, or declared, or as one that is over (no pages, no clocks but `postmortem`).

    Raises:
        Invalid: no title, no or unknown services, times that contradict each other.
    """
    actor = words["actor"]
    incident = opening.create(retrospective=retrospective, **words)
    if retrospective:
        _play(incident, actor, retrospective)
    elif declare:
        declare_now(incident.pk, actor=actor, responding=responding)
    elif responding:
        acknowledge(incident.pk, actor=actor)
    return timeline.lock(incident.pk)


def _play(incident: Incident, actor: Actor, over: Retrospective) -> None:
    if over.acknowledged_at:
        timeline.record(
            timeline.lock(incident.pk), EventKind.ACKNOWLEDGED, actor=actor, at=over.acknowledged_at
        )
    timeline.record(
        timeline.lock(incident.pk),
        EventKind.DECLARED,
        actor=actor,
        at=over.declared_at or incident.detected_at,
        channel_name=None,
        severity=incident.severity.name,
        responding=False,
    )
    if over.mitigated_at:
        mitigate(incident.pk, actor=actor, at=over.mitigated_at)
    resolve(incident.pk, actor=actor, at=over.resolved_at)


def acknowledge(incident_id: int, *, actor: Actor, at: datetime | None = None) -> Incident:
    """Somebody is on it: the pages of the actor's runs stop. The first time counts.

    Saying it again changes nothing, unless that would stop another pager; see `acknowledging`.
    """
    return acknowledging.acknowledge(incident_id, actor=actor, at=at).incident


def declare(
    incident_id: int,
    *,
    actor: Actor,
    responding: bool = False,
    at: datetime | None = None,
    with_channel: bool = True,
) -> Incident:
    """It is an incident: the channel gets its name, the clocks of the severity start.

    Acknowledges only when the actor is on call for the service or says that he responds.
    """
    with timeline.locked(incident_id, actor=actor, verb="declare") as incident:
        timeline.check_time(incident, at)
        if not transitions.may(incident, EventKind.DECLARED):
            raise Refused("wrong_state", _("The incident is declared already."))
        responds = responding or bool(actor.user and questions.ask.is_on_call(actor.user, incident.service))
        if responds and not incident.acknowledged_at:
            timeline.record(incident, EventKind.ACKNOWLEDGED, actor=actor, at=at)
        incident.pages_nobody = False
        moment = at or now()
        timeline.record(
            incident,
            EventKind.DECLARED,
            actor=actor,
            at=moment,
            channel_name=numbers.channel_name(incident, moment) if with_channel else None,
            severity=incident.severity.name,
            responding=responds,
        )
    return incident


def set_severity(
    incident_id: int, *, actor: Actor, severity: Severity, reason: str, at: datetime | None = None
) -> Incident:
    """Change the severity, with a reason. Clocks of a severity reached later start now, never earlier.

    Never refused because of the chairs: what it makes forbidden breaks glass in the same transaction.
    """
    with timeline.locked(incident_id, actor=actor, verb="severity") as incident:
        reason = needs_reason(reason)
        before = incident.severity
        if before.pk == severity.pk:
            raise Refused("same_severity", _("It is %(name)s already.") % {"name": severity.name})
        version = severity.current
        old = policy_of(incident)
        data: dict[str, Any] = {
            "from": before.name,
            "to": severity.name,
            "from_rank": before.rank,
            "to_rank": severity.rank,
            "severity_id": severity.pk,
            "version_id": version.pk,
        }
        new = from_json(version.policy)
        data["starts"] = ",".join(newly_running(old, new))
        lowered = severity.rank > before.rank
        data["keeps_duty"] = lowered and duties.sticks(incident, reason=reason)
        if incident.status == Status.RESOLVED and not incident.is_drill:
            data["postmortem_duty"] = (
                new.postmortem_required or bool(data["keeps_duty"]) or duties.was_kept(incident)
            )
        timeline.record(incident, EventKind.SEVERITY_CHANGED, actor=actor, at=at, text=reason, **data)
        roles.settle(incident, actor=actor, why=_("severity raised"))
    return incident


declare_now = declare  # The parameter of open_incident has the same name.


def mitigate(
    incident_id: int,
    *,
    actor: Actor,
    text: str = "",
    at: datetime | None = None,
    started_at: datetime | None = None,
    provenance: str = Provenance.REPORTED,
) -> Incident:
    """Users no longer hurt; the cause may still be there. From triage it declares first."""
    with timeline.locked(incident_id, actor=actor, verb="mitigate") as incident:
        timeline.check_time(incident, at)
        timeline.check_opening(incident, at)
        _declare_first(incident, actor, at)
        timeline.record(
            incident,
            EventKind.MITIGATED,
            actor=actor,
            at=at,
            text=text,
            **_start_data(incident, started_at, provenance, at),
        )
    return incident


def resolve(
    incident_id: int,
    *,
    actor: Actor,
    text: str = "",
    at: datetime | None = None,
    started_at: datetime | None = None,
    provenance: str = Provenance.REPORTED,
) -> Incident:
    """The cause is gone. What was not mitigated yet is, at the same moment; the duty to learn begins."""
    with timeline.locked(incident_id, actor=actor, verb="resolve") as incident:
        timeline.check_time(incident, at)
        timeline.check_opening(incident, at)
        if at and incident.mitigated_at and at < incident.mitigated_at:
            raise Invalid(
                _("That is before the incident was mitigated."), code="before_mitigated", field="at"
            )
        if at is None and incident.mitigated_at and incident.mitigated_at > now():
            at = incident.mitigated_at  # By a clock that runs a little ahead.
        _declare_first(incident, actor, at)
        duty = not incident.is_drill and (
            policy_of(incident).postmortem_required or duties.was_kept(incident)
        )
        timeline.record(
            incident,
            EventKind.RESOLVED,
            actor=actor,
            at=at,
            text=text,
            postmortem_duty=duty,
            also_mitigates=incident.status == Status.ACTIVE,
            **_start_data(incident, started_at, provenance, at),
        )
    return incident


def _declare_first(incident: Incident, actor: Actor, at: datetime | None) -> None:
    if incident.status != Status.TRIAGE:
        return
    # At severities without a cadence nobody needs a room for what is over already.
    with_channel = policy_of(incident).internal_update_every is not None
    incident.pages_nobody = False
    moment = at or now()
    timeline.record(
        incident,
        EventKind.DECLARED,
        actor=actor,
        at=moment,
        channel_name=numbers.channel_name(incident, moment) if with_channel else None,
        severity=incident.severity.name,
        responding=False,
    )


def _start_data(
    incident: Incident, started_at: datetime | None, provenance: str, at: datetime | None
) -> dict[str, str]:
    if started_at is None:
        return {}
    check_start(incident, started_at, before=at)
    return {"started_at": started_at.isoformat(), "provenance": str(provenance)}


def reopen(incident_id: int, *, actor: Actor, reason: str) -> Incident:
    """Users hurt again: back to active, with a reason; every clock restarts from now."""
    with timeline.locked(incident_id, actor=actor, verb="reopen") as incident:
        timeline.record(incident, EventKind.REOPENED, actor=actor, text=needs_reason(reason))
        roles.settle(incident, actor=actor, why=_("reopened"))
    return incident


def close(incident_id: int, *, actor: Actor) -> Incident:
    """Nothing is owed any more. Final.

    Raises:
        Refused: ``postmortem_owed`` or ``public_open``; the sentence says what to do first.
    """
    with timeline.locked(incident_id, actor=actor, verb="close") as incident:
        refusal = owed(incident)
        if refusal:
            raise refusal
        timeline.record(incident, EventKind.CLOSED, actor=actor)
    return incident


def dismiss(incident_id: int, *, actor: Actor, reason: str) -> Incident:
    """A false alarm. Not counted as an incident; nothing more goes out."""
    with timeline.locked(incident_id, actor=actor, verb="dismiss") as incident:
        timeline.record(incident, EventKind.DISMISSED, actor=actor, text=needs_reason(reason))
    return incident


def apply_policy(incident_id: int, *, actor: Actor) -> Incident:
    """Move a running incident to the newest version of its severity ("apply to open incidents").

    Due times that this puts into the past are overtaken, not missed; chairs that it forbids break glass.
    """
    with timeline.locked(incident_id, actor=actor, verb="apply_policy") as incident:
        version = incident.severity.current
        if version.pk == incident.severity_version_id:
            return incident
        timeline.record(
            incident,
            EventKind.POLICY_APPLIED,
            actor=actor,
            severity_id=incident.severity_id,
            version_id=version.pk,
            version=version.number,
            starts=",".join(newly_running(policy_of(incident), from_json(version.policy))),
        )
        roles.settle(incident, actor=actor, why=_("severity matrix changed"))
    return incident
