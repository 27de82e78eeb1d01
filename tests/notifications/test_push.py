"""Web Push against a service that checks the signature and decrypts."""

import io
import json
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db.models import Q

from lib import webpush
from notifications import accountmail, contacts, delivery, subscribing
from notifications.channels import push
from notifications.models import ContactMethod, Delivery
from tests.standins.push import PushService, claims

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_mail_beside(monkeypatch):
    """What is looked at here is one line; that mail stays in use beside it is tested with the orders."""
    monkeypatch.setattr(accountmail, "keep", lambda line: None)


@pytest.fixture
def service(settings, tmp_path):
    settings.OUTGOING_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.DATA_DIR = tmp_path
    one = PushService()
    yield one
    one.stop()


@pytest.fixture
def method(alice, service):
    return subscribing.subscribe(alice, **service.subscription)


def page(alice, **words):
    rows = contacts.tell(
        alice,
        "page",
        key="k",
        subject="SEV1 checkout: error rate",
        body="Fire in the checkout",
        data={"acknowledge_url": "https://tocsin.example/oncall/ack/t/"},
        run_key=None,
        **words,
    )
    return rows[0]


def test_a_page_arrives_encrypted_signed_urgent_and_short_lived(alice, method, service, settings):
    row = page(alice, about="page:1")

    assert delivery.sweep() == 1

    row.refresh_from_db()
    assert row.state == "sent", row.error
    [asked], [shown] = service.asked, service.shown
    assert (shown["title"], shown["body"]) == ("SEV1 checkout: error rate", "Fire in the checkout")
    assert shown["acknowledge"].endswith("/oncall/ack/t/")
    assert shown["labels"]["acknowledge"] == "Acknowledge"
    assert b"checkout" not in asked.body
    assert claims(asked)["aud"] == service.url
    assert claims(asked)["sub"] == settings.VAPID_SUBJECT
    assert (asked.headers["urgency"], asked.headers["ttl"]) == ("high", "900")
    assert 0 < len(asked.headers["topic"]) <= 32


@pytest.mark.parametrize(("name", "value"), [("VAPID_SUBJECT", "me"), ("VAPID_PRIVATE_KEY", "bm8ga2V5")])
def test_what_the_operator_mistyped_is_said_and_the_browser_is_kept(
    alice, method, service, settings, name, value
):
    setattr(settings, name, value)
    row = page(alice)
    delivery.sweep()

    row.refresh_from_db()
    assert row.state == "failed" and name in row.error and value not in row.error.replace(name, "")
    assert service.asked == [] and alice.contact_methods.filter(pk=method.pk).exists()


def test_messages_of_one_bundle_replace_each_other_at_the_service_and_on_the_screen(
    alice, method, service, monkeypatch
):
    # The room above says which bundles still wait; here all do.
    monkeypatch.setattr("notifications.wanted._of_bundles", [lambda: Q(pk__gt=0)])
    for number in (1, 2):
        contacts.tell(alice, "page", key=f"k{number}", subject="S", body="B", bundle_key=7)
    contacts.tell(alice, "page", key="k3", subject="S", body="B", bundle_key=8)
    delivery.sweep()

    topics = [asked.headers["topic"] for asked in service.asked]
    tags = sorted(shown["tag"] for shown in service.shown)
    assert len(topics) == 3
    assert len(set(topics)) == 2
    assert tags == ["tocsin-bundle-7", "tocsin-bundle-7", "tocsin-bundle-8"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_gave_up_its_subscription_is_taken_off_the_list(alice, method, service, drain, status):
    service.fail(status)
    row = page(alice)
    delivery.sweep()
    drain()

    row.refresh_from_db()
    assert row.state == "failed"
    assert "Switch it on there again" in row.error
    assert not ContactMethod.objects.exists()
    assert contacts.ways(alice)[0].channel == "email"


@pytest.mark.parametrize("knob", [(500, {}, b""), (429, {"Retry-After": "7"}, b""), "reset"])
def test_what_may_pass_is_tried_again_and_the_line_stays(alice, method, service, knob, drain):
    service.fail(knob)
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False) as clock:
        row = page(alice)
        delivery.sweep()
        row.refresh_from_db()
        assert row.state == "trying again"
        clock.shift(timedelta(seconds=30))
        delivery.sweep()
    drain()

    row.refresh_from_db()
    assert row.state == "sent"
    assert len(service.shown) == 1
    assert ContactMethod.objects.count() == 1


