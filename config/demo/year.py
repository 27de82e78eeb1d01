"""The plan of the demo's year: what begins when. Deterministic: the same end gives the same year."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.utils.timezone import now

from accounts.actors import person
from accounts.models import User
from catalog import deploys
from config.demo import duty, live, story, watching
from config.demo.clock import Clock, travelling
from config.demo.network import BAD_WEEK
from config.demo.nuisances import MILD
from config.demo.outages import SEVERE
from config.demo.pace import Pace, minutes, pace
from config.demo.player import Player
from config.demo.plot import Plot
from config.demo.telling import Telling, clear, fire
from config.demo.world import World, build
from incidents import lifecycle, roles
from incidents.kinds import INCIDENT_COMMANDER
from incidents.severity import at_rank
from statuspage import planning
from statuspage import writing as site

SEED = 2_024
WEEKS = 52
# The bad week began so many weeks before the end.
BAD_WEEK_AGO = 7
# So many weeks before the end a rollback became one command.
ONE_COMMAND_AGO = 14
# Nothing of the plan begins in the last days: what is open now is told by hand.
QUIET_END = timedelta(days=2)
WRITING_NOW = timedelta(days=3, hours=6)


def play(admin: User, *, end: datetime, weeks: int = WEEKS) -> World:
    """Play everything up to ``end``, all or nothing; deliveries are kept and never sent."""
    start = end - timedelta(weeks=weeks)
    # One transaction: nobody else is here yet, a half year would be of no use, and the disk is asked once.
    with transaction.atomic(), travelling(Clock(start)) as clock:
        world = build(admin, ends_at=end)
        duty.plan(world, start)
        player = Player(clock)
        dice = random.Random(SEED)  # noqa: S311 - a story, not a secret
        for at, telling, speed in _incidents(world, start, end, dice):
            player.add(at, story.tell(telling, at, speed))
            _deploy_before(world, telling, at, speed.onset)
        for at, tale in _rest(world, start, end, dice):
            if at > start:
                player.add(at, tale)
        live.plan(player, world, end, dice)
        player.play(end)
    site.publish(force=True)
    return world


def skill(week: int, weeks: int) -> float:
    """How long things take against the average: practice helps a little, the one-command rollback a lot."""
    return (0.55 if week >= weeks - ONE_COMMAND_AGO else 1.3) - week * 0.002


def _incidents(
    world: World, start: datetime, end: datetime, dice: random.Random
) -> Iterator[tuple[datetime, Telling, Pace]]:
    last = end - QUIET_END
    weeks = round((end - start) / timedelta(weeks=1))
    severe, mild = _deck(SEVERE, dice), _deck(MILD, dice)
    # Whatever the dice say: one whose postmortem is being written now.
    recent = Telling(world, SEVERE[1], random.Random(SEED))  # noqa: S311
    yield end - WRITING_NOW, recent, pace(recent.dice, 2, skill(weeks - 1, weeks))
    for week in range(weeks):
        for plot in _of_week(week, weeks, dice, severe, mild):
            at = start + timedelta(
                weeks=week, minutes=dice.randrange(7 * 24 * 60), seconds=dice.randrange(60)
            )
            if plot.rank >= 3 and plot.source != "health_check":
                # People notice small things while they work.
                at = at.replace(hour=8 + dice.randrange(9))
            if start + timedelta(hours=12) < at < last:
                own = random.Random(dice.getrandbits(32))  # noqa: S311
                yield at, Telling(world, plot, own), pace(own, plot.rank, skill(week, weeks))


def _deck(plots: Sequence[Plot], dice: random.Random) -> Iterator[Plot]:
    """The plots in ever new order: nothing comes again before everything else has come."""
    while True:
        yield from dice.sample(plots, len(plots))


def _of_week(
    week: int, weeks: int, dice: random.Random, severe: Iterator[Plot], mild: Iterator[Plot]
) -> list[Plot]:
    if week == weeks - BAD_WEEK_AGO:
        return list(BAD_WEEK)
    few = dice.choices([0, 1], [66, 34])[0]
    many = dice.choices([0, 1, 2, 3], [30, 46, 20, 4])[0]
    return [*islice(severe, few), *islice(mild, many)]


def _deploy_before(world: World, telling: Telling, at: datetime, onset: float | None) -> None:
    """The release that a plot speaks of went out a few minutes before the impact."""
    slug = telling.plot.deploy
    if slug:
        when = at - minutes((onset or 4) + 7)
        deploys.record(
            world.services[slug].pk,
            version=telling.version,
            at=when,
            url=f"https://git.example.com/{slug}/releases/{telling.version}",
            author=str(world.of_team(world.services[slug].team.slug)[0]),
            source="CI",
        )


def _rest(
    world: World, start: datetime, end: datetime, dice: random.Random
) -> Iterator[tuple[datetime, Iterator[datetime]]]:
    """What is no incident: releases, alerts that clear by themselves, a drill, maintenance."""
    weeks = round((end - start) / timedelta(weeks=1))
    for week in range(weeks):
        monday = start + timedelta(weeks=week)
        if week % 4 == 0:
            yield monday + timedelta(days=dice.randrange(5), hours=dice.randrange(24)), _noise(world, dice)
        yield monday + timedelta(hours=9), _releases(world, monday, dice)
    yield (
        end - timedelta(days=40),
        _maintenance(world, end - timedelta(days=34), "Database moves to new machines"),
    )
    yield (
        end - timedelta(days=3),
        _maintenance(world, end + timedelta(days=5), "New firewall, one hall at a time"),
    )
    yield end - timedelta(days=75), _drill(world)
    yield end - watching.LENGTH, watching.tell(world, end - watching.LENGTH)


def _noise(world: World, dice: random.Random) -> Iterator[datetime]:
    """An alert that nobody has to answer: it clears by itself and is no incident."""
    plot = dice.choice([plot for plot in MILD if plot.alert])
    telling = Telling(world, plot, dice)
    alert = fire(telling)
    yield (alert.first_seen_at if alert else now()) + timedelta(minutes=2)
    clear(telling)


def _releases(world: World, monday: datetime, dice: random.Random) -> Iterator[datetime]:
    """A few releases of the week, on working days."""
    for day in range(5):
        slug = dice.choice(["checkout", "search", "storefront", "accounts", "payments"])
        at = monday + timedelta(days=day, hours=9 + dice.randrange(7), minutes=dice.randrange(60))
        yield at
        deploys.record(
            world.services[slug].pk,
            version=f"v{dice.randint(300, 940)}",
            at=at,
            author=str(dice.choice(world.of_team(world.services[slug].team.slug))),
            source="CI",
        )


def _maintenance(world: World, at: datetime, title: str) -> Iterator[datetime]:
    begin = at.replace(hour=3, minute=0, second=0, microsecond=0)
    planning.schedule(
        actor=person(world.people["Samuel Adeyemi"]),
        title=title,
        scheduled_for=begin,
        scheduled_until=begin + timedelta(hours=2),
        body="The shop stays open. Paying may take a few seconds longer for some minutes.",
        components=world.components_of("payments", "storefront"),
    )
    yield from ()


def _drill(world: World) -> Iterator[datetime]:
    """A rehearsal, which no figure counts."""
    lead, leader = world.people["Elena Petrova"], world.people["Mira Okonkwo"]
    incident = lifecycle.open_incident(
        title="Rehearsal: one hall loses power",
        actor=person(leader),
        service_ids=[world.services["edge"].pk],
        severity=at_rank(1),
        is_drill=True,
        participant_ids=[lead.pk, leader.pk],
        declare=True,
    )
    opened_at = incident.detected_at
    yield opened_at + timedelta(minutes=2)
    lifecycle.acknowledge(incident.pk, actor=person(lead))
    roles.take(incident.pk, actor=person(leader), role_slug=INCIDENT_COMMANDER)
    yield opened_at + timedelta(minutes=34)
    lifecycle.mitigate(incident.pk, actor=person(leader), text="All traffic runs through the other hall.")
    yield opened_at + timedelta(minutes=50)
    lifecycle.resolve(incident.pk, actor=person(leader), text="End of the rehearsal.")
