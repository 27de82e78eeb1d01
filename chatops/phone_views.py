"""The addresses that a telephone API of Twilio's shape calls: signed, bounded, answered in its own XML."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from xml.etree import ElementTree as Xml

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from chatops import telephone
from lib import callers, limits
from lib.refusal import Refused
from notifications.channels import phone

MAX_BODY = 64 * 1024
# Whoever calls without our secret; whoever has it is limited by the number that writes or is called.
STRANGERS_A_MINUTE = 30
MESSAGES_A_MINUTE = 20
_MINUTE = timedelta(minutes=1)
_TIMES_SAID = 3
_WAIT_SECONDS = "8"


def signature(url: str, form: QueryDict, secret: str) -> str:
    """Over the address as the other side knows it, and every field in the order of its name."""
    signed = url + "".join(name + value for name in sorted(form) for value in sorted(set(form.getlist(name))))
    # SHA-1 is their choice; in an HMAC it is not broken.
    return base64.b64encode(hmac.new(secret.encode(), signed.encode(), hashlib.sha1).digest()).decode()


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
        ours = signature(settings.BASE_URL + request.get_full_path(), form, settings.TWILIO_AUTH_TOKEN)
        theirs = request.headers.get("X-Twilio-Signature", "")
        if not hmac.compare_digest(ours.encode(), theirs.encode(errors="replace")):
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


def _xml(root: Xml.Element) -> HttpResponse:
    return HttpResponse(Xml.tostring(root, encoding="utf-8", xml_declaration=True), content_type="text/xml")


def _said(*sentences: str) -> HttpResponse:
    root = Xml.Element("Response")
    for sentence in sentences:
        Xml.SubElement(root, "Say").text = _speakable(sentence)
    return _xml(root)


def _speakable(text: str) -> str:
    """Control characters are no XML."""
    return "".join(char for char in text if char >= " ")[:600]


@door
def call(form: QueryDict, token: str) -> HttpResponse:
    """Somebody picked up: what burns, three times, each time listening for a key."""
    row = phone.read(token)
    sentence, listens = telephone.spoken(row)
    if not listens:
        return _said(sentence)
    root = Xml.Element("Response")
    where = settings.BASE_URL + reverse("phone:keys", args=[token])
    for _time in range(_TIMES_SAID):
        heard = {"numDigits": "1", "timeout": _WAIT_SECONDS, "action": where, "method": "POST"}
        Xml.SubElement(Xml.SubElement(root, "Gather", heard), "Say").text = _speakable(sentence)
    return _xml(root)


@door
def keys(form: QueryDict, token: str) -> HttpResponse:
    """A key was pressed in the call."""
    return _said(telephone.press(phone.read(token), _field(form, "Digits")))


@door
def sms(form: QueryDict) -> HttpResponse:
    """A text message to our number."""
    root = Xml.Element("Response")
    number = _field(form, "From")
    if limits.is_over("phone-messages", number, most=MESSAGES_A_MINUTE, span=_MINUTE):
        # Two machines that answer each other; each answer costs money.
        return _xml(root)
    if sentence := telephone.hear(number, _field(form, "Body")):
        Xml.SubElement(root, "Message").text = _speakable(sentence)
    return _xml(root)


@door
def status(form: QueryDict, token: str) -> HttpResponse:
    """What became of a message or a call."""
    said = _field(form, "MessageStatus") or _field(form, "CallStatus")
    telephone.outcome(phone.read(token), status=said, code=_field(form, "ErrorCode"))
    return HttpResponse(status=204)
