"""Any JSON: one object, a list of them, or {"alerts": […]}, with a mapping of fields for odd shapes. Pure."""

from collections.abc import Mapping
from typing import Any

from detection.signals import (
    MAX_KEY,
    MAX_SIGNALS,
    MAX_SUMMARY,
    Action,
    Malformed,
    Signal,
    cut,
    is_severity,
    labels_of,
    links_of,
    moment,
    web_address,
)

STATUSES: dict[str, Action] = {
    "firing": "trigger",
    "trigger": "trigger",
    "triggered": "trigger",
    "alerting": "trigger",
    "problem": "trigger",
    "acknowledge": "acknowledge",
    "acknowledged": "acknowledge",
    "resolve": "resolve",
    "resolved": "resolve",
    "ok": "resolve",
    "recovery": "resolve",
}
FIELDS = (
    "key",
    "summary",
    "status",
    "severity",
    "service",
    "labels",
    "details",
    "links",
    "url",
    "runbook_url",
    "at",
)


def events(body: Any, mapping: Mapping[str, str] | None = None) -> list[Signal]:
    """Signals of a body. ``mapping`` names where a field stands, for example ``{"key": "check.id"}``.

    Raises:
        Malformed: an alert without key or summary, an unknown status or severity.
    """
    found = body.get("alerts", body) if isinstance(body, dict) else body
    alerts = found if isinstance(found, list) else [found]
    if len(alerts) > MAX_SIGNALS:
        raise Malformed(f"one body may hold {MAX_SIGNALS} alerts")
    many = isinstance(found, list)
    return [
        _one(alert, mapping or {}, f"alerts[{place}]." if many else "") for place, alert in enumerate(alerts)
    ]


def _one(alert: Any, mapping: Mapping[str, str], at: str) -> Signal:
    if not isinstance(alert, dict):
        raise Malformed(f"{at or 'the body '}is not a JSON object")
    values = {name: dig(alert, mapping.get(name, name)) for name in FIELDS}
    action, severity, errors = "trigger", cut(values["severity"], 40), list[str]()
    if values["status"] not in (None, ""):
        action = STATUSES.get(cut(values["status"], 40).lower(), "")
        if not action:
            errors.append(f"'{at}status' is none of: firing, acknowledged, resolved")
    key, summary = cut(values["key"], 10_000), cut(values["summary"], MAX_SUMMARY)
    if not key and not (action == "trigger" and summary):
        errors.append(f"'{at}key' is missing: it says which alert this is")
    if len(key) > MAX_KEY:
        errors.append(f"'{at}key' is longer than {MAX_KEY} characters")
    if action == "trigger" and not summary:
        errors.append(f"'{at}summary' is missing: it says what is wrong")
    if severity and not is_severity(severity):
        errors.append(f"'{at}severity' is none of: critical, error, warning, info, P1 to P5")
    if values["at"] not in (None, "") and moment(values["at"]) is None:
        errors.append(f"'{at}at' is not a time such as 2026-01-31T14:00:00Z")
    if errors:
        raise Malformed(*errors)
    return _signal(action, key or summary[:MAX_KEY], summary, severity, values)


def _signal(action: str, key: str, summary: str, severity: str, values: Mapping[str, Any]) -> Signal:
    link = {"href": values["url"], "text": "Open at the source"}
    given = values["links"] if isinstance(values["links"], list) else []
    return Signal(
        action=STATUSES[action],
        key=key,
        summary=summary,
        severity=severity,
        service=cut(values["service"], 50),
        labels=labels_of(values["labels"]),
        details=dict(values["details"]) if isinstance(values["details"], Mapping) else {},
        links=links_of([*given, link]),
        runbook_url=web_address(values["runbook_url"]),
        sent_at=moment(values["at"]),
    )


def dig(value: Any, path: str) -> Any:
    """The value at a dotted path (``check.tags.0``); None where there is nothing."""
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def check_mapping(mapping: Any) -> dict[str, str]:
    """A mapping that a person wrote, in shape.

    Raises:
        Malformed: an unknown field, or a path that is no text.
    """
    if not isinstance(mapping, Mapping):
        raise Malformed("the mapping is an object of field and path")
    for name, path in mapping.items():
        if name not in FIELDS:
            raise Malformed(f"“{cut(name, 40)}” is no field; fields are: {', '.join(FIELDS)}")
        if not isinstance(path, str) or not path.strip() or len(path) > 200:
            raise Malformed(f"the path of “{name}” has to be a text such as check.id")
    return {name: path.strip() for name, path in mapping.items()}
