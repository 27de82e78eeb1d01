"""Answers to a page: acknowledge, escalate now, hand to somebody; and what ends a run without one."""

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import responders
from accounts.actors import Actor
from accounts.models import Role, User
from incidents import acknowledging, permissions, timeline
from incidents.kinds import OPEN, EventKind, Status
from incidents.models import Incident, TimelineEvent
from incidents.severity import policy_of
from lib.refusal import Forbidden, Invalid, Missing, Refused
from notifications import delivery, forwarding
from notifications.models import Delivery
from oncall import paging, plans, telling
from oncall.models import Page, PageRun

Run = PageRun.Status
#: What shows that somebody is at work, for the time-out of an acknowledgement.
AT_WORK = (
    EventKind.DECLARED,
    EventKind.ROLE_TAKEN,
    EventKind.UPDATE_POSTED,
    EventKind.NOTE_ADDED,
    EventKind.CAUSE_IDENTIFIED,
    EventKind.ACTION_TAKEN,
    EventKind.MITIGATION_TRIED,
    EventKind.RUNBOOK_STEP,
    EventKind.MITIGATED,
    EventKind.RESOLVED,
    EventKind.SEVERITY_CHANGED,
    EventKind.SCOPE_SET,
    EventKind.PUBLISHED,
)


def _locked(run_id: int) -> tuple[PageRun, Incident]:
    """The run under its incident's lock (lock order: incident, then the rest)."""
    incident_id = PageRun.objects.filter(pk=run_id).values_list("incident", flat=True).first()
    if incident_id is None:
        raise Missing(_("There is no such page."))
    incident = timeline.lock(incident_id)
    return PageRun.objects.select_related("policy", "acknowledged_by").get(pk=run_id), incident


@transaction.atomic
def acknowledge(run_id: int, *, actor: Actor) -> PageRun:
    """The actor answers: this run stops, and so does every run that asks the actor.

    Raises:
        Forbidden: the actor is no responder; also asked where the incident is over and only the pager rings.
        Refused: ``already``, with who was first; ``over`` when there is nothing to answer any more.
    """
    run, incident = _locked(run_id)
    permissions.may(actor, "acknowledge", incident)
    _check_answerable(run)
    live = _living(incident)
    if live is not None:
        acknowledging.acknowledge(live.pk, actor=actor, for_page=True)
    mark_acknowledged(run, incident, actor.user)
    return PageRun.objects.get(pk=run.pk)


def _check_answerable(run: PageRun) -> None:
    if run.status == Run.ACKNOWLEDGED:
        name = run.acknowledged_by or _("Somebody")
        raise Refused("already", _("%(name)s has acknowledged this already.") % {"name": name})
    if run.status == Run.CANCELLED:
        raise Refused("over", _("This page was called off: there is nothing to answer any more."))


def _living(incident: Incident) -> Incident | None:
    """The incident that can be acknowledged: itself, or what it was merged into; None when it is over."""
    current = incident
    while current.status == Status.MERGED and current.merged_into is not None:
        current = current.merged_into
    return current if current.status in OPEN else None


def mark_acknowledged(run: PageRun, incident: Incident, user: User | None) -> bool:
    """Stop the run; False when it had stopped already."""
    at = now()
    timeout = policy_of(incident).ack_timeout if run.reason in paging.OWN else None
    stopped = PageRun.objects.filter(pk=run.pk, status__in=(Run.RUNNING, Run.EXPIRED)).update(
        status=Run.ACKNOWLEDGED,
        acknowledged_by=user,
        acknowledged_at=at,
        next_at=None,
        ended_at=at,
        silence_at=at + timeout if timeout and not incident.is_drill else None,
    )
    if not stopped:
        return False
    waiting = run.pages.filter(status=Page.Status.NOTIFIED)
    waiting.filter(user=user).update(status=Page.Status.ACKNOWLEDGED, answered_at=at)
    waiting.exclude(user=user).update(status=Page.Status.OVER, answered_at=at)
    delivery.cancel(Delivery.objects.filter(run_key=run.pk), reason="The run was acknowledged.")
    telling.answered(run, incident, user)
    forwarding.acknowledged(run.pk)
    return True


@transaction.atomic
def heard(event_id: int) -> int:
    """An incident was acknowledged: so is every run that asks the acker, or a schedule the acker belongs to.

    A run for another policy goes on. Runs of incidents merged into this one stop with it.
    """
    event = TimelineEvent.objects.select_related("actor").get(pk=event_id)
    incident = timeline.lock(event.incident_id)
    # Only runs that had begun by then: who escalates after acknowledging wants more people.
    running = PageRun.objects.filter(incident=incident, status=Run.RUNNING, after_event__lt=event.number)
    if _opening_began(incident) > event.number:
        return 0  # Said in an earlier opening; this one has to be answered anew.
    answered = [run for run in running if answers_for(event, run, incident)]
    count = sum(mark_acknowledged(run, incident, event.actor) for run in answered)
    for duplicate in Incident.objects.filter(merged_into=incident):
        count += _end_runs(duplicate, _("%(ref)s was acknowledged.") % {"ref": incident.reference})
    return count


