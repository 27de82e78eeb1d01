"""What one story of the demo knows while it is played, and the acts that several stories share."""

import random
from datetime import datetime

from accounts.actors import Actor, person
from accounts.models import User
from catalog import mitigations
from catalog.models import Service
from config.demo.plot import Plot
from config.demo.world import World
from detection import alerts, sources
from detection.models import Alert
from detection.signals import Signal
from incidents import lifecycle, mitigating, questions
from incidents.kinds import OPEN, Source
from incidents.models import Incident
from incidents.severity import at_rank
from statuspage import publishing
from statuspage.kinds import ComponentStatus, NoticeStatus
from statuspage.models import Notice

KNOWN_WORD = "customers know this word"


class Telling:
    """What one story knows while it is played."""

    def __init__(self, world: World, plot: Plot, dice: random.Random) -> None:
        self.world, self.plot, self.dice = world, plot, dice
        self.service: Service = world.services[plot.service]
        self.version = f"v{dice.randint(300, 940)}"
        self.pk = 0
        self.notice: int | None = None
        self.alert_keys: list[str] = []

    @property
    def incident(self) -> Incident:
        return Incident.objects.select_related("service__team", "severity").get(pk=self.pk)

    def on_call(self) -> User:
        """Who answers for the service now."""
        asked = questions.ask.on_call_now(self.service)
        known = [user for user in asked if user.pk != self.world.admin.pk]
        return (known or self.world.of_team(self.service.team.slug))[0]

    def cast(self) -> tuple[User, User, User]:
        """Commander, Technical Lead, Comms Lead: three people."""
        lead = self.on_call()
        people = self.world.people
        leaders = [
            self.world.manager_of(self.service.team.slug),
            people["Mira Okonkwo"],
            people["Priya Raman"],
        ]
        commander = next(user for user in leaders if user != lead)
        comms = self.world.people[self.dice.choice(["Leah Goldberg", "Samuel Adeyemi"])]
        return commander, lead, comms

    def words(self, text: str, lead: User) -> str:
        return text.format(version=self.version, lead=lead.get_short_name())


def signal(telling: Telling, action: str, number: int = 1) -> Signal:
    plot, service = telling.plot, telling.service
    word = {1: "critical", 2: "error", 3: "warning"}.get(plot.rank, "info")
    summary = (
        plot.alert
        if number == 1
        else f"{service.name}: {('latency', 'queue', 'saturation')[number % 3]} high"
    )
    return Signal(
        action="trigger" if action == "trigger" else "resolve",
        key=telling.alert_keys[number - 1],
        summary=summary,
        severity=word,
        service=service.slug,
        labels={"alertname": plot.alert.split(":")[0][:60], "service": service.slug, "severity": word},
        service_id=service.pk,
    )


def fire(telling: Telling, number: int = 1) -> Alert | None:
    """The monitoring speaks; the house opens or joins an incident by itself."""
    telling.alert_keys.append(f"{telling.service.slug}-{telling.dice.getrandbits(48):012x}")
    source = telling.world.probes if telling.plot.source == Source.HEALTH_CHECK else telling.world.monitoring
    (stored,) = alerts.ingest(source, [signal(telling, "trigger", number)])
    sources.seen(source)
    return stored.alert


def begin(telling: Telling, detected_at: datetime) -> bool:
    """The incident is there, by an alert or by a report; False where the alert joined one that was open."""
    plot = telling.plot
    if plot.alert and plot.source in (Source.MONITORING_ALERT, Source.HEALTH_CHECK):
        alert = fire(telling)
        if alert is not None and alert.incident_id:
            telling.pk = alert.incident_id
            return telling.incident.detected_at >= detected_at
    reporter = telling.world.people["Nora Jensen"]
    telling.pk = lifecycle.open_incident(
        title=plot.title,
        actor=person(reporter),
        service_ids=[telling.service.pk],
        severity=at_rank(plot.rank),
        source=plot.source,
        detected_at=detected_at,
    ).pk
    return True


def clear(telling: Telling) -> None:
    """All signals of the incident end."""
    source = telling.world.probes if telling.plot.source == Source.HEALTH_CHECK else telling.world.monitoring
    ends = [signal(telling, "resolve", number) for number in range(1, len(telling.alert_keys) + 1)]
    if ends:
        alerts.ingest(source, ends)


def inform(telling: Telling, comms: User, lead: User, place: int) -> None:
    texts = telling.plot.updates or ("We are looking.",)
    text = texts[min(place, len(texts) - 1)]
    lifecycle.post_update(telling.pk, actor=person(comms), text=telling.words(text, lead))


def attempt_at(telling: Telling, lead: User) -> None:
    """What is tried, without saying yet whether it helped."""
    found = [one for one in mitigations.for_service(telling.service) if one.slug == telling.plot.mitigation]
    if found and telling.incident.status in OPEN:
        mitigating.start(telling.pk, actor=person(lead), mitigation_id=found[0].pk)


def try_out(telling: Telling, actor: Actor, lead: User) -> None:
    """What was tried and helped."""
    attempt_at(telling, lead)
    for attempt in telling.incident.attempts.filter(ended_at=None):
        mitigating.finish(telling.pk, actor=actor, attempt_id=attempt.pk, outcome="helped")


def publish(telling: Telling, comms: User, status: str, text: str) -> None:
    """A word to customers: the first one from the draft, the later ones as updates."""
    notice = Notice.objects.filter(incident=telling.pk, resolved_at=None, withdrawn_at=None).first()
    plot = telling.plot
    if notice is None and status == NoticeStatus.RESOLVED:
        return
    shown = ComponentStatus.MAJOR_OUTAGE if plot.rank == 1 else ComponentStatus.PARTIAL_OUTAGE
    if status == NoticeStatus.MONITORING:
        shown = ComponentStatus.DEGRADED_PERFORMANCE
    affected = {one.pk: str(shown) for one in telling.world.components_of(plot.service, *plot.also)}
    actor = person(comms)
    if notice is None:
        publishing.open_notice(
            actor=actor,
            title=plot.title,
            body=text,
            components=affected,
            incident_id=telling.pk,
            override=KNOWN_WORD,
        )
        return
    publishing.post_update(
        notice.pk,
        actor=actor,
        body=text,
        status=status,
        components=None if status == NoticeStatus.RESOLVED else affected,
        title=plot.title,
        override=KNOWN_WORD,
    )


def resolve(telling: Telling, actor: Actor, comms: Actor) -> None:
    """The cause is gone, and customers hear it."""
    plot = telling.plot
    for attempt in telling.incident.attempts.filter(ended_at=None):
        mitigating.finish(telling.pk, actor=actor, attempt_id=attempt.pk, outcome="helped")
    if plot.public[2] and comms.user and telling.incident.public_first_at:
        publish(telling, comms.user, NoticeStatus.RESOLVED, plot.public[2])
    lifecycle.resolve(telling.pk, actor=actor, text=plot.fix + ".")
