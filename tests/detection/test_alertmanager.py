"""Alertmanager's webhook bodies, read without a database."""

import copy

import pytest

from detection.formats import alertmanager
from detection.signals import Malformed

GROUP = {
    "version": "4",
    "groupKey": '{}:{alertname="HighErrorRate"}',
    "status": "firing",
    "externalURL": "http://alertmanager.example:9093",
    "notification_reason": "something a newer build says",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "HighErrorRate", "severity": "critical", "service": "checkout"},
            "annotations": {"summary": "34 % of requests fail", "runbook_url": "https://wiki.example/r"},
            "startsAt": "2026-11-23T14:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example/graph",
            "fingerprint": "c0ffee",
        },
        {"status": "resolved", "labels": {"alertname": "Old"}, "startsAt": "2026-11-23T13:00:00Z"},
    ],
}


def with_alert(**fields):
    group = copy.deepcopy(GROUP)
    group["alerts"][0].update(fields)
    return group


def test_each_alert_of_a_group_is_a_signal():
    firing, resolved = alertmanager.webhook(GROUP)

    assert (firing.action, firing.key, firing.summary) == ("trigger", "c0ffee", "34 % of requests fail")
    assert (firing.severity, firing.service, firing.occurrence) == (
        "critical",
        "checkout",
        "2026-11-23T14:00:00Z",
    )
    assert firing.runbook_url == "https://wiki.example/r"
    assert [link["text"] for link in firing.links] == ["Graph", "Alertmanager"]
    assert (resolved.action, resolved.summary) == ("resolve", "Old")


def test_without_a_fingerprint_the_labels_are_the_key():
    first, second = (alertmanager.webhook(with_alert(fingerprint=""))[0].key for _ in range(2))
    other = alertmanager.webhook(with_alert(fingerprint="", labels={"alertname": "Other"}))[0].key

    assert first == second != other


def test_a_severity_of_ones_own_is_kept_and_not_refused():
    assert alertmanager.webhook(with_alert(labels={"severity": "page"}))[0].severity == "page"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("hello", "not a JSON object"),
        ({}, "'alerts' is missing"),
        ({"alerts": [7]}, r"alerts\[0\]"),
        (with_alert(status="pending"), "status"),
        (with_alert(status=["firing"]), "status"),
        (with_alert(labels=None), "labels"),
        ({"alerts": [{}] * 1001}, "1000"),
    ],
)
def test_what_is_wrong_is_named(body, error):
    with pytest.raises(Malformed, match=error):
        alertmanager.webhook(body)
