"""The pages of the figures in a real browser: axe, 360 px, the keyboard, and that they need no script."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from playwright.sync_api import expect

from accounts import actors
from catalog.models import Service, Team
from incidents import lifecycle
from incidents.models import Incident, Severity
from metrics import annotating
from metrics.models import Annotation
from postmortems import opening

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 360, "height": 800}
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
PAGES = {
    "metrics": "/metrics/",
    "measure": "/metrics/mttm/?basis=detected",
    "gaps": "/metrics/mtbf/",
    "marks": "/metrics/marks/",
    "review": "/metrics/review/",
}


@pytest.fixture
def measured(defaults, alice) -> Service:
    """A few incidents of one service that were mitigated, and a mark of a week ago."""
    who = actors.person(alice)
    team = Team.objects.create(slug="shop", name="Shop")
    service = Service.objects.create(slug="checkout", name="Checkout", team=team)
    for number, name in enumerate(("SEV1", "SEV2", "SEV3", "SEV3")):
        incident = lifecycle.open_incident(
            title=f"Checkout fails {number}",
            actor=who,
            service_ids=[service.pk],
            severity=Severity.objects.get(name=name),
            declare=True,
            responding=True,
            started_at=now() - timedelta(minutes=30 + number),
        )
        lifecycle.resolve(incident.pk, actor=who)
    day = (now() - timedelta(days=7)).date()
    annotating.mark(actor=who, day=day, label="One-command rollback", service="checkout")
    return service


def test_every_page_is_accessible_wide_and_on_a_phone(enter, live_server, alice, measured, faults, picture):
    phone, dark = enter(alice, viewport=PHONE), enter(alice, color_scheme="dark")
    for name, address in PAGES.items():
        phone.goto(live_server.url + address)
        picture(phone, f"{name}-phone")
        assert phone.evaluate(WIDE) == 0, name
        assert faults(phone) == [], name
        dark.goto(live_server.url + address)
        picture(dark, f"{name}-dark")
        assert faults(dark) == [], name


def test_a_mark_is_set_shown_and_removed_by_keyboard_alone(enter, live_server, alice, measured):
    page = enter(alice)
    page.goto(f"{live_server.url}/metrics/")
    page.get_by_role("link", name="What changed").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/metrics/marks/")
    page.get_by_label("Day", exact=True).fill((now() - timedelta(days=1)).date().isoformat())
    page.get_by_label("What changed").focus()
    page.keyboard.type("Canary deploys")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Marked. It stands on the charts of that day.")).to_be_visible()

    page.goto(f"{live_server.url}/metrics/mttm/")
    expect(page.get_by_role("listitem").filter(has_text="Canary deploys")).to_be_visible()
    page.goto(f"{live_server.url}/metrics/marks/")
    page.get_by_role("button", name="Remove Canary deploys").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The charts no longer show it.")).to_be_visible()
    assert [row.label for row in Annotation.objects.all()] == ["One-command rollback"]


def test_the_figures_are_the_same_without_script(enter, live_server, alice, measured):
    page = enter(alice, java_script_enabled=False)
    page.goto(f"{live_server.url}/metrics/mttm/")
    expect(page.locator("svg.chart.wide").first).to_be_visible()
    expect(page.get_by_role("cell", name="1 One-command rollback (Checkout)")).to_be_visible()
    expect(page.get_by_role("rowheader", name="Checkout fails").first).to_be_visible()

    page.get_by_label("By", exact=True).select_option("month")
    page.get_by_role("button", name="Show").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**per=month*")
    with page.expect_download() as file:
        page.get_by_role("link", name="Over time as CSV").click()
    assert file.value.suggested_filename == "trend.csv"


def test_who_reads_the_same_document_is_named(enter, live_server, alice, bob, measured):
    made = opening.open_by_hand(Incident.objects.earliest("pk").pk, actor=actors.person(alice))
    first, second = enter(bob), enter(alice)
    first.goto(live_server.url + made.get_absolute_url())
    first.locator("#here").wait_for(state="attached")
    with first.expect_response("**/here/**"):
        first.reload()
    second.goto(live_server.url + made.get_absolute_url())
    expect(second.locator("#here")).to_contain_text("Bob is here")
