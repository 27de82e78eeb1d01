"""Mails to subscribers: one row each, claimed, sent in batches, tried again, given up visibly."""

import logging
import smtplib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage, mailers
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F, Min, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.timezone import now

from statuspage import subscribing
from statuspage.changes import page
from statuspage.models import Maintenance, MaintenanceUpdate, Notice, NoticeUpdate, Subscriber, SubscriberMail

logger = logging.getLogger(__name__)

BATCH = 50
LEASE = timedelta(minutes=3)
RETRIES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)
_CHUNK = 1000


def owe_notice(update_id: int) -> int:
    """One mail for every subscriber whom the update concerns; asking twice owes nothing twice."""
    update = NoticeUpdate.objects.select_related("notice").get(pk=update_id)
    if update.notice.withdrawn_at is not None:
        return 0
    about = list(update.notice.component_rows.values_list("component_id", flat=True))
    return _owe(about, notice_update=update)


def owe_maintenance(update_id: int) -> int:
    """The same for a word about maintenance."""
    update = MaintenanceUpdate.objects.get(pk=update_id)
    about = list(update.maintenance.components.values_list("pk", flat=True))
    return _owe(about, maintenance_update=update)


def _owe(component_ids: list[int], **about: Any) -> int:
    everybody = Subscriber.objects.filter(confirmed_at__isnull=False, unsubscribed_at=None)
    concerned = everybody.filter(Q(components=None) | Q(components__in=component_ids)).distinct()
    ids, at = list(concerned.order_by("pk").values_list("pk", flat=True)), now()
    for start in range(0, len(ids), _CHUNK):
        SubscriberMail.objects.bulk_create(
            [
                SubscriberMail(subscriber_id=pk, created_at=at, due_at=at, **about)
                for pk in ids[start : start + _CHUNK]
            ],
            ignore_conflicts=True,
        )
    return len(ids)


def _due() -> QuerySet[SubscriberMail]:
    return SubscriberMail.objects.filter(sent_at=None, abandoned_at=None, due_at__lte=now())


def owed_since() -> datetime | None:
    """Since when the oldest mail waits; None when nothing is late."""
    oldest: datetime | None = _due().aggregate(at=Min("due_at"))["at"]
    return oldest


def sweep() -> int:
    """Send what is owed; return how many were tried."""
    return send_due()


def send_due(limit: int = 500) -> int:
    """Send, oldest first, over one connection a batch. Safe to run twice at once."""
    tried = 0
    while tried < limit:
        related = ("subscriber", "notice_update__notice", "maintenance_update__maintenance")
        batch = list(_due().select_related(*related).order_by("due_at", "pk")[: min(BATCH, limit - tried)])
        done = _send_batch(batch)
        if not done:
            break
        tried += done
    return tried


def _send_batch(batch: Iterable[SubscriberMail]) -> int:
    connection, done, words = mailers.default, 0, _Words()
    try:
        for mail in batch:
            attempt = _claim(mail)
            if attempt:
                done += 1
                _send(mail, attempt, connection, words)
    finally:
        _close(connection)
    return done


def _claim(mail: SubscriberMail) -> int:
    """Take the mail for one lease; return the number of this attempt, 0 when somebody was faster."""
    seen = SubscriberMail.objects.filter(
        pk=mail.pk, attempts=mail.attempts, due_at=mail.due_at, sent_at=None, abandoned_at=None
    )
    return mail.attempts + 1 if seen.update(attempts=F("attempts") + 1, due_at=now() + LEASE) else 0


def _send(mail: SubscriberMail, attempt: int, connection: BaseEmailBackend, words: "_Words") -> None:
    mine = SubscriberMail.objects.filter(pk=mail.pk, attempts=attempt, sent_at=None)
    # Read again: they may have left since the batch was read.
    if not Subscriber.objects.filter(pk=mail.subscriber_id, unsubscribed_at=None).exists():
        mine.update(abandoned_at=now(), note="They unsubscribed before it was sent.")
        return
    if words.is_withdrawn(mail):
        mine.update(abandoned_at=now(), note="The notice was withdrawn before it was sent.")
        return
    try:
        subject, body = words.of(mail)
        connection.open()  # Stays open for the batch; does nothing when it is.
        connection.send_messages([message(mail.subscriber, subject, body)])
    except Exception as error:
        _close(connection)
        _failed(mine, attempt, error)
    else:
        mine.update(sent_at=now(), note="")


