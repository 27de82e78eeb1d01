"""Web Push without a vendor (RFC 8291, 8292): what `pywebpush` and `py_vapid` do, but for the sending.

Both are loaded with the first message that needs them: what `pywebpush` brings for its own HTTP weighs much
in an idle house. That part is never used; `lib.http` sends, under its guard.
"""

import base64
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm

#: Bytes of text that every push service takes (RFC 8291, section 4), in one record.
LARGEST = 3_993
# Push services refuse more than 24 hours.
_LASTS = timedelta(hours=12)


def encode(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _vapid() -> Any:
    return import_module("py_vapid")


def new_key() -> str:
    """A private key as the 32 bytes that every web-push tool reads and writes."""
    keys = _vapid().Vapid02()
    keys.generate_keys()
    return encode(keys.private_key.private_numbers().private_value.to_bytes(32, "big"))


def public_key(key: str) -> str:
    """What a browser subscribes with."""
    point = _vapid().Vapid02.from_string(key).public_key.public_numbers()
    return encode(b"\x04" + point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big"))


def check_subscription(p256dh: str, auth: str) -> None:
    """Raise ValueError unless a message can be encrypted to these."""
    try:
        _vapid().Vapid02.from_raw_public(p256dh.encode("ascii"))
        if len(decode(auth)) != 16:
            raise ValueError("auth has 16 bytes")
    except (ValueError, UnsupportedAlgorithm) as bad:
        raise ValueError("no subscription of a browser") from bad


def authorization(key: str, *, origin: str, subject: str, at: datetime) -> str:
    """The Authorization header for one push service (``origin``: scheme and host of the endpoint).

    Raises:
        ValueError: ``subject`` is no ``mailto:`` or ``https:`` address.
    """
    vapid = _vapid()
    claims = {"aud": origin, "exp": int((at + _LASTS).timestamp()), "sub": subject}
    try:
        return str(vapid.Vapid02.from_string(key).sign(claims)["Authorization"])
    except vapid.VapidException as bad:
        raise ValueError(str(bad)) from bad


def encrypt(text: bytes, *, endpoint: str, p256dh: str, auth: str) -> bytes:
    """The body of a push message that only this browser can read (aes128gcm, one record).

    Raises:
        ValueError: the subscription's keys are none, or the text is empty or longer than ``LARGEST`` bytes.
    """
    if not 0 < len(text) <= LARGEST:
        raise ValueError("too long for a push message, or empty")
    check_subscription(p256dh, auth)
    keys = {"p256dh": p256dh, "auth": auth}
    pusher = import_module("pywebpush").WebPusher({"endpoint": endpoint, "keys": keys})
    return bytes(pusher.encode(text, content_encoding="aes128gcm")["body"])
