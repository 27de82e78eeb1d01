"""Takes the pictures of this folder from a running demo: `python docs/images/make.py URL EMAIL PASSWORD`.

Names after these take only those pictures.
Start the demo first, on a data directory of its own:
`TOCSIN_DATA_DIR=… python3 manage.py up --demo --port 8301`. Its sign-in is what `up` prints.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

FOLDER = Path(__file__).parent
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 360, "height": 780}
# A picture above this is too much for a README.
MAX_BYTES = 250_000


class Shot(NamedTuple):
    """A picture: its name, where it is taken, and how."""

    name: str
    address: str
    is_dark: bool = False
    is_narrow: bool = False


def shots(room: str, document: str) -> list[Shot]:
    """Every picture; the main pages in the light and in the dark."""
    return [
        Shot("now", "/"),
        Shot("now-dark", "/", is_dark=True),
        Shot("incident", room),
        Shot("incident-dark", room, is_dark=True),
        Shot("incident-phone", room, is_narrow=True),
        Shot("declare", "/incidents/declare/"),
        Shot("oncall", "/oncall/"),
        Shot("oncall-phone", "/oncall/?view=agenda", is_narrow=True),
        Shot("reached-phone", "/notifications/contacts/", is_narrow=True),
        *_both("postmortem", document),
        *_both("picker", f"{document}timeline/"),
        *_both("library", "/postmortems/"),
        *_both("board", "/actions/?view=board"),
        *_both("metrics", "/metrics/"),
        *_both("measure", "/metrics/mttm/?period=12m"),
        *_both("review", "/metrics/review/"),
        Shot("handbook", "/handbook/"),
        Shot("status", "/status/"),
        Shot("status-dark", "/status/", is_dark=True),
    ]


def _both(name: str, address: str) -> list[Shot]:
    """The same in the light and in the dark."""
    return [Shot(name, address), Shot(f"{name}-dark", address, is_dark=True)]


def sign_in(browser: Browser, url: str, email: str, password: str) -> str:
    """The signed-in state, as a file that other contexts start from."""
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    page.goto(f"{url}/accounts/login/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(f"{url}/")
    state = str(FOLDER / ".signed-in.json")
    context.storage_state(path=state)
    context.close()
    return state


def first(page: Page, url: str, folder: str) -> str:
    """The address of the first room or document that a page lists."""
    page.goto(url)
    links = [link.get_attribute("href") or "" for link in page.locator("main a").all()]
    found = [link for link in links if re.fullmatch(rf"/{folder}/\d+/", link)]
    if not found:
        sys.exit(f"{url} lists nothing; is this the demo?")
    return found[0]


def take(browser: Browser, url: str, state: str, shot: Shot) -> None:
    """One picture of what fits into the window."""
    context = browser.new_context(
        viewport=NARROW if shot.is_narrow else WIDE,
        color_scheme="dark" if shot.is_dark else "light",
        storage_state=state,
    )
    page = context.new_page()
    page.goto(url + shot.address)
    # The neighbours of a room load themselves after it.
    page.wait_for_timeout(1500)
    target = FOLDER / f"{shot.name}.png"
    page.screenshot(path=str(target))
    size = target.stat().st_size
    sys.stdout.write(f"{target.name}: {size // 1000} kB\n")
    if size > MAX_BYTES:
        sys.exit(f"{target.name} is larger than {MAX_BYTES // 1000} kB.")
    context.close()


def main(url: str, email: str, password: str, *names: str) -> None:
    """Sign in, find a room and a document worth a look, take every picture, or those of ``names``."""
    found = [path for path in CHROMIUM if Path(path).exists()]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found[0] if found else None, args=["--no-sandbox"]
        )
        state = sign_in(browser, url, email, password)
        try:
            page = browser.new_context(storage_state=state).new_page()
            room = first(page, f"{url}/incidents/?status=active", "incidents")
            document = first(page, f"{url}/postmortems/?status=published&q=Shop", "postmortems")
            for shot in shots(room, document):
                if not names or shot.name in names:
                    take(browser, url, state, shot)
        finally:
            Path(state).unlink()


if __name__ == "__main__":
    main(*sys.argv[1:])
