"""The tutorial, word for word: a stranger's ten minutes with a real house, Alertmanager and browser.

Each step here is one of docs/tutorial/first-incident.md; whoever renames a button changes both.
"""

import re
import shutil
import subprocess
import urllib.request
from collections.abc import Callable
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest
from django.utils.timezone import now
from playwright.sync_api import BrowserContext, Locator, Page, expect

from lib import patience
from tests.process.conftest import House, is_there

AMTOOL = shutil.which("amtool")
pytestmark = [
    pytest.mark.process,
    pytest.mark.browser,
    pytest.mark.skipif(AMTOOL is None, reason="Debian's prometheus-alertmanager is not installed"),
]


def mails(house: House) -> list[str]:
    """The plain texts of what lies in the mail folder, in the order of writing."""
    found = sorted(Path(house.data, "mail").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    parsed = [BytesParser(policy=policy.default).parsebytes(path.read_bytes()) for path in found]
    return [mail.get_body(("plain",)).get_content() for mail in parsed]


def amtool(manager: str, *arguments: str) -> None:
    command = [str(AMTOOL), f"--alertmanager.url={manager}", "alert", "add"]
    alert = ["alertname=CheckoutErrors", "service=checkout", "severity=error"]
    subprocess.run([*command, *alert, *arguments], check=True, capture_output=True, timeout=60)


@pytest.fixture
def page(open_context: Callable[..., BrowserContext]) -> Page:
    return open_context().new_page()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def follow(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()


def open_from_menu(page: Page, name: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=re.compile(f"^{name}")).first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def chair(page: Page, name: str) -> Locator:
    return page.locator("#seats li", has_text=name)


def test_a_stranger_walks_the_tutorial(
    start: Callable[..., House],
    alertmanager: Callable[[str], str],
    page: Page,
    faults: Callable[[Page], list[str]],
) -> None:
    house = start(is_new=True).wait_until_up()
    base = f"http://127.0.0.1:{house.port}"

    # 1. Start.
    page.goto(base)
    page.get_by_label("Email").fill("admin@localhost")
    page.get_by_label("Password").first.fill(house.password())
    press(page, "Sign in")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nothing rings yet")

    # 2. Say what can break.
    open_from_menu(page, "Catalog")
    follow(page, "Add a service")
    page.get_by_label("Name", exact=True).fill("Checkout")
    page.get_by_label("Short name in addresses and channels").fill("checkout")
    page.get_by_label("Team", exact=True).select_option(label="Everyone")
    press(page, "Save")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Checkout")
    open_from_menu(page, "Status page")
    follow(page, "Component")
    page.get_by_label("Name", exact=True).fill("Checkout")
    page.get_by_label("Checkout", exact=True).check()
    press(page, "Save component")

    # 3. Send yourself a test page.
    open_from_menu(page, "On-call")
    follow(page, "How I am reached")
    press(page, "Send me a test page")
    patience.until(lambda: mails(house), "the test page does not come")

    # 4. Connect Alertmanager.
    open_from_menu(page, "Detection")
    page.get_by_label("Name", exact=True).first.fill("Prometheus")
    press(page, "Add the source")
    found = re.search(r"/in/([^/\s]+)/alertmanager", page.content())
    assert found, "the page does not show the key"
    manager = alertmanager(f"{base}/in/{found[1]}/alertmanager")
    patience.until(lambda: is_there(f"{manager}/-/ready"), "Alertmanager does not start", seconds=120)

    # 5. Be paged.
    before = len(mails(house))
    amtool(manager, "--annotation=summary=Checkout fails for many users")
    patience.until(lambda: len(mails(house)) > before, "nobody is paged")
    open_from_menu(page, "Now")
    expect(page.get_by_text("You are paged")).to_be_visible()
    expect(page.get_by_text("INC-1").first).to_be_visible()
    link = re.search(r"https?://\S+/oncall/ack/\S+", mails(house)[-1])
    assert link
    page.goto(link[0])
    press(page, "Acknowledge")
    follow(page, "Open the incident")

    # 6. The first five minutes.
    page.locator("#head").get_by_text("Assess scope").click()
    page.get_by_label("Users affected, per cent").fill("20")
    press(page, "Set scope")
    press(page, "Declare SEV2")
    press(page, "Take command")
    press(page, "Take Comms Lead")
    expect(chair(page, "Comms Lead")).to_contain_text("(you)")
    press(page, "Take Technical Lead")
    expect(page.get_by_text("one person may not be")).to_be_visible()
    press(page, "I am alone")
    expect(chair(page, "Technical Lead")).to_contain_text("(you)")

    # 7. Say what is happening.
    words = "Checkout fails since this morning. Rolling back release 4.2."
    page.get_by_label("Update for the team").fill(words)
    press(page, "Post update")
    expect(page.get_by_role("region", name="Timeline")).to_contain_text("Rolling back release 4.2.")
    press(page, "Publish")
    patience.until(lambda: "Investigating" in read(f"{base}/status/"), "the notice is not published")
    room = page.url
    page.goto(f"{base}/status/")
    expect(page.get_by_text("Investigating").first).to_be_visible()
    page.goto(room)

    # 8. Stop the pain, then mend the cause.
    page.locator("#fold-mitigate summary").click()
    page.locator("#fold-mitigate").get_by_label("What was done").fill("Rolled back to 4.1")
    page.locator("#fold-mitigate").get_by_role("button").click()
    expect(page.locator("#head")).to_contain_text("Mitigated")
    amtool(manager, f"--end={now():%Y-%m-%dT%H:%M:%SZ}")
    expect(page.get_by_role("region", name="Timeline")).to_contain_text("All signals clear")
    page.locator("#fold-resolve summary").click()
    page.locator("#fold-resolve").get_by_label("What was done").fill("Release 4.3 is out")
    page.locator("#fold-resolve").get_by_role("button").click()
    expect(page.locator("#head")).to_contain_text("Resolved")
    expect(page.locator("#status-form").get_by_label("Where we are")).to_have_value("resolved")
    page.locator("#status-form").get_by_role("textbox").last.fill("Checkout works again.")
    press(page, "Post public update")
    expect(page.get_by_text("Checkout works again.").first).to_be_visible()

    # 9. Learn.
    follow(page, "Write the postmortem")
    # Opened by a worker: whoever is quicker than it waits on the spot, without reloading.
    waiting = page.get_by_role("link", name="Write it", exact=True)
    expect(waiting.or_(page.get_by_role("heading", name="Root Cause"))).to_be_visible()
    if waiting.is_visible():
        waiting.click()
    for section, name in (("Summary", "summary"), ("Root Cause", "root_cause")):
        part = page.locator("section", has=page.get_by_role("heading", name=section, exact=True)).last
        part.get_by_role("textbox").first.fill("Release 4.2 broke the payment form; we rolled back.")
        part.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(f"#state-{name}")).to_contain_text("saved")
    press(page, "Publish internally")
    with page.expect_download() as download:
        follow(page, "Markdown")
    document = Path(download.value.path()).read_text()
    assert "Release 4.2 broke the payment form" in document and "| Service restored |" in document

    # 10. Close.
    page.goto(room)
    press(page, "Close")
    expect(page.locator("#head")).to_contain_text("Closed")
    open_from_menu(page, "Metrics")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert faults(page) == []
