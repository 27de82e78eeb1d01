"""How a person is reached: their verified methods, in their order; proving and testing them."""

import base64
import re
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F, Max
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import User
from incidents.models import Incident
from lib import http, signing
from lib.refusal import Invalid, Missing, Refused
from lib.text import clean
from notifications import accountmail, delivery, rules
from notifications import ways as paths
from notifications.channels import apprise
from notifications.models import FORWARDS, URGENT, Channel, ContactMethod, Delivery, Urgency, Word
from notifications.rules import Firing
from notifications.ways import Way, quiet_ways, ways

__all__ = ["Way", "quiet_ways", "ways"]

MAX_METHODS = 10
PROOF_LASTS = timedelta(days=3)
CODE_DIGITS = 6
CODE_LASTS = timedelta(minutes=15)
CODE_TRIES = 5
CODES_AN_HOUR = 5
_PROOF = "notifications.contact"


def tell(
    user: User,
    word: str,
    *,
    key: str,
    subject: str,
    body: str,
    urgency: str = Urgency.HIGH,
    planned: list[Firing] | None = None,
    **fields: Any,
) -> list[Delivery]:
    """Owe a message to a person, once per way and key; return what was owed newly.

    A page follows the person's own rules: each step is a row with its due time, written now, so that
    nothing has to remember it but the database. The other fields are those of `drafts`.
    """
    if planned is None:
        by_rule = word in URGENT
        planned = rules.firings(user, urgency) if by_rule else [Firing(way) for way in quiet_ways(user)]
    owed = drafts(user, word, key=key, subject=subject, body=body, planned=planned, **fields)
    delivery.owe_all(owed)
    return delivery.newly(owed)


def drafts(
    user: User,
    word: str,
    *,
    key: str,
    subject: str,
    body: str,
    planned: list[Firing],
    html: str = "",
    incident: Incident | None = None,
    data: dict[str, Any] | None = None,
    **fields: Any,
) -> list[Delivery]:
    """The messages of one word to a person, not owed yet: one for each of the ways and moments planned."""
    return [
        delivery.draft(
            word,
            channel=one.way.channel,
            address=one.way.address,
            key=f"{key}:{one.way.key}{_after(one)}"[:160],
            recipient=user,
            subject=subject,
            body=body,
            html=html if one.way.channel == Channel.EMAIL else "",
            incident=incident,
            data={
                **(data or {}),
                **one.way.data,
                **({"number": incident.number} if incident else {}),
                **_rest(one),
            },
            **_when(one),
            **fields,
        )
        for one in planned
    ]


def _after(one: Firing) -> str:
    return f":{one.delay.total_seconds():.0f}" if one.delay else ""


def _when(one: Firing) -> dict[str, Any]:
    at = (one.rests_until or now()) + one.delay
    return {"due_at": at, "planned_at": at} if one.delay or one.rests_until else {}


def _rest(one: Firing) -> dict[str, Any]:
    """What `resting.wake` has to know when it becomes urgent meanwhile."""
    return {"quiet": True, "delay": int(one.delay.total_seconds())} if one.rests_until else {}


@transaction.atomic
def add(user: User, *, kind: str, address: str) -> ContactMethod:
    """Add a way to be reached. The account's own address counts as proved; others get a message first.

    Raises:
        Invalid: not an address of that kind.
        Refused: it is there already, or there are too many.
    """
    if kind in ContactMethod.Kind and not delivery.is_set_up(kind):
        raise Refused("not_set_up", _("This is not set up here: ask an admin."))
    tidy, secret = _check(kind, clean(address, 1000, field="address"))
    if user.contact_methods.filter(kind=kind, address=tidy).exists():
        raise Refused("contact_twice", _("This is on your list already."))
    if user.contact_methods.count() >= MAX_METHODS:
        raise Refused("contact_many", _("Ten ways to be reached are enough. Remove one first."))
    last = user.contact_methods.aggregate(last=Max("position"))["last"] or 0
    # Whoever holds the key of an account over there may be sent to it.
    is_own = kind in (Channel.APPRISE, *FORWARDS)
    own = is_own or (kind == Channel.EMAIL and tidy.lower() == user.email.lower())
    method = ContactMethod.objects.create(
        user=user,
        kind=kind,
        address=tidy,
        position=last + 1,
        secret=secret,
        verified_at=now() if own else None,
    )
    if own:
        accountmail.keep(method)
    else:
        send_proof(method)
    return method


