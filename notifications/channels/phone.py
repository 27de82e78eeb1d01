"""SMS and calls over an API of Twilio's shape: a form that is posted, through our own guarded client."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from lib import gsm, http, signing
from lib.refusal import Invalid
from notifications.channels.base import Plain, Told
from notifications.channels.webhook import retry_after
from notifications.errors import Passing, Permanent
from notifications.models import Delivery, Word

TIMEOUT_SECONDS = 8
SMS_LIMIT = 160
RINGS_SECONDS = 30
PURPOSE = "phone.delivery"


def is_configured() -> bool:
    return bool(settings.TWILIO_ACCOUNT_SID and settings.TWILIO_AUTH_TOKEN and settings.TWILIO_FROM)


def text(delivery: Delivery) -> str:
    """At most 160 characters of the plain alphabet; what can be answered says how."""
    if delivery.word != Word.PAGE:
        return gsm.cut(gsm.plain(" ".join(delivery.body.split())), 2 * SMS_LIMIT)
    answer = " " + _("Reply ack %(number)s") % {"number": delivery.fact("number") or ""}
    head = gsm.plain(delivery.subject)
    link = str(delivery.fact("acknowledge_url") or "")
    # The link only where enough of the words is left to know what burns.
    if link and len(link) <= SMS_LIMIT // 2:
        answer += f" {link}"
    return gsm.cut(head, SMS_LIMIT - gsm.length(answer.rstrip())) + answer.rstrip()


def token(delivery: Delivery) -> str:
    return signing.sign(delivery.pk, purpose=PURPOSE)


def read(given: str) -> Delivery:
    """The message that a callback speaks of.

    Raises:
        Invalid: altered, or the message is gone.
    """
    found = signing.unsign(given, purpose=PURPOSE, max_age=None)
    row = Delivery.objects.select_related("recipient", "incident").filter(pk=found).first()
    if row is None:
        raise Invalid(_("This message is gone."))
    return row


def _post(resource: str, form: dict[str, str]) -> Told:
    if not is_configured():
        raise Permanent(
            "The telephone is not connected: TWILIO_ACCOUNT_SID, _AUTH_TOKEN and _FROM are not set."
        )
    account = settings.TWILIO_ACCOUNT_SID
    url = f"{settings.TWILIO_API_URL.rstrip('/')}/2010-04-01/Accounts/{account}/{resource}.json"
    secret = base64.b64encode(f"{account}:{settings.TWILIO_AUTH_TOKEN}".encode()).decode()
    headers = {"Authorization": f"Basic {secret}", "Content-Type": "application/x-www-form-urlencoded"}
    try:
        # Only the operator can set this address.
        answer = http.fetch(
            "POST",
            url,
            body=urlencode(form),
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            max_bytes=50_000,
            allow_private=True,
        )
    except http.Blocked as blocked:
        raise Permanent(f"The telephone API may not be reached: {blocked}") from blocked
    except http.Unreachable as away:
        raise Passing(f"The telephone API cannot be reached: {away}") from away
    return _read(answer)


def _read(answer: http.Answer) -> Told:
    try:
        said: Any = json.loads(answer.body)
    except ValueError:
        said = {}
    said = said if isinstance(said, dict) else {}
    if 200 <= answer.status < 300:
        return {"sid": str(said.get("sid", ""))[:64], "status": str(said.get("status", ""))[:20]}
    reason = f"The telephone API answered {answer.status} {said.get('code', '')} {said.get('message', '')}"[
        :300
    ]
    if answer.status == 429 or answer.status >= 500:
        raise Passing(reason.strip(), retry_after(answer.headers.get("retry-after")))
    raise Permanent(reason.strip())


def _address(name: str, delivery: Delivery) -> str:
    return settings.BASE_URL + reverse(name, args=[token(delivery)])


class Sms(Plain):
    def is_set_up(self) -> bool:
        return is_configured()

    def send(self, delivery: Delivery) -> Told:
        form = {
            "To": delivery.address,
            "From": settings.TWILIO_FROM,
            "Body": text(delivery),
            "StatusCallback": _address("phone:status", delivery),
        }
        return _post("Messages", form)


class Voice(Plain):
    def is_set_up(self) -> bool:
        return is_configured()

    def send(self, delivery: Delivery) -> Told:
        form = {
            "To": delivery.address,
            "From": settings.TWILIO_FROM,
            "Url": _address("phone:call", delivery),
            "StatusCallback": _address("phone:status", delivery),
            "Timeout": str(RINGS_SECONDS),
        }
        return _post("Calls", form)
