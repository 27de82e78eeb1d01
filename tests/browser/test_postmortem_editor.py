"""The editor of a postmortem: it saves while one writes, and two people lose no word."""

import pytest
from playwright.sync_api import expect

from accounts import actors
from catalog.models import Service, Team
from incidents import lifecycle
from incidents.models import Severity
from postmortems import opening, writing
from postmortems.models import Postmortem

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def postmortem(defaults, alice) -> Postmortem:
    """The document of an outage that Alice resolved."""
    who = actors.person(alice)
    team = Team.objects.create(slug="shop", name="Shop", time_zone="Europe/Copenhagen")
    service = Service.objects.create(slug="checkout", name="Checkout", team=team)
    incident = lifecycle.open_incident(
        title="Checkout fails",
        actor=who,
        service_ids=[service.pk],
        severity=Severity.objects.get(name="SEV1"),
        declare=True,
        responding=True,
    )
    lifecycle.resolve(incident.pk, actor=who)
    return opening.open_by_hand(incident.pk, actor=who)


def test_what_one_writes_is_saved_by_itself_and_read_for_blame(enter, live_server, alice, postmortem):
    page = enter(alice)
    page.goto(live_server.url + postmortem.get_absolute_url())

    box = page.get_by_role("textbox", name="Root Cause")
    box.fill("Alice forgot the index.")
    expect(page.locator("#state-root_cause")).to_contain_text("saved")
    expect(page.locator("#state-root_cause mark")).to_contain_text("forgot")
    box.press_sequentially(" The tool allowed it.")
    expect(page.locator("#state-root_cause input[name=base]")).to_have_value("2")

    postmortem.refresh_from_db()
    assert postmortem.root_cause == "Alice forgot the index. The tool allowed it."
    expect(box).to_be_focused()


def test_two_people_in_one_section_see_both_texts_and_keep_both(enter, live_server, alice, bob, postmortem):
    page = enter(alice)
    page.goto(live_server.url + postmortem.get_absolute_url())
    writing.save_section(postmortem.pk, actor=actors.person(bob), section="summary", text="His words.")

    page.get_by_role("textbox", name="Summary").fill("My words.")
    state = page.locator("#clash-summary")
    expect(state).to_contain_text("Bob saved this section while you were writing")
    expect(state).to_contain_text("His words.")
    expect(page.get_by_role("textbox", name="Summary")).to_have_value("My words.")

    page.get_by_role("button", name="Put mine below theirs").click()
    expect(page.get_by_role("textbox", name="Summary")).to_have_value("His words.\n\nMy words.")


def test_the_editor_is_accessible_and_fits_a_phone(enter, live_server, alice, postmortem, faults):
    page = enter(alice, viewport={"width": 360, "height": 800})
    page.goto(live_server.url + postmortem.get_absolute_url())
    assert faults(page) == []
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) == 0