def _check(kind: str, address: str) -> tuple[str, str]:
    """What is shown of an address, and what of it is kept secret."""
    if kind == Channel.EMAIL:
        try:
            validate_email(address)
        except ValidationError as bad:
            raise Invalid(_("That is not an e-mail address."), field="address") from bad
        return address, ""
    if kind == Channel.WEBHOOK:
        try:
            return http.check_url(address), new_secret()
        except http.Blocked as blocked:
            raise Invalid(str(blocked), field="address") from blocked
    if kind == Channel.SLACK:
        if not address:
            raise Invalid(_("Give your Slack member id, or the e-mail address Slack knows."), field="address")
        return address, ""
    if kind in (Channel.SMS, Channel.VOICE):
        return _phone(address), ""
    if kind == Channel.APPRISE:
        return apprise.shown(apprise.check(address)), address
    if kind in FORWARDS:
        if not re.fullmatch(r"[\w-]{16,64}", address):
            raise Invalid(_("Give the integration's key: 16 to 64 letters and digits."), field="address")
        return f"…{address[-4:]}", address
    if kind == Channel.PUSH:
        raise Invalid(_("Open this page on that phone or browser and switch push on there."), field="kind")
    raise Invalid(_("There is no such kind of address."), field="kind")


def _phone(address: str) -> str:
    """E.164: the one form that every telephone company reads alike."""
    number = re.sub(r"[\s().\-/]", "", address)
    number = f"+{number[2:]}" if number.startswith("00") else number
    if not re.fullmatch(r"\+[1-9]\d{6,14}", number):
        raise Invalid(_("Write the number with its country, for example +45 12 34 56 78."), field="address")
    return number


