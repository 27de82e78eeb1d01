"""Which promises are broken, since when, and who has to be told: once per breach, and once when it ends."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q
from django.utils.timezone import now

from lib.promises import Broken
from outbox.models import BrokenPromise

# A breach has ended when it was not seen for so long: what comes and goes is one breach, not twenty mails.
QUIET = timedelta(minutes=5)
# Whoever claimed to tell and died with it is relieved after this.
LEASE = timedelta(minutes=1)
# What is over by the look after next (a restart, a deploy) is shown and told to nobody.
TELL_AFTER = timedelta(seconds=20)
_SEEN_JUST_NOW = timedelta(seconds=5)


def keep(found: Iterable[Broken]) -> None:
    """Write down what is broken, and end what was not seen for a while. Writes nothing while all is well."""
    at = now()
    still_broken = {row.what: row for row in BrokenPromise.objects.filter(ended_at=None)}
    for broken in found:
        row = still_broken.pop(broken.what, None)
        if row is None:
            _begin(broken)
        else:
            BrokenPromise.objects.filter(pk=row.pk).update(seen_at=at, reason=broken.reason[:300])
    for row in still_broken.values():
        if row.seen_at < at - QUIET:
            open_still = BrokenPromise.objects.filter(pk=row.pk, ended_at=None, seen_at=row.seen_at)
            open_still.update(ended_at=at, tell_at=at if row.told_at else None)


def _begin(broken: Broken) -> None:
    at = now()
    row = BrokenPromise(
        what=broken.what,
        reason=broken.reason[:300],
        began_at=min(broken.since or at, at),
        seen_at=at,
        tell_at=at + TELL_AFTER,
    )
    # Two watches see it in the same second; the constraint lets one of them write it.
    BrokenPromise.objects.bulk_create([row], ignore_conflicts=True)


def claim() -> list[BrokenPromise]:
    """What this process has to tell the admins now; nobody else does for the length of a lease."""
    broken_still = Q(ended_at__isnull=False) | Q(seen_at__gt=now() - _SEEN_JUST_NOW)
    due = BrokenPromise.objects.filter(broken_still, tell_at__lte=now()).order_by("pk")
    return [row for row in due if _claimed(row)]


def _claimed(row: BrokenPromise) -> bool:
    until = now() + LEASE
    won = BrokenPromise.objects.filter(pk=row.pk, tell_at=row.tell_at).update(tell_at=until)
    row.tell_at = until
    return bool(won)


def told(rows: Iterable[BrokenPromise]) -> None:
    """They know. What could not be told stays claimed and is told again after the lease."""
    for row in rows:
        own = BrokenPromise.objects.filter(pk=row.pk)
        own.update(**{"end_told_at" if row.ended_at else "told_at": now()})
        own.filter(tell_at=row.tell_at).update(tell_at=None)


def standing() -> list[BrokenPromise]:
    """What is broken and was seen lately, the oldest first; a watch that died leaves nothing red for ever."""
    lately = Q(ended_at=None, seen_at__gt=now() - QUIET)
    return list(BrokenPromise.objects.filter(lately).order_by("began_at", "pk"))
