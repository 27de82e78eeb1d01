"""Signed, expiring tokens that are good for one purpose only (links in mails, one-tap buttons)."""

from datetime import timedelta
from typing import Any

from django.core import signing

from lib.refusal import Invalid


def sign(payload: Any, *, purpose: str) -> str:
    """A URL-safe token; the payload (JSON) is readable by its holder but cannot be changed."""
    return signing.dumps(payload, salt=f"tocsin.{purpose}", compress=True)


def unsign(token: str, *, purpose: str, max_age: timedelta | None) -> Any:
    """The payload of a token that was signed for this purpose.

    Raises:
        Invalid: altered, made for something else, or older than ``max_age`` (None: never too old).
    """
    try:
        return signing.loads(token, salt=f"tocsin.{purpose}", max_age=max_age)
    except signing.SignatureExpired as late:
        raise Invalid("This link has expired. Ask for a new one.", code="expired") from late
    except (signing.BadSignature, ValueError, UnicodeError) as bad:
        raise Invalid(
            "This link is not valid. Check that it was copied whole.", code="bad_signature"
        ) from bad
