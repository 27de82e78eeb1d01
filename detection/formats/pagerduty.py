"""PagerDuty's Events API: v2 triggers and changes, and v1 of Nagios and old scripts. Pure."""

import uuid
from collections.abc import Mapping
from typing import Any

from detection.signals import (
    MAX_KEY,
    MAX_SUMMARY,
    Action,
    Change,
    Malformed,
    Signal,
    cut,
    labels_of,
    links_of,
    moment,
    web_address,
)

ACTIONS: tuple[Action, ...] = ("trigger", "acknowledge", "resolve")
SEVERITIES = ("critical", "error", "warning", "info")


def event(body: Any) -> Signal:
    """``POST /v2/enqueue``.

    Raises:
        Malformed: with the sentences PagerDuty's clients print.
    """
    body = _object(body)
    action = body.get("event_action")
    if action not in ACTIONS:
        raise Malformed("'event_action' is missing or is none of: trigger, acknowledge, resolve")
    key = _key(body.get("dedup_key"), name="dedup_key", needed=action != "trigger")
    if action != "trigger":
        return Signal(action=action, key=key)
    payload = _payload(body)
    _check_trigger(payload)
    custom = payload.get("custom_details")
    known = {name: payload.get(name) for name in ("source", "component", "group", "class")}
    return Signal(
        action="trigger",
        key=key,
        summary=payload["summary"].strip(),
        severity=payload["severity"],
        service=_service(custom),
        labels=labels_of(known, custom),
        details=_details(custom),
        links=_links(body),
        runbook_url=web_address(_in(custom, "runbook_url") or _in(custom, "runbook")),
        sent_at=moment(payload.get("timestamp")),
    )


def change(body: Any) -> Change:
    """``POST /v2/change/enqueue``.

    Raises:
        Malformed: no summary, or a time that cannot be read.
    """
    body = _object(body)
    payload = _payload(body)
    errors = _text_errors(payload, "summary", MAX_SUMMARY) + _time_errors(payload)
    if errors:
        raise Malformed(*errors)
    custom, links = payload.get("custom_details"), links_of(body.get("links"))
    version = next(
        (_in(custom, name) for name in ("version", "release", "build_number", "sha") if _in(custom, name)),
        payload["summary"],
    )
    return Change(
        summary=cut(payload["summary"], MAX_SUMMARY),
        version=cut(version, 200),
        at=moment(payload.get("timestamp")),
        url=links[0]["href"] if links else "",
        author=cut(_in(custom, "author") or payload.get("source"), 200),
        service=_service(custom),
        labels=labels_of({"source": payload.get("source")}, custom),
    )


def v1(body: Any) -> Signal:
    """``POST /generic/2010-04-15/create_event.json``.

    Raises:
        Malformed: an unknown event type, or a trigger without a description.
    """
    body = _object(body)
    action = body.get("event_type")
    if action not in ACTIONS:
        raise Malformed("event_type is missing or is none of: trigger, acknowledge, resolve")
    key = _key(body.get("incident_key"), name="incident_key", needed=action != "trigger")
    if action != "trigger":
        return Signal(action=action, key=key)
    if errors := _text_errors(body, "description", MAX_SUMMARY, path="description"):
        raise Malformed(*errors)
    details = body.get("details")
    contexts = [link for link in _list(body.get("contexts")) if isinstance(link, Mapping)]
    return Signal(
        action="trigger",
        key=key,
        summary=body["description"].strip(),
        service=_service(details),
        labels=labels_of({"source": body.get("client")}, details),
        details=_details(details),
        links=_links({**body, "links": [link for link in contexts if link.get("type") == "link"]}),
    )


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Malformed("the body is not a JSON object")
    return body


def _payload(body: Mapping[str, Any]) -> dict[str, Any]:
    payload = body.get("payload")
    if not isinstance(payload, dict):
        raise Malformed("'payload' is missing or is not an object")
    return payload


def _check_trigger(payload: Mapping[str, Any]) -> None:
    errors = _text_errors(payload, "summary", MAX_SUMMARY) + _text_errors(payload, "source", None)
    severity = payload.get("severity")
    if severity not in SEVERITIES:
        errors.append("'payload.severity' is missing or is none of: " + ", ".join(SEVERITIES))
    errors += _time_errors(payload)
    if errors:
        raise Malformed(*errors)


def _text_errors(values: Mapping[str, Any], name: str, longest: int | None, path: str = "") -> list[str]:
    path, value = path or f"payload.{name}", values.get(name)
    if not isinstance(value, str) or not value.strip():
        return [f"'{path}' is missing or blank"]
    if longest and len(value) > longest:
        return [f"'{path}' is longer than {longest} characters"]
    return []


def _time_errors(payload: Mapping[str, Any]) -> list[str]:
    given = payload.get("timestamp")
    if given in (None, "") or moment(given):
        return []
    return ["'payload.timestamp' is not an ISO 8601 time"]


def _key(value: Any, *, name: str, needed: bool) -> str:
    if value in (None, "") and not needed:
        return uuid.uuid4().hex
    if not isinstance(value, str) or not value.strip():
        raise Malformed(f"'{name}' is missing or is not a text")
    if len(value) > MAX_KEY:
        raise Malformed(f"'{name}' is longer than {MAX_KEY} characters")
    return value


def _in(custom: Any, name: str) -> Any:
    return custom.get(name) if isinstance(custom, Mapping) else None


def _service(custom: Any) -> str:
    return cut(_in(custom, "service"), 50)


def _details(custom: Any) -> dict[str, Any]:
    return dict(custom) if isinstance(custom, Mapping) else {"details": custom} if custom else {}


def _links(body: Mapping[str, Any]) -> tuple[dict[str, str], ...]:
    client = {"href": body.get("client_url"), "text": body.get("client")}
    return links_of([*_list(body.get("links")), client, *map(_image, _list(body.get("images")))])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _image(image: Any) -> Any:
    if not isinstance(image, Mapping):
        return None
    return {"href": image.get("href") or image.get("src"), "text": image.get("alt") or "image"}
