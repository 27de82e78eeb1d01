"""What a new installation starts with: two schedules of the admin and a policy that asks them."""

from datetime import timedelta

from django.db import transaction

from accounts.models import User
from catalog.models import Service
from oncall.models import Coverage, Layer, LayerMember, Policy, Schedule, Step, Target

DELAYS = (("Primary", timedelta(0)), ("Secondary", timedelta(minutes=5)))
MANAGERS_AFTER = timedelta(minutes=10)


@transaction.atomic
def install(admin: User | None) -> None:
    """Primary at once, Secondary after 5 minutes, the team's managers after 10, three rounds."""
    if not Policy.objects.filter(is_default=True).exists():
        _policy(admin)
    policy = Policy.objects.get(is_default=True)
    for service in Service.objects.filter(coverage=None, is_catch_all=True):
        Coverage.objects.create(service=service, policy=policy)


def _policy(admin: User | None) -> None:
    policy, _new = Policy.objects.get_or_create(name="Default", defaults={"repeat": 3})
    Policy.objects.filter(pk=policy.pk).update(is_default=True)
    if policy.steps.exists():
        return
    for position, (name, delay) in enumerate(DELAYS):
        step = Step.objects.create(policy=policy, position=position, delay=delay)
        Target.objects.create(step=step, kind=Target.Kind.SCHEDULE, schedule=_schedule(name, admin))
    last = Step.objects.create(policy=policy, position=len(DELAYS), delay=MANAGERS_AFTER)
    Target.objects.create(step=last, kind=Target.Kind.MANAGERS)


def _schedule(name: str, admin: User | None) -> Schedule:
    schedule, is_new = Schedule.objects.get_or_create(name=name)
    if is_new:
        layer = Layer.objects.create(schedule=schedule)
        if admin is not None:
            LayerMember.objects.create(layer=layer, user=admin)
    return schedule
