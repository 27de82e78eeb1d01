"""What an incident's news means for the pager: whom to ask, for which reason, once."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.models import User
from catalog.models import Service, Team
from incidents import neighbours, timeline
from incidents.kinds import Paging, Status
from incidents.models import Incident, TimelineEvent
from incidents.severity import policy_of
from lib.refusal import Invalid
from notifications import briefing, contacts, resting, wording
from notifications.models import Word
from oncall import answering, paging, plans, quieting
from oncall.models import PageRun, Policy

Reason = PageRun.Reason
Run = PageRun.Status
_UNMITIGATED = (Status.TRIAGE, Status.ACTIVE)


@transaction.atomic
def wake(incident_id: int, *, reason: str = Reason.OPENED, cause: str = "") -> list[PageRun]:
    """Start what the severity asks for: one run for each policy of the incident's services.

    Idempotent by opening and policy; ``cause`` makes a later reason (a raise) count anew.
    """
    incident = timeline.lock(incident_id)
    if incident.status not in _UNMITIGATED or incident.is_retrospective or incident.pages_nobody:
        return []
    pages = policy_of(incident).pages
    if pages == Paging.NEVER:
        return []
    found = [_wake(incident, policy, pages, reason, cause) for policy in _policies(incident)]
    return [run for run in found if run]


def _policies(incident: Incident) -> list[Policy]:
    services = [row.service for row in incident.service_rows.select_related("service").order_by("position")]
    found = {policy.pk: policy for one in services if (policy := plans.policy_for(one))}
    if not found:
        neighbours.page_failed(
            incident.pk, text=_("Nobody is asked: no escalation policy covers this service.")
        )
    return list(found.values())


def _wake(incident: Incident, policy: Policy, pages: str, reason: str, cause: str) -> PageRun | None:
    key = f"opened:{incident.pk}:{incident.opening}:{policy.pk}" + (f":{cause}" if cause else "")
    if PageRun.objects.filter(key=key).exists():
        return None
    plan = plans.of_policy(policy, urgent=pages == Paging.AT_ONCE)
    answered = answering.acknowledgement_since_opening(incident, plan)
    run = paging.start(
        incident,
        reason=reason,
        key=key,
        plan=plan,
        policy=policy,
        waits_for_hours=pages == Paging.BUSINESS_HOURS,
        rings=answered is None,
        # A raise is a person's or a signal's word that it is worse than maintenance explains.
        muted=None if reason == Reason.RAISED else quieting.over(incident, policy),
    )
    if run and answered:
        # Acknowledged before the pager heard of it: the run is kept for its time-out, and rings nobody.
        answering.mark_acknowledged(run, incident, answered.actor)
    return run


@transaction.atomic
def severity_changed(event_id: int) -> None:
    """Raised: who must now be paged is. Lowered: pages stop only where the new severity does not page now."""
    event = TimelineEvent.objects.get(pk=event_id)
    incident = timeline.lock(event.incident_id)
    if incident.status not in _UNMITIGATED:
        return
    pages = policy_of(incident).pages
    own = PageRun.objects.filter(incident=incident, opening=incident.opening, reason__in=paging.OWN)
    running = own.filter(status=Run.RUNNING)
    if event.get("to_rank", 0) < event.get("from_rank", 0):
        running.filter(quiet_until__isnull=False).update(quiet_until=None, next_at=now())
    if pages == Paging.NEVER:
        answering.end(running, _("%(severity)s pages nobody.") % {"severity": incident.severity.name})
    elif pages == Paging.BUSINESS_HOURS:
        if not incident.team.business_hours.is_open(now()):
            answering.hush(running)
        running.update(waits_for_hours=True)
    elif event.get("to_rank", 0) < event.get("from_rank", 0):
        resting.wake(list(running.values_list("pk", flat=True)))
        running.filter(waits_for_hours=True).update(waits_for_hours=False, next_at=now())
        for run in running:
            _make_urgent(run)
            paging.climb(run.pk)
    _wake_the_missing(incident, event, own)


def _wake_the_missing(incident: Incident, event: TimelineEvent, own: QuerySet[PageRun]) -> None:
    """Policies whose run never was, or was called off or rang out, while the new severity pages."""
    if event.get("to_rank", 0) >= event.get("from_rank", 0):
        return
    heard = set(own.filter(status__in=(Run.RUNNING, Run.ACKNOWLEDGED)).values_list("policy", flat=True))
    pages = policy_of(incident).pages
    if pages == Paging.NEVER:
        return
    for policy in _policies(incident):
        if policy.pk not in heard:
            _wake(incident, policy, pages, Reason.RAISED, f"event:{event.pk}")


def _make_urgent(run: PageRun) -> None:
    """A plan written for business hours has no tail; a severity that pages at once rings until answered."""
    if run.policy and not run.plan.get("tail"):
        PageRun.objects.filter(pk=run.pk).update(
            plan={**run.plan, "tail": plans.of_policy(run.policy)["tail"]}
        )


@transaction.atomic
def asked(event_id: int) -> PageRun | None:
    """Somebody in the room asked for a person, a team, a service's on-call, or (alone) for help."""
    event = TimelineEvent.objects.select_related("actor").get(pk=event_id)
    incident = timeline.lock(event.incident_id)
    if incident.is_retrospective:
        return None
    plan, policy, name = _plan_asked(event, incident)
    return paging.start(
        incident,
        reason=Reason.HELP if event.get("target_kind") == "next_step" else Reason.MANUAL,
        key=f"asked:{event.pk}",
        plan=plan,
        policy=policy,
        name=name,
        note=event.text,
        asked_by=event.actor,
    )


