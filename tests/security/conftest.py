"""A house with its defaults, and clients of its people."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import User
from config import defaults


@pytest.fixture(autouse=True)
def _house(db: None, tmp_path: Path, settings) -> None:
    """Counters of limits empty, the site and the mails in a folder of the test."""
    cache.clear()
    settings.STATUS_DIR = tmp_path / "site"
    settings.SECURE_SSL_REDIRECT = False
    defaults.install()


@pytest.fixture
def rest() -> Callable[..., APIClient]:
    """A REST client with a token of that person; what breaks answers 500 instead of raising."""

    def client(user: User, scope: str = "admin") -> APIClient:
        it = APIClient(raise_request_exception=False)
        it.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(user, name='test', scope=scope)[1]}")
        return it

    return client


@pytest.fixture
def browser() -> Callable[..., Client]:
    """A signed-in browser; what breaks answers 500 instead of raising."""

    def client(user: User | None = None, **options: bool) -> Client:
        it = Client(raise_request_exception=False, **options)
        if user:
            it.force_login(user)
        return it

    return client
