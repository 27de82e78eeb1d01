"""Delivering what is owed: at least once, in order per stream, tried again, given up visibly."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F, Min
from django.utils.timezone import now

from lib import failpoints
from outbox import handlers, pulse
from outbox.models import OPEN, Message, MessageQuerySet

logger = logging.getLogger(__name__)

RETRIES = (
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
)
# For a message whose handler this version of the code does not have.
LEASE_WITHOUT_HANDLER = timedelta(seconds=10)
KEEP_DELIVERED = timedelta(days=7)
BATCH = 50
NOTE_LENGTH = 1000


class Passing(Exception):
    """What failed will probably pass: try again later and keep the reason as a note."""


def sweep(limit: int = 200, *, queue: str | None = None) -> int:
    """Deliver what is due, oldest first; return how many messages were tried.

    Safe to run twice at once: a claim is a conditional update whose row count decides. Goes on
    after a batch, because a delivered message lets the next of its stream follow.
    """
    tried = 0
    while tried < limit:
        due = Message.objects.due().order_by("due_at", "pk")
        if queue:
            due = due.filter(queue=queue)
        batch = list(due[: min(BATCH, limit - tried)])
        done = sum(_deliver(message) for message in batch)
        if not done:
            break
        tried += done
        if queue == "bulk" and pulse.is_rushing():
            break
    return tried


def sweep_pages() -> int:
    """Deliver what wakes people."""
    return sweep(queue="page")


def sweep_bulk() -> int:
    """Deliver everything else."""
    return sweep(queue="bulk")


def _deliver(message: Message) -> bool:
    handler = handlers.named(message.handler)
    attempt = _claim(message, lease=handler.lease if handler else LEASE_WITHOUT_HANDLER)
    if not attempt:
        return False
    failpoints.reach("news_after_claim")
    if attempt > len(RETRIES) + 1:
        # Every attempt ended with the process, so no failure was ever written down.
        _abandon(message, attempt, "Every attempt was cut off before it could finish.")
        return True
    try:
        if handler is None:
            raise Passing(f"This version of Tocsin has no handler named {message.handler}.")
        handler.function(dict(message.payload))
    except Exception as error:
        if not isinstance(error, Passing):
            logger.exception("message %s to %s failed", message.pk, message.handler)
        _failed(message, attempt, error)
    else:
        failpoints.reach("news_before_mark")
        _mine(message, attempt).update(delivered_at=now(), note="")
    return True


def _claim(message: Message, *, lease: timedelta) -> int:
    """Take the message for one lease; return the number of this attempt, 0 when somebody was faster."""
    seen = Message.objects.filter(OPEN, pk=message.pk, attempts=message.attempts, due_at=message.due_at)
    won = seen.update(attempts=F("attempts") + 1, due_at=now() + lease)
    return message.attempts + 1 if won else 0


def _mine(message: Message, attempt: int) -> MessageQuerySet:
    # A mark counts only for one's own attempt: after the lease the message belongs to another.
    return Message.objects.filter(OPEN, pk=message.pk, attempts=attempt)


def _failed(message: Message, attempt: int, error: Exception) -> None:
    reason = f"{error}" if isinstance(error, Passing) else f"{type(error).__name__}: {error}"
    if attempt > len(RETRIES):
        _abandon(message, attempt, reason)
    else:
        _mine(message, attempt).update(due_at=now() + RETRIES[attempt - 1], note=_clean(reason))


def _abandon(message: Message, attempt: int, reason: str) -> None:
    logger.error("message %s to %s was given up: %s", message.pk, message.handler, reason)
    _mine(message, attempt).update(abandoned_at=now(), note=_clean(reason))


def _clean(reason: str) -> str:
    # PostgreSQL refuses a NUL, and a note must never be why a mark fails.
    return reason.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")[:NOTE_LENGTH]


def try_again(message_ids: Iterable[int]) -> int:
    """Owe given-up or waiting messages again, now and with all their attempts; return how many."""
    return (
        Message.objects.filter(pk__in=list(message_ids), delivered_at=None)
        .exclude(abandoned_at=None, attempts=0)
        .update(abandoned_at=None, attempts=0, due_at=now(), note="Tried again by hand.")
    )


def forget(limit: int = 1000) -> int:
    """Delete what was delivered more than a week ago, so that the table stays small."""
    old = Message.objects.filter(delivered_at__lt=now() - KEEP_DELIVERED).order_by("delivered_at")
    deleted, _ = Message.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()
    return deleted


def owed_since(queue: str) -> datetime | None:
    """Since when the oldest due message waits; None when nothing is late."""
    oldest: datetime | None = Message.objects.due().filter(queue=queue).aggregate(at=Min("due_at"))["at"]
    return oldest


def pages_owed_since() -> datetime | None:
    """Since when somebody should have been woken."""
    return owed_since("page")


def bulk_owed_since() -> datetime | None:
    """Since when other news waits."""
    return owed_since("bulk")
