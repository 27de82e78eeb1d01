"""The room in real browsers: live, without losing what one types, without JavaScript, by keyboard."""

import re

import pytest
from playwright.sync_api import expect

from accounts.actors import person, system
from accounts.models import User
from catalog.models import Runbook, Service
from incidents import lifecycle, roles
from incidents.models import Incident, Severity

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def incident(defaults) -> Incident:
    return lifecycle.open_incident(
        title="Checkout fails for everyone",
        actor=system(),
        service_ids=[Service.objects.get(is_catch_all=True).pk],
        severity=Severity.objects.get(rank=1),
    )


def go(page, live_server, incident: Incident) -> None:
    page.goto(live_server.url + incident.get_absolute_url())


@pytest.mark.smoke
def test_what_i_type_survives_what_others_do(signed_in, live_server, incident, bob):
    page = signed_in
    go(page, live_server, incident)
    page.get_by_label("Update for the team").fill("rolled back rel")
    page.get_by_label("Update for the team").focus()

    lifecycle.declare(incident.pk, actor=person(bob))

    # Three seconds: the promise of the page to whoever watches.
    expect(page.locator(".ledger")).to_contain_text("Declared")
    expect(page.get_by_label("Update for the team")).to_have_value("rolled back rel")
    expect(page.get_by_label("Update for the team")).to_be_focused()


def test_two_people_see_each_other(enter, live_server, incident, alice, bob):
    first, second = enter(alice), enter(bob)
    for page in (first, second):
        go(page, live_server, incident)
    first.get_by_role("button", name=re.compile("Acknowledge")).click()
    expect(second.locator("#head")).to_contain_text("Assess scope")
    second.get_by_label("Update for the team").fill("Looking at the release")
    second.get_by_role("button", name="Post update").click()
    expect(second.get_by_label("Update for the team")).to_have_value("")
    expect(first.locator(".ledger")).to_contain_text("Looking at the release")


def test_people_see_who_else_is_in_the_room(enter, live_server, incident, alice, bob, picture):
    first = enter(alice)
    go(first, live_server, incident)
    second = enter(bob, viewport={"width": 360, "height": 780})
    go(second, live_server, incident)

    expect(second.locator("#here")).to_contain_text("Alice is here")
    expect(first.locator("#here")).to_contain_text("Bob is here")
    picture(second, "here-360")


def test_a_runbook_is_followed_beside_the_timeline(enter, live_server, incident, alice, bob, faults, picture):
    Runbook.objects.create(
        service=incident.service,
        title="Connection pool exhausted",
        body="First things:\n\n- [ ] Look at the pool\n- [ ] Restart one worker",
    )
    first, second = enter(alice), enter(bob)
    for page in (first, second):
        go(page, live_server, incident)
        page.locator("summary", has_text="Connection pool exhausted").click()
    box = first.get_by_role("checkbox", name="Look at the pool")
    box.focus()
    box.press("Enter")

    expect(first.get_by_role("checkbox", name="Look at the pool", checked=True)).to_be_focused()
    expect(first.locator(".ledger")).to_contain_text("Step done: Connection pool exhausted")
    expect(second.get_by_role("checkbox", name="Look at the pool", checked=True)).to_be_visible(timeout=5_000)
    picture(first, "runbook")
    assert faults(first) == []


@pytest.mark.smoke
@pytest.mark.parametrize("verb", ["acknowledge", "update", "mitigate", "resolve"])
def test_the_vital_verbs_work_with_javascript_off(enter, live_server, incident, alice, verb):
    page = enter(alice, java_script_enabled=False, viewport={"width": 360, "height": 780})
    go(page, live_server, incident)
    if verb == "acknowledge":
        page.locator("#head").get_by_role("button", name=re.compile("Acknowledge")).click()
        expect(page.locator("#head")).to_contain_text("Assess scope")
        return
    if verb == "update":
        page.get_by_label("Update for the team").fill("Looking")
        page.get_by_role("button", name="Post update").click()
        expect(page.locator(".ledger")).to_contain_text("Looking")
        return
    fold = page.locator(f"#fold-{verb}")
    fold.locator("summary").click()
    fold.get_by_label("What was done").fill("rolled back")
    fold.get_by_role("button").click()
    expect(page.locator("#head")).to_contain_text("Mitigated" if verb == "mitigate" else "Resolved")
    assert Incident.objects.get().status == ("mitigated" if verb == "mitigate" else "resolved")


def test_a_link_to_a_folded_form_opens_it(signed_in, live_server, incident, alice):
    roles_taken = ("incident_commander",)
    lifecycle.declare(incident.pk, actor=person(alice), responding=True)
    for slug in roles_taken:
        roles.take(incident.pk, actor=person(alice), role_slug=slug)
    go(signed_in, live_server, incident)
    signed_in.get_by_role("link", name="Mitigated…").first.click()

    expect(signed_in.locator("#fold-mitigate").get_by_label("What was done")).to_be_visible()


def test_acknowledge_by_keyboard_alone(signed_in, live_server, incident):
    go(signed_in, live_server, incident)
    signed_in.keyboard.press("a")
    signed_in.keyboard.press("Enter")

    expect(signed_in.locator("#head")).to_contain_text("Assess scope")


def test_declare_by_keyboard_alone(signed_in, live_server, defaults):
    signed_in.goto(live_server.url + "/incidents/")
    signed_in.keyboard.press("c")
    expect(signed_in.get_by_label("What is wrong?")).to_be_focused()
    signed_in.keyboard.type("Checkout fails")
    signed_in.get_by_label("Everything, all users: SEV1").press("Space")
    expect(signed_in.get_by_role("button", name="Declare SEV1")).to_be_visible()
    signed_in.keyboard.press("Control+Enter")

    expect(signed_in.get_by_role("heading", level=1)).to_contain_text("Checkout fails")
    assert Incident.objects.get().severity.name == "SEV1"


@pytest.mark.parametrize(
    "options",
    [{}, {"color_scheme": "dark"}, {"viewport": {"width": 360, "height": 780}}],
    ids=["light", "dark", "360"],
)
@pytest.mark.parametrize(
    "path", ["room", "/incidents/", "/incidents/declare/", "/handbook/", "/handbook/severities/"]
)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    enter, live_server, incident, alice, faults, options, path
):
    lifecycle.declare(incident.pk, actor=person(alice), responding=True)
    page = enter(alice, **options)
    page.goto(live_server.url + (incident.get_absolute_url() if path == "room" else path))
    page.wait_for_load_state("networkidle") if path != "room" else page.wait_for_selector(
        "#panel-alerts section", state="attached"
    )

    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_private_room_is_not_found_by_others(enter, live_server, defaults, alice, bob: User):
    secret = lifecycle.open_incident(
        title="Stolen laptop",
        actor=person(alice),
        service_ids=[Service.objects.get(is_catch_all=True).pk],
        severity=Severity.objects.get(rank=2),
        is_private=True,
    )
    page = enter(bob)
    answer = page.goto(live_server.url + secret.get_absolute_url())

    assert answer.status == 404
    expect(page.locator("body")).not_to_contain_text("Stolen laptop")
