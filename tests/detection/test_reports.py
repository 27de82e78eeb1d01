"""Reports: customers wake nobody and stay unknown to the timeline; our own people page."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache

from accounts import tokens
from accounts.actors import person
from detection import voices
from detection.models import Report, ReportContact, ReportVoice, Settings
from incidents.kinds import Source
from incidents.models import Incident, TimelineEvent
from lib.refusal import Forbidden

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _fresh_counts():
    cache.clear()


@pytest.fixture
def opened_form(db):
    Settings.objects.create(pk=1, is_report_public=True)


def fill(client, shop, **fields):
    return client.post("/report/", {"service": shop.pk, "text": "I cannot pay", "website": "", **fields})


def test_the_form_is_off_by_default(client, shop):
    assert client.get("/report/").status_code == 404
    assert fill(client, shop).status_code == 404 and not Report.objects.exists()


def test_customers_reports_gather_in_one_item_that_wakes_nobody(client, shop, opened_form):
    for _ in range(3):
        assert fill(client, shop).status_code == 200

    incident = Incident.objects.get()
    assert incident.source == Source.CUSTOMER_REPORT and incident.pages_nobody
    assert incident.reports.count() == 3


def test_each_service_has_its_own_item(client, shop, billing, opened_form):
    fill(client, shop)
    fill(client, billing)

    assert Incident.objects.count() == 2


def test_a_report_joins_what_is_known_already(client, shop, opened_form, fire):
    incident = fire().incident
    fill(client, shop)

    assert Report.objects.get().incident == incident


def test_name_and_address_never_reach_the_timeline(client, shop, opened_form):
    fill(client, shop, name="Erika Beispiel", address="erika@customer.example")

    contact = ReportContact.objects.get()
    assert (contact.name, contact.address) == ("Erika Beispiel", "erika@customer.example")
    for event in TimelineEvent.objects.all():
        assert "rika" not in event.text + str(event.data) + event.actor_label


def test_robots_are_thanked_and_forgotten(client, shop, opened_form):
    assert fill(client, shop, website="http://spam.example").status_code == 200
    assert not Report.objects.exists()


def test_the_sixth_report_of_an_address_has_to_wait(client, shop, opened_form):
    statuses = [fill(client, shop).status_code for _ in range(6)]

    assert statuses == [200] * 5 + [422] and Report.objects.count() == 5


@pytest.mark.parametrize("fields", [{"text": " "}, {"service": 0}, {"text": "x" * 4001}, {"text": "a\x00b"}])
def test_a_form_out_of_shape_is_shown_again(client, shop, opened_form, fields):
    assert fill(client, shop, **fields).status_code == 422
    assert not Report.objects.exists()


def test_an_internal_report_opens_an_incident_that_pages(client, shop, vera):
    client.force_login(vera)
    answer = client.post("/detection/report/", {"service": shop.pk, "text": "Checkout hangs\nsince lunch"})

    incident = Incident.objects.get()
    assert answer.status_code == 302 and answer["Location"] == incident.get_absolute_url()
    assert (incident.title, incident.source) == ("Checkout hangs", Source.INTERNAL_REPORT)
    assert not incident.pages_nobody and Report.objects.get().user == vera


def told_by(client, service, *addresses):
    for address in addresses:
        assert client.post(
            "/report/", {"service": service.pk, "text": "I cannot pay", "website": ""}, REMOTE_ADDR=address
        ).status_code == 200  # fmt: skip


FIVE = [f"203.0.113.{n}" for n in range(1, 6)]


def test_five_different_reporters_wake_somebody_only_where_an_admin_allows_it(
    client, shop, opened_form, root
):
    told_by(client, shop, *FIVE)
    assert Incident.objects.get().pages_nobody and not ReportVoice.objects.exists()

    client.force_login(root)
    words = {"is_public": "on", "intro": "", "paging": [shop.pk]}
    assert client.post("/detection/report/settings/", words).status_code == 302
    client.logout()
    told_by(client, shop, *FIVE[:4], FIVE[0], FIVE[1])
    incident = Incident.objects.get()
    assert incident.pages_nobody
    told_by(client, shop, FIVE[4])

    incident.refresh_from_db()
    assert not incident.pages_nobody
    said = incident.timeline.get(kind="details_changed")
    assert said.text == "5 different people reported this within 10 minutes: the on-call is paged."
    assert not any("203.0.113" in voice.mark for voice in ReportVoice.objects.all())


def test_five_within_a_long_time_wake_nobody_and_are_forgotten(client, shop, opened_form, root):
    voices.let_page(shop, True, actor=person(root))
    with time_machine.travel(NOON, tick=False) as clock:
        for address in FIVE:
            told_by(client, shop, address)
            clock.shift(timedelta(minutes=3))
        assert Incident.objects.get().pages_nobody
        clock.shift(timedelta(minutes=10))
        assert voices.forget() > 0
    assert not ReportVoice.objects.exists()


def test_the_switch_is_for_admins_and_a_field_of_the_service(client, shop, mona, root):
    client.force_login(mona)
    assert client.get("/detection/report/settings/").status_code == 403
    with pytest.raises(Forbidden):
        voices.let_page(shop, True, actor=person(mona))

    token = {"Authorization": f"Bearer {tokens.issue(root, name='t', scope='admin')[1]}"}
    address = f"/api/v1/services/{shop.slug}/"
    assert client.get(address, headers=token).json()["reports_page"] is False
    answer = client.patch(address, {"reports_page": True}, content_type="application/json", headers=token)
    assert answer.json()["reports_page"] is True and voices.pages(shop)
