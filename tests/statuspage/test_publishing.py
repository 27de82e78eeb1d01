"""Who may tell the public what, and what follows from it."""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils.timezone import now

from accounts import actors
from incidents import roles
from incidents.kinds import EventKind
from lib.refusal import Forbidden, Invalid, Refused
from statuspage import publishing
from statuspage.kinds import ComponentStatus, Impact, NoticeStatus
from statuspage.models import Component, Notice, Site
from tests.statuspage.conftest import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(mona):
    return actors.person(mona)


def published(boss, shop, **words):
    given = {
        "actor": boss,
        "title": "Checkout fails in the EU",
        "body": "Customers in the EU cannot pay.",
        "components": {shop["pay"].pk: ComponentStatus.MAJOR_OUTAGE},
    }
    return publishing.open_notice(**{**given, **words})


def test_a_declared_sev1_drafts_a_notice_that_nobody_outside_sees(declared, drain):
    incident = declared(1)
    assert drain() > 0

    notice = Notice.objects.get(incident=incident)
    assert notice.is_draft
    assert notice.title == "Problem with Checkout (EU)"
    assert [row.status for row in notice.component_rows.all()] == [ComponentStatus.MAJOR_OUTAGE]
    assert "We write again by" in notice.draft_body


def test_a_sev2_draft_says_partial_outage(declared, drain):
    declared(2)
    drain()

    assert Notice.objects.get().component_rows.get().status == ComponentStatus.PARTIAL_OUTAGE


def test_a_sev3_drafts_nothing(declared, drain):
    declared(3)
    drain()

    assert not Notice.objects.exists()


def test_raising_a_sev3_drafts(declared, drain, alice, matrix):
    from incidents import lifecycle
    from incidents.models import Severity

    incident = declared(3)
    drain()
    lifecycle.set_severity(
        incident.pk, actor=actors.person(alice), severity=Severity.objects.get(rank=1), reason="worse"
    )
    drain()

    assert Notice.objects.get().incident == incident


@pytest.mark.parametrize("kind", ["is_private", "is_drill"])
def test_private_incidents_and_drills_draft_nothing_and_cannot_be_published(
    declared, drain, mona, kind, shop
):
    incident = declared(1, **{kind: True}, participant_ids=[mona.pk])
    drain()
    assert not Notice.objects.exists()

    with pytest.raises(Refused):
        publishing.open_notice(
            actor=actors.system(),
            title="Leak",
            body="Something leaked.",
            components={},
            incident_id=incident.pk,
        )
    assert not Notice.objects.exists()


def test_the_draft_is_made_once_however_often_the_news_comes(declared, drain):
    from outbox.models import Message

    declared(1)
    drain()
    Message.objects.filter(handler="statuspage.draft").update(delivered_at=None, attempts=0, due_at=now())
    assert drain() > 0

    assert Notice.objects.count() == 1


def test_publishing_is_on_the_timeline_and_starts_the_public_clock(declared, drain, alice):
    with time_machine.travel(NOON, tick=False):
        incident = declared(1)
        drain()
        notice = Notice.objects.get()
        roles.take(incident.pk, actor=actors.person(alice), role_slug="comms_lead", user_id=alice.pk)
        publishing.post_update(
            notice.pk,
            actor=actors.person(alice),
            body="Customers in the EU cannot pay.",
            status=NoticeStatus.INVESTIGATING,
        )

    event = incident.timeline.get(kind=EventKind.PUBLISHED)
    assert event.text == "Customers in the EU cannot pay."
    assert event.data["status"] == "investigating"
    notice.refresh_from_db()
    assert not notice.is_draft
    assert notice.next_update_at == NOON + timedelta(minutes=30)
    assert incident.deadlines.get(kind="public_first").stopped_at is not None


def test_a_responder_without_a_chair_may_not_publish(declared, drain, bob):
    declared(1)
    drain()

    with pytest.raises(Forbidden):
        publishing.post_update(
            Notice.objects.get().pk, actor=actors.person(bob), body="Hello.", status="investigating"
        )
    assert Notice.objects.get().is_draft


def test_without_an_incident_only_managers_publish(shop, alice, boss):
    with pytest.raises(Forbidden):
        published(actors.person(alice), shop)
    assert published(boss, shop).published_at is not None


def test_jargon_needs_a_reason(boss, shop):
    with pytest.raises(Refused) as refusal:
        published(boss, shop, body="The pod of checkout-api answers 503.")
    assert refusal.value.code == "jargon"
    assert not Notice.objects.exists()

    notice = published(boss, shop, body="The pod of checkout-api answers 503.", override="no time")
    update = notice.updates.get()
    assert update.override_reason == "no time"
    assert "checkout-api" in update.override_words


