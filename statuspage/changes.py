"""The one dirty mark of the site: set in the transaction of every change, read by the publisher."""

from django.db.models import F
from django.utils.timezone import now

from outbox.announcing import announce
from statuspage.models import Page, Site

TOPIC = "statuspage.changed"


def page() -> Page:
    """The settings row; the first asker makes it."""
    return Page.objects.get_or_create(pk=1)[0]


def site() -> Site:
    """The publisher's row; the first asker makes it."""
    return Site.objects.get_or_create(pk=1)[0]


def touch() -> int:
    """Something public has changed; the site is owed a new writing. Call it inside the transaction.

    Raises:
        RuntimeError: outside a transaction.
    """
    site()
    Site.objects.filter(pk=1).update(changes=F("changes") + 1, changed_at=now())
    number: int = Site.objects.values_list("changes", flat=True).get(pk=1)
    announce(TOPIC, key=f"change:{number}")
    return number
