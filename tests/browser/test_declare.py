"""Declaring in a fright: by keyboard, for the right service, knowing what it starts."""

import os
import time

import pytest
from playwright.sync_api import expect

import oncall.defaults
from catalog.models import Service, Team
from incidents.models import Incident
from oncall.models import Schedule

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def services(defaults, bob):
    oncall.defaults.install(bob)
    team = Team.objects.get()
    for slug, name in (("checkout", "Checkout"), ("payments", "Payments gateway"), ("search", "Search")):
        Service.objects.create(slug=slug, name=name, team=team, tier=1)
    assert Schedule.objects.exists()


def test_declared_from_anywhere_by_keyboard_in_ten_seconds(services, signed_in, live_server):
    page = signed_in
    page.goto(live_server.url + "/metrics/")
    began = time.monotonic()
    page.keyboard.press("c")
    expect(page.get_by_label("What is wrong?")).to_be_focused()
    page.keyboard.type("Nobody can pay")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Service", exact=True)).to_be_focused()
    page.keyboard.type("pa")
    expect(page.get_by_label("Service", exact=True)).to_have_value("payments")
    grid = page.get_by_role("radio", name="Data lost or exposed, all users: SEV1")
    for _ in range(12):
        if grid.evaluate("one => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="A major feature, all users: SEV2")).to_be_checked()
    expect(page.get_by_role("button", name="Declare SEV2")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nobody can pay")
    took = time.monotonic() - began

    incident = Incident.objects.get()
    assert (incident.service.slug, incident.severity.name) == ("payments", "SEV2")
    print(f"declared in {took:.1f} s")  # How quick a page is, benchmarks say: a busy machine is no fault.


def test_the_grid_spells_out_what_each_severity_starts(services, signed_in, live_server, faults, picture):
    page = signed_in
    page.goto(live_server.url + "/incidents/declare/")
    outcome = page.locator(".outcome")
    expect(outcome).to_contain_text("Choose a cell of the grid")
    page.get_by_text("SEV1").first.click()
    expect(outcome.get_by_text("the on-call is paged, day and night").first).to_be_visible()
    expect(outcome.get_by_text("to acknowledge").first).to_be_visible()
    expect(outcome.get_by_text("Choose a cell of the grid")).to_be_hidden()
    assert faults(page) == []
    picture(page, "declare-chosen")

    page.get_by_role("radio", name="Cosmetic, all users: SEV4").press("Space")
    expect(outcome.get_by_text("Nobody is paged")).to_be_visible()
    expect(page.get_by_role("button", name="Declare SEV4")).to_be_visible()


def test_the_switches_say_what_they_change(services, signed_in, live_server, faults, picture):
    page = signed_in
    page.goto(live_server.url + "/incidents/declare/")
    expect(page.get_by_text("Who takes part in the drill")).to_be_hidden()
    page.get_by_label("A drill").check()
    expect(page.get_by_text("Who takes part in the drill")).to_be_visible()
    page.get_by_label("Private (security, people)").check()
    expect(page.get_by_text("Only you, whom you add")).to_be_visible()
    assert faults(page) == []
    picture(page, "declare-switches")


def test_who_is_called_is_said_as_soon_as_the_service_is_chosen(services, bob, enter, live_server):
    page = enter(bob)
    page.goto(live_server.url + "/incidents/declare/")
    responding = page.get_by_label("I am responding")
    expect(responding).not_to_be_checked()

    page.get_by_label("Service", exact=True).select_option("search")

    expect(page.get_by_text("on call for Search: Bob")).to_be_visible()
    expect(responding).to_be_checked()


def test_without_a_script_and_without_a_service_one_reads_what_to_do(services, enter, alice, live_server):
    page = enter(alice, java_script_enabled=False)
    page.goto(live_server.url + "/incidents/declare/")
    form = page.locator("form.declare")
    page.get_by_label("What is wrong?").fill("Nobody can pay")
    page.get_by_role("radio", name="Everything, all users: SEV1").check(force=True)
    page.get_by_label("A drill").check()
    expect(page.get_by_text("Who takes part in the drill")).to_be_visible()
    page.get_by_label("A drill").uncheck()
    # The browser's own check stands before ours; here ours is asked.
    page.route("**/incidents/declare/", lambda route: route.continue_(post_data=_without(route, "payments")))
    page.get_by_label("Service", exact=True).select_option("payments")
    form.get_by_role("button", name="Declare").click()

    expect(page.get_by_role("alert")).to_contain_text("Choose the service that hurts")
    expect(page.get_by_label("What is wrong?")).to_have_value("Nobody can pay")
    assert not Incident.objects.exists()
    page.unroute("**/incidents/declare/")
    page.get_by_label("Service", exact=True).select_option("payments")
    form.get_by_role("button", name="Declare").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nobody can pay")


def _without(route, slug):
    data = route.request.post_data
    return data.replace(f"service={slug}", "service=") if data else None
