"""Detection by REST."""

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from accounts import tokens
from accounts.actors import person
from detection.models import Alert, Heartbeat, Report
from incidents import lifecycle


@pytest.fixture
def api(alice):
    cache.clear()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(alice, name='t', scope='write')[1]}")
    return client


@pytest.fixture
def boss(root):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(root, name='t', scope='admin')[1]}")
    return client


@pytest.fixture
def reader(vera):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(vera, name='t', scope='write')[1]}")
    return client


def test_a_source_is_made_and_answers_its_key_once(boss, shop, client):
    made = boss.post("/api/v1/sources/", {"name": "Nagios", "kind": "pagerduty", "service": "shop"})

    assert made.status_code == 201
    assert made.data["url"].endswith("/v2/enqueue")
    body = {"routing_key": made.data["key"], "event_action": "trigger"}
    body["payload"] = {"summary": "Down", "source": "x", "severity": "info"}
    assert client.post("/v2/enqueue", body, content_type="application/json").status_code == 202
    assert "key" not in boss.get(f"/api/v1/sources/{made.data['id']}/").data


@pytest.mark.parametrize(
    "body", [{"kind": "generic"}, {"name": "X", "kind": "carrier"}, {"name": "X", "kind": "zendesk"}]
)
def test_a_source_that_cannot_be_is_refused(boss, house, body):
    answer = boss.post("/api/v1/sources/", body)

    assert answer.status_code == 400 and answer["Content-Type"] == "application/problem+json"


def test_alerts_are_read_by_status_and_page(api, fire, clear):
    for n in range(5):
        fire(f"k{n}")
    clear("k0")

    assert len(api.get("/api/v1/alerts/?status=firing&page_size=3").data["results"]) == 3
    (over,) = api.get("/api/v1/alerts/?status=resolved").data["results"]
    assert over["dedup_key"] == "k0" and over["incident"] == Alert.objects.get(dedup_key="k0").incident.number
    assert api.get("/api/v1/alerts/?status=burning").status_code == 400
    assert api.get("/api/v1/alerts/?source=abc").status_code == 400


def test_alerts_of_private_incidents_are_hidden(api, reader, fire, shop, alice):
    incident = lifecycle.open_incident(
        title="Leak", actor=person(alice), service_ids=[shop.pk], is_private=True
    )
    alert = fire()
    Alert.objects.filter(pk=alert.pk).update(incident=incident)

    assert reader.get("/api/v1/alerts/").data["results"] == []
    assert reader.get(f"/api/v1/alerts/{alert.pk}/").status_code == 404
    assert api.get(f"/api/v1/alerts/{alert.pk}/").status_code == 200


def test_a_heartbeat_answers_its_address_once(boss, shop, client):
    made = boss.post(
        "/api/v1/heartbeats/",
        {"name": "Backup", "service": "shop", "period_seconds": 3600, "grace_seconds": 60},
    )

    assert made.status_code == 201, made.data
    assert client.get(made.data["url"].partition("8000")[2] or made.data["url"]).status_code == 200
    assert Heartbeat.objects.get().state == "up"
    assert "url" not in boss.get(f"/api/v1/heartbeats/{made.data['id']}/").data


def test_a_check_is_made_changed_and_paused(boss, shop):
    made = boss.post(
        "/api/v1/checks/",
        {"name": "Cart", "service": "shop", "url": "https://a.example", "interval_seconds": 30},
    )
    assert made.status_code == 201 and made.data["interval_seconds"] == 30, made.data

    where = f"/api/v1/checks/{made.data['id']}/"
    assert boss.patch(where, {"expected_status": "204"}).data["expected_status"] == "204"
    assert boss.patch(where, {"expected_status": "fine"}).status_code == 400
    assert boss.post(f"{where}pause/", {}).data["is_paused"] is True


def test_a_silence_needs_matchers_in_shape(api, house):
    good = {"matchers": [{"label": "a", "operator": "=", "value": "b"}], "until": "2030-01-01T00:00:00Z"}
    far = api.post("/api/v1/silences/", {**good, "reason": "x"})

    assert far.status_code == 400 and "90 days" in far.data["detail"]
    for matchers in ([], {}, None, 7, True, "a=b", [{"label": "a", "operator": "~", "value": "b"}], [[]]):
        assert api.post("/api/v1/silences/", {**good, "matchers": matchers, "reason": "x"}).status_code == 400


def test_a_report_opens_an_incident(reader, shop):
    answer = reader.post("/api/v1/reports/", {"service": "shop", "text": "It hangs"})

    assert answer.status_code == 201, answer.data
    assert answer.data["incident"] == Report.objects.get().incident.number


@pytest.mark.parametrize("name", ["sources", "checks", "heartbeats"])
def test_a_responder_configures_nothing(api, house, name):
    assert api.post(f"/api/v1/{name}/", {}).status_code == 403


@pytest.mark.parametrize("name", ["sources", "checks", "heartbeats", "silences"])
def test_a_viewer_configures_nothing(reader, house, name):
    assert reader.post(f"/api/v1/{name}/", {}).status_code == 403
