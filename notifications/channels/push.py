"""Web Push: straight to the person's browser or phone, encrypted, without a vendor of ours."""

import hashlib
import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.timezone import now
from django.utils.translation import gettext as _

from lib import http, webpush
from lib.secretfile import kept
from notifications.channels.base import Known, Plain, Told
from notifications.channels.webhook import retry_after
from notifications.errors import Passing, Permanent
from notifications.models import ContactMethod, Delivery, Word

TIMEOUT_SECONDS = 6
# A page that a phone gets after a quarter of an hour in a tunnel is still worth a look; the others a day.
_LASTS = {Word.PAGE: 900, Word.TEST: 900}
_LASTS_OTHERS = 86_400
_LONGEST = 900
#: How a permanent failure begins when the browser has given up its subscription.
GONE = "This browser takes no more messages"


def private_key() -> str:
    """From the environment, else made once into a file: never in the database, so never in its dump."""
    return settings.VAPID_PRIVATE_KEY or kept(settings.DATA_DIR / "vapid_key", webpush.new_key)


def public_key() -> str:
    """What the browser's subscription is bound to."""
    return webpush.public_key(private_key())


def payload(delivery: Delivery) -> dict[str, Any]:
    """What the service worker shows."""
    return {
        "title": delivery.subject,
        "body": delivery.body[:_LONGEST],
        "tag": tag(delivery),
        "url": delivery.fact("url") or (delivery.incident.url if delivery.incident else settings.BASE_URL),
        "acknowledge": delivery.fact("acknowledge_url"),
        "loud": delivery.is_urgent,
        "labels": {
            "acknowledge": _("Acknowledge"),
            "open": _("Open"),
            "done": _("Acknowledged. The pager is quiet."),
            "over": _("Somebody was first, or it is over. Open it to see."),
            "failed": _("Not acknowledged: there was no connection. Try again."),
        },
    }


def tag(delivery: Delivery) -> str:
    """Messages of one bundle, or of one run, replace each other."""
    about = delivery.bundle_key or delivery.run_key or delivery.about or delivery.pk
    kind = "bundle-" if delivery.bundle_key else ""
    return f"tocsin-{kind}{about}"[:60]


def _authorization(origin: str) -> str:
    try:
        return webpush.authorization(private_key(), origin=origin, subject=settings.VAPID_SUBJECT, at=now())
    except ValueError as bad:
        raise Permanent(f"Messages cannot be signed, see VAPID_SUBJECT and VAPID_PRIVATE_KEY: {bad}") from bad


class WebPush(Plain):
    def prepare(self, delivery: Delivery) -> Known:
        method = ContactMethod.objects.filter(pk=delivery.fact("method") or 0).first()
        return Known(secrets=(method.secret,) if method else (), shown=payload(delivery))

    def send(self, delivery: Delivery, known: Known) -> Told:
        p256dh, _dot, auth = known.secret.partition(".")
        if not auth:
            raise Permanent(f"{GONE}: it was removed.")
        words = json.dumps(known.shown, separators=(",", ":"), ensure_ascii=False)
        try:
            body = webpush.encrypt(words.encode(), endpoint=delivery.address, p256dh=p256dh, auth=auth)
        except ValueError as bad:
            raise Permanent(f"{GONE}: its keys are not valid.") from bad
        parts = urlsplit(delivery.address)
        headers = {
            "Authorization": _authorization(f"{parts.scheme}://{parts.netloc}"),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(_LASTS.get(Word(delivery.word), _LASTS_OTHERS)),
            "Urgency": "high" if delivery.is_urgent else "normal",
            # At most 32 characters of base64url: what waits at the service is replaced, not heaped up.
            "Topic": hashlib.sha256(tag(delivery).encode()).hexdigest()[:32],
        }
        try:
            answer = http.fetch(
                "POST",
                delivery.address,
                body=body,
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                max_bytes=10_000,
            )
        except http.Blocked as blocked:
            raise Permanent(f"This address may not be reached: {blocked}") from blocked
        except http.Unreachable as away:
            raise Passing(f"The push service cannot be reached: {away}") from away
        return self._read(answer)

    @staticmethod
    def _read(answer: http.Answer) -> Told:
        if 200 <= answer.status < 300:
            return {"status": answer.status}
        if answer.status in (404, 410):
            raise Permanent(f"{GONE} ({answer.status}). Switch it on there again.")
        if answer.status == 429 or answer.status >= 500:
            wait = retry_after(answer.headers.get("retry-after"))
            raise Passing(f"The push service answered {answer.status}.", wait)
        raise Permanent(f"The push service refused the message ({answer.status}).")
