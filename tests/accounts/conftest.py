"""Who asks by token in the tests of this room."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import User


@pytest.fixture
def asks() -> Callable[..., APIClient]:
    """A REST client with a fresh token of that person."""

    def client(user: User, scope: str = "write") -> APIClient:
        it = APIClient()
        it.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(user, name='test', scope=scope)[1]}")
        return it

    return client
