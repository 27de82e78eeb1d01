"""One real browser for every room that needs one: a second one in the same process would not start."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

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
            _without(f"no browser: {str(missing).splitlines()[0]}")
        yield chromium
        chromium.close()


def _without(reason: str) -> None:
    """Who has no browser may leave these tests out; CI may not, or it would pass without them."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (with CI set, browser tests must run)", pytrace=False)
    pytest.skip(reason)


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
