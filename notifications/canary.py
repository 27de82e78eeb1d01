"""The weekly test of every line, for whoever wants it: the phone still rings, or it is known not to.

A line that nobody has used for a year may be a number that was given back. So once a week each confirmed
line of a person who asked for it gets a message with a link to tap. What is not tapped within a day stands
beside the line and in the admin's list, and the person is told once, by another line where there is one.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F, Min, Q, QuerySet
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import User
from lib import failpoints, signing
from lib.refusal import Missing, Refused
from notifications import contacts, delivery, resting, ways
from notifications.models import CANARY_PATIENCE, FORWARDS, Channel, ContactMethod, Reach, Word
from notifications.rules import Firing
from notifications.ways import Way

EVERY = timedelta(days=7)
LINK_LASTS = timedelta(days=7)
BATCH = 100
ABOUT = "canary:"
_PURPOSE = "notifications.canary"
# A machine reads these and taps nothing; a forwarded test would page the other tool's on-call.
_UNTESTED = (Channel.WEBHOOK, *FORWARDS)


@transaction.atomic
def keep(user: User, *, weekly: bool) -> Reach:
    """Ask for the weekly test, or end it. The first goes out at once, in quiet hours when these are over."""
    at = resting.ends_at(user) or now()
    changes: dict[str, Any] = {"canary": weekly, "canary_at": at if weekly else None}
    row, made = Reach.objects.get_or_create(user=user, defaults=changes)
    # Asking twice sends once: the rhythm that runs goes on.
    if not made and row.canary != weekly:
        Reach.objects.filter(pk=row.pk).update(**changes)
        row.refresh_from_db()
    if not weekly:
        user.contact_methods.update(canary_asked_at=None, canary_told_at=None)
    return row


def of(user: User) -> Reach | None:
    """The person's rhythm, while there is one."""
    return Reach.objects.filter(user=user, canary=True).first()


def following(user: User, after: datetime) -> datetime:
    """A week later by the person's own clock, across summer time too, and never within quiet hours."""
    zone = ZoneInfo(user.time_zone)
    here = after.astimezone(zone)
    weeks = max((now() - after) // EVERY, 0) + 1  # After a long outage one is sent, not all of them.
    at = datetime.combine(here.date() + weeks * EVERY, here.time(), zone).astimezone(UTC)
    return resting.ends_at(user, at) or at


def _testable(user: User) -> QuerySet[ContactMethod]:
    return user.contact_methods.exclude(verified_at=None).exclude(kind__in=_UNTESTED)


def silent() -> Q:
    """Lines whose last test was not answered within a day."""
    unheard = Q(canary_heard_at=None) | Q(canary_heard_at__lt=F("canary_asked_at"))
    return Q(canary_asked_at__lt=now() - CANARY_PATIENCE) & unheard


def _due() -> QuerySet[Reach]:
    return Reach.objects.filter(canary=True, canary_at__lte=now(), user__is_active=True)


def owed_since() -> datetime | None:
    """Since when somebody's weekly test should have been sent."""
    oldest: datetime | None = _due().aggregate(at=Min("canary_at"))["at"]
    return oldest


def sweep() -> int:
    """Send the tests that are due, and tell of the lines that stayed silent; return how many of both."""
    rows = list(_due().select_related("user").order_by("canary_at", "pk")[:BATCH])
    asked = sum(_ask(row) for row in rows)
    quiet = ContactMethod.objects.filter(silent(), canary_told_at=None, user__is_active=True)
    return asked + sum(_tell_silent(row) for row in quiet.select_related("user").order_by("pk")[:BATCH])


@transaction.atomic
def _ask(row: Reach) -> int:
    due, user = row.canary_at, row.user
    assert due is not None
    later = resting.ends_at(user)
    until = later or following(user, due)
    mine = Reach.objects.filter(pk=row.pk, canary=True, canary_at=due).update(canary_at=until)
    if not mine or later:
        return 0
    failpoints.reach("after_claim")
    sent = sum(_send(method, due) for method in _testable(user) if delivery.is_set_up(method.kind))
    failpoints.reach("before_commit")
    return sent


def _send(method: ContactMethod, due: datetime) -> int:
    at = now()
    ContactMethod.objects.filter(pk=method.pk).update(canary_asked_at=at, canary_told_at=None)
    token = signing.sign([method.pk, at.isoformat()], purpose=_PURPOSE)
    link = settings.BASE_URL + reverse("notifications:heard", args=[token])
    owed = contacts.tell(
        method.user,
        Word.TEST,
        key=f"canary:{due.isoformat()}",
        subject=_("Weekly test from Tocsin"),
        body=_("Weekly test from Tocsin. Tap to say that it reached you: %(link)s") % {"link": link},
        about=f"{ABOUT}{method.pk}",
        data={"acknowledge_url": link},
        planned=[Firing(ways.of(method))],
    )
    return len(owed)


@transaction.atomic
def _tell_silent(method: ContactMethod) -> int:
    mine = ContactMethod.objects.filter(silent(), pk=method.pk, canary_told_at=None)
    if not mine.update(canary_told_at=now()):
        return 0
    user = method.user
    others = [way for way in ways.quiet_ways(user) if way.data.get("method") != method.pk]
    chosen = others or [Way(Channel.EMAIL, user.email)]
    owed = contacts.tell(
        user,
        Word.NUDGE,
        key=f"canary-silent:{method.pk}:{method.canary_asked_at:%Y%m%dT%H%M%S}",
        subject=_("A weekly test was not answered"),
        body=_(
            "The weekly test to %(line)s was not answered within a day. If it did not arrive, correct the "
            "line before somebody needs you: %(link)s"
        )
        % {"line": method, "link": settings.BASE_URL + reverse("notifications:contacts")},
        about=f"canary-silent:{method.pk}",
        planned=[Firing(way) for way in chosen],
    )
    return len(owed)


def heard(methods: QuerySet[ContactMethod]) -> int:
    """It reached them: by a key in a call, or a reply. Return how many lines were waiting for that."""
    unheard = Q(canary_heard_at=None) | Q(canary_heard_at__lt=F("canary_asked_at"))
    return methods.filter(unheard, canary_asked_at__isnull=False).update(
        canary_heard_at=now(), trouble="", bounced_at=None
    )


def read(token: str) -> tuple[ContactMethod, bool]:
    """The line of a link, and whether the link is of its newest test.

    Raises:
        Invalid: the link was altered or is too old.
        Missing: the line was removed.
    """
    method_id, asked = signing.unsign(token, purpose=_PURPOSE, max_age=LINK_LASTS)
    method = ContactMethod.objects.select_related("user").filter(pk=method_id, user__is_active=True).first()
    if method is None:
        raise Missing(_("This way to be reached was removed. Add it again."))
    return method, bool(method.canary_asked_at and method.canary_asked_at.isoformat() == asked)


def tap(token: str) -> ContactMethod:
    """The link was tapped: the line works.

    Raises:
        Invalid, Missing: as `read`. Refused: a newer test has been sent since, so this proves nothing of it.
    """
    method, is_newest = read(token)
    if not is_newest:
        raise Refused("older", _("A newer test was sent since. Open the link in that one."))
    heard(ContactMethod.objects.filter(pk=method.pk))
    method.refresh_from_db()
    return method
