"""SMS and calls over an API of Twilio's shape, with Twilio's own client (`notifications.channels.twilio`)."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from lib import gsm, signing
from lib.refusal import Invalid
from notifications.channels.base import Known, Plain, Told
from notifications.errors import Permanent
from notifications.models import Delivery, Word

TIMEOUT_SECONDS = 8
SMS_LIMIT = 160
#: Less of a reason than so many characters says nothing.
_WORTH = 16
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
    answer = answer.rstrip()
    room = SMS_LIMIT - gsm.length(answer)
    reason = gsm.plain(" ".join(str(delivery.fact("reason") or "").split()))
    left = room - gsm.length(head) - 3
    if reason and left >= min(_WORTH, gsm.length(reason)):
        head += f" - {gsm.cut(reason, left)}"
    return gsm.cut(head, room) + answer


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


def _operator() -> Any:
    """The operator's own client, loaded when it is first needed.

    Raises:
        Permanent: the telephone is not connected.
    """
    if not is_configured():
        raise Permanent(
            "The telephone is not connected: TWILIO_ACCOUNT_SID, _AUTH_TOKEN and _FROM are not set."
        )
    return import_module("notifications.channels.twilio")


def _address(name: str, delivery: Delivery) -> str:
    return settings.BASE_URL + reverse(name, args=[token(delivery)])


class Sms(Plain):
    def is_set_up(self) -> bool:
        return is_configured()

    def send(self, delivery: Delivery, known: Known) -> Told:
        told: Told = _operator().message(
            to=delivery.address,
            body=text(delivery),
            callback=_address("phone:status", delivery),
            seconds=TIMEOUT_SECONDS,
        )
        return told


class Voice(Plain):
    def is_set_up(self) -> bool:
        return is_configured()

    def send(self, delivery: Delivery, known: Known) -> Told:
        told: Told = _operator().call(
            to=delivery.address,
            url=_address("phone:call", delivery),
            callback=_address("phone:status", delivery),
            rings=RINGS_SECONDS,
            seconds=TIMEOUT_SECONDS,
        )
        return told
