"""Keys and tokens stand neither in the log nor in a dump."""

import logging

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from accounts import actors
from catalog.models import Service
from detection import sources
from detection.models import Payload

SECRET = "eb6545277a7899343c6fa520c6a84bd8"


@pytest.mark.parametrize(
    "path",
    [
        f"/in/{SECRET}/nonsense",
        f"/ping/{SECRET}",
        f"/oncall/ack/{SECRET}/",
        f"/oncall/calendar/{SECRET}.ics",
        f"/accounts/invited/{SECRET}/",
        f"/accounts/password/reset/key/1-{SECRET}/",
        f"/notifications/prove/{SECRET}/",
        f"/notifications/heard/{SECRET}/",
        f"/oncall/ack-all/{SECRET}/",
        f"/status/subscribe/manage/{SECRET}/",
        f"/status/subscribe/unsubscribe/{SECRET}/",
    ],
)
def test_a_secret_in_an_address_is_not_logged(path):
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["masked"]
    mask = import_string(settings.LOGGING["filters"]["masked"]["()"])()
    record = logging.LogRecord(
        "django.request", logging.WARNING, "", 1, "%s: %s", ("Bad Request", path), None
    )
    assert mask.filter(record)
    assert SECRET not in record.getMessage() and "Bad Request: /" in record.getMessage()


@pytest.mark.django_db
def test_a_kept_body_does_not_hold_the_key_of_its_source(root, browser):
    service = Service.objects.first()
    made = sources.create(actor=actors.person(root), name="pd", kind="pagerduty", service=service)
    key = next(part for part in made if isinstance(part, str))
    event = {"routing_key": key, "event_action": "trigger", "payload": {"summary": "s", "source": "x"}}
    for path, body in (("/v2/enqueue", event), ("/v2/enqueue", {"routing_key": key})):
        browser().post(path, body, content_type="application/json")
    assert Payload.objects.exists()
    assert not any(key in row.body for row in Payload.objects.all())
