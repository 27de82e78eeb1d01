"""A real browser for what needs one: focus, keys, polling, looks. Nobody may trip over the CSP on the way."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page

import catalog.defaults
import incidents.defaults
from accounts.models import User


@pytest.fixture
def browser_page(open_context: Callable[..., BrowserContext]) -> Page:
    """An empty page, wide and light, of somebody who is not signed in."""
    return open_context().new_page()


@pytest.fixture
def defaults(transactional_db: None) -> None:
    """Severities, roles, mitigations and the catch-all, as a new house has them."""
    incidents.defaults.install()
    catalog.defaults.install()


@pytest.fixture
def enter(open_context: Callable[..., BrowserContext], live_server: Any) -> Callable[..., Page]:
    """A page of somebody who is signed in: ``enter(alice, color_scheme="dark")``."""

    def sign_in(user: User, **options: Any) -> Page:
        client = Client()
        client.force_login(user)
        context = open_context(**options)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        return context.new_page()

    return sign_in


@pytest.fixture
def signed_in(enter: Callable[..., Page], alice: User) -> Page:
    """Alice's page."""
    return enter(alice)


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Keep a screenshot under ``TOCSIN_SCREENSHOTS``, where that is set."""

    def keep(page: Page, name: str) -> None:
        if folder := os.environ.get("TOCSIN_SCREENSHOTS"):
            page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    return keep
