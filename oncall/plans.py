"""What a run will do, written down when it starts: rungs with their waits and whom each one asks."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import now

from accounts.models import Role, User
from catalog.models import Membership, Service, Team
from oncall import schedules, turns
from oncall.models import Coverage, ManagementCoverage, Policy, Schedule, Step, Target

Plan = dict[str, Any]
Aim = dict[str, Any]
# After the rounds: the team's managers, then the admins; and at severities that page at once the
# last rung repeats, so that a SEV1 never rings out.
LAST_RESORT_EVERY = timedelta(minutes=15)
ASK_AGAIN = timedelta(minutes=5)
MANAGERS: Aim = {"kind": "managers", "id": None, "name": "the team's managers"}
ADMINS: Aim = {"kind": "admins", "id": None, "name": "the admins"}
EVERY_MANAGER: Aim = {"kind": "all_managers", "id": None, "name": "all managers"}


def rung(step: int, wait: timedelta, aims: Iterable[Aim], *, round_: int = 1, **facts: Any) -> dict[str, Any]:
    return {
        "step": step,
        "round": round_,
        "wait": int(wait.total_seconds()),
        "aims": list(aims),
        **facts,
    }


def of_policy(
    policy: Policy, *, urgent: bool = True, from_step: int = 1, leave_out: Iterable[int] = ()
) -> Plan:
    """The whole climb of a policy: its rounds, then managers, then admins, then (urgent) again and again."""
    steps = list(policy.steps.prefetch_related("targets__schedule", "targets__person", "targets__team"))
    pairs = [(step, aims_of(step)) for step in steps]
    return of_steps(policy, pairs, urgent=urgent, from_step=from_step, leave_out=leave_out)


def of_steps(
    policy: Policy,
    pairs: list[tuple[Step, list[Aim]]],
    *,
    urgent: bool = True,
    from_step: int = 1,
    leave_out: Iterable[int] = (),
) -> Plan:
    """The same of steps with their aims, of which nothing may be kept yet."""
    steps = [step for step, _aims in pairs]
    asked = [(number, step, aims) for number, (step, aims) in enumerate(pairs, start=1)]
    delays = [step.delay for step in steps]
    rungs = []
    for round_ in range(1, policy.repeat + 1):
        for number, step, aims in asked:
            if round_ == 1 and number < from_step:
                continue
            last = number == len(steps)
            end = policy.round_length + delays[0] if last else delays[number]
            wait = max(end - step.delay, timedelta(0))
            # Only where it is true: plans of runs that climb already do not have the word.
            facts = {"in_hours": True} if step.in_hours_only else {}
            rungs.append(rung(number, wait, aims, round_=round_, **facts))
    resort = [
        rung(len(steps) + 1, LAST_RESORT_EVERY, [MANAGERS], last_resort=True),
        rung(len(steps) + 2, LAST_RESORT_EVERY, [ADMINS], last_resort=True),
    ]
    around_the_clock = [aims for _number, step, aims in asked if not step.in_hours_only]
    final = [*(around_the_clock[-1] if around_the_clock else []), MANAGERS, ADMINS]
    tail = rung(len(steps) + 2, LAST_RESORT_EVERY, final, last_resort=True) if urgent else None
    first = int(delays[0].total_seconds()) if delays and from_step == 1 else 0
    return {"rungs": rungs + resort, "tail": tail, "first": first, "leave_out": list(leave_out)}


def of_aim(aim: Aim, *, times: int = 3, then: Iterable[dict[str, Any]] = (), tail: Any = None) -> Plan:
    """Ask one person or team, again every five minutes; then go on with what is given."""
    rungs = [rung(1, ASK_AGAIN, [aim], round_=number + 1) for number in range(times)]
    return {"rungs": rungs + list(then), "tail": tail, "first": 0, "leave_out": []}


def of_management(policy: Policy | None) -> Plan:
    """The management policy's rounds and nobody beyond; without a policy, every manager."""
    if policy is None:
        return of_aim(EVERY_MANAGER)
    plan = of_policy(policy, urgent=False)
    return {**plan, "rungs": [one for one in plan["rungs"] if not one.get("last_resort")]}


def aims_of(step: Step) -> list[Aim]:
    return [aim_of(target) for target in step.targets.all()]


def aim_of(target: Target) -> Aim:
    return {
        "kind": target.kind,
        "id": target.schedule_id or target.person_id or target.team_id,
        "name": str(target),
        **({"in_turn": True} if target.in_turn else {}),
    }


def person(user: User) -> Aim:
    return {"kind": "person", "id": user.pk, "name": str(user)}


def policy_for(service: Service) -> Policy | None:
    """The service's policy, else the instance's default; None where nobody set one."""
    row = Coverage.objects.select_related("policy").filter(service=service).first()
    return row.policy if row else Policy.objects.filter(is_default=True).first()


def management_for(team: Team) -> Policy | None:
    """The team's management policy, else the instance's; None: all managers are asked."""
    row = ManagementCoverage.objects.select_related("policy").filter(team=team).first()
    return row.policy if row else Policy.objects.filter(is_for_management=True).first()


def people(aims: Iterable[Aim], team: Team, *, at: datetime | None = None) -> list[User]:
    """Whom the aims mean at a moment, without doubles, in order; only who may answer."""
    moment = at or now()
    ids = dict.fromkeys(pk for aim in aims for pk in _ids(aim, team, moment))
    known = User.objects.responders().in_bulk(list(ids))
    return [known[pk] for pk in ids if pk in known]


def _ids(aim: Aim, team: Team, at: datetime) -> list[int]:
    if aim.get("in_turn"):
        return [following.pk] if (following := turns.peek(aim)) else []
    match aim["kind"]:
        case "schedule":
            schedule = Schedule.objects.filter(pk=aim["id"]).first()
            holder = schedules.who(schedule, at).user if schedule else None
            return [holder] if holder else []
        case "person":
            return [aim["id"]]
        case "team":
            return list(Membership.objects.filter(team=aim["id"]).values_list("user", flat=True))
        case "managers":
            return _managers(aim["id"] or team.pk)
        case "admins":
            return list(User.objects.filter(role=Role.ADMIN).values_list("pk", flat=True))
        case "all_managers":
            leading = Membership.objects.filter(is_manager=True).values_list("user", flat=True)
            ranked = User.objects.filter(role=Role.MANAGER).values_list("pk", flat=True)
            return list(dict.fromkeys([*leading, *ranked]))
    return []


def _managers(team_id: int) -> list[int]:
    rows = Membership.objects.filter(team=team_id, is_manager=True)
    return list(rows.values_list("user", flat=True))


def asks(plan: Plan, user: User, team: Team, *, at: datetime | None = None) -> bool:
    """Does the plan ask this person, or a schedule this person takes turns in, to answer?

    The last resort does not count: an admin is asked only once there is a page.
    """
    moment = at or now()
    aims = [aim for one in plan["rungs"] if not one.get("last_resort") for aim in one["aims"]]
    takes_turns = [aim["id"] for aim in aims if aim["kind"] == "schedule"]
    if schedules.belongs(user, takes_turns, at=moment):
        return True
    # Asked in turn, any of them may answer, as anybody of a schedule may.
    others = [{**aim, "in_turn": False} for aim in aims if aim["kind"] != "schedule"]
    return user.pk in {pk for aim in others for pk in _ids(aim, team, moment)}
