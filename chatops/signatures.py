"""Slack's request signature: over the raw body, in constant time, at most five minutes old."""

import hashlib
import hmac
from datetime import timedelta

from django.conf import settings
from django.utils.timezone import now
from django.utils.translation import gettext as _

from lib.refusal import Missing, Refused

WINDOW = timedelta(minutes=5)


def of(body: bytes, stamp: str, secret: str) -> str:
    """The signature that Slack puts beside this body."""
    signed = b"v0:" + stamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _secrets(listed: str) -> list[str]:
    return [one.strip() for one in listed.split(",") if one.strip()]


def check(body: bytes, *, stamp: str, signature: str) -> None:
    """Let pass what Slack itself sent just now.

    Raises:
        Missing: Slack is not connected; the sentence says how to do it.
        Refused: 401 ``stale`` or ``bad_signature``.
    """
    secret = settings.SLACK_SIGNING_SECRET
    if not secret:
        raise Missing(
            _(
                "Slack is not connected. Set SLACK_SIGNING_SECRET (in Slack: your app, Basic Information, "
                "Signing Secret) and SLACK_BOT_TOKEN (OAuth, Bot User OAuth Token), then restart."
            ),
            code="slack_off",
        )
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) < 13):
        raise Refused("stale", _("X-Slack-Request-Timestamp is missing or is no time."), 401)
    if abs(now().timestamp() - int(stamp)) > WINDOW.total_seconds():
        raise Refused("stale", _("The request is more than five minutes old, or a clock is wrong."), 401)
    given = signature.encode(errors="replace")
    # Two while one is exchanged for another, with a comma between them; each is compared in full.
    right = [hmac.compare_digest(of(body, stamp, one).encode(), given) for one in _secrets(secret)]
    if not any(right):
        raise Refused(
            "bad_signature", _("The signature is wrong. Compare SLACK_SIGNING_SECRET with Slack."), 401
        )
