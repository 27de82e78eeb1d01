import re

import pytest
from django.urls import reverse

from accounts.actors import person
from incidents import lifecycle
from incidents.models import Severity
from oncall.models import Layer, Override, PageRun, Policy, Schedule
from tests.oncall.conftest import schedule

pytestmark = pytest.mark.django_db


def test_the_on_call_page_shows_who_now_the_week_and_the_ladder(client, checkout, alice, clock):
    client.force_login(alice)
    html = client.get(reverse("oncall:index")).content.decode()

    assert "Alice</b> (you)" in html
    assert 'class="cal"' in html
    assert "Policy: Payments" in html


def test_the_answer_to_who_would_be_paged_comes_with_its_trace(client, checkout, alice, clock):
    client.force_login(alice)
    html = client.get(
        reverse("oncall:index"), {"service": checkout.pk, "at": "2026-03-04T20:30"}
    ).content.decode()

    assert "Checkout uses the policy Payments." in html
    assert "Rotation (weekly, Mon 09:00) gives Alice." in html


def test_my_page_is_answered_from_the_on_call_page(client, opened, tick, alice):
    opened()
    tick()
    client.force_login(alice)
    assert "You are paged" in client.get(reverse("oncall:index")).content.decode()

    run = PageRun.objects.get()
    answer = client.post(reverse("oncall:acknowledge", args=[run.pk]), {"from": "oncall"}, follow=True)
    assert "This pager is quiet now" in answer.content.decode()
    run.refresh_from_db()
    assert run.acknowledged_by == alice


def test_an_override_is_added_and_ended_by_form(client, checkout, bob, clock):
    client.force_login(bob)
    primary = Schedule.objects.get(name="Primary")
    words = {"schedule": primary.pk, "user": bob.pk, "start": "2026-03-02T18:00", "end": "2026-03-03T06:00"}
    assert client.post(reverse("oncall:override"), words).status_code == 302
    row = Override.objects.get()
    assert row.user == bob
    client.post(reverse("oncall:end_override", args=[row.pk]))
    assert not Override.objects.exists()


def test_somebody_elses_shift_is_given_away_by_managers_only(client, checkout, bob, carol, mona, clock):
    primary = Schedule.objects.get(name="Primary")
    words = {"schedule": primary.pk, "user": carol.pk, "start": "2026-03-02T18:00", "end": "2026-03-03T06:00"}
    client.force_login(bob)
    assert client.post(reverse("oncall:override"), words).status_code == 422
    client.force_login(mona)
    assert client.post(reverse("oncall:override"), words).status_code == 302


def a_layer(place, people, **facts):
    words = {"name": "Rotation", "people": people, "first_day": "2026-03-02", "hand_over": "18:00",
             "length": 1, "unit": "days", "windows": "", **facts}  # fmt: skip
    return {f"layer-{place}-{name}": value for name, value in words.items()}


def test_a_schedule_of_two_layers_is_looked_at_before_it_is_kept(client, checkout, mona, clock):
    client.force_login(mona)
    words = {"name": "Site", "time_zone": "UTC", "layer-TOTAL_FORMS": 2, "layer-INITIAL_FORMS": 1,
             "preview_from": "2026-03-09",
             **a_layer(0, "alice@example.com", windows="Mon-Fri 08:00-20:00"),
             **a_layer(1, "bob@example.com mona@example.com", name="Nights", length=12, unit="hours",
                       windows="20:00-08:00; Sat,Sun 00:00-24:00")}  # fmt: skip
    html = client.post(reverse("oncall:schedule_new"), {**words, "do": "preview"}).content.decode()
    assert "How it would be" in html
    assert "Nights, 20:00-08:00, Sat,Sun 00:00-24:00" in html
    assert not Schedule.objects.filter(name="Site").exists()

    assert client.post(reverse("oncall:schedule_new"), {**words, "do": "keep"}).status_code == 302
    site = Schedule.objects.get(name="Site")
    nights = site.layers.get(name="Nights")
    assert (nights.days, nights.hours) == (0, 12)
    assert nights.windows == ["20:00-08:00", "Sat,Sun 00:00-24:00"]

    html = client.post(reverse("oncall:schedule", args=[site.pk]), {**words, "do": "more"}).content.decode()
    assert 'name="layer-2-people"' in html
    words = {**words, "layer-1-DELETE": "on", "layer-0-windows": "whenever", "do": "keep"}
    answer = client.post(reverse("oncall:schedule", args=[site.pk]), words)
    assert answer.status_code == 422
    assert "Write it like" in answer.content.decode()
    client.post(reverse("oncall:schedule", args=[site.pk]), {**words, "layer-0-windows": ""})
    assert [layer.name for layer in site.layers.all()] == ["Rotation"]


