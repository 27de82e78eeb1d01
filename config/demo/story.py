"""One incident from its first signal to its last action item, told through the verbs of the rooms."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from accounts.actors import person
from accounts.models import User
from config.demo import aftermath
from config.demo.pace import Pace, minutes
from config.demo.telling import Telling, attempt_at, begin, clear, fire, inform, publish, resolve, try_out
from incidents import lifecycle, notes, roles, scope
from incidents.kinds import COMMS_LEAD, INCIDENT_COMMANDER, TECHNICAL_LEAD
from incidents.severity import at_rank
from statuspage.kinds import NoticeStatus


def tell(telling: Telling, at: datetime, speed: Pace) -> Iterator[datetime]:
    """The whole story; yields the instants at which it goes on."""
    plot, dice = telling.plot, telling.dice
    if not begin(telling, at):
        # Somebody is at work on this service already, and hears of this alert there.
        yield at + minutes(speed.mitigated)
        clear(telling)
        return
    if plot.alert and plot.rank <= 3 and dice.random() < 0.6:
        yield at + minutes(min(1.5, speed.acknowledged * 0.7))
        if telling.alert_keys:
            fire(telling, 2)
    yield at + minutes(speed.acknowledged)
    commander, lead, comms = telling.cast()
    lifecycle.acknowledge(telling.pk, actor=person(lead))
    if telling.incident.title != plot.title:
        scope.change_details(telling.pk, actor=person(lead), title=plot.title, reason="says what users feel")
    yield at + minutes(speed.declared)
    if plot.rank <= 2:
        yield from _severe(telling, at, speed, commander, lead, comms)
    else:
        yield from _mild(telling, at, speed, lead)
    yield at + minutes(speed.resolved)
    resolve(telling, person(commander if plot.rank <= 2 else lead), person(comms))
    if plot.rank <= 2:
        yield from aftermath.write(telling.world, telling.incident, plot, dice, telling.words)


def _start_of(at: datetime, speed: Pace) -> dict[str, object]:
    """The evidence of when the impact began, where there is any."""
    if speed.onset is None:
        return {}
    return {"started_at": at - minutes(speed.onset), "provenance": speed.provenance}


def _mild(telling: Telling, at: datetime, speed: Pace, lead: User) -> Iterator[datetime]:
    actor, plot = person(lead), telling.plot
    lifecycle.declare(telling.pk, actor=actor, responding=True)
    if plot.rank == 3:
        roles.take(telling.pk, actor=actor, role_slug=INCIDENT_COMMANDER)
    yield at + minutes(speed.cause)
    notes.add_note(
        telling.pk, actor=actor, text=telling.words(plot.cause, lead) + ".", kind="cause_identified"
    )
    yield at + minutes(speed.mitigated)
    try_out(telling, actor, lead)
    lifecycle.mitigate(telling.pk, actor=actor, **_start_of(at, speed))  # type: ignore[arg-type]
    clear(telling)


def assemble(telling: Telling, commander: User, lead: User, comms: User) -> None:
    """Scope, severity, declaring, three chairs."""
    plot, actor = telling.plot, person(lead)
    share = Decimal(plot.share) if plot.share else None
    also = [telling.world.services[slug].pk for slug in (plot.service, *plot.also)]
    lifecycle.set_scope(telling.pk, actor=actor, users_affected_share=share, service_ids=also)
    if telling.incident.severity.rank != plot.rank:
        reason = f"a major feature is broken for {plot.share} % of users"
        lifecycle.set_severity(telling.pk, actor=actor, severity=at_rank(plot.rank), reason=reason)
    lifecycle.declare(telling.pk, actor=actor, responding=True)
    roles.take(telling.pk, actor=person(commander), role_slug=INCIDENT_COMMANDER)
    roles.take(telling.pk, actor=actor, role_slug=TECHNICAL_LEAD)


def _severe(
    telling: Telling, at: datetime, speed: Pace, commander: User, lead: User, comms: User
) -> Iterator[datetime]:
    plot, dice = telling.plot, telling.dice
    assemble(telling, commander, lead, comms)
    # Now and then nobody thinks of the words for outside until a reminder comes.
    is_slow = dice.random() < 0.2
    yield at + minutes(speed.declared + (6.5 if is_slow else 1.5))
    roles.take(telling.pk, actor=person(comms), role_slug=COMMS_LEAD)
    yield at + minutes(speed.declared + (9 if is_slow else 4))
    inform(telling, comms, lead, 0)
    yield at + minutes(speed.declared + (12.5 if is_slow else 6))
    publish(telling, comms, NoticeStatus.INVESTIGATING, plot.public[0])
    yield from _updates(telling, at, speed, comms, lead)
    yield at + minutes(speed.mitigated)
    commands = person(commander)
    lifecycle.mitigate(telling.pk, actor=commands, **_start_of(at, speed))  # type: ignore[arg-type]
    yield at + minutes(speed.mitigated + 2)
    clear(telling)
    inform(telling, comms, lead, 2)
    publish(telling, comms, NoticeStatus.MONITORING, plot.public[1])
    yield from _watch(telling, at, speed, comms)


def _updates(telling: Telling, at: datetime, speed: Pace, comms: User, lead: User) -> Iterator[datetime]:
    """Until users hurt no more: the cause, what is tried, and a word to the team at each promise."""
    plot, dice = telling.plot, telling.dice
    every = 13 if plot.rank == 1 else 27
    told = speed.declared + 6
    steps = [(speed.cause, "cause"), (max(speed.cause + 1, speed.mitigated - 6), "try")]
    while told + every < speed.mitigated:
        # One in twelve is forgotten and comes late.
        told += every + (6 if dice.random() < 0.08 else 0)
        steps.append((told, "word"))
    for when, what in sorted(step for step in steps if step[0] < speed.mitigated):
        yield at + minutes(when)
        if what == "cause":
            text = telling.words(plot.cause, lead) + "."
            notes.add_note(telling.pk, actor=person(lead), text=text, kind="cause_identified")
        elif what == "try":
            attempt_at(telling, lead)
        else:
            inform(telling, comms, lead, 1)
            if telling.dice.random() < 0.9:
                publish(telling, comms, NoticeStatus.IDENTIFIED, "We know the cause and are mending it.")


def _watch(telling: Telling, at: datetime, speed: Pace, comms: User) -> Iterator[datetime]:
    """Between mitigated and resolved the public and the team still hear, more slowly."""
    told = speed.mitigated + 2
    while told + 28 < speed.resolved:
        told += 28
        yield at + minutes(told)
        publish(telling, comms, NoticeStatus.MONITORING, "All is well so far; we keep watching.")
        if round(told - speed.mitigated) // 28 % 2 == 0:
            lifecycle.post_update(
                telling.pk, actor=person(comms), text="Quiet. We watch until the fix is in."
            )
