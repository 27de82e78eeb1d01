"""The room on a phone and beside it: the bar under the thumb, the folds, the runbook beside the timeline."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now
from playwright.sync_api import expect

from accounts.actors import person, system
from catalog.models import Runbook, Service
from detection import probes
from incidents import lifecycle, notes, runbooks
from incidents.kinds import EventKind
from incidents.models import Incident, Severity

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"viewport": {"width": 360, "height": 780}, "has_touch": True}
STEPS = "First things:\n\n" + "\n".join(f"- [ ] Look at pool {number}" for number in range(1, 13))


@pytest.fixture
def incident(defaults, alice) -> Incident:
    service = Service.objects.get(is_catch_all=True)
    Runbook.objects.create(service=service, title="Connection pool exhausted", body=STEPS)
    opened = lifecycle.open_incident(
        title="Checkout fails for everyone",
        actor=system(),
        service_ids=[service.pk],
        severity=Severity.objects.get(rank=1),
    )
    for number in range(60):
        notes.add_note(opened.pk, actor=person(alice), text=f"Seen {number}")
    return opened


def go(page, live_server, incident: Incident, script: bool = True) -> None:
    page.goto(live_server.url + incident.get_absolute_url())
    if script:
        page.wait_for_selector("#pages", state="attached")


def bar(page):
    return page.get_by_role("navigation", name="In this room")


def in_view(locator) -> bool:
    box, page = locator.bounding_box(), locator.page
    return bool(box) and 0 <= box["y"] < page.viewport_size["height"] - 100


def test_the_vital_verbs_are_two_taps_away_from_anywhere(enter, live_server, incident, alice):
    page = enter(alice, **PHONE)
    go(page, live_server, incident)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")

    bar(page).get_by_role("button", name="Acknowledge").tap()
    expect(bar(page).get_by_role("link", name="Runbook")).to_be_visible()
    bar(page).get_by_role("link", name="Update").tap()
    expect(page.get_by_label("Update for the team")).to_be_focused()
    bar(page).get_by_role("link", name="Page").tap()
    expect(page.get_by_label("Whom", exact=True)).to_be_visible()
    assert in_view(page.get_by_label("Whom", exact=True))
    bar(page).get_by_role("link", name="Mitigate").tap()
    expect(page.locator("#do-mitigate").get_by_label("What was done")).to_be_visible()
    assert in_view(page.locator("#do-mitigate"))
    bar(page).get_by_role("button", name="More").tap()
    page.get_by_role("navigation", name="Parts of this room").get_by_role("link", name="Resolved…").tap()
    expect(page.get_by_role("navigation", name="Parts of this room")).to_be_hidden()
    assert in_view(page.locator("#do-resolve"))


def test_the_bar_is_big_enough_and_stays_where_it_is(enter, live_server, incident, alice, bob, faults):
    page = enter(alice, **PHONE)
    go(page, live_server, incident)
    names = ["Acknowledge", "Update", "Mitigate", "Page", "More"]
    places = [bar(page).get_by_text(name, exact=True).bounding_box() for name in names]
    assert all(place["height"] >= 44 and place["width"] >= 44 for place in places)
    assert faults(page) == []

    page.evaluate("scrollTo(0, 2000)")
    lifecycle.declare(incident.pk, actor=person(bob), responding=True)
    lifecycle.mitigate(incident.pk, actor=person(bob), text="Rolled back")
    expect(bar(page)).to_contain_text("Resolve")
    now = [bar(page).get_by_text(name, exact=True).bounding_box() for name in ("Update", "Page", "More")]
    assert now == [places[1], places[3], places[4]]


def test_a_phone_folds_the_parts_and_keeps_open_what_was_opened(enter, live_server, incident, alice, bob):
    page = enter(alice, **PHONE)
    go(page, live_server, incident)
    page.evaluate("window.still = true")
    part = page.locator("#part-changes")
    assert part.get_attribute("open") is None
    part.locator("summary").tap()
    expect(part.locator("#h-chg")).to_be_visible()
    # The whole room is drawn again by one's own verb.
    bar(page).get_by_role("button", name="Acknowledge").tap()
    expect(bar(page).get_by_role("link", name="Runbook")).to_be_visible()
    expect(part.locator("#h-chg")).to_be_visible()
    expect(page.locator("#part-services")).not_to_have_attribute("open", "")
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator("#part-services #h-dep")).to_be_visible()
    assert page.evaluate("window.still")


def test_a_script_that_is_off_folds_nothing_away(enter, live_server, incident, alice):
    page = enter(alice, java_script_enabled=False, **PHONE)
    go(page, live_server, incident, script=False)
    expect(page.locator("#h-chg")).to_be_visible()
    bar(page).get_by_role("link", name="Page").tap()
    expect(page.get_by_label("Whom", exact=True)).to_be_visible()


def test_the_runbook_stays_beside_the_timeline_that_scrolls(signed_in, live_server, incident):
    page = signed_in
    go(page, live_server, incident)
    page.locator("summary", has_text="Connection pool exhausted").click()
    box = page.get_by_role("checkbox", name="Look at pool 1", exact=True)
    page.locator(".ledger li", has_text="Seen 30").scroll_into_view_if_needed()
    expect(page.locator(".ledger li", has_text="Seen 30")).to_be_in_viewport()

    expect(box).to_be_in_viewport()
    assert box.bounding_box()["x"] > page.locator(".ledger").bounding_box()["x"] + 400
    box.click()
    expect(page.get_by_role("checkbox", name="Look at pool 1", exact=True, checked=True)).to_be_in_viewport()
    expect(page.locator(".ledger")).to_contain_text("Step done: Connection pool exhausted")


def test_the_runbook_is_one_tap_and_back_on_a_phone(enter, live_server, incident, alice):
    lifecycle.acknowledge(incident.pk, actor=person(alice))
    page = enter(alice, **PHONE)
    go(page, live_server, incident)
    page.evaluate("scrollTo(0, 3000)")
    bar(page).get_by_role("link", name="Runbook").tap()
    box = page.get_by_role("checkbox", name="Look at pool 1", exact=True)
    expect(box).to_be_in_viewport()
    box.tap()
    expect(page.get_by_role("checkbox", name="Look at pool 1", exact=True, checked=True)).to_be_visible()
    page.get_by_role("link", name="Back to the timeline").tap()
    expect(page.locator("#h-log")).to_be_in_viewport()


def test_a_step_is_ticked_with_javascript_off(enter, live_server, incident, alice):
    page = enter(alice, java_script_enabled=False, **PHONE)
    go(page, live_server, incident, script=False)
    page.locator("summary", has_text="Connection pool exhausted").click()
    page.get_by_role("checkbox", name="Look at pool 2", exact=True).click()
    expect(page.locator(".ledger")).to_contain_text(re.compile("Step done: Connection pool exhausted"))
    [(event,)] = [list(incident.timeline.filter(kind=EventKind.RUNBOOK_STEP))]
    assert event.text == "Look at pool 2"
    # The page that comes back has the runbook open: there is a next step to tick.
    expect(page.get_by_role("checkbox", name="Look at pool 3", exact=True)).to_be_visible()
    assert runbooks.opened(incident)[0].done == 1


def test_a_phone_shows_the_newest_lines_and_keeps_all_once_asked_for(
    enter, live_server, incident, alice, bob
):
    page = enter(alice, **PHONE)
    go(page, live_server, incident)
    lines = page.locator(".ledger > li:visible")
    expect(lines).to_have_count(12)
    page.get_by_label("Show 38 more lines").check()
    expect(lines).to_have_count(50)
    lifecycle.declare(incident.pk, actor=person(bob), responding=True)
    expect(page.locator(".ledger")).to_contain_text("Declared")
    expect(page.get_by_label("more lines")).to_be_checked()
    expect(lines).to_have_count(50)


def test_a_hit_of_search_leads_to_its_line_however_old(enter, live_server, incident, alice):
    page = enter(alice, **PHONE)
    page.goto(f"{live_server.url}/search/?q=Seen+3")
    page.locator('a[href*="?at="]').last.click()
    page.wait_for_url(re.compile(r"\?at=\d+#e\d+$"))
    line = page.locator(page.evaluate("location.hash"))
    expect(line).to_be_in_viewport()
    page.goto(f"{live_server.url}{incident.get_absolute_url()}?at=4#e4")
    expect(page.locator("#e4")).to_be_in_viewport()
    expect(page.locator("#e4")).to_contain_text("Seen 2")


@pytest.mark.parametrize("look", [PHONE, {}, {"color_scheme": "dark"}], ids=["phone", "wide", "dark"])
def test_before_and_after_stand_beside_what_was_done(
    enter, live_server, incident, alice, faults, picture, look
):
    check = probes.create(
        actor=system(), name="Front page", service=incident.service, url="https://shop.example/"
    )
    lifecycle.acknowledge(incident.pk, actor=person(alice))
    for minutes, problem in ((9, "HTTP 500"), (8, "HTTP 500"), (2, ""), (1, "")):
        with time_machine.travel(now() - timedelta(minutes=minutes), tick=False):
            probes.record(check.pk, probes.Finding(problem, 200, timedelta(milliseconds=90)))
    with time_machine.travel(now() - timedelta(minutes=5), tick=False):
        lifecycle.mitigate(incident.pk, actor=person(alice), text="Rolled back")
    page = enter(alice, **look)
    go(page, live_server, incident)
    part = page.get_by_role("region", name="What was done")
    expect(part).to_contain_text("Rolled back")
    expect(part.get_by_role("heading", name="Before and after")).to_be_visible()
    expect(part).to_contain_text("Front page: failed")
    chart, chairs = part.locator("svg.chart").first.bounding_box(), page.locator("#h-chairs").bounding_box()
    assert chart["y"] < chairs["y"]
    picture(page, f"before-and-after-{page.viewport_size['width']}")
    assert faults(page) == []