def _plan_asked(event: TimelineEvent, incident: Incident) -> tuple[plans.Plan, Policy | None, str]:
    kind, target = event.get("target_kind"), event.get("target_id")
    if kind == "user":
        person = User.objects.get(pk=target)
        return plans.of_aim(plans.person(person)), None, str(person)
    if kind == "team":
        team = Team.objects.get(pk=target)
        everybody = {"kind": "team", "id": team.pk, "name": str(team)}
        return plans.of_aim(everybody), None, str(team)
    asker = [event.actor_id] if event.actor_id else []
    service = Service.objects.get(pk=target) if kind == "service" else incident.service
    policy = plans.policy_for(service)
    if policy is None:
        return plans.of_aim(plans.ADMINS), None, _("Help")
    # Alone: the first step is usually the asker's own schedule.
    from_step = 2 if kind == "next_step" and policy.steps.count() > 1 else 1
    plan = plans.of_policy(policy, urgent=True, from_step=from_step, leave_out=asker)
    return plan, policy, str(policy)


@transaction.atomic
def loop_in_management(incident_id: int, *, opening: int) -> PageRun | None:
    """Management hears of what hurts for too long, once per opening: paged, or told once it is mitigated."""
    incident = timeline.lock(incident_id)
    if incident.is_drill or incident.is_retrospective or not incident.is_open:
        return None
    key = f"management:{incident.pk}:{opening}"
    if PageRun.objects.filter(key=key).exists():
        return None
    policy = plans.management_for(incident.team)
    plan = plans.of_management(policy)
    name = str(policy) if policy else _("Management")
    if incident.status == Status.MITIGATED:
        _tell_management(incident, plan, key)
        return None
    run = paging.start(
        incident,
        reason=Reason.MANAGEMENT,
        key=key,
        plan=plan,
        policy=policy,
        name=name,
        note=_("Management is looped in: users still hurt"),
    )
    users = plans.people([aim for one in plan["rungs"] for aim in one["aims"]], incident.team)
    neighbours.management_informed(
        incident.pk, text=", ".join(str(user) for user in users), opening=opening, how="paged"
    )
    return run


def _tell_management(incident: Incident, plan: plans.Plan, key: str) -> None:
    words = wording.letter(
        incident,
        subject=_("Mitigated, not resolved yet"),
        text="\n".join(
            [_("Users no longer hurt. The cause is still being worked on."), *briefing.brief(incident)]
        ),
    )
    users = plans.people([aim for one in plan["rungs"] for aim in one["aims"]], incident.team)
    for user in users:
        contacts.tell(
            user,
            Word.NEWS,
            key=key,
            subject=words.subject,
            body=words.body,
            html=words.html,
            incident=incident,
        )
    neighbours.management_informed(
        incident.pk, text=", ".join(str(user) for user in users), opening=incident.opening, how="told"
    )


@transaction.atomic
def update_overdue(event_id: int) -> PageRun | None:
    """The update is long overdue: its person is paged, once per miss and person."""
    event = TimelineEvent.objects.get(pk=event_id)
    incident = timeline.lock(event.incident_id)
    person = User.objects.filter(pk=event.get("user")).first()
    if person is None or incident.status not in _UNMITIGATED:
        return None
    key = f"update:{incident.pk}:{event.get('opening')}:{event.get('round')}:{person.pk}"
    plan = plans.of_aim(plans.person(person), times=1)
    return paging.start(
        incident,
        reason=Reason.UPDATE,
        key=key,
        plan=plan,
        name=_("Overdue update"),
        note=_("The update to the team is overdue"),
    )


def page_somebody(incident_id: int, *, actor: Actor, target: str, reason: str) -> Incident:
    """From the room in two clicks: page a person, a team, or the on-call of a service.

    Raises:
        Invalid: nobody is called that, or no reason is given.
    """
    kind, found = find_target(target)
    return neighbours.ask_for_help(
        incident_id, actor=actor, kind=kind, target_id=found.pk, target_name=str(found), reason=reason
    )


def find_target(word: str) -> tuple[str, User | Team | Service]:
    """What a word means: an e-mail address, or the slug of a service or team (``team:`` settles which).

    Raises:
        Invalid: nobody is called that.
    """
    name = word.strip()
    kind, colon, slug = name.partition(":")
    rows: list[tuple[str, User | Team | Service | None]] = [
        ("user", User.objects.filter(email__iexact=name, is_active=True).first()),
    ]
    if not colon or kind == "service":
        rows.append(("service", Service.objects.filter(slug=slug or name).first()))
    if not colon or kind == "team":
        rows.append(("team", Team.objects.filter(slug=slug or name).first()))
    for what, row in rows:
        if row is not None:
            return what, row
    raise Invalid(
        _("Nobody is called %(name)s: give an e-mail address, or the slug of a team or service.")
        % {"name": name[:80]},
        field="target",
    )
