"""What the public side does when an incident moves."""

from importlib import import_module

import pytest
from django.apps import apps
from django.urls import reverse

from accounts import actors
from catalog.models import Service
from incidents import lifecycle
from statuspage import following, publishing, reading
from statuspage.models import Notice

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(declared, drain, mona):
    """An incident of which the public knows."""
    incident = declared(1)
    drain()
    notice = Notice.objects.get()
    publishing.post_update(
        notice.pk, actor=actors.person(mona), body="Customers cannot pay.", status="investigating"
    )
    drain()
    return incident


def test_dismissing_an_incident_closes_its_open_notice(told, drain, mona):
    lifecycle.dismiss(told.pk, actor=actors.person(mona), reason="false alarm")
    drain()

    notice = Notice.objects.get()
    assert notice.status == "resolved"
    assert "no problem" in notice.updates.first().body


def test_dismissing_an_incident_throws_its_draft_away(declared, drain, mona):
    incident = declared(1)
    drain()
    lifecycle.dismiss(incident.pk, actor=actors.person(mona), reason="false alarm")
    drain()

    assert not Notice.objects.exists()


def test_a_duplicate_hands_its_notice_over(told, declared, drain, mona):
    other = declared(2)
    drain()
    lifecycle.merge(told.pk, actor=actors.person(mona), into=other.pk)
    drain()

    assert [notice.incident_id for notice in Notice.objects.all()] == [other.pk]
    assert Notice.objects.get().is_open


def test_two_public_notices_become_one_by_a_last_word(told, declared, drain, mona):
    other = declared(2)
    drain()
    second = Notice.objects.get(incident=other)
    publishing.post_update(second.pk, actor=actors.person(mona), body="Slow.", status="investigating")
    lifecycle.merge(told.pk, actor=actors.person(mona), into=other.pk)
    drain()

    first = Notice.objects.get(incident=told)
    assert first.status == "resolved"
    assert second.title in first.updates.first().body


def test_a_private_incident_leaves_the_page_from_then_on(told, drain, mona):
    from incidents import people

    assert len(reading.snapshot().notices) == 1
    people.make_private(told.pk, actor=actors.person(mona), reason="security")
    drain()

    assert reading.snapshot().notices == ()
    assert Notice.objects.get().withdrawn_at is not None


def test_reopening_after_the_notice_was_resolved_drafts_a_new_one(told, drain, mona):
    boss = actors.person(mona)
    lifecycle.mitigate(told.pk, actor=boss, text="rolled back")
    publishing.post_update(Notice.objects.get().pk, actor=boss, body="You can pay again.", status="resolved")
    drain()
    lifecycle.reopen(told.pk, actor=boss, reason="it is back")
    drain()

    assert Notice.objects.filter(is_draft=True, incident=told).count() == 1


def test_the_approved_words_of_a_postmortem_stand_under_the_notice(told, drain, mona):
    from incidents import neighbours

    boss = actors.person(mona)
    lifecycle.mitigate(told.pk, actor=boss, text="rolled back")
    lifecycle.resolve(told.pk, actor=boss, text="fixed")
    publishing.post_update(Notice.objects.get().pk, actor=boss, body="You can pay again.", status="resolved")
    neighbours.postmortem_published(told.pk, actor=boss, postmortem_id=1, public_text="What we learned.")
    drain()
    drain()

    notice = Notice.objects.get()
    assert notice.status == "postmortem"
    assert notice.updates.first().body == "What we learned."
    assert notice.updates.filter(status="postmortem").count() == 1


def test_an_internal_postmortem_says_nothing_in_public(told, drain, mona):
    from incidents import neighbours

    boss = actors.person(mona)
    lifecycle.mitigate(told.pk, actor=boss)
    lifecycle.resolve(told.pk, actor=boss)
    publishing.post_update(Notice.objects.get().pk, actor=boss, body="You can pay again.", status="resolved")
    neighbours.postmortem_published(told.pk, actor=boss, postmortem_id=1)
    drain()

    assert Notice.objects.get().status == "resolved"


@pytest.fixture
def learned(told, drain, mona):
    """Publish a version of the public postmortem of a resolved notice."""
    from incidents import neighbours

    boss = actors.person(mona)
    lifecycle.mitigate(told.pk, actor=boss, text="rolled back")
    lifecycle.resolve(told.pk, actor=boss, text="fixed")
    publishing.post_update(Notice.objects.get().pk, actor=boss, body="You can pay again.", status="resolved")

    def say(text: str) -> int:
        event = neighbours.postmortem_published(told.pk, actor=boss, postmortem_id=1, public_text=text)
        drain()
        return event.pk

    return say


