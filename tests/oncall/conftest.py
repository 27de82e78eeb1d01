"""A world with a team, a service, two schedules and a policy."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache

from accounts.actors import person
from catalog.models import Membership, Service, Team
from incidents import defaults as matrix
from incidents import lifecycle
from incidents.models import Severity
from notifications import delivery
from notifications.models import Delivery
from oncall import answering, paging, rotations
from oncall.models import Coverage, Layer, LayerMember, Policy, Schedule, Step, Target

#: A Monday, in business hours everywhere in Europe.
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _fresh(settings, tmp_path):
    settings.MAIL_DIR = tmp_path / "mail"
    cache.clear()


def schedule(name: str, *people: Any) -> Schedule:
    row = Schedule.objects.create(name=name)
    layer = Layer.objects.create(schedule=row)
    for place, user in enumerate(people):
        LayerMember.objects.create(layer=layer, user=user, position=place)
    return row


def policy(name: str, *steps: tuple[int, Any], **fields: Any) -> Policy:
    """Steps are (minutes, schedule | user | "managers")."""
    row = Policy.objects.create(name=name, **fields)
    for position, (minutes, whom) in enumerate(steps):
        step = Step.objects.create(policy=row, position=position, delay=timedelta(minutes=minutes))
        if isinstance(whom, Schedule):
            Target.objects.create(step=step, kind="schedule", schedule=whom)
        elif whom == "managers":
            Target.objects.create(step=step, kind="managers")
        else:
            Target.objects.create(step=step, kind="person", person=whom)
    return row


@pytest.fixture
def kept(mona, alice, bob, clock):
    """Alice, then Bob by the week, since long ago; and the verb that changes it."""
    first = rotations.Rotation(
        "Weekly", (NOON - timedelta(days=7)).date(), NOON.time(), 7, (alice.pk, bob.pk)
    )

    def save(schedule=None, zone="UTC", **changes):
        turns = [replace(first, **changes)]
        return rotations.save(
            actor=person(mona), schedule_id=schedule.pk if schedule else None, name="Primary",
            time_zone=zone, team=None, rotations=turns,
        )  # fmt: skip

    return save


@pytest.fixture
def team(db):
    return Team.objects.create(slug="payments", name="Payments", time_zone="Europe/Copenhagen")


@pytest.fixture
def checkout(team, alice, bob, mona, root):
    """Alice is primary, Bob secondary, Mona the manager, Root the admin; SEV1 … SEV4 exist."""
    matrix.install()
    Membership.objects.create(team=team, user=mona, is_manager=True)
    service = Service.objects.create(slug="checkout", name="Checkout", team=team)
    ladder = policy(
        "Payments", (0, schedule("Primary", alice)), (5, schedule("Secondary", bob)), (10, "managers")
    )
    Coverage.objects.create(service=service, policy=ladder)
    return service


@pytest.fixture
def opened(checkout, root, clock) -> Callable[..., Any]:
    def open_incident(sev: str = "SEV1", service: Any = None, **words: Any) -> Any:
        words = {"title": "Error rate 34 %", "actor": person(root), **words}
        words.setdefault("service_ids", [(service or checkout).pk])
        return lifecycle.open_incident(severity=Severity.objects.get(name=sev), **words)

    return open_incident


@pytest.fixture
def opened_now(checkout, root) -> Callable[[str], Any]:
    """The same by the real clock, for threads."""

    def open_incident(title: str) -> Any:
        severity = Severity.objects.get(name="SEV2")
        return lifecycle.open_incident(
            severity=severity, title=title, actor=person(root), service_ids=[checkout.pk]
        )

    return open_incident


@pytest.fixture
def tick(clock, drain) -> Callable[..., None]:
    """Let minutes pass, with every sweep running each 30 seconds."""

    def go(minutes: float = 0) -> None:
        everything(drain)
        for _ in range(round(minutes * 2)):
            clock.shift(30)
            everything(drain)

    return go


def everything(drain: Callable[[], int]) -> None:
    drain()
    paging.sweep()
    answering.sweep_silence()
    while delivery.sweep():
        drain()


def rung() -> list[str]:
    """Who was paged, in order, by first name; only messages that were really sent."""
    sent = Delivery.objects.filter(word="page").exclude(sent_at=None).order_by("sent_at", "pk")
    return [row.recipient.name for row in sent]
