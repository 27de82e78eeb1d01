"""The return path of a mail: ``bounces+<number>-<code>@…``, whose code only this installation can make."""

import base64
import re

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from notifications.models import Delivery

_TOKEN = re.compile(r"\+(\d{1,18})-([a-z2-7]{16})@", re.ASCII | re.IGNORECASE)


def of(row: Delivery) -> str:
    """Where a bounce of this message goes; empty where no address for bounces is set."""
    local, _at, host = settings.BOUNCE_ADDRESS.rpartition("@")
    return f"{local}+{row.pk}-{_code(row.pk)}@{host}" if local and host else ""


def read(address: str) -> int | None:
    """The number of the message that an address was made for; None for any other address."""
    for number, code in _TOKEN.findall(address):
        if constant_time_compare(code.lower(), _code(int(number))):
            return int(number)
    return None


def _code(number: int) -> str:
    digest = salted_hmac("notifications.bounces", str(number), algorithm="sha256").digest()
    # Letters of one case only: what stands before the @ may be folded on its way.
    return base64.b32encode(digest[:10]).decode().lower()
