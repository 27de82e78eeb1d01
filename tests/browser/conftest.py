"""A real browser for what needs one: focus, keys, polling, looks. Nobody may trip over the CSP on the way."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

import catalog.defaults
import incidents.defaults
from accounts.models import User

# Playwright's loop runs in this thread, and Django would take it for async code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
# A busy machine is slow, not wrong; how quick a page is, benchmarks say.
expect.set_options(timeout=30_000)
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Playwright's own Chromium where it is installed, else the system's."""
    found = [path for path in CHROMIUM if Path(path).exists()]
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(
                executable_path=found[0] if found else None, args=["--no-sandbox"]
            )
        except Error as missing:
            pytest.skip(f"no browser: {str(missing).splitlines()[0]}")
        yield chromium
        chromium.close()


@pytest.fixture
def console() -> Iterator[list[str]]:
    """Every line of the browser's console; none may speak of the Content Security Policy."""
    lines: list[str] = []
    yield lines
    assert not [line for line in lines if "content security policy" in line.lower()]


@pytest.fixture
def open_context(browser: Browser, console: list[str]) -> Iterator[Callable[..., BrowserContext]]:
    """A fresh browser context with the given options (``color_scheme``, ``viewport``, …)."""
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        context.on("console", lambda message: console.append(message.text))
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


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
def faults() -> Callable[[Page], list[str]]:
    """What axe finds wrong on a page (WCAG 2.2 A and AA, and best practice), as readable lines."""

    def look(page: Page) -> list[str]:
        found = Axe().run(page).response["violations"]
        return [
            f"{fault['id']}: {fault['help']} {node['html'][:160]}"
            for fault in found
            for node in fault["nodes"]
        ]

    return look


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Keep a screenshot under ``TOCSIN_SCREENSHOTS``, where that is set."""

    def keep(page: Page, name: str) -> None:
        if folder := os.environ.get("TOCSIN_SCREENSHOTS"):
            page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    return keep