def new_secret() -> str:
    """A Standard Webhooks secret."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def new_code(user: User, *, method_id: int) -> ContactMethod:
    """Send one more code to a line that is not confirmed yet.

    Raises:
        Missing: no such line. Refused: it is confirmed already, or too many codes were sent.
    """
    method = user.contact_methods.filter(pk=method_id).first()
    if method is None:
        raise Missing(_("There is no such way to be reached on your list."))
    if method.verified_at is not None:
        raise Refused("confirmed", _("This line is confirmed already. There is nothing to do."))
    send_proof(method)
    return method


def send_proof(method: ContactMethod) -> Delivery | None:
    """Send a code, and the link that needs no typing, to prove that the address is the person's.

    Only the hash of the code is kept, and the message is blanked once it is sent.

    Raises:
        Refused: too many were sent in the last hour (text messages cost, and annoy strangers).
    """
    at, about = now(), f"contact:{method.pk}"
    if Delivery.objects.filter(about=about, created_at__gt=at - timedelta(hours=1)).count() >= CODES_AN_HOUR:
        raise Refused(
            "codes_many", _("Five codes were sent in the last hour. Wait a little, then try again.")
        )
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    ContactMethod.objects.filter(pk=method.pk).update(
        code_hash=_hash(method.pk, code), code_until=at + CODE_LASTS, code_tries=0
    )
    token = signing.sign({"method": method.pk, "address": method.address}, purpose=_PROOF)
    link = settings.BASE_URL + reverse("notifications:prove", args=[token])
    text = _("Your Tocsin code is %(code)s. Enter it within 15 minutes to be paged here.") % {"code": code}
    if method.kind not in (Channel.SMS, Channel.VOICE):
        text += "\n" + _("Or open this link and say yes:\n%(link)s") % {"link": link}
    return delivery.owe(
        Word.TEST,
        channel=method.kind,
        address=method.address,
        key=f"proof:{method.pk}:{at.isoformat()}",
        recipient=method.user,
        subject=_("Confirm that Tocsin may page you here"),
        body=text,
        about=about,
        data={"method": method.pk, "burn": True, "code": True},
    )


def _hash(method_id: int, code: str) -> str:
    return salted_hmac(f"{_PROOF}.code", f"{method_id}:{code}", algorithm="sha256").hexdigest()


def confirm(user: User, *, method_id: int, code: str) -> ContactMethod:
    """The code came back: the address is the person's. Each code can be tried five times.

    The first line that is confirmed leaves the account's own address in use, as a line beside it.

    Raises:
        Missing: no such line. Refused: expired or tried too often. Invalid: another code was sent.
    """
    mine = ContactMethod.objects.filter(pk=method_id, user=user)
    method = mine.first()
    if method is None:
        raise Missing(_("There is no such way to be reached on your list."))
    # The try is counted before it is judged, in one statement: guessing in parallel gains nothing.
    counted = mine.filter(code_until__gt=now(), code_tries__lt=CODE_TRIES).exclude(code_hash="")
    if not counted.update(code_tries=F("code_tries") + 1):
        raise Refused("code_over", _("This code is used up or too old. Ask for a new one."))
    if not constant_time_compare(method.code_hash, _hash(method.pk, "".join(code.split()))):
        raise Invalid(_("That is not the code we sent. Look at the newest message."), field="code")
    proved = {"verified_at": method.verified_at or now(), "code_hash": "", "code_until": None}
    with transaction.atomic():
        mine.update(**proved, trouble="", bounced_at=None)
        if method.verified_at is None:
            accountmail.keep(method)
    return mine.get()


def prove(token: str) -> ContactMethod:
    """The link came back: the address is the person's.

    Raises:
        Invalid: the link was altered or is too old.
        Missing: the method was removed or its address changed.
    """
    payload = signing.unsign(token, purpose=_PROOF, max_age=PROOF_LASTS)
    method = ContactMethod.objects.filter(pk=payload["method"], address=payload["address"]).first()
    if method is None:
        raise Missing(_("This way to be reached was removed. Add it again."))
    if method.verified_at is None:
        method.verified_at = now()
        with transaction.atomic():
            method.save(update_fields=["verified_at"])
            accountmail.keep(method)
    return method


def remove(user: User, *, method_id: int) -> None:
    """Take a way off the list; without any, pages go to the account's e-mail address."""
    if not user.contact_methods.filter(pk=method_id).delete()[0]:
        raise Missing(_("There is no such way to be reached on your list."))


def test(user: User, *, method_id: int | None = None) -> list[Delivery]:
    """Send a test page to oneself: by one line, or exactly as a page would go, step after step.

    Raises:
        Missing: no such line. Refused: it is not confirmed.
    """
    planned = None
    if method_id is not None:
        method = user.contact_methods.filter(pk=method_id).first()
        if method is None:
            raise Missing(_("There is no such way to be reached on your list."))
        if method.verified_at is None:
            raise Refused("not_confirmed", _("Confirm this line first: nothing is sent there before that."))
        planned = [Firing(paths.of(method))]
    else:
        end_test(user)
    return tell(
        user,
        Word.TEST,
        key=f"test:{user.pk}:{now().isoformat()}",
        subject=_("Test from Tocsin"),
        body=_("This is a test. A page would reach you here. There is nothing to do."),
        about=f"test:{user.pk}",
        planned=planned,
    )


def end_test(user: User) -> int:
    """It reached me: what was still to come of a test page is called off."""
    waiting = Delivery.objects.filter(about=f"test:{user.pk}", recipient=user)
    return delivery.cancel(waiting, reason="The test was ended.")
