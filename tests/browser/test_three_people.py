"""A SEV1 by three people in three browsers at once, from the declaration to the end; one has no mouse."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from incidents import roles
from incidents.models import Incident

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def declare_by_keys(page: Page, url: str) -> Incident:
    """From any page: `c`, the words, the impact, Ctrl+Enter."""
    page.goto(url + "/")
    page.keyboard.press("c")
    expect(page.get_by_label("What is wrong?")).to_be_focused()
    page.keyboard.type("Checkout fails for everyone")
    walk_to(page, page.locator("input[name=impact]:checked, input[name=impact]").first)
    chosen = page.get_by_label("Everything, all users: SEV1")
    for _ in range(30):
        if chosen.is_checked():
            break
        page.keyboard.press("ArrowLeft")
    expect(chosen).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Checkout fails for everyone")
    return Incident.objects.get()


def walk_to(page: Page, wanted: Locator) -> None:
    """Tab until the focus is there, as somebody without a mouse does."""
    for _ in range(150):
        if wanted.evaluate(
            "e => e === document.activeElement"
            " || (e.type === 'radio' && document.activeElement.name === e.name)"
        ):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not get there")


def press(page: Page, wanted: Locator) -> None:
    walk_to(page, wanted)
    page.keyboard.press("Enter")


def ledger(page: Page) -> Locator:
    return page.locator(".ledger")


def chair(page: Page, name: str) -> Locator:
    return page.locator("#seats li", has_text=name)


@pytest.fixture
def loads() -> Callable[[Page], list[str]]:
    """The documents that a page loads from now on: none, where nobody reloads."""

    def count(page: Page) -> list[str]:
        found: list[str] = []
        page.on("domcontentloaded", lambda _: found.append(page.url))
        return found

    return count


def test_three_people_carry_a_sev1_to_its_end(
    enter: Callable[..., Page],
    live_server: Any,
    defaults: None,
    alice: User,
    bob: User,
    carol: User,
    loads: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:
    commander, lead, comms = enter(alice), enter(bob), enter(carol)
    incident = declare_by_keys(commander, live_server.url)
    assert incident.severity.name == "SEV1"
    for page in (lead, comms):
        page.goto(live_server.url + incident.get_absolute_url())
    reloads = [loads(page) for page in (commander, lead, comms)]

    # The commander, without a mouse; the Comms Lead types all the while.
    comms.get_by_label("Update for the team").fill("We told the shops")
    comms.get_by_label("Update for the team").focus()
    press(commander, commander.get_by_role("button", name="Take command"))
    for page in (lead, comms):
        expect(chair(page, "Incident Commander")).to_contain_text("Alice")
    lead.get_by_role("button", name="Take Technical Lead").click()
    for page in (commander, comms):
        expect(chair(page, "Technical Lead")).to_contain_text("Bob")

    # One person may not command and speak at a SEV1: it is said, and nothing has changed.
    press(commander, commander.get_by_role("button", name="Take Comms Lead"))
    expect(commander.get_by_text("At SEV1 one person may not be")).to_be_visible()
    assert set(roles.holders(incident)) == {"incident_commander", "technical_lead"}
    comms.get_by_role("button", name="Take Comms Lead").click()
    for page in (commander, lead):
        expect(chair(page, "Comms Lead")).to_contain_text("Carol")

    lead.get_by_label("Update for the team").fill("Release 41 broke the till")
    comms.get_by_label("Update for the team").fill("We told the shops")
    comms.get_by_label("Update for the team").focus()
    lead.get_by_role("button", name="Post update").click()
    for page in (commander, comms):
        expect(ledger(page)).to_contain_text("Release 41 broke the till")
    expect(comms.get_by_label("Update for the team")).to_have_value("We told the shops")
    expect(comms.get_by_label("Update for the team")).to_be_focused()
    comms.get_by_role("button", name="Post update").click()
    for page in (commander, lead):
        expect(ledger(page)).to_contain_text("We told the shops")
    picture(comms, "three-people")

    end(lead, "mitigate", "rolled back to 40")
    for page in (commander, comms):
        expect(page.locator("#head")).to_contain_text("Mitigated")
    fold = commander.locator("#fold-resolve")
    press(commander, fold.locator("summary"))
    walk_to(commander, fold.get_by_label("What was done"))
    commander.keyboard.type("till is stable on 40")
    press(commander, fold.get_by_role("button"))
    for page in (lead, comms):
        expect(page.locator("#head")).to_contain_text(re.compile("Resolved"))
        expect(ledger(page)).to_contain_text("till is stable on 40")

    assert reloads == [[], [], []]
    incident.refresh_from_db()
    assert incident.status == "resolved"
    assert {slug: who.name for slug, who in roles.holders(incident).items()} == {
        "incident_commander": "Alice",
        "technical_lead": "Bob",
        "comms_lead": "Carol",
    }


def end(page: Page, verb: str, words: str) -> None:
    fold = page.locator(f"#fold-{verb}")
    fold.locator("summary").click()
    fold.get_by_label("What was done").fill(words)
    fold.get_by_role("button").click()
