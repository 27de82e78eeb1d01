"""The calendar under the mouse, on a phone and without one; nothing for axe to complain about."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils.timezone import now

from oncall.models import Layer, LayerMember, Override, Policy, Schedule, Step, Target

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def nights(defaults, alice, bob):
    """Alice by day, Bob by night, and nobody on Sundays."""
    row = Schedule.objects.create(name="Site", time_zone="Europe/Copenhagen")
    for place, (name, user, hours) in enumerate(
        [("Days", alice, "Mon-Sat 08:00-20:00"), ("Nights", bob, "Mon-Fri 20:00-08:00")]
    ):
        layer = Layer.objects.create(schedule=row, name=name, position=place, days=1, windows=[hours])
        LayerMember.objects.create(layer=layer, user=user)
    policy = Policy.objects.create(name="Site", is_default=True)
    step = Step.objects.create(policy=policy)
    Target.objects.create(step=step, schedule=row)
    return row


def monday_after_next():
    today = now().astimezone(ZoneInfo("UTC")).date()
    return today - timedelta(days=today.weekday()) + timedelta(days=14)


def test_dragging_over_the_calendar_adds_an_override(signed_in, live_server, nights, bob, mona, enter):
    page, monday = enter(mona), monday_after_next()
    page.goto(f"{live_server.url}{reverse('oncall:index')}?week={monday}")
    row = page.locator("tr.final").first
    box = row.bounding_box()
    name = row.locator("th").bounding_box()
    left, width = name["x"] + name["width"], box["width"] - name["width"]
    y, slot = box["y"] + box["height"] / 2, width / 56
    # From Tuesday 09:00 to Tuesday 18:00 are the slots 11, 12 and 13.
    page.mouse.move(left + slot * 11.5, y)
    page.mouse.down()
    page.mouse.move(left + slot * 13.5, y, steps=4)
    page.mouse.up()

    dialog = page.locator("#drag-override[open]")
    assert dialog.get_by_label("From").input_value() == f"{monday + timedelta(days=1)}T09:00"
    dialog.get_by_label("Who stands in").select_option(str(bob.pk))
    dialog.get_by_role("button", name="Add override").click()
    page.get_by_text("The override stands.").wait_for()
    made = Override.objects.get()
    assert (made.user, made.schedule) == (bob, nights)
    assert made.end - made.start == timedelta(hours=9)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_nothing_of_the_on_call_pages_is_out_of_reach(
    enter, live_server, nights, mona, faults, picture, scheme, width
):
    page = enter(mona, color_scheme=scheme, viewport={"width": width, "height": 800})
    policy = Policy.objects.get(name="Site")
    for name, address in {
        "oncall-week": reverse("oncall:index"),
        "oncall-month": reverse("oncall:index") + "?view=month",
        "oncall-agenda": reverse("oncall:index") + "?view=agenda",
        "oncall-schedule": reverse("oncall:schedule", args=[nights.pk]),
        "oncall-policy": reverse("oncall:policy", args=[policy.pk]),
        "oncall-simulation": reverse("oncall:simulation", args=[policy.pk]),
        "oncall-swap": reverse("oncall:swap"),
    }.items():
        page.goto(live_server.url + address)
        picture(page, f"{name}-{scheme}-{width}")
        assert faults(page) == [], name
        # Only the marked tables scroll sideways.
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


def test_a_layer_is_added_and_looked_at_without_a_script(open_context, live_server, nights, mona, enter):
    page = enter(mona, java_script_enabled=False)
    page.goto(live_server.url + reverse("oncall:schedule", args=[nights.pk]))
    page.get_by_role("button", name="Add a layer").click()
    page.locator("[name=layer-2-people]").fill("mona@example.com")
    page.locator("[name=layer-2-windows]").fill("Sun 00:00-24:00")
    page.get_by_role("button", name="Preview").click()
    assert page.get_by_text("How it would be").is_visible()
    assert nights.layers.count() == 2
    page.get_by_role("button", name="Keep the schedule").click()
    assert nights.layers.get(position=2).windows == ["Sun 00:00-24:00"]