def test_a_swap_is_offered_and_accepted_by_form(client, checkout, alice, bob, clock):
    client.force_login(alice)
    primary = Schedule.objects.get(name="Primary")
    words = {"schedule": primary.pk, "other": bob.pk, "start": "2026-03-03T18:00", "end": "2026-03-04T06:00"}
    half = client.post(reverse("oncall:swap"), {**words, "back_start": "2026-03-05T18:00"})
    assert "Give both times" in half.content.decode()
    assert client.post(reverse("oncall:swap"), words).status_code == 302
    assert "You asked Bob" in client.get(reverse("oncall:index")).content.decode()

    client.force_login(bob)
    assert "Alice asks you to take Primary" in client.get(reverse("oncall:index")).content.decode()
    client.post(reverse("oncall:accept_swap", args=[primary.swaps.get().pk]))
    assert Override.objects.get().user == bob


def test_a_swap_is_chosen_from_the_shifts_there_are(client, alice, bob, vera, clock):
    weekly = schedule("Weekly", alice, bob)
    client.force_login(alice)
    page = client.get(reverse("oncall:swap"), {"schedule": weekly.pk}).content.decode()
    assert "Which of your shifts?" in page and "What you could take in return in Weekly" in page
    assert "Vera</option>" not in page

    link = next(one for one in re.findall(r'href="([^"]*back_start=[^"]*)"', page)).replace("&amp;", "&")
    filled = client.get(reverse("oncall:swap") + link).content.decode()
    assert f'<option value="{bob.pk}" selected>' in filled
    assert re.search(r'name="back_start" value="2026-', filled)


def test_who_is_alone_in_a_rotation_has_no_invented_end(client, alice, clock):
    Layer.objects.all().delete()
    schedule("Alone", alice)
    client.force_login(alice)
    assert "until further notice" in client.get(reverse("oncall:index")).content.decode()


@pytest.mark.parametrize("view", ["week", "month", "agenda"])
def test_every_view_of_the_calendar_shows_the_gap(client, checkout, alice, clock, view):
    Schedule.objects.create(name="Empty")
    client.force_login(alice)
    html = client.get(reverse("oncall:index"), {"view": view, "week": "2026-02-24"}).content.decode()
    assert "Nobody" in html
    assert ("cal month" in html) == (view == "month")


def test_what_a_policy_would_do_is_shown_with_times(client, checkout, alice, clock):
    client.force_login(alice)
    address = reverse("oncall:simulation", args=[checkout.coverage.policy_id])
    html = client.get(address, {"at": "2026-03-08T03:00"}).content.decode()
    assert "Sunday 8 March 2026, 03:00" in html
    assert "Sun 03:05" in html
    assert "and again every 15 min until somebody answers" in html
    sev4 = Severity.objects.get(name="SEV4")
    assert "pages nobody" in client.get(address, {"severity": sev4.pk}).content.decode()


def test_a_step_in_turn_and_in_business_hours_is_edited_without_losing_a_line(client, checkout, mona, team):
    client.force_login(mona)
    row = checkout.coverage.policy
    address = reverse("oncall:policy", args=[row.pk])
    words = {"name": "Payments", "repeat": 2, "round_minutes": 20, "after_0": 0, "aim_0": "managers",
             "after_1": 5, "aim_1": f"turn-team:{team.pk}", "hours_1": "on",
             "services": [checkout.pk]}  # fmt: skip
    html = client.post(address, {**words, "do": "more"}).content.decode()
    assert f'<option value="turn-team:{team.pk}" selected>' in html
    assert client.post(address, words).status_code == 302
    step = row.steps.get(position=1)
    assert step.in_hours_only
    assert step.targets.get().in_turn


