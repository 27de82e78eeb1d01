"""The frame around every page: accessible, calm on a phone, usable by keyboard and without a script."""

import os
import re

import pytest
from playwright.sync_api import expect

import oncall.defaults
from accounts import actors
from catalog.models import Service, Team
from incidents import lifecycle
from incidents.models import Incident, Severity
from oncall import paging

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True},
    "phone-dark": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
}
ADDRESSES = {
    "now": "/",
    "start": "/start/",
    "catalog": "/catalog/",
    "service": "/catalog/checkout/",
    "service-edit": "/catalog/checkout/edit/",
    "team": "/catalog/teams/everyone/",
    "team-edit": "/catalog/teams/everyone/edit/",
    "search": "/search/?q=check",
    "nothing-found": "/search/?q=zzz",
    "not-found": "/nowhere/",
}


@pytest.fixture
def shop(defaults, mona):
    """A service with neighbours, and two open incidents."""
    team = Team.objects.get()
    team.memberships.create(user=mona, is_manager=True)
    checkout = Service.objects.create(slug="checkout", name="Checkout", team=team, tier=1)
    for slug, name in (("payments", "Payments"), ("orders-db", "Orders DB")):
        checkout.depends_on.add(Service.objects.create(slug=slug, name=name, team=team, tier=1))
    web = Service.objects.create(slug="web", name="Web shop", team=team, tier=1)
    web.depends_on.add(checkout)
    for rank, title in ((1, "Checkout failing for all EU customers"), (3, "Checkout reports are slow")):
        lifecycle.open_incident(
            title=title,
            actor=actors.person(mona),
            service_ids=[checkout.pk],
            severity=Severity.objects.get(rank=rank),
        )
    return checkout


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_have_no_accessibility_faults_and_fit(
    shop, mona, enter, live_server, faults, picture, look
):
    page = enter(mona, **LOOKS[look])
    wrong = []
    for name, address in ADDRESSES.items():
        page.goto(live_server.url + address)
        picture(page, f"{name}-{look}")
        wrong += [f"{name}: {fault}" for fault in faults(page)]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wrong.append(f"{name}: scrolls sideways")
    assert wrong == []


@pytest.mark.parametrize("look", LOOKS)
def test_an_empty_house_leads(defaults, root, enter, live_server, faults, picture, look):
    page = enter(root, **LOOKS[look])
    page.goto(live_server.url + "/")
    picture(page, f"empty-{look}")

    expect(page.get_by_role("heading", name="Nothing rings yet")).to_be_visible()
    expect(page.get_by_text("All quiet.")).to_be_visible()
    assert faults(page) == []


def test_keys_lead_around(shop, signed_in, live_server):
    page = signed_in
    page.goto(live_server.url + "/")

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page).to_have_url(re.compile("/catalog/$"))
    page.keyboard.press("/")
    expect(page.get_by_label("Search services")).to_be_focused()
    page.keyboard.type("g?c")
    expect(page.get_by_label("Search services")).to_have_value("g?c")


def test_the_palette_finds_every_action_of_a_room_by_a_few_letters(
    shop, signed_in, live_server, faults, picture
):
    page = signed_in
    page.goto(live_server.url + Incident.objects.order_by("number").first().get_absolute_url())
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="What do you want to do?")
    expect(field).to_be_focused()
    picture(page, "palette")
    assert faults(page) == []

    field.press_sequentially("chsev")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Change severity")
    page.keyboard.press("Enter")

    fold = page.locator("#fold-severity")
    expect(fold).to_have_attribute("open", "")
    assert fold.evaluate("fold => fold.contains(document.activeElement)")


#: What people type at 03:00, and what the palette offers first.
ASKED = {
    "page": "Page",
    "hand": "Hand over",
    "task": "Add task",
    "mitigation": "Start:",
    "todo": "Add task",
    "cause": "Add note",
    "alone": "I am alone",
    "sev": "Change severity",
    "resolve": "Resolved",
    "cs": "Change severity",
}


