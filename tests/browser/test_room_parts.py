"""Parts of the room that people press in a hurry: on a wide screen and a phone, in light and dark."""

import os
from datetime import timedelta

import pytest
from django.utils.timezone import now
from playwright.sync_api import expect

from accounts.actors import person
from catalog.models import Service, Team
from incidents import lifecycle, roles, todos, volunteering
from incidents.models import Incident, Severity
from oncall import drills
from oncall.drill_models import DrillPlan, DrillTurn
from postmortems.models import ActionItem, Postmortem

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
        page.locator(part).screenshot(path=f"{folder}/{name}.png", caret="initial")
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


@pytest.mark.parametrize("look", LOOKS)
def test_tasks_with_their_buttons(enter, live_server, incident, alice, bob, faults, look):
    todos.add(
        incident.pk, actor=person(alice), text="Call the bank and ask for their status", owner_id=bob.pk
    )
    todos.add(incident.pk, actor=person(alice), text="Look at the connection pool of eu-west")
    ended = todos.add(incident.pk, actor=person(alice), text="Restart one worker", owner_id=alice.pk)
    todos.end(incident.pk, actor=person(alice), task_id=ended.pk)
    page = enter(alice, **LOOKS[look])
    page.goto(live_server.url + incident.get_absolute_url())
    tasks = page.locator("#tasks")
    expect(tasks).to_contain_text("Call the bank")
    # The buttons of a task stand in one row, on a phone too.
    row = tasks.locator("li").first.get_by_role("button")
    tops = {round(one.bounding_box()["y"]) for one in row.all()}
    looked_at(page, faults, f"tasks-{look}", "#tasks")
    assert len(tops) == 1
    assert tasks.locator("li p").first.bounding_box()["width"] > 200
    tasks.get_by_role("button", name="Done: Call the bank").click()
    expect(tasks.locator("li", has_text="Call the bank")).to_contain_text("Done")


@pytest.mark.parametrize("look", LOOKS)
def test_an_update_is_put_off_with_a_reason(enter, live_server, incident, alice, faults, look):
    page = enter(alice, **LOOKS[look])
    page.goto(live_server.url + incident.get_absolute_url())
    fold = page.locator("#fold-snooze")
    fold.locator("summary").click()
    fold.get_by_label("Which update").select_option("internal_update")
    fold.get_by_label("Put off by").select_option("10")
    looked_at(page, faults, f"snooze-{look}", "#fold-snooze")
    fold.get_by_role("button").click()
    # The browser itself asks for the reason first.
    expect(fold.get_by_label("Why")).to_be_focused()
    fold.get_by_label("Why").fill("On the phone with the bank")
    fold.get_by_role("button").click()
    expect(page.locator(".ledger")).to_contain_text("Next update to the team: put off to")
    expect(page.locator(".ledger")).to_contain_text("On the phone with the bank")
    looked_at(page, faults, f"snoozed-{look}", ".log")


@pytest.mark.parametrize("look", LOOKS)
def test_a_task_that_is_left_becomes_an_action(enter, live_server, incident, alice, bob, drain, faults, look):
    todos.add(incident.pk, actor=person(alice), text="Raise the limit of the pool", owner_id=bob.pk)
    lifecycle.resolve(incident.pk, actor=person(alice), text="The pool is larger")
    drain()
    page = enter(alice, **LOOKS[look])
    page.goto(live_server.url + incident.get_absolute_url())
    expect(page.locator("#tasks")).to_contain_text("1 task is still open")
    looked_at(page, faults, f"left-{look}", "#tasks")
    document = Postmortem.objects.get()
    page.goto(live_server.url + document.get_absolute_url())
    button = page.get_by_role("button", name="Make it an action").first
    button.scroll_into_view_if_needed()
    looked_at(page, faults, f"carry-{look}", "main")
    button.click()
    expect(page.locator("main")).to_contain_text("Raise the limit of the pool")
    page.goto(live_server.url + ActionItem.objects.get().get_absolute_url())
    expect(page.locator("h1")).to_contain_text("Raise the limit of the pool")
    looked_at(page, faults, f"action-{look}", "main")
    page.goto(live_server.url + incident.get_absolute_url())
    expect(page.locator("#tasks")).to_contain_text("Moved to the action items")


@pytest.fixture
def plan(defaults, mona, alice, bob) -> DrillPlan:
    """A drill of every Tuesday, held four times with more in time each time."""
    team = Team.objects.create(slug="payments", name="Payments", time_zone="UTC")
    row = drills.save(
        actor=person(mona),
        name="The bank does not answer",
        team=team,
        service=Service.objects.create(slug="checkout", name="Checkout", team=team),
        severity=Severity.objects.get(rank=1),
        scenario="Customers write that paying fails.\nThe dashboard shows time-outs since ten minutes.",
        cron="0 10 * * 2,4",
        time_zone="Europe/Copenhagen",
        people=[alice, bob],
    )
    for weeks in (4, 3, 2):
        DrillTurn.objects.create(
            plan=row, planned_at=now() - timedelta(weeks=weeks), outcome="opened", in_time=8 - weeks, total=8
        )
    DrillTurn.objects.create(plan=row, planned_at=now() - timedelta(weeks=1), outcome="busy")
    return row


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_of_planned_drills(enter, live_server, plan, mona, alice, bob, faults, look):
    page = enter(mona, **LOOKS[look])
    page.goto(live_server.url + "/oncall/drills/")
    expect(page.locator("main")).to_contain_text("Tue, Thu 10:00, Europe/Copenhagen")
    looked_at(page, faults, f"drills-{look}", "main")
    page.get_by_role("link", name="The bank does not answer").click()
    expect(page.locator("main")).to_contain_text("4 of 8 in time")
    looked_at(page, faults, f"drill-{look}", "main")
    page.get_by_role("link", name="Change").click()
    expect(page.get_by_label("Scenario")).to_have_value(plan.scenario)
    looked_at(page, faults, f"drill-edit-{look}", "main")
    page.get_by_role("button", name="Keep the drill").click()
    page.locator("summary", has_text="Run now").click()
    expect(page.locator("main")).to_contain_text("It pages them at once.")
    page.get_by_role("button", name="Begin the drill").click()
    expect(page.locator("main")).to_contain_text("runs")

    drill = plan.turns.get(is_by_hand=True).incident
    lifecycle.acknowledge(drill.pk, actor=person(alice))
    lifecycle.declare(drill.pk, actor=person(alice))
    roles.take(drill.pk, actor=person(alice), role_slug=COMMANDER)
    lifecycle.resolve(drill.pk, actor=person(bob), text="The bank answers again")
    drills.sweep()
    page.goto(live_server.url + drill.get_absolute_url())
    expect(page.locator("#score")).to_contain_text("How the drill went")
    expect(page.locator("#head")).to_contain_text("Customers write that paying fails.")
    looked_at(page, faults, f"score-{look}", "#score")
    looked_at(page, faults, f"drill-head-{look}", "#head")
