"""Who answers when in the demo's house: a schedule, a ladder and its services for each team."""

from datetime import date, datetime, time, timedelta

from accounts.actors import Actor, person
from catalog.models import Team
from config.demo.world import SERVICES, World
from oncall import covering, rotations
from oncall.models import Policy, Schedule, Step, Target

# Communications has no service; it is asked for its Comms Lead.
TEAMS = ("shop", "payments", "search", "accounts", "platform", "communications")


def plan(world: World, start: datetime) -> None:
    """Rotations that were running before the year began; one shift given away now."""
    actor = person(world.admin)
    for slug in TEAMS:
        team = world.teams[slug]
        people = world.of_team(slug)
        first, second = people, people[1:] + people[:1]
        primary = _schedule(actor, team, f"{team.name} primary", [user.pk for user in first], start)
        secondary = _schedule(actor, team, f"{team.name} secondary", [user.pk for user in second], start)
        _ladder(team, primary, secondary)
    for row in SERVICES:
        service = world.services[row[0]]
        covering.cover(service, service.team.name, actor=actor)
    _management(world)


def _schedule(actor: Actor, team: Team, name: str, user_ids: list[int], start: datetime) -> Schedule:
    monday = (start - timedelta(days=start.weekday() + 7)).date()
    return rotations.save(
        actor=actor,
        schedule_id=None,
        name=name,
        time_zone=team.time_zone,
        team=team,
        rotations=_layers(name, monday, user_ids),
    )


def _layers(name: str, monday: date, user_ids: list[int]) -> list[rotations.Rotation]:
    """A week each; whoever looks after the platform shares the nights day by day, and has weekends apart."""
    week = rotations.Rotation("Rotation", monday, time(10), 7, tuple(user_ids))
    if not name.startswith("Platform primary"):
        return [week]
    others = tuple(user_ids[1:] + user_ids[:1])
    return [
        week,
        rotations.Rotation("Nights", monday, time(20), 1, others, windows=("Mon-Fri 20:00-08:00",)),
        rotations.Rotation("Weekends", monday, time(0), 7, others, windows=("Sat,Sun 08:00-20:00",)),
    ]


def _ladder(team: Team, primary: Schedule, secondary: Schedule) -> None:
    policy = Policy.objects.create(name=team.name, team=team, repeat=3)
    for place, (schedule, after) in enumerate([(primary, 0), (secondary, 5)]):
        step = Step.objects.create(policy=policy, position=place, delay=timedelta(minutes=after))
        Target.objects.create(step=step, kind=Target.Kind.SCHEDULE, schedule=schedule)
    last = Step.objects.create(policy=policy, position=2, delay=timedelta(minutes=10))
    Target.objects.create(step=last, kind=Target.Kind.MANAGERS)


def _management(world: World) -> None:
    """Mira hears of a SEV1 that goes on for half an hour."""
    policy = Policy.objects.create(name="Management", is_for_management=True, repeat=1)
    step = Step.objects.create(policy=policy)
    Target.objects.create(step=step, kind=Target.Kind.PERSON, person=world.people["Mira Okonkwo"])