def _opening_began(incident: Incident) -> int:
    last = (
        incident.timeline.filter(kind__in=(EventKind.OPENED, EventKind.REOPENED)).order_by("-number").first()
    )
    return last.number if last else 0


def answers_for(event: TimelineEvent, run: PageRun, incident: Incident) -> bool:
    """Does this acknowledgement answer that run?"""
    if event.actor is None:
        # Acknowledged in the monitoring tool, by somebody it does not name.
        return run.reason in paging.OWN
    if run.pages.filter(user=event.actor).exists():
        return True
    return run.reason in paging.OWN and plans.asks(run.plan, event.actor, incident.team, at=event.at)


def acknowledgement_since_opening(incident: Incident, plan: plans.Plan) -> TimelineEvent | None:
    """Who has answered for this plan since the incident opened, before its run began."""
    said = incident.timeline.filter(kind=EventKind.ACKNOWLEDGED, number__gt=_opening_began(incident))
    for event in said.select_related("actor").order_by("number"):
        if event.actor is None or plans.asks(plan, event.actor, incident.team, at=event.at):
            return event
    return None


@transaction.atomic
def over(incident_id: int, *, reason: str) -> int:
    """Resolved or dismissed: nothing more goes out."""
    return _end_runs(timeline.lock(incident_id), reason)


@transaction.atomic
def merged(incident_id: int) -> int:
    """Merged: the runs stop only when the target is acknowledged, which it may be already."""
    incident = timeline.lock(incident_id)
    target = _living(incident)
    if target is None or target.acknowledged_at:
        name = target.reference if target else _("The incident it was merged into")
        return _end_runs(incident, _("%(ref)s is acknowledged or over.") % {"ref": name})
    return 0


def _end_runs(incident: Incident, reason: str) -> int:
    PageRun.objects.filter(incident=incident, silence_at__isnull=False).update(silence_at=None)
    return end(PageRun.objects.filter(incident=incident), reason)


def hush(runs: QuerySet[PageRun]) -> None:
    """Business hours only, from now on: what was not sent yet is called off, and the next rung waits."""
    for run in runs.filter(status=Run.RUNNING):
        delivery.cancel(Delivery.objects.filter(run_key=run.pk), reason="Only in business hours.")
        PageRun.objects.filter(pk=run.pk).update(waits_for_hours=True, next_at=now())
        paging.climb(run.pk)


def end(runs: QuerySet[PageRun], reason: str) -> int:
    """Call off what still climbs."""
    rows = list(runs.filter(status=Run.RUNNING))
    for run in rows:
        PageRun.objects.filter(pk=run.pk, status=Run.RUNNING).update(
            status=Run.CANCELLED, next_at=None, ended_at=now(), ended_because=reason[:200]
        )
        run.pages.filter(status=Page.Status.NOTIFIED).update(status=Page.Status.OVER, answered_at=now())
        delivery.cancel(Delivery.objects.filter(run_key=run.pk), reason=reason)
        forwarding.closed(run.pk)
    return len(rows)


@transaction.atomic
def escalate(run_id: int, *, actor: Actor) -> PageRun:
    """Ask the next rung now. An acknowledged run goes on with a new one, beginning with who comes next.

    Raises:
        Refused: ``over`` when the incident is.
        Forbidden: viewers.
    """
    run, incident = _locked(run_id)
    _check_open(run, incident, actor)
    if run.is_running:
        PageRun.objects.filter(pk=run.pk, status=Run.RUNNING).update(next_at=now(), waits_for_hours=False)
        paging.climb(run.pk)
        return PageRun.objects.get(pk=run.pk)
    plan = _rest(run)
    note = _("%(name)s asks for more people.") % {"name": actor.label}
    return _go_on(run, incident, actor, plan, PageRun.Reason.ESCALATED, note)


