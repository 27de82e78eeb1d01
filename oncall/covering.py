"""Which policy answers for a service, asked and set by other rooms through their registries."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.models import Role, User
from catalog.models import Service
from lib.refusal import Forbidden, Invalid
from oncall import plans, schedules
from oncall.models import Coverage, Policy, Schedule, Target


def policy_name(service: Service) -> str | None:
    """The name of the policy that answers for the service."""
    policy = plans.policy_for(service)
    return policy.name if policy else None


@transaction.atomic
def cover(service: Service, value: Any, *, actor: Actor) -> None:
    """Let a policy, by its name, answer for the service; None: the instance's default.

    Raises:
        Invalid: there is no such policy. Forbidden: not a manager.
    """
    if not actor.is_at_least(Role.MANAGER):
        raise Forbidden(_("Policies are set by managers."))
    before = policy_name(service)
    if value in (None, ""):
        Coverage.objects.filter(service=service).delete()
    else:
        policy = Policy.objects.filter(name=str(value)).first()
        if policy is None:
            raise Invalid(_("There is no policy of this name."), field="escalation_policy")
        Coverage.objects.update_or_create(service=service, defaults={"policy": policy})
    if before != policy_name(service):
        audit.note(
            actor, "coverage.set", service, before={"policy": before}, after={"policy": policy_name(service)}
        )


def schedules_of(service: Service) -> list[Schedule]:
    """The schedules that the service's policy asks, in the order of its steps."""
    policy = plans.policy_for(service)
    if policy is None:
        return []
    targets = Target.objects.filter(step__policy=policy, in_turn=False, schedule__isnull=False)
    rows = targets.select_related("schedule").order_by("step__delay", "step__position", "step", "pk")
    found = {target.schedule_id: target.schedule for target in rows}
    return [schedule for schedule in found.values() if schedule]


def is_on_call(user: User, service: Service) -> bool:
    """Does the person answer for the service at this moment, on any step?"""
    return any(schedules.who(schedule).user == user.pk for schedule in schedules_of(service))


def same_policy(one: Service, other: Service) -> bool:
    """Do both services wake the same people?"""
    return plans.policy_for(one) == plans.policy_for(other)


def on_call_now(service: Service) -> list[User]:
    """Who answers for the service now, in the order of the steps."""
    return schedules.on_call_of(schedules_of(service))