def test_a_second_version_takes_the_place_of_the_first_for_the_public(learned):
    learned("What Bob did.")
    learned("What the deploy tool allowed.")

    shown = [update.body for update in reading.snapshot().notices[0].updates if update.status == "postmortem"]
    assert shown == ["What the deploy tool allowed."]
    assert Notice.objects.get().updates.filter(status="postmortem").count() == 2


def test_a_version_from_before_versions_were_told_apart_is_replaced_too(learned, mona):
    learned("What Bob did.")
    notice = Notice.objects.get()
    notice.updates.filter(status="postmortem").update(from_event=None)  # As it was stored then.
    by_hand = publishing.post_update(
        notice.pk, actor=actors.person(mona), body="Thank you for waiting.", status="postmortem"
    )
    learned("What the deploy tool allowed.")

    import_module("statuspage.migrations.0003_earlier_versions").name_origins(apps, None)

    shown = [update.body for update in reading.snapshot().notices[0].updates if update.status == "postmortem"]
    assert shown == ["What the deploy tool allowed.", "Thank you for waiting."]
    by_hand.refresh_from_db()
    assert by_hand.from_event is None


def test_a_version_that_is_heard_of_twice_or_late_is_said_once(learned):
    from statuspage import following

    first, second = learned("One."), learned("Two.")
    for event in (first, second):
        assert following.add_postmortem(event) is None
    shown = [update.body for update in reading.snapshot().notices[0].updates if update.status == "postmortem"]
    assert shown == ["Two."]


def test_the_panel_offers_the_word_that_fits_the_incident_and_never_goes_back(told, mona):
    incident, notice = told, Notice.objects.get()
    incident.refresh_from_db()
    assert following.next_word(incident, notice) == "investigating"

    lifecycle.mitigate(incident.pk, actor=actors.person(mona), text="rolled back")
    incident.refresh_from_db()
    assert following.next_word(incident, notice) == "monitoring"

    lifecycle.resolve(incident.pk, actor=actors.person(mona), text="mended")
    incident.refresh_from_db()
    assert following.next_word(incident, notice) == "resolved"

    lifecycle.reopen(incident.pk, actor=actors.person(mona), reason="again")
    incident.refresh_from_db()
    notice.status = "monitoring"
    assert following.next_word(incident, notice) == "monitoring"


@pytest.fixture
def nameless(declared, shop, team):
    """Declares an incident of a service that no component stands for; the catch-all publishes by itself."""
    shop["other"].publishes_itself = True
    shop["other"].save()
    ledger = Service.objects.create(slug="ledger", name="Ledger", team=team)
    return lambda *also: declared(1, service_ids=[ledger.pk, *(one.pk for one in also)])


def test_a_draft_does_not_guess_what_customers_see(nameless, drain):
    nameless()
    drain()

    notice = Notice.objects.get()
    assert (notice.title, notice.is_draft) == ("We are looking into a problem", True)
    assert notice.draft_body.startswith("We are looking into a problem that some of you may notice. We write")
    assert not notice.component_rows.exists() and notice.impact == "none"


def test_a_draft_for_the_catch_all_names_no_component_either(nameless, drain, declared, rest):
    declared(1, service_ids=[rest.pk])
    drain()
    assert Notice.objects.get().is_draft and not Notice.objects.get().component_rows.exists()


def test_a_draft_names_what_is_mapped_and_leaves_out_what_is_not(nameless, drain, checkout):
    incident = nameless(checkout)
    drain()

    assert Notice.objects.get().title == "Problem with Checkout (EU)"
    assert [service.name for service in following.unmapped(incident)] == ["Ledger"]


def test_the_room_asks_what_customers_see_until_somebody_chose(nameless, drain, shop, client, mona):
    incident = nameless()
    drain()
    client.force_login(mona)
    panel = reverse("statuspage:panel", args=[incident.number])
    asks = "Nothing on the status page stands for Ledger yet."
    assert asks in client.get(panel).content.decode()

    publishing.save_draft(
        Notice.objects.get().pk,
        actor=actors.person(mona),
        title="You may not be able to pay",
        body="We look into it.",
        components={shop["pay"].pk: "partial_outage"},
    )
    assert asks not in client.get(panel).content.decode()
