"""The three addresses that Slack calls: a signature, a bounded body, an answer within three seconds."""

import re
from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from rest_framework.exceptions import ParseError

from chatops import buttons, forms, hearing, home, modals, once, people, signatures, words
from chatops.asked import Asked
from chatops.blocks import Rich
from chatops.commands import run
from chatops.places import Place
from lib.drf import loads, problem_json
from lib.refusal import Invalid, Refused
from notifications.channels.slack import escape

MAX_BODY = 512 * 1024
_LONGEST_ANSWER = 3_800
_COMMAND = re.compile(r"^/[\w-]{1,32}\Z")
_CHANNEL = re.compile(r"^[\w-]{1,80}\Z")


def door(view: Callable[[bytes], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A view that only Slack may call, each request once; refusals are problem+json."""

    @csrf_exempt
    @require_POST
    @wraps(view)
    def opened(request: HttpRequest) -> HttpResponse:
        try:
            body = _read(request)
            signature = request.headers.get("X-Slack-Signature", "")
            signatures.check(
                body, stamp=request.headers.get("X-Slack-Request-Timestamp", ""), signature=signature
            )
            with once.claimed(f"signature:{signature}", keep=2 * signatures.WINDOW):
                return view(body)
        except Refused as refusal:
            return problem_json(refusal.status, refusal.code, refusal.message)
        except (OperationalError, InterfaceError):
            return problem_json(503, "busy", _("The database is busy. Try again in a few seconds."))

    return opened


def _read(request: HttpRequest) -> bytes:
    # Read by hand: the signature is over these bytes, and Django's own bound is higher.
    body = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise Refused("too_large", _("The body is larger than 512 KB."), 413)
    return body


def _form(body: bytes) -> QueryDict:
    try:
        return QueryDict(body)
    except SuspiciousOperation as bad:
        raise Invalid(_("The body is no form.")) from bad


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = loads(body)
    except ParseError as bad:
        raise Invalid(str(bad.detail)) from bad
    if not isinstance(parsed, dict):
        raise Invalid(_("The body is no JSON object."))
    return parsed


@door
def commands(body: bytes) -> HttpResponse:
    """``/inc …``: the verb's answer, or the sentence of its refusal, for the asker alone."""
    form = _form(body)
    team_id, user_id = words.slack_id(form.get("team_id")), words.slack_id(form.get("user_id"))
    if not (team_id and user_id):
        raise Invalid(_("Slack did not say who types."))
    name, channel = form.get("command", ""), form.get("channel_name", "")
    answer: str | Rich
    try:
        asked = Asked(
            user=people.known(team_id, user_id),
            team_id=team_id,
            place=Place(words.slack_id(form.get("channel_id")), channel if _CHANNEL.match(channel) else ""),
            name=name if _COMMAND.match(name) else "/inc",
            words=form.get("text", ""),
            trigger_id=form.get("trigger_id", "")[:200],
        )
        trigger = asked.trigger_id
        # Repeated with a new signature it is still the same command.
        with once.claimed(f"command:{trigger}", keep=once.RETRIED) if trigger else nullcontext():
            answer = run(asked)
    except Refused as refusal:
        answer = escape(refusal.message)
    except (OperationalError, InterfaceError):
        answer = _("The database is busy: nothing was changed. Try again in a few seconds.")
    said = {"text": answer.text, "blocks": answer.blocks} if isinstance(answer, Rich) else {"text": answer}
    return JsonResponse({"response_type": "ephemeral", **said, "text": said["text"][:_LONGEST_ANSWER]})


@door
def interactive(body: bytes) -> HttpResponse:
    """A button was pressed, a form filled in, or a shortcut chosen."""
    payload = _json(_form(body).get("payload", "").encode(errors="replace"))
    if payload.get("type") == "view_submission":
        return JsonResponse((forms if forms.is_ours(payload) else modals).submit(payload))
    if payload.get("type") == "block_actions" and modals.is_ours(payload):
        modals.suggested(payload)
    elif payload.get("type") == "block_actions":
        buttons.press(payload)
    elif payload.get("type") == "shortcut" and payload.get("callback_id") == home.DECLARE:
        buttons.ask_to_declare(payload)
    elif payload.get("type") == "message_action":
        hearing.put(payload)
    return HttpResponse()


@door
def events(body: bytes) -> HttpResponse:
    """Something happened in a channel, which the outbox works on; or Slack asks whose this address is."""
    payload = _json(body)
    if payload.get("type") == "url_verification":
        return JsonResponse({"challenge": str(payload.get("challenge", ""))[:500]})
    if payload.get("type") == "event_callback":
        hearing.owe(payload)
    return HttpResponse()