def test_names_of_components_and_allowed_words_are_no_jargon(boss, shop, status_page):
    Component.objects.create(name="DB Search")
    status_page.allowed_words = "pod\n"
    status_page.save()

    assert published(boss, shop, body="DB Search and your pod are slow.").updates.get().override_words == []


def test_the_impact_is_computed_from_the_components(boss, shop):
    assert published(boss, shop).impact == Impact.CRITICAL
    both = {shop["pay"].pk: "degraded_performance", shop["search"].pk: "partial_outage"}
    assert published(boss, shop, components=both).impact == Impact.MAJOR
    assert published(boss, shop, components={}, impact="minor").impact == Impact.MINOR


def test_resolving_shows_the_components_as_working(boss, shop):
    notice = published(boss, shop)
    publishing.post_update(notice.pk, actor=boss, body="You can pay again.", status="resolved")

    notice.refresh_from_db()
    assert notice.resolved_at is not None
    assert notice.impact == Impact.CRITICAL
    assert notice.component_rows.get().status == ComponentStatus.OPERATIONAL
    change = notice.updates.first().changes.get()
    assert (change.old_status, change.new_status) == ("major_outage", "operational")


def test_a_resolved_notice_stays_resolved(boss, shop):
    notice = published(boss, shop)
    publishing.post_update(notice.pk, actor=boss, body="You can pay again.", status="resolved")

    with pytest.raises(Refused) as refusal:
        publishing.post_update(notice.pk, actor=boss, body="Broken again.", status="identified")
    assert refusal.value.code == "notice_resolved"


def test_a_status_set_by_hand_counts_until_the_next_public_incident(boss, shop):
    from statuspage import components, reading

    components.set_status(shop["pay"].pk, actor=boss, status="degraded_performance")
    assert reading.shown_statuses()[shop["pay"].pk] == "degraded_performance"
    notice = published(boss, shop)
    assert reading.shown_statuses()[shop["pay"].pk] == "major_outage"
    components.set_status(shop["pay"].pk, actor=boss, status="degraded_performance")
    assert reading.shown_statuses()[shop["pay"].pk] == "major_outage", "the worst of both"

    publishing.post_update(notice.pk, actor=boss, body="You can pay again.", status="resolved")
    published(boss, shop)
    shop["pay"].refresh_from_db()
    assert shop["pay"].status == "operational"


def test_every_change_marks_the_site_dirty_in_its_own_transaction(boss, shop):
    published(boss, shop)
    before = Site.objects.get().changes
    with pytest.raises(RuntimeError), transaction.atomic():
        published(boss, shop)
        assert Site.objects.get().changes > before
        raise RuntimeError
    assert Site.objects.get().changes == before


def test_a_title_cannot_smuggle_a_header(boss, shop):
    assert (
        published(boss, shop, title="Checkout\r\nBcc: all@example.com").title
        == "Checkout Bcc: all@example.com"
    )


def test_no_public_notice_needed_stops_the_clock_with_a_reason(declared, drain, mona):
    incident = declared(1)
    drain()
    with pytest.raises(Invalid):
        publishing.skip(incident.pk, actor=actors.person(mona), reason=" ")
    publishing.skip(incident.pk, actor=actors.person(mona), reason="Only our own staff is hit")

    assert not Notice.objects.exists()
    assert incident.timeline.get(kind=EventKind.PUBLIC_SKIPPED).text == "Only our own staff is hit"
    assert incident.deadlines.get(kind="public_first").stopped_at is not None


def test_after_the_public_was_told_it_cannot_be_skipped(declared, drain, mona):
    incident = declared(1)
    drain()
    publishing.post_update(
        Notice.objects.get().pk, actor=actors.person(mona), body="We know.", status="investigating"
    )

    with pytest.raises(Refused):
        publishing.skip(incident.pk, actor=actors.person(mona), reason="changed my mind")


@pytest.mark.parametrize(
    "words",
    [
        {"title": ""},
        {"title": "x" * 151},
        {"body": ""},
        {"body": "a\x00b"},
        {"status": "gone"},
        {"components": {999_999: "major_outage"}},
    ],
)
def test_bad_input_changes_nothing(boss, shop, words):
    with pytest.raises(Invalid):
        published(boss, shop, **words)
    assert not Notice.objects.exists()


def test_an_unknown_component_status_is_refused(boss, shop):
    with pytest.raises(Invalid):
        published(boss, shop, components={shop["pay"].pk: "on_fire"})


def test_a_component_may_publish_itself(declared, drain, shop):
    Component.objects.filter(pk=shop["pay"].pk).update(publishes_itself=True)
    incident = declared(1)
    drain()

    assert not Notice.objects.get().is_draft
    assert incident.timeline.filter(kind=EventKind.PUBLISHED).count() == 1