def test_the_palette_knows_other_words_and_offers_nothing_misleading(shop, signed_in, live_server):
    page = signed_in
    page.goto(live_server.url + Incident.objects.order_by("number").first().get_absolute_url())
    page.wait_for_load_state("networkidle")
    first = page.locator("#palette [aria-selected=true]")
    for asked, offered in ASKED.items():
        page.keyboard.press("Control+k")
        page.locator("#palette input").fill(asked)
        expect(first).to_contain_text(offered)
        page.keyboard.press("Escape")
    # Letters that merely occur in a name in this order are no answer: "role" was "Resolved".
    page.keyboard.press("Control+k")
    page.locator("#palette input").fill("role")
    expect(first).not_to_contain_text("Resolved")
    page.locator("#palette input").fill("who")
    expect(first).not_to_contain_text("PDF")


def test_the_palette_leads_to_places_and_searches_for_the_rest(shop, signed_in, live_server):
    page = signed_in
    page.goto(live_server.url + "/")
    page.keyboard.press("Control+k")
    page.keyboard.type("metr")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/metrics/$"))

    page.get_by_role("button", name="Commands").click()
    page.keyboard.type("zzz & more")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/search/\?q=zzz%20%26%20more$"))


def test_keys_can_be_switched_off(shop, alice, enter, live_server):
    alice.shortcuts_enabled = False
    alice.save()
    page = enter(alice)
    page.goto(live_server.url + "/")

    page.keyboard.press("?")

    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()


def test_a_lost_connection_is_said_and_taken_back(shop, signed_in, live_server):
    page = signed_in
    page.goto(live_server.url + "/")
    note = page.get_by_text("The connection is lost.")

    page.context.set_offline(True)
    expect(note).to_be_visible()

    page.context.set_offline(False)
    expect(note).to_be_hidden()


def test_the_open_incidents_follow_what_happens(shop, signed_in, live_server, mona):
    page = signed_in
    page.goto(live_server.url + "/")
    page.get_by_role("link", name="All incidents").focus()

    lifecycle.open_incident(title="Search is down", actor=actors.person(mona), service_ids=[shop.pk])

    expect(page.get_by_role("link", name="Search is down")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("link", name="All incidents")).to_be_focused()


def test_a_number_leads_straight_to_the_incident(shop, signed_in, live_server):
    incident = Incident.objects.order_by("number").first()
    signed_in.goto(f"{live_server.url}/search/?q=inc-{incident.number}")

    expect(signed_in).to_have_url(live_server.url + incident.get_absolute_url())


def test_the_catalog_is_changed_without_a_script(shop, root, enter, live_server):
    page = enter(root, java_script_enabled=False)
    page.goto(live_server.url + "/catalog/checkout/edit/")

    page.get_by_label("Name", exact=True).fill("Till")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("heading", name="Till", level=1)).to_be_visible()


def test_a_services_page_tells_of_its_incidents(shop, signed_in, live_server):
    signed_in.goto(live_server.url + "/catalog/checkout/")

    expect(signed_in.get_by_role("heading", name="What happened here")).to_be_visible()
    expect(signed_in.get_by_role("link", name="Checkout failing for all EU customers")).to_be_visible()


def test_a_page_is_answered_with_two_keys(defaults, alice, bob, drain, enter, live_server, faults, picture):
    oncall.defaults.install(alice)
    service = Service.objects.catch_all()
    incident = lifecycle.open_incident(
        title="Checkout failing for all EU customers",
        actor=actors.person(bob),
        service_ids=[service.pk],
        severity=Severity.objects.get(rank=1),
    )
    drain()
    paging.sweep()
    page = enter(alice)
    page.goto(live_server.url + "/")
    picture(page, "paged-light")
    assert faults(page) == []

    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Acknowledge")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page).to_have_url(live_server.url + incident.get_absolute_url())
    incident.refresh_from_db()
    assert incident.acknowledged_by == alice
