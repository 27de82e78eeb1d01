"""The doors for machines: keys, shapes, sizes, and what they answer."""

import json
from datetime import timedelta

import pytest
from django.db import OperationalError

from accounts.actors import system
from detection import alerts, heartbeats, sources
from detection.models import Alert, Payload
from incidents.models import Incident

KEYS = {}


@pytest.fixture
def key(shop):
    source, key = sources.create(actor=system(), name="Tool", kind="pagerduty", service=shop)
    KEYS["source"] = source
    return key


def trigger(key, **fields):
    return {
        "routing_key": key,
        "event_action": "trigger",
        "dedup_key": "k1",
        "payload": {"summary": "Down", "source": "x", "severity": "critical"},
        **fields,
    }


def send(client, url, body, **headers):
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return client.post(url, data, content_type="application/json", headers=headers)


def test_a_trigger_is_answered_as_pagerduty_does(client, key):
    answer = send(client, "/v2/enqueue", trigger(key))

    assert answer.status_code == 202
    assert answer.json() == {"status": "success", "message": "Event processed", "dedup_key": "k1"}
    assert Alert.objects.get().incident == Incident.objects.get()


def test_a_whole_life_by_pagerduty(client, key):
    send(client, "/v2/enqueue", trigger(key))
    send(client, "/v2/enqueue", {"routing_key": key, "event_action": "acknowledge", "dedup_key": "k1"})
    assert Incident.objects.get().acknowledged_at
    send(client, "/v2/enqueue", {"routing_key": key, "event_action": "resolve", "dedup_key": "k1"})

    assert Alert.objects.get().status == "resolved" and Incident.objects.get().signals_clear_at


def test_a_change_event_becomes_a_deploy(client, key, shop):
    answer = send(client, "/v2/change/enqueue", {"routing_key": key, "payload": {"summary": "Deploy 1"}})

    assert answer.status_code == 202
    assert answer.json() == {"status": "success", "message": "Change event processed"}
    assert shop.deploys.get().version == "Deploy 1"


def test_version_one_answers_with_the_incident_key(client, key):
    body = {"service_key": key, "event_type": "trigger", "incident_key": "i", "description": "Disk full"}
    answer = send(client, "/generic/2010-04-15/create_event.json", body)

    assert answer.status_code == 200 and answer.json()["incident_key"] == "i"


def test_alertmanager_and_generic_come_in_by_the_key_in_the_address(client, key):
    group = {"alerts": [{"status": "firing", "labels": {"alertname": "A"}, "fingerprint": "f"}]}

    assert send(client, f"/in/{key}/alertmanager", group).status_code == 202
    assert send(client, f"/in/{key}/generic", {"key": "g", "summary": "G"}).status_code == 202
    assert set(Alert.objects.values_list("dedup_key", flat=True)) == {"f", "g"}


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("/v2/enqueue", trigger("0" * 32)),
        ("/v2/change/enqueue", {"routing_key": "no", "payload": {"summary": "s"}}),
        ("/generic/2010-04-15/create_event.json", {"service_key": "no", "event_type": "trigger"}),
        ("/in/no/generic", {"key": "k", "summary": "s"}),
        ("/ping/no", {}),
    ],
)
def test_a_wrong_key_is_forbidden_and_stores_nothing(client, house, url, body):
    assert send(client, url, body).status_code == 403
    assert not Alert.objects.exists() and not Payload.objects.exists()


def test_a_source_that_is_switched_off_is_forbidden_at_once(client, key, root):
    send(client, "/v2/enqueue", trigger(key))
    sources.change(KEYS["source"].pk, actor=system(), is_active=False, keep_service=True)
    sources.forget()

    assert send(client, "/v2/enqueue", trigger(key)).status_code == 403


def test_an_old_key_stops_when_a_new_one_is_made(client, key):
    _source, new = sources.renew_key(KEYS["source"].pk, actor=system())

    assert send(client, "/v2/enqueue", trigger(key)).status_code == 403
    assert send(client, "/v2/enqueue", trigger(new)).status_code == 202


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not valid JSON"),
        (b"\xff", "not UTF-8"),
        (b"[" * 100_000, "nested"),
        (b'{"routing_key": "a", "routing_key": "b"}', "twice"),
        (b'{"routing_key": NaN}', "NaN"),
        (b"[]", "routing_key"),
        (b"{}", "routing_key"),
        (b'{"routing_key": ""}', "routing_key"),
        (b'{"routing_key": "\\u0000"}', "cannot be stored"),
        (b'{"routing_key": "\\ud800"}', "cannot be stored"),
    ],
)
def test_what_cannot_be_read_is_400_and_says_why(client, house, body, said):
    answer = send(client, "/v2/enqueue", body)

    assert answer.status_code == 400
    assert said in " ".join(answer.json()["errors"])
    assert answer.json()["status"] == "invalid event"


