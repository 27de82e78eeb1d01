"""PagerDuty's bodies, read without a database."""

import json

import pytest

from detection import signals
from detection.formats import pagerduty
from detection.signals import Malformed

TRIGGER = {
    "routing_key": "k" * 32,
    "event_action": "trigger",
    "dedup_key": "checkout/5xx",
    "payload": {
        "summary": "Error rate 34 %",
        "source": "prometheus",
        "severity": "critical",
        "timestamp": "2026-11-23T14:00:00Z",
        "component": "checkout",
        "custom_details": {"service": "checkout", "firing": 2, "on_fire": True, "nested": {"deep": 1}},
    },
    "links": [{"href": "https://graphs.example/1", "text": "Graph"}, {"href": "javascript:alert(1)"}],
    "client": "Prometheus",
    "client_url": "https://prometheus.example",
}


def changed(**payload):
    return {**TRIGGER, "payload": {**TRIGGER["payload"], **payload}}


def test_a_trigger_becomes_a_signal():
    signal = pagerduty.event(TRIGGER)

    assert (signal.action, signal.key, signal.summary) == ("trigger", "checkout/5xx", "Error rate 34 %")
    assert (signal.severity, signal.service) == ("critical", "checkout")
    assert signal.labels["component"] == "checkout" and signal.labels["firing"] == "2"
    assert signal.labels["on_fire"] == "true" and "nested" not in signal.labels
    assert signal.sent_at.isoformat() == "2026-11-23T14:00:00+00:00"


def test_only_web_addresses_become_links():
    assert [link["href"] for link in pagerduty.event(TRIGGER).links] == [
        "https://graphs.example/1",
        "https://prometheus.example",
    ]


def test_a_trigger_without_a_key_is_given_one_of_its_own():
    body = {**TRIGGER, "dedup_key": None}

    first, second = pagerduty.event(body), pagerduty.event(body)

    assert first.key and first.key != second.key


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_acknowledging_and_resolving_need_only_the_key(action):
    signal = pagerduty.event({"event_action": action, "dedup_key": "checkout/5xx"})

    assert (signal.action, signal.key) == (action, "checkout/5xx")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ([], "not a JSON object"),
        ({**TRIGGER, "event_action": "explode"}, "event_action"),
        ({"event_action": "resolve"}, "dedup_key"),
        ({**TRIGGER, "dedup_key": 7}, "dedup_key"),
        ({**TRIGGER, "dedup_key": "x" * 256}, "255"),
        ({**TRIGGER, "payload": "down"}, "payload"),
        (changed(summary=" "), "payload.summary"),
        (changed(summary="x" * 1025), "1024"),
        (changed(source=None), "payload.source"),
        (changed(severity="catastrophic"), "payload.severity"),
        (changed(timestamp="yesterday"), "payload.timestamp"),
    ],
)
def test_what_is_wrong_is_named(body, error):
    with pytest.raises(Malformed) as refused:
        pagerduty.event(body)

    assert error in str(refused.value)


def test_all_errors_of_a_payload_are_named_at_once():
    with pytest.raises(Malformed) as refused:
        pagerduty.event({"event_action": "trigger", "payload": {}})

    assert len(refused.value.errors) == 3


def test_details_that_are_a_text_are_kept():
    assert pagerduty.event(changed(custom_details="disk full")).details == {"details": "disk full"}


def test_a_change_names_a_version_and_where_to_look():
    body = {
        "payload": {"summary": "Deploy 1.2", "source": "ci", "custom_details": {"version": "v1.2"}},
        "links": [{"href": "https://ci.example/7"}],
    }

    change = pagerduty.change(body)

    assert (change.version, change.url, change.author) == ("v1.2", "https://ci.example/7", "ci")


def test_a_change_without_a_version_is_known_by_its_summary():
    assert pagerduty.change({"payload": {"summary": "Flag off"}}).version == "Flag off"


def test_a_change_needs_a_summary():
    with pytest.raises(Malformed, match=r"payload\.summary"):
        pagerduty.change({"payload": {}})


def test_version_one_speaks_of_incident_keys():
    signal = pagerduty.v1(
        {
            "event_type": "trigger",
            "incident_key": "srv01/HTTP",
            "description": "HTTP down",
            "client": "Nagios",
        }
    )

    assert (signal.key, signal.summary, signal.labels["source"]) == ("srv01/HTTP", "HTTP down", "Nagios")


@pytest.mark.parametrize("body", [{}, {"event_type": "trigger"}, {"event_type": "resolve"}])
def test_version_one_names_what_is_missing(body):
    with pytest.raises(Malformed, match="missing"):
        pagerduty.v1(body)


@pytest.mark.parametrize("escape", ["\\u0000", "\\ud800"])
def test_what_no_database_keeps_is_refused_with_its_place(escape):
    raw = f'{{"payload": {{"summary": "a{escape}b"}}}}'.encode()

    with pytest.raises(Malformed, match=r"payload\.summary"):
        signals.check_storable(raw, json.loads(raw))
