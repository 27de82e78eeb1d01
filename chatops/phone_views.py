"""The addresses that a telephone API of Twilio's shape calls: signed, bounded, answered in its own XML.

Twilio's library judges and writes; it is loaded with the first call, so that an idle house stays small.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from chatops import once, telephone
from lib import callers, limits
from lib.refusal import Refused
from notifications.channels import phone

MAX_BODY = 64 * 1024
# Whoever calls without our secret; whoever has it is limited by the number that writes or is called.
STRANGERS_A_MINUTE = 30
MESSAGES_A_MINUTE = 20
_MINUTE = timedelta(minutes=1)
_TIMES_SAID = 3
_WAIT_SECONDS = 8


def _is_signed(request: HttpRequest, form: QueryDict) -> bool:
    """Twilio's own judgement, over the address as the other side knows it and every field."""
    judge = import_module("twilio.request_validator").RequestValidator(settings.TWILIO_AUTH_TOKEN)
    url = settings.BASE_URL + request.get_full_path()
    return bool(judge.validate(url, form, request.headers.get("X-Twilio-Signature", "")))


def door(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only the API that has our secret may call this; nothing is looked up before that is certain."""

    @csrf_exempt
    @require_POST
    @wraps(view)
    def opened(request: HttpRequest, **words: str) -> HttpResponse:
        if not phone.is_configured():
            return _plain("The telephone is not connected.", 404)
        body = request.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            return _plain("The body is larger than 64 KB.", 413)
        try:
            form = QueryDict(body)
        except SuspiciousOperation:
            return _plain("The body is no form.", 400)
        if not _is_signed(request, form):
            asker = callers.address(request)
            if limits.is_over("phone-strangers", asker, most=STRANGERS_A_MINUTE, span=_MINUTE):
                return _plain("Too many requests without a right signature. Wait a minute.", 429)
            return _plain("The signature is wrong. Compare TWILIO_AUTH_TOKEN and TOCSIN_BASE_URL.", 403)
        try:
            return view(form, **words)
        except Refused as refusal:
            return _plain(refusal.message, refusal.status)

    return opened


def _plain(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain")


def _field(form: QueryDict, name: str) -> str:
    return form.get(name, "").replace("\x00", "")[:1_600]


def _xml(answer: Any) -> HttpResponse:
    return HttpResponse(answer.to_xml(), content_type="text/xml")


def _voice() -> Any:
    return import_module("twilio.twiml.voice_response").VoiceResponse()


def _said(*sentences: str) -> HttpResponse:
    answer = _voice()
    for sentence in sentences:
        answer.say(_speakable(sentence))
    return _xml(answer)


def _speakable(text: str) -> str:
    """Control characters and the two that are none are no XML: a call that says them is cut off."""
    return "".join(char for char in text if char >= " " and char not in "\ufffe\uffff")[:600]


def _once(form: QueryDict, what: str, does: Callable[[], str]) -> str | None:
    """Do what a call or a message asks for; None where this very one was taken before.

    An answer counts once by itself, but each escalation asks more people.
    """
    about = _field(form, "CallSid") or _field(form, "MessageSid")
    if not about:
        return does()
    try:
        with once.claimed(f"phone:{about}:{what}", keep=once.RETRIED):
            return does()
    except Refused as refusal:
        if refusal.code != "replayed":
            raise
        return None


@door
def call(form: QueryDict, token: str) -> HttpResponse:
    """Somebody picked up: what burns, three times, each time listening for a key."""
    row = phone.read(token)
    sentence, listens = telephone.spoken(row)
    if not listens:
        return _said(sentence)
    answer, where = _voice(), settings.BASE_URL + reverse("phone:keys", args=[token])
    for _time in range(_TIMES_SAID):
        asks = answer.gather(num_digits=1, timeout=_WAIT_SECONDS, action=where, method="POST")
        asks.say(_speakable(sentence))
    return _xml(answer)


@door
def keys(form: QueryDict, token: str) -> HttpResponse:
    """A key was pressed in the call; told again, it presses nothing again."""
    row, digit = phone.read(token), _field(form, "Digits")
    said = _once(form, digit, lambda: telephone.press(row, digit))
    return _said(_("That was heard already.") if said is None else said)


@door
def sms(form: QueryDict) -> HttpResponse:
    """A text message to our number."""
    answer = import_module("twilio.twiml.messaging_response").MessagingResponse()
    number = _field(form, "From")
    if limits.is_over("phone-messages", number, most=MESSAGES_A_MINUTE, span=_MINUTE):
        # Two machines that answer each other; each answer costs money.
        return _xml(answer)
    if sentence := _once(form, "", lambda: telephone.hear(number, _field(form, "Body"))):
        answer.message(_speakable(sentence))
    return _xml(answer)


@door
def status(form: QueryDict, token: str) -> HttpResponse:
    """What became of a message or a call."""
    said = _field(form, "MessageStatus") or _field(form, "CallStatus")
    telephone.outcome(phone.read(token), status=said, code=_field(form, "ErrorCode"))
    return HttpResponse(status=204)