def test_a_manager_makes_a_schedule_and_a_policy(client, checkout, mona, alice, bob):
    client.force_login(mona)
    words = {"name": "Nights", "time_zone": "Europe/Berlin", "layer-TOTAL_FORMS": 1,
             "layer-INITIAL_FORMS": 1, **a_layer(0, "alice@example.com\nbob@example.com")}  # fmt: skip
    assert client.post(reverse("oncall:schedule_new"), words).status_code == 302
    nights = Schedule.objects.get(name="Nights")
    words = {"name": "Night ladder", "repeat": 2, "round_minutes": 20, "after_0": 0,
             "aim_0": f"schedule:{nights.pk}",
             "after_1": 10, "aim_1": "managers", "services": [checkout.pk]}  # fmt: skip
    assert client.post(reverse("oncall:policy_new"), words).status_code == 302
    policy = Policy.objects.get(name="Night ladder")
    assert policy.steps.count() == 2
    assert checkout.coverage.policy_id != policy.pk  # the cached row of before
    checkout.refresh_from_db()
    assert checkout.coverage.policy == policy
    assert client.get(reverse("oncall:policy", args=[policy.pk])).status_code == 200
    assert client.get(reverse("oncall:schedule", args=[nights.pk])).status_code == 200


def test_a_policy_that_reaches_nobody_is_refused_with_a_sentence(client, checkout, mona):
    Schedule.objects.create(name="Empty")
    client.force_login(mona)
    words = {"name": "Void", "repeat": 1, "round_minutes": 15, "after_0": 0,
             "aim_0": f"schedule:{Schedule.objects.get(name='Empty').pk}"}  # fmt: skip
    answer = client.post(reverse("oncall:policy_new"), words)
    assert answer.status_code == 422
    assert "Nobody could be reached" in answer.content.decode()


def test_the_room_pages_somebody_in_two_clicks(client, opened, tick, root, carol, mailoutbox):
    incident = opened()
    tick()
    client.force_login(root)
    address = reverse("oncall:panel", args=[incident.number])
    assert "Page somebody" in client.get(address).content.decode()

    words = {"target": "carol@example.com", "reason": "You know the payment gateway"}
    answer = client.post(
        reverse("oncall:page_somebody", args=[incident.number]), words, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert answer.content.decode().strip().startswith("<section")
    tick()
    assert mailoutbox[-1].to == ["carol@example.com"]
    assert "You know the payment gateway" in mailoutbox[-1].body


def test_the_panel_says_in_sentences_who_was_asked_and_who_answered(client, opened, tick, alice):
    incident = opened()
    client.force_login(alice)
    address = reverse("oncall:panel", args=[incident.number])
    tick()
    assert "Asked: Alice" in " ".join(client.get(address).content.decode().split())
    lifecycle.acknowledge(incident.pk, actor=person(alice))
    tick()
    assert "Acknowledged by Alice" in client.get(address).content.decode()

    incident.page_runs.get().pages.all().delete()
    assert "Answered before anybody had to be asked." in client.get(address).content.decode()


def test_panels_of_private_incidents_are_404_to_others(client, opened, tick, bob):
    incident = opened(is_private=True)
    client.force_login(bob)
    assert client.get(reverse("oncall:panel", args=[incident.number])).status_code == 404


def test_contacts_are_added_proved_tested_and_removed(client, alice, tick, mailoutbox, clock):
    client.force_login(alice)
    client.post(reverse("notifications:add"), {"kind": "email", "address": "phone@example.com"})
    tick()
    assert mailoutbox[0].to == ["phone@example.com"]
    link = mailoutbox[0].body.rsplit("\n", 1)[1].removeprefix("http://127.0.0.1:8000")
    client.get(link)
    method = alice.contact_methods.get()
    assert method.verified_at is None
    client.post(link)
    method.refresh_from_db()
    assert method.verified_at
    # A first line beside it does not end the mails to the account.
    assert alice.contact_methods.exclude(pk=method.pk).get().address == alice.email

    client.post(reverse("notifications:test"))
    tick()
    assert [letter.to for letter in mailoutbox[-2:]] == [["phone@example.com"], [alice.email]]
    html = client.get(reverse("notifications:contacts")).content.decode()
    assert "confirmed" in html
    client.post(reverse("notifications:remove", args=[method.pk]))
    assert alice.contact_methods.get().address == alice.email
