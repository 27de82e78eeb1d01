"""Mail as files, for an installation without EMAIL_URL: nothing is lost, everything can be read."""

import time
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from lib.ids import public_id


class EmlBackend(BaseEmailBackend):
    """Writes each message to ``MAIL_DIR`` as an ``.eml`` file, whole or not at all."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.MAIL_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            # Nanoseconds keep the order in a listing; the random end keeps two processes apart.
            final = folder / f"{time.time_ns()}-{public_id()}.eml"
            part = final.with_suffix(".part")
            part.write_bytes(message.message().as_bytes())
            part.rename(final)
        return len(email_messages)
