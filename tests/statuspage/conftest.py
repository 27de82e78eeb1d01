"""A shop with a page: two components in a group, one for the rest; the site goes to a folder of the test."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from accounts import actors
from accounts.models import User
from catalog.models import Service, Team
from incidents import defaults as incident_defaults
from incidents import lifecycle
from incidents.models import Incident, Severity
from statuspage.changes import page
from statuspage.models import Component, ComponentGroup, Page

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def status_dir(tmp_path: Path, settings) -> Path:
    settings.STATUS_DIR = tmp_path / "site"
    return settings.STATUS_DIR


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(slug="shop", name="Shop", time_zone="UTC")


@pytest.fixture
def checkout(team: Team) -> Service:
    return Service.objects.create(slug="checkout-api", name="checkout-api", team=team)


@pytest.fixture
def rest(team: Team) -> Service:
    return Service.objects.create(slug="everything", name="Everything", team=team, is_catch_all=True)


@pytest.fixture
def status_page(db: None) -> Page:
    row = page()
    row.name = "Lindholt"
    row.save()
    return row


@pytest.fixture
def shop(status_page: Page, checkout: Service, rest: Service) -> dict[str, Component]:
    """Components by a short name."""
    group = ComponentGroup.objects.create(name="Shop")
    old = {"start_date": date(2020, 1, 1)}
    pay = Component.objects.create(name="Checkout (EU)", group=group, position=1, **old)
    pay.services.add(checkout)
    search = Component.objects.create(name="Search", group=group, position=2, **old)
    other = Component.objects.create(name="Everything else", position=9, **old)
    other.services.add(rest)
    return {"pay": pay, "search": search, "other": other}


@pytest.fixture
def matrix(db: None) -> None:
    incident_defaults.install()


@pytest.fixture
def declared(shop, matrix: None, checkout: Service, alice: User) -> Callable[..., Incident]:
    """Opens and declares an incident of Alice's through the front door."""

    def declare(rank: int = 1, **words: object) -> Incident:
        return lifecycle.open_incident(
            **{
                "title": "Payments fail",
                "actor": actors.person(alice),
                "service_ids": [checkout.pk],
                "severity": Severity.objects.get(rank=rank),
                "declare": True,
                **words,
            }
        )

    return declare
