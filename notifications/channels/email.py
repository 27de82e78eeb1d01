"""E-mail, by the mailer of the settings: SMTP, or files."""

import smtplib
from email.utils import parseaddr

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email

from notifications import returnpath
from notifications.channels.base import Known, Plain, Told
from notifications.errors import Passing, Permanent
from notifications.models import Delivery


def one_line(text: str) -> str:
    """A header has one line: whatever a title holds, it cannot start a header of its own."""
    return " ".join(text.replace("\x00", "").split())[:250]


class Email(Plain):
    def send(self, delivery: Delivery, known: Known) -> Told:
        message = self._message(delivery)
        try:
            message.send()
        except smtplib.SMTPRecipientsRefused as refused:
            code, reason = next(iter(refused.recipients.values()))
            raise self._error(code, reason) from refused
        except smtplib.SMTPResponseException as answered:
            raise self._error(answered.smtp_code, answered.smtp_error) from answered
        except (smtplib.SMTPException, OSError) as broken:
            raise Passing(f"The mail server cannot be reached: {broken}") from broken
        return {"message_id": message.extra_headers["Message-ID"]}

    @staticmethod
    def _message(delivery: Delivery) -> EmailMultiAlternatives:
        try:
            validate_email(delivery.address)
        except ValidationError as bad:
            raise Permanent("This is not an e-mail address.") from bad
        host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
        headers = {
            # The same id on every try: a mailbox that got it twice can tell.
            "Message-ID": f"<{delivery.idempotency_id}@{host}>",
            "Auto-Submitted": "auto-generated",
            **{name: one_line(str(value)) for name, value in delivery.fact("headers", {}).items()},
        }
        if delivery.is_urgent:
            headers |= {"X-Priority": "1", "Importance": "high"}
        path = returnpath.of(delivery)
        if path:
            # The envelope's sender, which nobody reads: where a bounce goes.
            headers["From"] = settings.DEFAULT_FROM_EMAIL
        message = EmailMultiAlternatives(
            one_line(delivery.subject), delivery.body, path or None, [delivery.address], headers=headers
        )
        if delivery.html:
            message.attach_alternative(delivery.html, "text/html")
        return message

    @staticmethod
    def _error(code: int, reason: bytes | str) -> Exception:
        said = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        kind = Permanent if 500 <= code < 600 else Passing
        return kind(f"The mail server said {code} {said}"[:400])
