"""What must always hold for the outbox, stated apart from the code that keeps it."""

from datetime import timedelta

from django.db.models import Count, Min
from django.utils.timezone import now
from django.utils.translation import gettext as _

from lib.promises import Broken
from outbox.models import OPEN, Message

# The sweeps look every second; so long late means that neither they nor the watch get through.
LATE = {"page": timedelta(seconds=30), "bulk": timedelta(minutes=5)}
# What wakes people may fail and be tried again for so long before somebody has to know.
OWED_PAGE = timedelta(minutes=5)
# A page that was given up stays red for a day; after that it is history.
GIVEN_UP_COUNTS_FOR = timedelta(days=1)


def owed_too_long() -> Broken | None:
    """No news is owed for longer than X: neither due and untouched, nor tried again and again."""
    at = now()
    late = [
        Message.objects.due().filter(queue=queue, due_at__lt=at - patience)
        for queue, patience in LATE.items()
    ]
    tried = Message.objects.filter(OPEN, queue="page", created_at__lt=at - OWED_PAGE, attempts__gt=0)
    counted = [rows.aggregate(n=Count("pk"), since=Min("created_at")) for rows in (*late, tried)]
    number = sum(row["n"] for row in counted)
    if not number:
        return None
    since = min(row["since"] for row in counted if row["since"])
    return Broken("news-owed", _("%(n)d pieces of news wait for too long") % {"n": number}, since)


def given_up() -> Broken | None:
    """No page is given up."""
    lost = Message.objects.filter(queue="page", abandoned_at__gt=now() - GIVEN_UP_COUNTS_FOR)
    found = lost.aggregate(n=Count("pk"), since=Min("abandoned_at"))
    if not found["n"]:
        return None
    reason = _("%(n)d were given up; see the outbox in the admin") % {"n": found["n"]}
    return Broken("pages", reason, found["since"])
