"""A small shop to watch over: three services, a source, and what it says."""

from collections.abc import Callable

import pytest

from accounts.actors import person, system
from catalog import defaults as catalog_defaults
from catalog.models import Service, Team
from detection import alerts, sources
from detection.models import Alert, Source
from detection.signals import Signal
from incidents import defaults as incident_defaults
from incidents.models import Incident


@pytest.fixture(autouse=True)
def _no_remembered_keys():
    sources.forget()
    yield
    sources.forget()


@pytest.fixture
def house(db):
    """The defaults of a new installation, as far as detection needs them."""
    catalog_defaults.install()
    incident_defaults.install()


@pytest.fixture
def team(house) -> Team:
    return Team.objects.create(slug="shop-team", name="Shop team")


@pytest.fixture
def shop(team) -> Service:
    return Service.objects.create(slug="shop", name="Shop", team=team)


@pytest.fixture
def billing(team) -> Service:
    return Service.objects.create(slug="billing", name="Billing", team=team)


@pytest.fixture
def source(shop) -> Source:
    return sources.create(actor=system(), name="Prometheus", kind="alertmanager", service=shop)[0]


@pytest.fixture
def router(house) -> Source:
    """A source that routes by labels."""
    return sources.create(actor=system(), name="Everything", kind="generic")[0]


@pytest.fixture
def fire(source) -> Callable[..., Alert]:
    """A firing of the source; returns its alert."""

    def send(
        key: str = "errors", summary: str = "Error rate 34 %", *, at: Source | None = None, **fields
    ) -> Alert:
        speaker = at or source
        alerts.ingest(speaker, [Signal(action="trigger", key=key, summary=summary, **fields)])
        return Alert.objects.filter(source=speaker, dedup_key=key).latest("pk")

    return send


@pytest.fixture
def clear(source) -> Callable[..., None]:
    def send(*keys: str, at: Source | None = None, **fields) -> None:
        alerts.ingest(
            at or source, [Signal(action="resolve", key=key, **fields) for key in keys or ("errors",)]
        )

    return send


@pytest.fixture
def only(house) -> Callable[[], Incident]:
    """The one incident there is."""
    return lambda: Incident.objects.get()


@pytest.fixture
def by_alice(alice):
    return person(alice)
