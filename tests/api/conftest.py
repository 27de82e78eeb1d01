"""A house with its defaults, and people who ask by token."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from accounts import actors, tokens
from accounts.authentication import TokenThrottle
from accounts.models import Role, User


@pytest.fixture(autouse=True)
def _no_throttle(monkeypatch):
    """These tests ask more than any client may."""
    cache.clear()
    monkeypatch.setattr(TokenThrottle, "THROTTLE_RATES", {"token": "1000000/min", "anonymous": "1000000/min"})


@pytest.fixture
def asks() -> Callable[..., APIClient]:
    """A REST client with a fresh token of that person."""

    def client(user: User, scope: str = "admin") -> APIClient:
        it = APIClient(raise_request_exception=False)
        it.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(user, name='test', scope=scope)[1]}")
        return it

    return client


@pytest.fixture
def askers(asks, db) -> dict[str, APIClient]:
    """One client for each kind of asker."""
    found = {"anonymous": APIClient(raise_request_exception=False)}
    for role in Role:
        user = User.objects.create_user(f"{role}@roles.example", role=role)
        found[role.value] = asks(user)
    found["read-only admin"] = asks(user, "read")
    gone, plaintext = tokens.issue(user, name="gone", scope="admin")
    tokens.revoke(gone.pk, actor=actors.person(user))
    found["revoked"] = APIClient(raise_request_exception=False)
    found["revoked"].credentials(HTTP_AUTHORIZATION=f"Bearer {plaintext}")
    return found