def _failed(mine: QuerySet[SubscriberMail], attempt: int, error: Exception) -> None:
    note = f"{type(error).__name__}: {error}".replace("\x00", "")[:300]
    if attempt > len(RETRIES) or _is_final(error):
        logger.warning("a mail to a subscriber was given up: %s", type(error).__name__)
        mine.update(abandoned_at=now(), note=note)
    else:
        mine.update(due_at=now() + RETRIES[attempt - 1], note=note)


def _is_final(error: Exception) -> bool:
    """Does the receiving server say that this address will never work?"""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _reason in error.recipients.values())
    return False


def _close(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except OSError:
        logger.debug("the mail server had hung up already")


class _Words:
    """Subject and body, written once for all subscribers of a batch."""

    def __init__(self) -> None:
        self.page = page()
        self._kept: dict[tuple[int | None, int | None], tuple[str, str]] = {}

    def is_withdrawn(self, mail: SubscriberMail) -> bool:
        update = mail.notice_update
        return (
            update is not None
            and Notice.objects.filter(pk=update.notice_id, withdrawn_at__isnull=False).exists()
        )

    def of(self, mail: SubscriberMail) -> tuple[str, str]:
        key = (mail.notice_update_id, mail.maintenance_update_id)
        if key not in self._kept:
            self._kept[key] = self._write(mail)
        return self._kept[key]

    def _write(self, mail: SubscriberMail) -> tuple[str, str]:
        update = mail.notice_update or mail.maintenance_update
        assert update is not None, "the constraint mail_is_about_one_update"
        owner: Notice | Maintenance = (
            update.notice if isinstance(update, NoticeUpdate) else update.maintenance
        )
        with timezone.override(ZoneInfo(self.page.time_zone)):
            body = render_to_string(
                "statuspage/mail/update.txt",
                {
                    "page": self.page,
                    "update": update,
                    "owner": owner,
                    "work": owner if isinstance(owner, Maintenance) else None,
                    "url": f"{self.page.address}/incidents/{owner.public_id}/",
                },
            )
        return f"[{self.page.name}] {owner.title}: {update.get_status_display()}", body


def link(subscriber: Subscriber, what: str) -> str:
    """An address of ours that only this subscriber knows; the app answers it, not the static site."""
    return f"{settings.BASE_URL}/status/subscribe/{what}/{subscribing.token(subscriber)}/"


def message(subscriber: Subscriber, subject: str, body: str) -> EmailMessage:
    """A mail with its way out: one click (RFC 8058) and a page."""
    leave = link(subscriber, "unsubscribe")
    end = f"\n--\nChange what you get: {link(subscriber, 'manage')}\nNo more mails: {leave}\n"
    return EmailMessage(
        subject=" ".join(subject.split()),
        body=body.rstrip() + "\n" + end,
        to=[subscriber.email],
        headers={
            "List-Unsubscribe": f"<{leave}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )


def send_link(subscriber_id: int) -> None:
    """The mail that answers the form: confirm, or, for who is in already, where to change it."""
    subscriber = Subscriber.objects.filter(pk=subscriber_id).first()
    if subscriber is None:
        return
    name = page().name
    context = {
        "page": name,
        "is_active": subscriber.is_active,
        "confirm": link(subscriber, "confirm"),
        "manage": link(subscriber, "manage"),
    }
    body = render_to_string("statuspage/mail/link.txt", context)
    subject = f"[{name}] " + (
        "You get our updates already" if subscriber.is_active else "Confirm your address"
    )
    EmailMessage(
        subject=" ".join(subject.split()),
        body=body,
        to=[subscriber.email],
        headers={"Auto-Submitted": "auto-generated"},
    ).send()