@transaction.atomic
def hand_to(run_id: int, *, actor: Actor, user_id: int) -> PageRun:
    """Somebody else is asked instead, at once; if they do not answer, the ladder goes on.

    Raises:
        Invalid: no such person. Refused: ``over``, ``handed`` with who has it now, or ``not_a_responder``.
        Forbidden: viewers.
    """
    run, incident = _locked(run_id)
    _check_open(run, incident, actor)
    _check_not_handed(run)
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise Invalid(_("There is no such person."), field="user")
    responders.check(user)
    if run.is_running:
        end(PageRun.objects.filter(pk=run.pk), _("Handed to %(name)s.") % {"name": user})
    run.pages.filter(user=actor.user).update(status=Page.Status.HANDED)
    rest = _rest(run)
    plan = plans.of_aim(plans.person(user), times=1, then=rest["rungs"], tail=rest["tail"])
    # Why the first one was asked is what the next one has to know.
    why = str(run.plan.get("why", run.note))
    note = _("%(why)s (handed over by %(name)s)") if why else _("Handed over by %(name)s.")
    note = note % {"why": why[:200], "name": actor.label}
    telling.handed(run, incident, to=user, by=actor.user)
    return _go_on(
        run,
        incident,
        actor,
        {**plan, "why": why},
        PageRun.Reason.HANDED,
        note,
        # A run for a person bears that person's name; one of a policy goes on with the policy.
        name=run.policy_name if run.policy else str(user),
    )


def _check_not_handed(run: PageRun) -> None:
    """Two tabs, or a double tap: the second would ask a second person."""
    taken, later = None, run
    while (following := _handed_on(later)) is not None:
        taken = later = following
    if taken is not None:
        name = taken.rungs[0]["aims"][0]["name"]
        raise Refused("handed", _("This page was handed over already: %(name)s has it now.") % {"name": name})


def _handed_on(run: PageRun) -> PageRun | None:
    rows = PageRun.objects.filter(incident=run.incident_id, reason=PageRun.Reason.HANDED)
    return rows.filter(key__startswith=f"after:{run.pk}:").order_by("-pk").first()


def _check_open(run: PageRun, incident: Incident, actor: Actor) -> None:
    if not actor.is_at_least(Role.RESPONDER):
        raise Forbidden(_("This needs the role responder."))
    if incident.is_private and not incident.members.belonging().filter(user=actor.user).exists():
        raise Missing(_("There is no such page."))
    if _living(incident) is None:
        raise Refused("over", _("The incident is over: nobody has to be asked any more."))


def _rest(run: PageRun) -> plans.Plan:
    """What of the plan is still to come; at the end of it, its last rung again."""
    rungs = run.rungs[run.position :] or run.rungs[-1:]
    return {"rungs": rungs, "tail": run.plan.get("tail"), "first": 0, "leave_out": []}


def _go_on(
    run: PageRun,
    incident: Incident,
    actor: Actor,
    plan: plans.Plan,
    reason: str,
    note: str,
    *,
    name: str = "",
) -> PageRun:
    number = PageRun.objects.filter(incident=incident).count()
    PageRun.objects.filter(pk=run.pk).update(silence_at=None)
    started = paging.start(
        incident,
        reason=reason,
        key=f"after:{run.pk}:{number}",
        plan=plan,
        policy=run.policy,
        name=name or run.policy_name,
        note=note,
        asked_by=actor.user,
    )
    if started is None:
        raise Refused("over", _("The incident is over: nobody has to be asked any more."))
    return started


def sweep_silence(limit: int = 100) -> int:
    """Acknowledged, and then nothing: page again. Returns how many runs were looked at."""
    late = PageRun.objects.filter(silence_at__lte=now()).order_by("silence_at")
    return sum(_check_silence(pk) for pk in list(late.values_list("pk", flat=True)[:limit]))


@transaction.atomic
def _check_silence(run_id: int) -> bool:
    run, incident = _locked(run_id)
    if not PageRun.objects.filter(pk=run.pk, silence_at=run.silence_at, silence_at__lte=now()).update(
        silence_at=None
    ):
        return False
    if incident.status not in (Status.TRIAGE, Status.ACTIVE) or run.acknowledged_at is None:
        return True
    since = incident.timeline.filter(
        kind__in=AT_WORK, recorded_at__gte=run.acknowledged_at, actor__isnull=False
    )
    busy = PageRun.objects.filter(
        incident=incident, status=Run.RUNNING, reason__in=paging.OWN, policy=run.policy
    )
    if not since.exists() and not busy.exists() and policy_of(incident).pages_now:
        _page_again(run, incident)
    return True


def _page_again(run: PageRun, incident: Incident) -> None:
    waited = now() - run.acknowledged_at if run.acknowledged_at else timedelta(0)
    plan = plans.of_policy(run.policy) if run.policy else {**run.plan}
    paging.start(
        incident,
        reason=PageRun.Reason.TIMEOUT,
        key=f"timeout:{run.pk}",
        plan=plan,
        policy=run.policy,
        name=run.policy_name,
        note=_("%(name)s acknowledged %(minutes)d min ago and nothing was heard since")
        % {"name": run.acknowledged_by or _("Somebody"), "minutes": waited.total_seconds() // 60},
    )
