"""A small shop: Checkout stands on Payments, Payments on the database."""

import pytest
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import Scope, User
from catalog import defaults
from catalog.models import Service, Team


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(slug="payments", name="Payments", time_zone="Europe/Copenhagen")


@pytest.fixture
def database(team: Team) -> Service:
    return Service.objects.create(slug="orders-db", name="Orders DB", team=team, tier=1)


@pytest.fixture
def payments(team: Team, database: Service) -> Service:
    service = Service.objects.create(slug="payments", name="Payments", team=team, tier=1)
    service.depends_on.add(database)
    return service


@pytest.fixture
def checkout(team: Team, payments: Service) -> Service:
    service = Service.objects.create(slug="checkout", name="Checkout", team=team, tier=1)
    service.depends_on.add(payments)
    return service


@pytest.fixture
def installed(db: None) -> None:
    defaults.install()


def _client(user: User, scope: Scope) -> APIClient:
    client = APIClient()
    _token, plain = tokens.issue(user, name="test", scope=scope)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")
    return client


@pytest.fixture
def admin_api(root: User) -> APIClient:
    return _client(root, Scope.ADMIN)


@pytest.fixture
def manager_api(mona: User) -> APIClient:
    return _client(mona, Scope.ADMIN)


@pytest.fixture
def responder_api(alice: User) -> APIClient:
    return _client(alice, Scope.WRITE)
