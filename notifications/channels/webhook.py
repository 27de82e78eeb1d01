"""A signed webhook after Standard Webhooks 1.0.0."""

import json
from datetime import timedelta
from email.utils import parsedate_to_datetime

from django.utils.timezone import now
from standardwebhooks.webhooks import Webhook

from lib import http
from notifications.channels.base import Known, Plain, Told
from notifications.errors import Passing, Permanent
from notifications.models import ContactMethod, Delivery, OutgoingWebhook

TIMEOUT_SECONDS = 15
# A page's lease is short, and somebody waits.
TIMEOUT_URGENT_SECONDS = 6


class SignedWebhook(Plain):
    def prepare(self, delivery: Delivery) -> Known:
        """Find the secrets; they are never copied into a delivery's row."""
        hook_id, method_id = delivery.fact("hook"), delivery.fact("method")
        if hook_id and (hook := OutgoingWebhook.objects.filter(pk=hook_id, is_active=True).first()):
            return Known(secrets=(hook.secret, *([hook.old_secret] if hook.old_secret else [])))
        if method_id and (method := ContactMethod.objects.filter(pk=method_id).first()):
            return Known(secrets=(method.secret,))
        return Known()

    def send(self, delivery: Delivery, known: Known) -> Told:
        if not known.secrets:
            raise Permanent("This webhook was removed or switched off.")
        body, at = payload(delivery), now()
        signed = " ".join(Webhook(secret).sign(delivery.idempotency_id, at, body) for secret in known.secrets)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": delivery.idempotency_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signed,
        }
        timeout = TIMEOUT_URGENT_SECONDS if delivery.is_urgent else TIMEOUT_SECONDS
        try:
            answer = http.fetch(
                "POST", delivery.address, body=body, headers=headers, timeout=timeout, max_bytes=10_000
            )
        except http.Blocked as blocked:
            raise Permanent(f"This address may not be reached: {blocked}") from blocked
        except http.Unreachable as away:
            raise Passing(str(away)) from away
        return self._read(answer)

    def settle(self, delivery: Delivery, told: Told) -> None:
        return None

    @staticmethod
    def _read(answer: http.Answer) -> Told:
        if 200 <= answer.status < 300:
            return {"status": answer.status}
        if answer.status == 410:
            raise Permanent("The receiver answered 410: it is gone and wants no more.")
        raise Passing(
            f"The receiver answered {answer.status}.", retry_after(answer.headers.get("retry-after"))
        )


def payload(delivery: Delivery) -> str:
    """The body; made from the row alone, so that every try signs the same."""
    if kept := delivery.fact("payload"):
        return json.dumps(kept, separators=(",", ":"), ensure_ascii=False)
    body = {
        "type": f"tocsin.{delivery.word}",
        "timestamp": delivery.created_at.isoformat(),
        "data": {
            "subject": delivery.subject,
            "text": delivery.body,
            "incident": delivery.incident_id and delivery.fact("number"),
            "acknowledge_url": delivery.fact("acknowledge_url"),
        },
    }
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def retry_after(value: str | None) -> timedelta | None:
    """Seconds or an HTTP date, at most a day."""
    if not value:
        return None
    try:
        seconds = (
            int(value) if value.strip().isdigit() else (parsedate_to_datetime(value) - now()).total_seconds()
        )
    except (TypeError, ValueError):
        return None
    return timedelta(seconds=min(max(seconds, 0), 86_400))
