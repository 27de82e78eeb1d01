"""Policies as rows: made and changed by managers, shown as ladders, asked what they would do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import audit, responders
from accounts.actors import Actor
from accounts.models import Role, User
from catalog.models import Service, Team
from lib.durations import words
from lib.refusal import Forbidden, Invalid, Missing, Refused
from lib.text import clean
from notifications import contacts
from oncall import plans, schedules
from oncall.models import Coverage, ManagementCoverage, Policy, Schedule, Step, Target

#: Before the short name of a team or schedule: one of its people, in turn.
IN_TURN = "turn-"


@dataclass(frozen=True)
class Rung:
    """A step as a manager writes it: after so long, ask these (``schedule:3``, ``turn-team:2`` …)."""

    delay: timedelta
    aims: tuple[str, ...]
    in_hours_only: bool = False


@transaction.atomic
def save(
    *,
    actor: Actor,
    policy_id: int | None,
    name: str,
    repeat: int,
    round_length: timedelta,
    rungs: Sequence[Rung],
    team: Team | None = None,
    services: Sequence[Service] = (),
    is_default: bool = False,
    is_for_management: bool = False,
    management_of: Sequence[Team] = (),
) -> Policy:
    """Make or change a policy. Runs that climb already keep the plan they started with.

    Raises:
        Invalid: no steps, nobody named, a round shorter than its steps.
        Forbidden: not a manager.
    """
    if not actor.is_at_least(Role.MANAGER):
        raise Forbidden(_("Policies are changed by managers."))
    _check(name, policy_id, rungs, round_length)
    homes = {row.team_id for row in services} | {row.pk for row in [team, *management_of] if row}
    if not _anybody(rungs, homes):
        raise Invalid(
            _("Nobody could be reached by this policy: its schedules and teams are empty."), field="steps"
        )
    policy = Policy.objects.filter(pk=policy_id).first() if policy_id else Policy()
    if policy is None:
        raise Missing(_("This policy is gone."))
    if policy.is_default and not is_default:
        raise Invalid(
            _("Services without a policy need one. Make another policy the one for them instead."),
            field="is_default",
        )
    before = describe(policy) if policy.pk else {}
    if is_default:
        Policy.objects.filter(is_default=True).exclude(pk=policy_id or 0).update(is_default=False)
    if is_for_management:
        Policy.objects.filter(is_for_management=True).exclude(pk=policy_id or 0).update(
            is_for_management=False
        )
    policy.name, policy.team, policy.repeat = clean(name, 80), team, repeat
    policy.round_length, policy.is_default = round_length, is_default
    policy.is_for_management = is_for_management
    policy.save()
    policy.steps.all().delete()
    for position, rung in enumerate(sorted(rungs, key=lambda one: one.delay)):
        step = Step.objects.create(
            policy=policy, position=position, delay=rung.delay, in_hours_only=rung.in_hours_only
        )
        Target.objects.bulk_create(target(step, aim) for aim in rung.aims)
    _cover(policy, services, management_of)
    audit.note(actor, "policy.saved", policy, before=before, after=describe(policy))
    return policy


def _check(name: str, policy_id: int | None, rungs: Sequence[Rung], round_length: timedelta) -> None:
    check_steps(rungs, round_length)
    if Policy.objects.filter(name=clean(name, 80, field="name")).exclude(pk=policy_id or 0).exists():
        raise Invalid(_("Another policy has this name."), field="name")


def check_steps(rungs: Sequence[Rung], round_length: timedelta) -> None:
    """May these be the steps of a policy?

    Raises:
        Invalid: there are none, one names nobody, or a round is too short for them.
    """
    if not rungs or not all(rung.aims for rung in rungs):
        raise Invalid(_("Name somebody in at least one step."), field="steps")
    if max(rung.delay for rung in rungs) >= round_length:
        raise Invalid(
            _("A round has to last longer than its last step waits, so that people have time to answer."),
            field="round_length",
        )


def _anybody(rungs: Sequence[Rung], homes: set[int]) -> bool:
    """Could any step reach a person at any time? ``homes`` are the teams whose managers it would mean."""
    people = User.objects.responders()
    for aim in (aim for rung in rungs for aim in rung.aims):
        kind, _colon, pk = aim.removeprefix(IN_TURN).partition(":")
        number = int(pk) if pk.isdigit() else 0
        leading = Q(memberships__is_manager=True)
        if number or homes:
            leading &= Q(memberships__team__in=[number] if number else homes)
        found = {
            "person": Q(pk=number),
            "schedule": Q(layers__schedule=number),
            "team": Q(teams=number),
            "managers": leading,
        }.get(kind)
        if found is not None and people.filter(found).exists():
            return True
    return False


def target(step: Step, aim: str) -> Target:
    """A row from its short name.

    Raises:
        Invalid: it names nothing that exists.
    """
    in_turn = aim.startswith(IN_TURN)
    kind, _colon, pk = aim.removeprefix(IN_TURN).partition(":")
    number = int(pk) if pk.isdigit() else 0
    if in_turn and kind not in ("schedule", "team"):
        raise Invalid(_("Only people of a team or a schedule are asked in turn."), field="steps")
    if kind == "managers":
        return Target(step=step, kind=kind, team=Team.objects.filter(pk=number).first())
    found = {
        "schedule": Schedule.objects.filter(pk=number),
        "person": User.objects.filter(pk=number, is_active=True),
        "team": Team.objects.filter(pk=number),
    }.get(kind)
    row = found.first() if found is not None else None
    if row is None:
        raise Invalid(_("A step names somebody who is not there any more."), field="steps")
    if isinstance(row, User):
        responders.check(row)
    return Target(step=step, kind=kind, in_turn=in_turn, **{kind: row})


def short(row: Target) -> str:
    """The short name of a row, as forms carry it."""
    pk = row.schedule_id or row.person_id or row.team_id
    return (IN_TURN if row.in_turn else "") + (f"{row.kind}:{pk}" if pk else str(row.kind))


def rungs_of(policy: Policy) -> list[Rung]:
    """Its steps as a manager would write them."""
    return [
        Rung(step.delay, tuple(short(row) for row in step.targets.all()), step.in_hours_only)
        for step in policy.steps.all()
    ]


def _cover(policy: Policy, services: Sequence[Service], management_of: Sequence[Team]) -> None:
    Coverage.objects.filter(policy=policy).exclude(service__in=services).delete()
    for service in services:
        Coverage.objects.update_or_create(service=service, defaults={"policy": policy})
    ManagementCoverage.objects.filter(policy=policy).exclude(team__in=management_of).delete()
    for team in management_of:
        ManagementCoverage.objects.update_or_create(team=team, defaults={"policy": policy})


@transaction.atomic
def delete(policy_id: int, *, actor: Actor) -> None:
    """Take a policy away. Runs that climb already keep the plan they started with.

    Raises:
        Refused: ``in_use`` while it is the default, or a service or team relies on it.
        Forbidden: not a manager.
    """
    if not actor.is_at_least(Role.MANAGER):
        raise Forbidden(_("Policies are changed by managers."))
    policy = Policy.objects.filter(pk=policy_id).first()
    if policy is None:
        raise Missing(_("This policy is gone."))
    if policy.is_default or policy.coverages.exists() or policy.management_coverages.exists():
        raise Refused("in_use", _("Services or teams rely on this policy. Give them another one first."))
    audit.note(actor, "policy.deleted", policy, before=describe(policy))
    policy.delete()


def describe(policy: Policy) -> dict[str, object]:
    """What the audit log keeps of a policy."""
    return {
        "name": policy.name,
        "repeat": policy.repeat,
        "round": words(policy.round_length),
        "steps": [
            {
                "after": words(step.delay),
                "asks": [str(aim) for aim in step.targets.all()],
                "in_hours_only": step.in_hours_only,
            }
            for step in policy.steps.all()
        ],
        "services": [row.service.slug for row in policy.coverages.select_related("service")],
    }


def why(service: Service, at: datetime) -> tuple[User | None, list[str]]:
    """Who is paged first for a service at a moment, and why, sentence by sentence."""
    policy = plans.policy_for(service)
    if policy is None:
        return None, [_("No policy covers %(service)s, and there is no default.") % {"service": service}]
    said = [_("%(service)s uses the policy %(policy)s.") % {"service": service, "policy": policy}]
    for number, step in enumerate(policy.steps.prefetch_related("targets"), start=1):
        if step.in_hours_only and not service.team.business_hours.is_open(at):
            said.append(
                _("Step %(step)d is for the business hours of %(team)s only, so it is skipped then.")
                % {"step": number, "team": service.team}
            )
            continue
        for row in step.targets.all():
            said.append(_("Step %(step)d asks %(whom)s.") % {"step": number, "whom": str(row)})
            if row.schedule and not row.in_turn:
                said += schedules.trace(row.schedule, at)
        people = [
            user for user in plans.people(plans.aims_of(step), service.team, at=at) if contacts.ways(user)
        ]
        if people:
            return people[0], said
        said.append(_("That reaches nobody, so the next step is asked at once."))
    return None, said