def test_a_service_that_hangs_is_left_within_the_bound(alice, method, service, monkeypatch):
    monkeypatch.setattr(push, "TIMEOUT_SECONDS", 0.3)
    service.fail("hang")
    row = page(alice)
    delivery.sweep()

    row.refresh_from_db()
    assert row.state == "trying again"
    assert "too long" in row.error


def test_a_refused_message_fails_for_good(alice, method, service):
    service.fail(400)
    row = page(alice)
    delivery.sweep()

    row.refresh_from_db()
    assert row.state == "failed"
    assert ContactMethod.objects.exists()


def test_no_browser_can_send_us_into_our_own_network(alice, service, settings):
    subscribing.subscribe(alice, **service.subscription)
    settings.OUTGOING_ALLOWED_NETWORKS = []
    row = page(alice)
    delivery.sweep()

    row.refresh_from_db()
    assert row.state == "failed"
    assert "may not be reached" in row.error
    assert service.asked == []


def test_the_key_is_made_once_in_a_file_and_stands_in_no_dump(alice, method, settings):
    key = push.private_key()

    assert push.private_key() == key == (settings.DATA_DIR / "vapid_key").read_text()
    assert (settings.DATA_DIR / "vapid_key").stat().st_mode & 0o077 == 0
    call_command("dumpdata", "notifications", stdout=(out := io.StringIO()))
    assert key not in out.getvalue()


def test_the_key_of_the_environment_wins(settings):
    settings.VAPID_PRIVATE_KEY = webpush.new_key()

    assert push.public_key() == webpush.public_key(settings.VAPID_PRIVATE_KEY)


def test_a_browser_switches_push_on_and_off(client, alice, bob, service):
    client.force_login(alice)

    assert client.post("/notifications/push/on/", service.subscription).status_code == 204
    assert client.post("/notifications/push/on/", service.subscription).status_code == 204
    row = ContactMethod.objects.get()
    assert (row.user, row.kind, row.verified_at is not None) == (alice, "push", True)

    client.force_login(bob)
    client.post("/notifications/push/on/", service.subscription)
    assert ContactMethod.objects.get().user == bob

    client.post("/notifications/push/off/", {"endpoint": service.subscription["endpoint"]})
    assert not ContactMethod.objects.exists()


@pytest.mark.parametrize(
    "words",
    [{}, {"endpoint": "ftp://x"}, {"p256dh": "AAAA"}, {"auth": "AAAA"}, {"endpoint": "http://x:5432/"}],
)
def test_what_is_no_subscription_is_refused_with_a_sentence(client, alice, service, words):
    client.force_login(alice)
    given = {**service.subscription, **words} if words else {}

    answer = client.post("/notifications/push/on/", given)

    assert answer.status_code == 400
    assert b"no usable address" in answer.content


def test_the_worker_and_the_manifest_stand_at_the_root(client):
    worker, manifest = client.get("/sw.js"), client.get("/manifest.webmanifest")

    assert worker["Content-Type"].startswith("text/javascript")
    assert "no-cache" in worker["Cache-Control"]
    said = json.loads(manifest.content)
    assert (said["start_url"], said["display"]) == ("/", "standalone")
    assert {icon["sizes"] for icon in said["icons"]} == {"192x192", "512x512"}
    assert Delivery.objects.count() == 0
