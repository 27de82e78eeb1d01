"""A house with defaults, a service and people, for the tests of incidents."""

from datetime import UTC, datetime

import pytest
import time_machine

from accounts.actors import Actor, person, system
from accounts.models import User
from catalog.models import Service, Team
from incidents import defaults, lifecycle
from incidents.models import Incident, Severity

NOON = datetime(2024, 1, 22, 14, 0, tzinfo=UTC)  # A Monday.


@pytest.fixture(autouse=True)
def matrix(db: None) -> None:
    defaults.install()


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(slug="payments", name="Payments", time_zone="UTC")


@pytest.fixture
def checkout(team: Team) -> Service:
    return Service.objects.create(slug="checkout", name="Checkout", team=team)


@pytest.fixture
def sev(matrix: None) -> dict[int, Severity]:
    return {severity.rank: severity for severity in Severity.objects.all()}


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def opened(checkout: Service, clock):
    """Opens an incident through the front door."""

    def open_one(rank: int = 1, *, actor: Actor | None = None, **words) -> Incident:
        return lifecycle.open_incident(
            **{
                "title": "Checkout fails for everyone",
                "actor": actor or system(),
                "service_ids": [checkout.pk],
                "severity": Severity.objects.get(rank=rank),
                **words,
            }
        )

    return open_one


@pytest.fixture
def act():
    """An actor from a person."""
    return lambda user: person(user, "web")


def fresh(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)


def due(incident: Incident, kind: str):
    """The running deadline of that kind, if any."""
    return incident.deadlines.filter(kind=kind, stopped_at=None).first()


def grant(user: User, role: str) -> User:
    user.role = role
    user.save()
    return user
