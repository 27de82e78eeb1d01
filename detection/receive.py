"""The doors for machines: no session, no CSRF, no DRF; a key, a bounded body, an answer after the commit."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import ParseError

from detection import alerts, heartbeats, signals, sources
from detection.formats import alertmanager, generic, pagerduty
from detection.models import Source
from detection.signals import Malformed, Signal
from detection.sources import Heard
from lib.drf import loads, problem, problem_json
from lib.refusal import Refused

MAX_BODY = 512 * 1024
RETRY_AFTER = "5"
TOOLS = ("alertmanager", "generic")
#: Promised by the contract, listened to later.
LATER = ("grafana", "sns", "sentry", "datadog", "github")
TOO_LARGE = "The body is larger than 512 KB."
UNKNOWN_KEY = "No source that listens has this key. Copy the key again, or make a source under Detection."
BUSY = "The database is busy. Send it again in a few seconds; nothing was stored."

Answer = Callable[[int, list[str]], HttpResponse]


class Turned(Exception):
    """What came is not taken, with the HTTP status and the reasons."""

    def __init__(self, status: int, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.status = status
        self.reasons = list(reasons)


def door(say: Answer, *methods: str) -> Callable[..., Any]:
    """A view for machines: refusals in the dialect of its clients, 503 when the database is busy."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @wraps(view)
        def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in methods:
                response = say(405, [f"Use {' or '.join(methods)}."])
                response["Allow"] = ", ".join(methods)
                return response
            try:
                return view(request, *args, **kwargs)
            except Turned as turned:
                return say(turned.status, turned.reasons)
            except Refused as refused:
                return say(refused.status, [refused.message])
            except (OperationalError, InterfaceError):
                response = say(503, [BUSY])
                response["Retry-After"] = RETRY_AFTER
                return response

        return opened

    return decorate


def read(request: HttpRequest) -> tuple[bytes, Any]:
    """The body and what it says, both bounded.

    Raises:
        Turned: 413 for a body too large, 400 for one that is no JSON or nested too deeply.
    """
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > MAX_BODY:
        raise Turned(413, TOO_LARGE)
    # Read by hand: chunked bodies name no length, and Django's own bound is higher.
    body = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise Turned(413, TOO_LARGE)
    try:
        parsed = loads(body)
        signals.check_storable(body, parsed)
    except ParseError as bad:
        raise Turned(400, str(bad.detail)) from bad
    except Malformed as bad:
        raise Turned(400, *bad.errors) from bad
    return body, parsed


def _key_of(parsed: Any, name: str) -> Source:
    key = parsed.get(name) if isinstance(parsed, dict) else None
    if not isinstance(key, str) or not key.strip():
        raise Turned(400, f"'{name}' is missing or blank")
    source = sources.find(key.strip())
    if source is None:
        raise Turned(403, f"'{name}' is not known here. {UNKNOWN_KEY}")
    return source


def _understand[T](source: Source, path: str, body: bytes, parse: Callable[[], T]) -> T:
    """Parse, and keep what could not be understood for the person who sets the source up."""
    try:
        return parse()
    except Malformed as bad:
        sources.seen(source)
        sources.keep_payload(source, Heard(path, body, 400, str(bad)))
        raise Turned(400, *bad.errors) from bad


def _pagerduty_says(status: int, reasons: list[str]) -> HttpResponse:
    words = {
        400: ("invalid event", "Event object is invalid"),
        403: ("invalid key", "The routing key is not known here"),
    }
    name, message = words.get(status, ("error", reasons[0]))
    return JsonResponse({"status": name, "message": message, "errors": reasons}, status=status)


def _problem_says(status: int, reasons: list[str]) -> HttpResponse:
    codes = {400: "invalid", 403: "unknown_key", 404: "unknown_tool", 405: "wrong_method", 413: "too_large"}
    code = codes.get(status, "busy")
    if len(reasons) < 2:
        return problem_json(status, code, reasons[0])
    details = [{"pointer": "", "detail": reason} for reason in reasons]
    body = json.dumps(problem(status, code, "; ".join(reasons), details))
    return HttpResponse(body, status=status, content_type="application/problem+json")


@door(_pagerduty_says, "POST")
def enqueue(request: HttpRequest) -> HttpResponse:
    """PagerDuty Events API v2."""
    body, parsed = read(request)
    source = _key_of(parsed, "routing_key")
    signal = _understand(source, request.path, body, lambda: pagerduty.event(parsed))
    alerts.take(source, [signal], heard=Heard(request.path, body))
    sources.seen(source)
    said = {"status": "success", "message": "Event processed", "dedup_key": signal.key}
    return JsonResponse(said, status=202)


@door(_pagerduty_says, "POST")
def enqueue_change(request: HttpRequest) -> HttpResponse:
    """PagerDuty change events: deploys and changes of configuration."""
    body, parsed = read(request)
    source = _key_of(parsed, "routing_key")
    change = _understand(source, request.path, body, lambda: pagerduty.change(parsed))
    alerts.record_change(source, change, heard=Heard(request.path, body))
    sources.seen(source)
    return JsonResponse({"status": "success", "message": "Change event processed"}, status=202)


@door(_pagerduty_says, "POST")
def create_event(request: HttpRequest) -> HttpResponse:
    """PagerDuty Events API v1, which Nagios and old scripts speak."""
    body, parsed = read(request)
    source = _key_of(parsed, "service_key")
    signal = _understand(source, "/generic/…/create_event.json", body, lambda: pagerduty.v1(parsed))
    alerts.take(source, [signal], heard=Heard("/generic/…/create_event.json", body, 200))
    sources.seen(source)
    return JsonResponse({"status": "success", "message": "Event processed", "incident_key": signal.key})


@door(_problem_says, "POST")
def tool(request: HttpRequest, key: str, name: str) -> HttpResponse:
    """``/in/<key>/<tool>``: the webhooks of tools."""
    if name not in TOOLS:
        later = f"{name} follows in a later version. " if name in LATER else ""
        raise Turned(404, f"{later}Here are: {', '.join(TOOLS)}.")
    body, parsed = read(request)
    source = sources.find(key)
    if source is None:
        raise Turned(403, UNKNOWN_KEY)
    heard = _understand(source, f"/in/…/{name}", body, lambda: _parse(name, parsed, source))
    alerts.take(source, heard, heard=Heard(f"/in/…/{name}", body))
    sources.seen(source)
    return JsonResponse({"status": "accepted", "alerts": len(heard)}, status=202)


def _parse(name: str, parsed: Any, source: Source) -> list[Signal]:
    if name == "alertmanager":
        return alertmanager.webhook(parsed)
    return generic.events(parsed, source.options.get("mapping"))


@door(_problem_says, "GET", "HEAD", "POST")
def ping(request: HttpRequest, token: str, word: str = "") -> HttpResponse:
    """Heartbeats: ``/ping/<token>``, ``/start``, ``/fail`` or the exit code of the job."""
    code = None
    if word.isascii() and word.isdigit():
        code = int(word[:4])
        if code > 255:
            raise Turned(400, "An exit code is a number from 0 to 255.")
    elif word not in ("", "start", "fail"):
        raise Turned(404, "After the token may stand: start, fail, or an exit code.")
    if heartbeats.ping(token, "" if code is not None else word, code) is None:
        raise Turned(403, "No heartbeat has this address. Copy it again, or renew it under Detection.")
    return HttpResponse("OK", content_type="text/plain")
