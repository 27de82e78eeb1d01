"""Parts of the room that people press in a hurry: on a wide screen and a phone, in light and dark."""

import os

import pytest
from playwright.sync_api import expect

from accounts.actors import person
from catalog.models import Service
from incidents import lifecycle, roles, volunteering
from incidents.models import Incident, Severity

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LOOKS = {
    "wide": {},
    "wide-dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 780}},
    "phone-dark": {"viewport": {"width": 360, "height": 780}, "color_scheme": "dark"},
}
COMMANDER, COMMS = "incident_commander", "comms_lead"


@pytest.fixture
def incident(defaults, alice) -> Incident:
    """A declared SEV1 that Alice commands."""
    row = lifecycle.open_incident(
        title="Checkout fails for everyone",
        actor=person(alice),
        service_ids=[Service.objects.get(is_catch_all=True).pk],
        severity=Severity.objects.get(rank=1),
        declare=True,
    )
    return roles.take(row.pk, actor=person(alice), role_slug=COMMANDER)


def looked_at(page, faults, name: str, part: str) -> None:
    """Axe finds nothing, nothing scrolls sideways; and a picture of the part for people."""
    if folder := os.environ.get("TOCSIN_SCREENSHOTS"):
        page.locator(part).screenshot(path=f"{folder}/{name}.png")
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"


def test_a_volunteer_is_seen_at_once_and_seated_with_one_click(enter, live_server, incident, alice, bob):
    commander, volunteer = enter(alice), enter(bob)
    for page in (commander, volunteer):
        page.goto(live_server.url + incident.get_absolute_url())
    volunteer.get_by_role("button", name="I can take it: Comms Lead").click()
    expect(volunteer.locator("#seats")).to_contain_text("Bob can take it")

    commander.get_by_role("button", name="Seat Bob: Comms Lead").click()
    expect(commander.locator("#seats")).not_to_contain_text("Bob can take it")
    expect(volunteer.get_by_role("button", name="Step down")).to_be_visible()
    assert roles.holders(incident)[COMMS] == bob


def test_who_may_not_sit_there_reads_why(enter, live_server, incident, alice):
    page = enter(alice)
    page.goto(live_server.url + incident.get_absolute_url())
    page.get_by_role("button", name="I can take it: Comms Lead").click()
    expect(page.get_by_role("alert").first).to_contain_text("one person may not be")


@pytest.mark.parametrize("look", LOOKS)
def test_offers_in_the_chairs(enter, live_server, incident, alice, bob, carol, faults, look):
    for user in (bob, carol):
        volunteering.offer(incident.pk, actor=person(user), role_slug=COMMS)
    page = enter(alice, **LOOKS[look])
    page.goto(live_server.url + incident.get_absolute_url())
    expect(page.locator("#seats")).to_contain_text("Carol can take it")
    looked_at(page, faults, f"offers-{look}", "#seats")
    seats = page.locator("#seats")
    assert seats.evaluate("one => one.scrollWidth <= one.clientWidth")
