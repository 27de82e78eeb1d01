"""A known alert that fires again costs next to nothing, and what is more than a repeat goes the whole way."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection

from accounts.actors import person, system
from detection import sources
from detection.models import Alert, Payload
from incidents import lifecycle
from incidents.models import Incident, Severity

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def key(shop):
    return sources.create(actor=system(), name="Tool", kind="pagerduty", service=shop)[1]


@pytest.fixture
def send(client, key):
    def send(dedup="k1", severity="error", action="trigger"):
        payload = {"summary": f"{dedup} is down", "source": "x", "severity": severity}
        body = {"routing_key": key, "event_action": action, "dedup_key": dedup, "payload": payload}
        answer = client.post("/v2/enqueue", json.dumps(body), content_type="application/json")
        assert answer.status_code == 202

    return send


def test_a_repeat_is_one_statement(clock, send, django_assert_max_num_queries):
    send()
    clock.shift(timedelta(seconds=5))  # The source's own mark is written every ten.

    # SQLite cannot write two tables in one statement: two of them, and the transaction around them.
    with django_assert_max_num_queries(1 if connection.vendor == "postgresql" else 4):
        send()

    alert = Alert.objects.get()
    assert (alert.count, alert.last_seen_at) == (2, START + timedelta(seconds=5))
    assert Payload.objects.count() == 2 and Incident.objects.get().timeline.count() == 1


def test_a_new_alert_of_an_open_incident_is_a_few_statements(clock, send, django_assert_max_num_queries):
    send("first")

    with django_assert_max_num_queries(19):
        send("second")

    assert Incident.objects.get().alerts.count() == 2


def test_the_first_alert_opens_its_incident_in_a_few_statements(clock, send, django_assert_max_num_queries):
    send("warm the caches of this process")
    lifecycle.dismiss(Incident.objects.get().pk, actor=system(), reason="noise")

    with django_assert_max_num_queries(38):
        send("first")

    assert Incident.objects.count() == 2


def test_a_storm_costs_each_of_its_alerts_the_same(clock, send, django_assert_max_num_queries):
    for number in range(30):
        send(f"early {number}")

    with django_assert_max_num_queries(19):
        send("late")

    assert Incident.objects.get().alerts.count() == 31


def test_a_worse_word_of_a_known_alert_still_raises(clock, send):
    send(severity="warning")
    send(severity="warning")
    send(severity="critical")

    assert Incident.objects.get().severity.name == "SEV1"
    assert Alert.objects.get().count == 3


def test_a_milder_word_is_only_kept(clock, send):
    send(severity="critical")
    send(severity="info")

    alert = Alert.objects.get()
    assert (alert.severity, alert.count, alert.incident.severity.name) == ("info", 2, "SEV1")


def test_a_repeat_long_after_the_incident_was_resolved_opens_another(clock, send):
    send()
    lifecycle.resolve(Incident.objects.get().pk, actor=system())
    send()
    assert Incident.objects.count() == 1

    clock.shift(timedelta(hours=2))
    send()

    assert Incident.objects.count() == 2 and Alert.objects.get().count == 3


def test_a_repeat_ends_the_hold_of_an_alert_that_flaps(clock, send):
    for _ in range(3):
        send()
        send(action="resolve")
    held = Alert.objects.latest("pk")
    assert held.held_until

    send()

    held.refresh_from_db()
    assert held.held_until is None and held.resolved_at is None


def test_a_repeat_does_not_overrule_a_persons_judgement(clock, send, alice):
    send(severity="critical")
    mild = Severity.objects.get(name="SEV3")
    lifecycle.set_severity(
        Incident.objects.get().pk, actor=person(alice), severity=mild, reason="only the beta"
    )
    send(severity="critical")

    assert Incident.objects.get().severity == mild and Alert.objects.get().count == 2
