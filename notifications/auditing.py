"""What must always hold for messages that wake people, stated apart from the code that sends them."""

from datetime import timedelta

from django.db.models import Count, Min
from django.utils.timezone import now
from django.utils.translation import gettext as _

from lib.promises import Broken
from notifications import wanted
from notifications.models import ChannelTrouble, Delivery

# A lease (10 s), a slow receiver (15 s) and the watch's relief, with room.
LATE = timedelta(seconds=45)


def unsent() -> Broken | None:
    """No wanted urgent message waits past its due time: it is tried, or it failed with a reason."""
    late = Delivery.objects.due().filter(wanted.still(), is_urgent=True, due_at__lt=now() - LATE)
    found = late.aggregate(n=Count("pk"), since=Min("due_at"))
    if not found["n"]:
        return None
    return Broken("urgent-messages", _("%(n)d wait and were not tried") % found, found["since"])


def unconnected() -> Broken | None:
    """No channel waits for an admin: where a token was revoked or a right is missing, they are told, once."""
    found = list(ChannelTrouble.objects.order_by("since")[:5])
    if not found:
        return None
    return Broken("channels", "; ".join(map(str, found)), found[0].since)
