"""Sending what is owed: claimed once, sent outside of any transaction, marked only by whoever claimed it."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Min, Q
from django.utils.timezone import now

from lib import failpoints
from notifications import backoff, hurrying, trouble, wanted
from notifications.channels.apprise import Apprise
from notifications.channels.base import Known, Told, Transport
from notifications.channels.email import Email
from notifications.channels.forward import Opsgenie, PagerDuty
from notifications.channels.phone import Sms, Voice
from notifications.channels.push import WebPush
from notifications.channels.slack import DirectMessage, Room
from notifications.channels.webhook import SignedWebhook
from notifications.errors import Passing, Permanent, Unconnected
from notifications.models import (
    OPEN,
    URGENT,
    Channel,
    ContactMethod,
    Delivery,
    DeliveryAttempt,
    DeliveryQuerySet,
)
from outbox import doorbell, pulse
from outbox.announcing import announce

logger = logging.getLogger(__name__)

TRANSPORTS: dict[str, Transport] = {
    Channel.EMAIL: Email(),
    Channel.SLACK: DirectMessage(),
    Channel.ROOM: Room(),
    Channel.WEBHOOK: SignedWebhook(),
    Channel.PUSH: WebPush(),
    Channel.SMS: Sms(),
    Channel.VOICE: Voice(),
    Channel.APPRISE: Apprise(),
    Channel.PAGERDUTY: PagerDuty(),
    Channel.OPSGENIE: Opsgenie(),
}
LEASE = timedelta(seconds=60)
LEASE_URGENT = timedelta(seconds=10)
# So many receivers are spoken to at once; one that hangs does not hold up the others of its batch for long.
AT_ONCE = 8
# So long a bounce stands beside a line, though later mails were taken.
BOUNCE_STANDS = timedelta(days=3)
_silent = False


def is_set_up(channel: str) -> bool:
    """Whether this installation can send that way at all."""
    transport = TRANSPORTS.get(channel)
    return transport is not None and transport.is_set_up()


def owe(word: str, *, channel: str, key: str, **fields: Any) -> Delivery | None:
    """Owe a message once; None when this key is owed already. The next sweep sends it, rung for if urgent."""
    row = draft(word, channel=channel, key=key, **fields)
    owe_all([row])
    return next(iter(newly([row])), None)


def draft(word: str, *, channel: str, key: str, **fields: Any) -> Delivery:
    """A message that is not owed yet: for `owe_all`."""
    # Nobody can have an address in .invalid (RFC 2606): that is where the people of the demo live.
    if _silent or str(fields.get("address", "")).endswith(".invalid"):
        fields |= {"sent_at": now(), "error": "Not sent: this is demonstration data."}
    at = now()
    row = Delivery(
        word=word,
        is_urgent=word in URGENT,
        channel=channel,
        key=key,
        **{"created_at": at, "due_at": at, **fields},
    )
    row.subject = row.subject[:300]
    return row


def owe_all(drafts: Sequence[Delivery]) -> None:
    """Owe many messages in one statement, each key once."""
    Delivery.objects.bulk_create(drafts, ignore_conflicts=True)
    at = now()
    if any(row.is_urgent and row.due_at <= at for row in drafts):
        transaction.on_commit(doorbell.ring)


def newly(drafts: Sequence[Delivery]) -> list[Delivery]:
    """Of what was owed now: the rows, in order, without those whose key was owed before."""
    ids = [row.idempotency_id for row in drafts]
    written = {row.idempotency_id: row for row in Delivery.objects.filter(idempotency_id__in=ids)}
    return [written[one] for one in ids if one in written]


@contextmanager
def silence() -> Iterator[None]:
    """Within it nothing that is owed is ever sent (demonstration data, imports)."""
    global _silent
    before, _silent = _silent, True
    try:
        yield
    finally:
        _silent = before


def cancel(deliveries: DeliveryQuerySet, *, reason: str) -> int:
    """Call off what was not sent yet; what is being sent at this moment may still arrive."""
    return deliveries.filter(OPEN).update(cancelled_at=now(), error=reason[:500])


def sweep_urgent() -> int:
    """Send what wakes people."""
    return sweep(urgent=True)


def sweep_bulk() -> int:
    """Send everything else."""
    return sweep(urgent=False)


def sweep(limit: int = 200, *, urgent: bool | None = None) -> int:
    """Send what is due, oldest first; return how many messages were tried.

    Safe to run twice at once: a claim is a conditional UPDATE whose row count decides.
    """
    tried = 0
    while tried < limit:
        due = Delivery.objects.due().filter(wanted.still())
        if urgent is not None:
            due = due.filter(is_urgent=urgent)
        claimed = [row for row in due.order_by("due_at", "pk")[:AT_ONCE] if _claim(row)]
        if not claimed:
            break
        _send_all(claimed)
        tried += len(claimed)
        if not urgent and pulse.is_rushing():
            break
    return tried


def _claim(row: Delivery) -> bool:
    lease = LEASE_URGENT if row.is_urgent else LEASE
    seen = Delivery.objects.filter(OPEN, pk=row.pk, claims=row.claims, due_at=row.due_at)
    until = now() + lease
    won = seen.filter(wanted.still()).update(claims=F("claims") + 1, due_at=until)
    row.claims += 1
    row.leased_until = until  # type: ignore[attr-defined]
    return bool(won)


def _send_all(rows: list[Delivery]) -> None:
    failpoints.reach("after_commit_before_send")
    known = [TRANSPORTS[row.channel].prepare(row) for row in rows]
    if len(rows) == 1:
        _mark(rows[0], _send(rows[0], known[0]))
        return
    with ThreadPoolExecutor(max_workers=len(rows), thread_name_prefix="send") as pool:
        for row, result in zip(rows, pool.map(_send, rows, known), strict=True):
            _mark(row, result)


def _send(row: Delivery, known: Known) -> Told | Passing | Permanent | None:
    """Runs in a thread of its own and touches no row."""
    if now() >= row.leased_until:  # type: ignore[attr-defined]
        # This process slept past its lease: by now the message is another's, or was called off.
        return None
    try:
        return TRANSPORTS[row.channel].send(row, known)
    except (Passing, Permanent) as known:
        return known
    except Exception as unknown:
        # A mistake of ours in one message must not stop the others; it is tried again and then shown.
        logger.exception("delivery %s failed", row.pk)
        return Passing(f"{type(unknown).__name__}: {unknown}")


def _mark(row: Delivery, result: Told | Passing | Permanent | None) -> None:
    if result is None:
        return
    failpoints.reach("after_send_before_mark")
    if isinstance(result, dict):
        if _settle(row, result):
            TRANSPORTS[row.channel].settle(row, result)
        return
    if isinstance(result, Unconnected):
        trouble.begin(row.channel, result)
    reason = _clean(str(result))
    again = backoff.next_try(row, result) if isinstance(result, Passing) else None
    _failed(row, reason, again)


@transaction.atomic
def _settle(row: Delivery, told: Told) -> bool:
    # What did not pass beside the message itself is read in the admin.
    beside = _clean(str(told.get("notes") or ""))
    mine = _mine(row).update(sent_at=now(), error=beside, data={**row.data, "told": told}, **_burnt(row))
    if mine and row.fact("method"):
        # Of a mail that bounced, being taken by the mail server says little: the next one may bounce too.
        quiet = Q(bounced_at=None) | Q(bounced_at__lt=now() - BOUNCE_STANDS)
        lines = ContactMethod.objects.filter(quiet, pk=row.fact("method")).exclude(trouble="")
        lines.update(trouble="", bounced_at=None)
    _note(row, DeliveryAttempt.Outcome.SENT, "" if mine else "Sent, but after the lease: it may be doubled.")
    return bool(mine)


@transaction.atomic
def _failed(row: Delivery, reason: str, again: datetime | None) -> None:
    outcome = DeliveryAttempt.Outcome.PASSING if again else DeliveryAttempt.Outcome.PERMANENT
    changes: dict[str, Any] = {"due_at": again} if again else {"failed_at": now(), **_burnt(row)}
    if _mine(row).update(error=reason, **changes):
        hurrying.hurry(row)
        if not again:
            _show_trouble(row, reason)
            announce("notifications.failed", key=f"delivery:{row.pk}", delivery=row.pk)
    _note(row, outcome, reason)


def _burnt(row: Delivery) -> dict[str, Any]:
    """A code is of no use to whoever reads the table later."""
    return {"body": ""} if row.fact("burn") else {}


def _show_trouble(row: Delivery, reason: str) -> None:
    """On the person's own page, and in the admin's list of lines."""
    if row.fact("method"):
        ContactMethod.objects.filter(pk=row.fact("method")).update(trouble=reason, trouble_at=now())


@transaction.atomic
def came_back(delivery_id: int, reason: str) -> bool:
    """Accepted at first and then not delivered (a phone that is switched off): failed after all."""
    row = Delivery.objects.filter(pk=delivery_id, failed_at=None, cancelled_at=None)
    if not row.update(sent_at=None, failed_at=now(), error=_clean(reason)):
        return False
    one = Delivery.objects.get(pk=delivery_id)
    hurrying.hurry(one)
    _note(one, DeliveryAttempt.Outcome.PERMANENT, _clean(reason))
    _show_trouble(one, _clean(reason))
    announce("notifications.failed", key=f"delivery:{delivery_id}:back", delivery=delivery_id)
    return True


def _mine(row: Delivery) -> DeliveryQuerySet:
    # A mark counts only for one's own claim: after the lease the message belongs to another.
    return Delivery.objects.filter(OPEN, pk=row.pk, claims=row.claims)


def _note(row: Delivery, outcome: str, note: str) -> None:
    DeliveryAttempt.objects.create(
        delivery_id=row.pk, number=row.claims, at=now(), outcome=outcome, note=note[:500]
    )


def _clean(reason: str) -> str:
    return reason.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")[:500]


def try_again(delivery_ids: Iterable[int]) -> int:
    """Owe failed or sent messages again, under their old idempotency id (replay)."""
    return Delivery.objects.filter(pk__in=list(delivery_ids), cancelled_at=None).update(
        sent_at=None, failed_at=None, due_at=now(), planned_at=now(), claims=F("claims") + 1, error=""
    )


def _owed_since(urgent: bool) -> datetime | None:
    rows = Delivery.objects.due().filter(wanted.still(), is_urgent=urgent)
    oldest: datetime | None = rows.aggregate(at=Min("due_at"))["at"]
    return oldest


def urgent_owed_since() -> datetime | None:
    """Since when somebody should have been reached."""
    return _owed_since(True)


def bulk_owed_since() -> datetime | None:
    """Since when other words wait."""
    return _owed_since(False)