def test_what_is_wrong_in_the_event_is_named_and_kept_to_look_at(client, key):
    body = trigger(key, payload={"summary": "Down", "source": "x", "severity": "enormous"})
    answer = send(client, "/v2/enqueue", body)

    assert answer.status_code == 400 and "payload.severity" in answer.json()["errors"][0]
    kept = Payload.objects.get()
    assert kept.status == 400 and "enormous" in kept.body and not Alert.objects.exists()


@pytest.mark.parametrize("url", ["/in/{}/alertmanager", "/in/{}/generic"])
def test_a_tool_is_told_what_is_wrong_as_a_problem(client, key, url):
    answer = send(client, url.format(key), {"alerts": [{}]})

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert "alerts[0]" in answer.json()["detail"]


def test_half_a_megabyte_is_the_bound(client, key):
    fits = trigger(key)
    fits["payload"]["custom_details"] = {"note": "x" * 500_000}
    assert send(client, "/v2/enqueue", fits).status_code == 202

    fits["payload"]["custom_details"] = {"note": "x" * 600_000}
    assert send(client, "/v2/enqueue", fits).status_code == 413
    assert send(client, f"/in/{key}/generic", b" " * 600_000).status_code == 413


def test_tools_of_later_versions_are_named_as_such(client, key):
    answer = send(client, f"/in/{key}/grafana", {})

    assert answer.status_code == 404
    assert "later version" in answer.json()["detail"] and "alertmanager" in answer.json()["detail"]


@pytest.mark.parametrize("url", ["/v2/enqueue", "/in/x/generic"])
def test_another_method_is_told_which_to_use(client, db, url):
    answer = client.get(url)

    assert answer.status_code == 405 and answer["Allow"] == "POST"


@pytest.mark.parametrize("url", ["/v2/enqueue", "/in/{}/generic"])
def test_a_busy_database_says_come_back(client, key, url, monkeypatch):
    def busy(*args, **kwargs):
        raise OperationalError("database is locked")

    monkeypatch.setattr(alerts.placing, "place", busy)
    body = trigger(key) if url == "/v2/enqueue" else {"key": "k", "summary": "s"}
    answer = send(client, url.format(key), body)

    assert answer.status_code == 503 and answer["Retry-After"] == "5"
    assert not Alert.objects.exists()


def test_no_cookie_opens_or_is_set(client, key, alice):
    client.force_login(alice)

    assert send(client, "/v2/enqueue", trigger("0" * 32)).status_code == 403
    client.logout()
    assert not send(client, "/v2/enqueue", trigger(key)).cookies


def test_bodies_are_kept_a_week_and_the_source_is_seen(client, key):
    send(client, "/v2/enqueue", trigger(key))
    KEYS["source"].refresh_from_db()
    assert KEYS["source"].last_seen_at

    assert sources.forget_payloads() == 0
    Payload.objects.update(received_at=KEYS["source"].created_at.replace(year=2020))
    assert sources.forget_payloads() == 1


def test_only_the_digest_of_a_key_is_stored(client, key):
    row = KEYS["source"].__class__.objects.values().get(pk=KEYS["source"].pk)

    assert key not in json.dumps(row, default=str) and row["digest"] == sources.digest(key)


@pytest.mark.parametrize("method", ["get", "post", "head"])
def test_a_ping_counts_by_any_method(client, shop, method):
    beat, token = heartbeats.create(actor=system(), name="Backup", service=shop, period=timedelta(hours=1))

    assert getattr(client, method)(f"/ping/{token}").status_code == 200
    beat.refresh_from_db()
    assert beat.state == "up"


@pytest.mark.parametrize(("word", "status"), [("dance", 404), ("256", 400), ("0", 200), ("start", 200)])
def test_a_ping_knows_its_words(client, shop, word, status):
    _beat, token = heartbeats.create(actor=system(), name="Backup", service=shop, period=timedelta(hours=1))

    assert client.post(f"/ping/{token}/{word}").status_code == status
