"""What every room's tests may ask for."""

import os
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.core.management import CommandError
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from accounts.models import Role, User
from incidents import newest
from outbox import delivery, doorbell, handlers
from tests.browsing import browser as browser
from tests.browsing import console as console
from tests.browsing import faults as faults
from tests.browsing import open_context as open_context

try:
    from incidents import guards
except ImportError:
    guards = None

# The real hasher takes a third of a second per person, on purpose.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# By hand every run looks somewhere new; in CI the same commit gives the same answer, on a slow machine too.
hypothesis_settings.register_profile(
    "ci", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
if os.environ.get("CI"):
    hypothesis_settings.load_profile("ci")

PASSWORD = "correct horse battery staple"  # For people who sign in through the form.


def pytest_collection_finish() -> None:
    """Collecting may have asked the database something; its pool would keep the tests on the real one."""
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()


@pytest.fixture
def drain() -> Callable[[], int]:
    """The worker: deliver until nothing is due, and say how many messages were tried."""

    def deliver() -> int:
        total = 0
        while tried := delivery.sweep():
            total += tried
            assert total < 5000, "the outbox does not come to rest"
        return total

    return deliver


@pytest.fixture(autouse=True)
def _own_cache(settings: Any) -> None:
    """Redis outlives a test and is shared by parallel ones, and clearing it empties a whole database of it.

    So each worker has a database of its own there, and each test counts under names of its own.
    """
    # A test's first incident has the number of the last test's.
    caches["drawn"].clear()
    caches["lines"].clear()
    newest.AGE = 0
    default = settings.CACHES["default"]
    if settings.REDIS_URL:
        number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 14 + 1
        server = re.sub(r"/\d*$", "", settings.REDIS_URL)
        own = {**default, "LOCATION": f"{server}/{number}", "KEY_PREFIX": secrets.token_hex(6)}
        settings.CACHES = {**settings.CACHES, "default": own}


@pytest.fixture(autouse=True)
def _no_doorbell() -> Iterator[None]:
    """Nobody rings in a test: what is owed is delivered by `drain`."""
    doorbell.connect(None)
    yield
    doorbell.connect(None)


def _flushed(case: TransactionTestCase, flush: Callable[[TransactionTestCase], None]) -> None:
    """A page that is still open may ask in that moment: PostgreSQL then ends one of the two as a deadlock."""
    for is_last in (False, False, True):
        try:
            flush(case)
            return
        except CommandError:
            if is_last:
                raise


@pytest.fixture(scope="session", autouse=True)
def _flush_passes_the_guards() -> Iterator[None]:
    """Transactional tests empty the tables, which the timeline's guards rightly refuse to everybody else."""
    original = TransactionTestCase._fixture_teardown

    def teardown(case: TransactionTestCase) -> None:
        if guards:
            guards.remove(connection)
        try:
            _flushed(case, original)
        finally:
            if guards:
                guards.install(connection)

    TransactionTestCase._fixture_teardown = teardown
    yield
    TransactionTestCase._fixture_teardown = original


def _person(name: str, role: Role) -> User:
    return User.objects.create_user(
        email=f"{name.lower()}@example.com", password=PASSWORD, name=name, role=role, time_zone="UTC"
    )


@pytest.fixture
def alice(db: None) -> User:
    """A responder."""
    return _person("Alice", Role.RESPONDER)


@pytest.fixture
def bob(db: None) -> User:
    """Another responder."""
    return _person("Bob", Role.RESPONDER)


@pytest.fixture
def carol(db: None) -> User:
    """A third responder."""
    return _person("Carol", Role.RESPONDER)


@pytest.fixture
def mona(db: None) -> User:
    """A manager."""
    return _person("Mona", Role.MANAGER)


@pytest.fixture
def vera(db: None) -> User:
    """A viewer."""
    return _person("Vera", Role.VIEWER)


@pytest.fixture
def root(db: None) -> User:
    """An admin."""
    return _person("Root", Role.ADMIN)


Heard = list[dict[str, Any]]


@pytest.fixture
def listen() -> Iterator[Callable[..., Heard]]:
    """Register a handler and return the list of what it hears; `fails` says how to fail."""
    names: list[str] = []

    def register(*topics: str, name: str = "tests.listener", fails: Any = None, **options: Any) -> Heard:
        heard: Heard = []

        def function(payload: dict[str, Any]) -> None:
            heard.append(payload)
            if fails:
                fails(payload)

        names.append(name)
        handlers.on(*topics, name=name, **{"lease": timedelta(seconds=30), **options})(function)
        return heard

    yield register
    for name in names:
        handlers.forget(name)
