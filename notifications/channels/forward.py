"""Forwarding to PagerDuty's or Opsgenie's own API, for teams whose contract still runs."""

import json
from typing import Any
from urllib.parse import quote

from django.conf import settings

from lib import http
from notifications.channels.base import Known, Plain, Told
from notifications.channels.webhook import retry_after
from notifications.errors import Passing, Permanent
from notifications.models import ContactMethod, Delivery

TIMEOUT_SECONDS = 6
TRIGGER, ACKNOWLEDGE, RESOLVE = "trigger", "acknowledge", "resolve"


def alias(delivery: Delivery) -> str:
    """Our own key of what is open over there: one per run, so that a later rung does not open a second."""
    return f"tocsin-run-{delivery.run_key}" if delivery.run_key else f"tocsin-{delivery.idempotency_id}"


class _Forward(Plain):
    """What both share: the key from the method's row, one JSON request, the reading of its answer."""

    name = ""

    def prepare(self, delivery: Delivery) -> Known:
        method = ContactMethod.objects.filter(pk=delivery.fact("method") or 0).first()
        link = delivery.incident.url if delivery.incident else settings.BASE_URL
        return Known(secrets=(method.secret,) if method else (), link=link)

    def send(self, delivery: Delivery, known: Known) -> Told:
        key = known.secret
        if not key:
            raise Permanent(f"This {self.name} line was removed.")
        do = delivery.fact("do", TRIGGER)
        url, headers, words = self.request(delivery, known, do, delivery.fact("alias") or alias(delivery))
        try:
            # Only the operator can set where these APIs are.
            answer = http.fetch(
                "POST",
                url,
                body=json.dumps(words),
                headers={"Content-Type": "application/json", **headers},
                timeout=TIMEOUT_SECONDS,
                max_bytes=20_000,
                allow_private=True,
            )
        except http.Blocked as blocked:
            raise Permanent(f"{self.name} may not be reached: {blocked}") from blocked
        except http.Unreachable as away:
            raise Passing(f"{self.name} cannot be reached: {away}") from away
        if 200 <= answer.status < 300:
            return {"status": answer.status}
        said = f"{self.name} answered {answer.status} {answer.text[:200]}".replace(key, "…")
        if answer.status == 429 or answer.status >= 500:
            raise Passing(said, retry_after(answer.headers.get("retry-after")))
        raise Permanent(said)

    def request(
        self, delivery: Delivery, known: Known, do: str, alias: str
    ) -> tuple[str, dict[str, str], dict[str, Any]]:
        raise NotImplementedError


class PagerDuty(_Forward):
    """Events API v2."""

    name = "PagerDuty"

    def request(
        self, delivery: Delivery, known: Known, do: str, alias: str
    ) -> tuple[str, dict[str, str], dict[str, Any]]:
        words: dict[str, Any] = {"routing_key": known.secret, "event_action": do, "dedup_key": alias}
        if do == TRIGGER:
            words |= {
                "payload": {
                    "summary": delivery.subject[:1_024],
                    "source": "tocsin",
                    "severity": "critical" if delivery.is_urgent else "info",
                    "timestamp": delivery.created_at.isoformat(),
                    "custom_details": {"text": delivery.body[:4_000]},
                },
                "links": [{"href": known.link, "text": "Tocsin"}],
                "client": "Tocsin",
                "client_url": known.link,
            }
        return f"{settings.PAGERDUTY_API_URL.rstrip('/')}/v2/enqueue", {}, words


class Opsgenie(_Forward):
    """Alert API."""

    name = "Opsgenie"

    def request(
        self, delivery: Delivery, known: Known, do: str, alias: str
    ) -> tuple[str, dict[str, str], dict[str, Any]]:
        url = f"{settings.OPSGENIE_API_URL.rstrip('/')}/v2/alerts"
        headers = {"Authorization": f"GenieKey {known.secret}"}
        if do == TRIGGER:
            words = {
                "message": delivery.subject[:130],
                "alias": alias,
                "description": delivery.body[:15_000],
                "priority": "P1" if delivery.is_urgent else "P5",
                "source": "Tocsin",
                "details": {"link": known.link},
            }
            return url, headers, words
        verb = {ACKNOWLEDGE: "acknowledge", RESOLVE: "close"}[do]
        words = {"source": "Tocsin", "note": delivery.body[:1_000]}
        return f"{url}/{quote(alias, safe='')}/{verb}?identifierType=alias", headers, words
