"""The pages around a postmortem in a real browser: picker, board, library, public text, report."""

from datetime import date

import pytest
from playwright.sync_api import expect

from accounts import actors
from catalog.models import Service, Team
from incidents import lifecycle, notes
from incidents.models import Severity
from postmortems import actions, opening, tagging, writing
from postmortems.models import ActionItem, Postmortem

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 360, "height": 800}
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def postmortem(defaults, alice) -> Postmortem:
    """A document with words, an action that is late and one that is done."""
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
    notes.add_note(incident.pk, actor=who, text="Empty currency", kind="cause_identified")
    lifecycle.resolve(incident.pk, actor=who)
    made = opening.open_by_hand(incident.pk, actor=who)
    writing.save_section(made.pk, actor=who, section="summary", text="A release broke checkout.")
    writing.save_section(made.pk, actor=who, section="root_cause", text="Alice forgot the **currency**.")
    tagging.set_tags(made.pk, actor=who, tags={"cause": ["release"], "factor": ["no canary"]})
    actions.create(made.pk, actor=who, title="Add a canary", owner_id=alice.pk, due=date(2024, 2, 1))
    actions.create(made.pk, actor=who, title="Tune the alert", owner_id=alice.pk, status="done")
    return made


def test_every_page_is_accessible_wide_and_on_a_phone(enter, live_server, alice, postmortem, faults, picture):
    root = postmortem.get_absolute_url()
    pages = {
        "document": root,
        "picker": root + "timeline/",
        "public": root + "public/",
        "history": root + "history/?section=root_cause",
        "preview": root + "preview/",
        "library": "/postmortems/?tag=release",
        "actions": "/actions/",
        "board": "/actions/?view=board",
        "report": "/actions/report/",
        "action": postmortem.actions.first().get_absolute_url(),
    }
    phone, dark = enter(alice, viewport=PHONE), enter(alice, color_scheme="dark")
    for name, address in pages.items():
        phone.goto(live_server.url + address)
        picture(phone, f"{name}-phone")
        assert phone.evaluate(WIDE) == 0, name
        assert faults(phone) == [], name
        dark.goto(live_server.url + address)
        picture(dark, f"{name}-dark")
        assert faults(dark) == [], name


def test_the_picker_works_by_keyboard_alone(enter, live_server, alice, postmortem):
    page = enter(alice)
    page.goto(f"{live_server.url}{postmortem.get_absolute_url()}timeline/")
    box = page.get_by_role("textbox", name="Words").first
    box.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("Alert fired")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("checkbox").first).to_be_focused()
    page.get_by_role("textbox", name="What happened").first.focus()
    page.keyboard.type("Support called")
    page.get_by_role("textbox", name="Time").last.wait_for()
    page.locator("#at-new-1").fill("2024-01-22T14:02")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/postmortems/*/#s-timeline")

    said = [row.words for row in Postmortem.objects.get().rows.all()]
    assert "Alert fired" in said and said[0] == "Support called"


def test_the_board_moves_and_the_list_changes_many_by_keyboard(enter, live_server, alice, postmortem):
    page, late = enter(alice), ActionItem.objects.get(title="Add a canary")
    page.goto(f"{live_server.url}/actions/?view=board")
    state = page.locator(f"#move-{late.pk}")
    state.focus()
    state.select_option("in_progress")
    page.keyboard.press("Tab")
    with page.expect_response("**/move/**"):
        page.keyboard.press("Enter")
    expect(page.locator(f"#move-{late.pk}")).to_be_visible()
    assert ActionItem.objects.get(pk=late.pk).status == "in_progress"

    page.goto(f"{live_server.url}/actions/?status=all")
    for box in page.get_by_role("checkbox").all():
        box.focus()
        page.keyboard.press("Space")
    page.get_by_label("Due", exact=True).fill("2030-01-31")
    page.get_by_role("button", name="Change them").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 actions changed.")).to_be_visible()
    assert set(ActionItem.objects.values_list("due", flat=True)) == {date(2030, 1, 31)}


def test_a_mark_that_somebody_keeps_goes_from_the_margin_and_focus_is_not_lost(
    enter, live_server, alice, postmortem
):
    page = enter(alice)
    page.goto(live_server.url + postmortem.get_absolute_url())
    margin = page.locator("#state-root_cause")
    expect(margin.locator("mark")).to_have_count(1)
    margin.get_by_role("button", name="Keep mine").click()
    expect(margin.locator("mark")).to_have_count(0)
    page.reload()
    expect(page.locator("#state-root_cause mark")).to_have_count(0)


def test_while_one_declares_the_late_promise_of_the_service_appears(enter, live_server, bob, postmortem):
    page = enter(bob)
    page.goto(f"{live_server.url}/incidents/declare/")
    page.locator("#id_service").select_option(label="Checkout")
    expect(page.get_by_text("Same service as INC-1, whose action 1 is")).to_be_visible()
