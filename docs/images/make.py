"""Takes the pictures of this folder from a running demo: `python docs/images/make.py URL EMAIL PASSWORD`.

Names after these take only those pictures.
Start the demo first, on a data directory of its own:
`TOCSIN_DATA_DIR=… python3 manage.py up --demo --port 8301`. Its sign-in is what `up` prints.
"""

import re
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, FloatRect, Page, sync_playwright

FOLDER = Path(__file__).parent
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 360, "height": 780}
# A picture above this is too much for a README.
MAX_BYTES = 250_000
CALENDAR = "section[aria-labelledby=h-cal]"
# A service whose team has layers of its own for nights and weekends.
ASKED = "Edge network"
AIR = 24


class Shot(NamedTuple):
    """A picture: its name, where it is taken, and how."""

    name: str
    address: str
    is_dark: bool = False
    is_narrow: bool = False
    #: The part of the page that is shown, where it is not the top.
    part: str = ""


def shots(room: str, document: str, duty: dict[str, str]) -> list[Shot]:
    """Every picture; the main pages in the light and in the dark. ``duty`` are the addresses of on-call."""
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
        *_both("duty-week", duty["week"], part=CALENDAR),
        *_both("duty-month", duty["month"], part=CALENDAR),
        *_both("duty-ladder", "/oncall/", part=duty["ladder"]),
        *_both("duty-simulation", duty["simulation"], part="main"),
        *_both("duty-trace", duty["trace"], part="#ask"),
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


def _both(name: str, address: str, part: str = "") -> list[Shot]:
    """The same in the light and in the dark."""
    return [Shot(name, address, part=part), Shot(f"{name}-dark", address, is_dark=True, part=part)]


def on_call(page: Page, url: str) -> dict[str, str]:
    """Where the parts of on-call are: the demo's team with nights and weekends of their own."""
    page.goto(f"{url}/oncall/")
    schedule = page.locator("#cal-schedule option", has_text="Platform primary").get_attribute("value")
    service = page.locator("#ask select option").filter(has_text=ASKED).first.get_attribute("value")
    ladder = page.locator("section.sec", has=page.get_by_role("heading", name="Policy: Platform"))
    heading = ladder.get_attribute("aria-labelledby")
    simulation = ladder.locator("a", has_text="What would happen").get_attribute("href")
    today = date.fromisoformat(page.locator("#ask input[name=at]").input_value()[:10])
    night = today + timedelta(days=6 - today.weekday())
    sunday = f"{night}T03:00"
    if not page.locator("#h-ov").count():
        span = f"start={night - timedelta(days=1)}T08:00&end={night}T08:00"
        page.goto(f"{url}/oncall/override/?schedule={schedule}&{span}")
        page.locator("select[name=user]").select_option(label="Elena Petrova")
        page.locator("[name=note]").fill("Mira is at a wedding")
        page.locator("main form button.primary").click()
        page.wait_for_url(f"{url}/oncall/")
    return {
        "week": f"/oncall/?view=week&schedule={schedule}",
        "month": f"/oncall/?view=month&schedule={schedule}",
        "ladder": f"section[aria-labelledby={heading}]",
        "simulation": f"{simulation}?at={sunday}",
        "trace": f"/oncall/?service={service}&at={sunday}",
    }


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
    if shot.part:
        for fold in page.locator(f"{shot.part} details:not([open]) > summary").all():
            fold.click()
        page.screenshot(path=str(target), full_page=True, clip=_around(page, shot.part))
    else:
        page.screenshot(path=str(target))
    size = target.stat().st_size
    sys.stdout.write(f"{target.name}: {size // 1000} kB\n")
    if size > MAX_BYTES:
        sys.exit(f"{target.name} is larger than {MAX_BYTES // 1000} kB.")
    context.close()


def _around(page: Page, part: str) -> FloatRect:
    """Where a part of the page is, with air around it, but nothing of the column beside it."""
    box = page.locator(part).first.bounding_box()
    if box is None:
        sys.exit(f"{page.url} shows no {part}; is this the demo?")
    air = 0 if part == "main" else AIR
    return {
        "x": box["x"] - air,
        "y": box["y"] - air,
        "width": box["width"] + 2 * air,
        "height": box["height"] + 2 * air,
    }


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
            for shot in shots(room, document, on_call(page, url)):
                if not names or shot.name in names:
                    take(browser, url, state, shot)
        finally:
            Path(state).unlink()


if __name__ == "__main__":
    main(*sys.argv[1:])
