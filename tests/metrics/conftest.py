"""A small house to measure: four severities, two services, and incidents told in clock times."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts.actors import person
from catalog.models import Service, Team
from incidents import lifecycle
from incidents import severity as severities
from incidents.models import Incident, Severity

MONDAY = datetime(2024, 1, 22, tzinfo=UTC)


def at(clock: str, day: int = 0) -> datetime:
    """A time of the Monday that all tests play on, or so many days later."""
    hours, minutes = clock.split(":")
    return MONDAY + timedelta(days=day, hours=int(hours), minutes=int(minutes))


@pytest.fixture
def ranks(db) -> dict[int, Severity]:
    """SEV1 to SEV4 without cadences."""
    found = {}
    for rank in range(1, 5):
        severity = Severity.objects.create(
            rank=rank, name=f"SEV{rank}", user_impact="x", example="x", response_within=timedelta(minutes=5)
        )
        severities.revise(severity)
        found[rank] = severity
    return found


@pytest.fixture
def team(db) -> Team:
    return Team.objects.create(slug="shop", name="Shop")


@pytest.fixture
def checkout(team) -> Service:
    return Service.objects.create(slug="checkout", name="Checkout", team=team)


@pytest.fixture
def search(team) -> Service:
    return Service.objects.create(slug="search", name="Search", team=team)


@pytest.fixture
def outage(ranks, checkout, alice) -> Callable[..., Incident]:
    """Play one incident through its verbs, with a travelling clock.

    By default the outage of the template: 14:00 alert, 14:03 acknowledged, 14:25 restored, 16:00 resolved.
    Times that are None do not happen.
    """

    def play(
        started="14:00",
        detected="14:00",
        acknowledged="14:03",
        mitigated="14:25",
        resolved="16:00",
        day=0,
        rank=1,
        services=(),
        **more,
    ) -> Incident:
        who = person(alice)
        with time_machine.travel(at(detected, day), tick=False) as clock:
            incident = lifecycle.open_incident(
                title=more.pop("title", "Checkout fails"),
                actor=who,
                service_ids=[service.pk for service in services] or [checkout.pk],
                severity=ranks[rank],
                started_at=at(started, day) if started else None,
                **more,
            )
            steps = [
                (acknowledged, lifecycle.acknowledge),
                (mitigated, lifecycle.mitigate),
                (resolved, lifecycle.resolve),
            ]
            for when, verb in steps:
                if when:
                    clock.move_to(at(when, day))
                    verb(incident.pk, actor=who)
        incident.refresh_from_db()
        return incident

    return play
