"""What is open at this very moment, so that every page has something to show."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from accounts.actors import person
from catalog import deploys
from config.demo.nuisances import MILD
from config.demo.outages import CHECKOUT_DOWN, SEVERE
from config.demo.pace import minutes
from config.demo.player import Player
from config.demo.story import assemble
from config.demo.telling import Telling, attempt_at, begin, clear, fire, inform, publish
from config.demo.world import World
from incidents import lifecycle, mitigating, notes, roles, scope
from incidents.kinds import INCIDENT_COMMANDER, TECHNICAL_LEAD, Provenance
from incidents.severity import at_rank
from statuspage.kinds import NoticeStatus

FOUND_NOTHING, OLD_PRICES = SEVERE[2], MILD[3]
# A SEV1 of nine minutes: four of the first five steps are done, the Comms Lead's chair is empty.
OPEN_FOR = timedelta(minutes=9, seconds=18)
MITIGATED_FOR = timedelta(minutes=52)
TRIAGE_FOR = timedelta(minutes=4)


def plan(player: Player, world: World, end: datetime, dice: random.Random) -> None:
    """Three stories that have not come to their end."""
    search = Telling(world, FOUND_NOTHING, dice)
    player.add(end - MITIGATED_FOR, _mitigated(search, end - MITIGATED_FOR))
    checkout = Telling(world, CHECKOUT_DOWN, dice)
    deploys.record(
        world.services["checkout"].pk,
        version=checkout.version,
        at=end - OPEN_FOR - minutes(11),
        url=f"https://git.example.com/checkout/releases/{checkout.version}",
        author="Tomasz Nowak",
        source="CI",
    )
    player.add(end - OPEN_FOR, _burning(checkout, end - OPEN_FOR))
    triage = Telling(world, OLD_PRICES, dice)
    player.add(end - TRIAGE_FOR, _triage(triage, end - TRIAGE_FOR))


def _burning(telling: Telling, at: datetime) -> Iterator[datetime]:
    """Users hurt now. The commander is there, the lead digs, nobody speaks to the outside yet."""
    plot, world = telling.plot, telling.world
    begin(telling, at)
    yield at + minutes(0.8)
    fire(telling, 2)
    yield at + minutes(2)
    lead = telling.on_call()
    commander = world.people["Mira Okonkwo"]
    actor = person(lead)
    lifecycle.acknowledge(telling.pk, actor=actor)
    scope.change_details(telling.pk, actor=actor, title=plot.title, reason="says what users feel")
    yield at + minutes(3.2)
    also = [world.services[slug].pk for slug in (plot.service, *plot.also)]
    share = Decimal(plot.share)
    lifecycle.set_scope(telling.pk, actor=actor, users_affected_share=share, service_ids=also)
    if telling.incident.severity.rank != 1:
        lifecycle.set_severity(
            telling.pk, actor=actor, severity=at_rank(1), reason="all of Europe cannot pay"
        )
    yield at + minutes(4.6)
    lifecycle.declare(telling.pk, actor=actor, responding=True)
    yield at + minutes(5.1)
    roles.take(telling.pk, actor=person(commander), role_slug=INCIDENT_COMMANDER)
    roles.take(telling.pk, actor=actor, role_slug=TECHNICAL_LEAD)
    yield at + minutes(6)
    text = telling.words(plot.updates[0], lead)
    lifecycle.post_update(telling.pk, actor=person(commander), text=text)
    yield at + minutes(7.4)
    began = at - minutes(4)
    scope.change_details(
        telling.pk,
        actor=actor,
        started_at=began,
        provenance=Provenance.MEASURED,
        reason="first failed payment",
    )
    yield at + minutes(8.6)
    fire(telling, 3)


def _mitigated(telling: Telling, at: datetime) -> Iterator[datetime]:
    """Users hurt no more; the cause is still being mended, and customers know."""
    plot = telling.plot
    begin(telling, at)
    yield at + minutes(3)
    commander, lead, comms = telling.cast()
    lifecycle.acknowledge(telling.pk, actor=person(lead))
    yield at + minutes(5)
    assemble(telling, commander, lead, comms)
    scope.change_details(telling.pk, actor=person(lead), title=plot.title, reason="says what users feel")
    yield at + minutes(7)
    roles.take(telling.pk, actor=person(comms), role_slug="comms_lead")
    inform(telling, comms, lead, 0)
    yield at + minutes(9)
    publish(telling, comms, NoticeStatus.INVESTIGATING, plot.public[0])
    yield at + minutes(19)
    cause = telling.words(plot.cause, lead) + "."
    notes.add_note(telling.pk, actor=person(lead), text=cause, kind="cause_identified")
    publish(telling, comms, NoticeStatus.IDENTIFIED, "We know the cause and are mending it.")
    yield at + minutes(24)
    attempt_at(telling, lead)
    yield at + minutes(31)
    for attempt in telling.incident.attempts.filter(ended_at=None):
        mitigating.finish(telling.pk, actor=person(lead), attempt_id=attempt.pk, outcome="helped")
    began = at - minutes(22)
    lifecycle.mitigate(telling.pk, actor=person(commander), started_at=began, provenance=Provenance.MEASURED)
    clear(telling)
    yield at + minutes(33)
    inform(telling, comms, lead, 1)
    publish(telling, comms, NoticeStatus.MONITORING, plot.public[1])


def _triage(telling: Telling, at: datetime) -> Iterator[datetime]:
    """Just come in: nobody has looked yet."""
    begin(telling, at)
    yield from ()
