"""Trying a mitigation: who ran what, when, and what came of it."""

from datetime import datetime

from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.models import User
from catalog.models import Mitigation
from incidents import roles, timeline
from incidents.kinds import EventKind, Status
from incidents.models import Incident, MitigationAttempt
from lib.refusal import Invalid, Missing, Refused

Outcome = MitigationAttempt.Outcome


def start(
    incident_id: int,
    *,
    actor: Actor,
    mitigation_id: int,
    by_id: int | None = None,
    at: datetime | None = None,
) -> MitigationAttempt:
    """Somebody begins a mitigation of the catalogue; in a drill it is a dry run.

    Raises:
        Refused: ``hands_off``, the commander's own hand at a severity that keeps it off the keyboard.
    """
    with timeline.locked(incident_id, actor=actor, verb="try_mitigation") as incident:
        if incident.status not in (Status.TRIAGE, Status.ACTIVE, Status.MITIGATED):
            raise Refused("wrong_state", _("The incident is over; there is nothing to mitigate."))
        timeline.check_time(incident, at)
        mitigation = Mitigation.objects.filter(pk=mitigation_id).first()
        if mitigation is None:
            raise Missing(_("There is no such mitigation."))
        by = User.objects.filter(pk=by_id).first() if by_id else actor.user
        if by is None:
            raise Invalid(_("Say who runs it."), field="by")
        roles.refuse_hands_on(incident, by)
        attempt = MitigationAttempt.objects.create(
            incident=incident,
            mitigation=mitigation,
            by=by,
            by_label=str(by),
            started_at=at or now(),
            is_dry_run=incident.is_drill,
        )
        _log(incident, actor, attempt, at)
    return attempt


def finish(incident_id: int, *, actor: Actor, attempt_id: int, outcome: str) -> MitigationAttempt:
    """Say what came of it: helped, did not help, made it worse."""
    with timeline.locked(incident_id, actor=actor, verb="try_mitigation") as incident:
        attempt = incident.attempts.select_related("mitigation").filter(pk=attempt_id).first()
        if attempt is None:
            raise Missing(_("There is no such attempt."))
        if outcome not in Outcome.values or outcome == Outcome.STARTED:
            raise Invalid(_("Say whether it helped, did not help, or made it worse."), field="outcome")
        if attempt.ended_at:
            raise Refused("attempt_ended", _("The outcome is noted already."))
        attempt.outcome, attempt.ended_at = outcome, now()
        attempt.save(update_fields=["outcome", "ended_at"])
        _log(incident, actor, attempt, None)
    return attempt


def _log(incident: Incident, actor: Actor, attempt: MitigationAttempt, at: datetime | None) -> None:
    timeline.record(
        incident,
        EventKind.MITIGATION_TRIED,
        actor=actor,
        at=at,
        attempt=attempt.pk,
        mitigation=attempt.mitigation_id,
        name=attempt.mitigation.name,
        by=attempt.by_label,
        outcome=str(attempt.outcome),
        dry_run=attempt.is_dry_run,
    )
