"""Twilio's own client over our guarded HTTP.

Loaded by `notifications.channels.phone` with the first message or call: no telephone, no weight.
"""

import base64
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from twilio.base.exceptions import TwilioException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from lib import http
from notifications.channels.base import Told
from notifications.channels.webhook import retry_after
from notifications.errors import Passing, Permanent

_MAX_BYTES = 50_000


class Guarded(HttpClient):
    """What Twilio's client sends with: ``lib.http``, to the server that ``TWILIO_API_URL`` names.

    ``answer`` is what was said last. Nothing is logged: a request holds the secret.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(logging.getLogger(__name__), is_async=False, timeout=seconds)
        self.answer: http.Answer | None = None

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """One request; the answer as Twilio's client reads it. Redirects are none of this API's.

        Raises:
            Passing: no answer. Permanent: the address may not be reached.
        """
        said = dict(headers or {})
        if auth is not None:
            said["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
        try:
            self.answer = http.fetch(
                method,
                _address(uri, params),
                body=urlencode(data, doseq=True) if data else None,
                headers=said,
                timeout=self.timeout or 1,
                max_bytes=_MAX_BYTES,
                # Only the operator can set this address.
                allow_private=True,
            )
        except http.Blocked as blocked:
            raise Permanent(f"The telephone API may not be reached: {blocked}") from blocked
        except http.Unreachable as away:
            raise Passing(f"The telephone API cannot be reached: {away}") from away
        return Response(self.answer.status, self.answer.text, dict(self.answer.headers))


def _address(uri: str, params: dict[str, object] | None) -> str:
    """The address that Twilio's client means, at the server that is meant here."""
    parts = urlsplit(uri)
    query = urlencode(params, doseq=True) if params else parts.query
    return settings.TWILIO_API_URL.rstrip("/") + parts.path + (f"?{query}" if query else "")


def message(*, to: str, body: str, callback: str, seconds: float) -> Told:
    """Send a text message.

    Raises:
        Passing: not now. Permanent: the operator refuses it.
    """
    words = {"to": to, "from_": settings.TWILIO_FROM, "body": body, "status_callback": callback}
    return _say(seconds, lambda client: client.messages.create(**words))


def call(*, to: str, url: str, callback: str, rings: int, seconds: float) -> Told:
    """Call somebody; ``url`` answers what is said to them. Raises as ``message`` does."""
    words = {"to": to, "from_": settings.TWILIO_FROM, "url": url, "status_callback": callback}
    return _say(seconds, lambda client: client.calls.create(**words, timeout=rings))


def _say(seconds: float, create: Callable[[Client], Any]) -> Told:
    sender = Guarded(seconds)
    client = Client(settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, http_client=sender)
    try:
        made = create(client)
    except TwilioException as refused:
        raise _error(refused, sender.answer) from refused
    except (ValueError, AttributeError, TypeError):
        # Taken, in words that nobody reads. To send it again would be to say it twice.
        return {"sid": "", "status": ""}
    return {"sid": str(made.sid or "")[:64], "status": str(made.status or "")[:20]}


def _error(refused: TwilioException, answer: http.Answer | None) -> Exception:
    """What the operator said, with its code and words."""
    if answer is None:
        return Permanent("The telephone API could not be asked.")
    code = getattr(refused, "code", "")
    said = getattr(refused, "msg", "") or getattr(refused, "detail", "") or getattr(refused, "title", "")
    reason = f"The telephone API answered {answer.status} {code} {said}"[:300].strip()
    if answer.status == 429 or answer.status >= 500:
        return Passing(reason, retry_after(answer.headers.get("retry-after")))
    return Permanent(reason)
