"""Prometheus Alertmanager's webhook, version 4. Pure."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from detection.signals import (
    MAX_SIGNALS,
    MAX_SUMMARY,
    Malformed,
    Signal,
    cut,
    labels_of,
    moment,
    web_address,
)


def webhook(body: Any) -> list[Signal]:
    """One signal per alert of the group; keys we do not know are ignored, as newer builds add some.

    Raises:
        Malformed: no list of alerts, or an alert without labels or status.
    """
    if not isinstance(body, dict):
        raise Malformed("the body is not a JSON object")
    alerts = body.get("alerts")
    if not isinstance(alerts, list):
        raise Malformed("'alerts' is missing or is not a list")
    if len(alerts) > MAX_SIGNALS:
        raise Malformed(f"'alerts' holds more than {MAX_SIGNALS}; set max_alerts in its configuration")
    return [_alert(alert, place, body) for place, alert in enumerate(alerts)]


def _alert(alert: Any, place: int, group: Mapping[str, Any]) -> Signal:
    where = f"'alerts[{place}]'"
    if not isinstance(alert, dict):
        raise Malformed(f"{where} is not an object")
    status = alert.get("status")
    if status not in ("firing", "resolved"):
        raise Malformed(f"{where}: status is none of: firing, resolved")
    labels, notes = alert.get("labels"), alert.get("annotations") or {}
    if not isinstance(labels, dict) or not isinstance(notes, dict):
        raise Malformed(f"{where}: labels and annotations have to be objects")
    flat = labels_of(labels)
    return Signal(
        action="trigger" if status == "firing" else "resolve",
        key=_fingerprint(alert, labels),
        occurrence=cut(alert.get("startsAt"), 64),
        summary=_summary(flat, notes),
        severity=flat.get("severity", "")[:10],
        service=flat.get("service", "")[:50],
        labels=flat,
        details=labels_of(notes),
        links=_links(alert, notes, group),
        runbook_url=web_address(notes.get("runbook_url")),
        sent_at=moment(alert.get("startsAt")),
    )


def _fingerprint(alert: Mapping[str, Any], labels: Mapping[str, Any]) -> str:
    given = alert.get("fingerprint")
    if isinstance(given, str) and given.strip():
        return given.strip()[:255]
    # Alertmanager before 0.17 and imitations of it send none.
    return hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:32]


def _summary(labels: Mapping[str, str], notes: Mapping[str, Any]) -> str:
    for name in ("summary", "title", "message", "description"):
        if text := cut(notes.get(name), MAX_SUMMARY):
            return text
    return cut(labels.get("alertname") or "Alert without a name", MAX_SUMMARY)


def _links(
    alert: Mapping[str, Any], notes: Mapping[str, Any], group: Mapping[str, Any]
) -> tuple[dict[str, str], ...]:
    named = [
        (alert.get("generatorURL"), "Graph"),
        (notes.get("dashboard_url") or notes.get("dashboard"), "Dashboard"),
        (group.get("externalURL"), "Alertmanager"),
    ]
    return tuple({"href": web_address(url), "text": text} for url, text in named if web_address(url))
