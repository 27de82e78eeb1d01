"""What must always hold for the promises of an incident, stated apart from the code that keeps them."""

from datetime import timedelta

from django.db.models import Count, F, Min
from django.utils.timezone import now
from django.utils.translation import gettext as _

from incidents.models import Deadline
from lib.promises import Broken

# The sweep looks every 5 seconds; whoever writes to the incident may hold it up for a moment.
LATE = timedelta(minutes=1)


def unnoticed() -> Broken | None:
    """Every clock that runs out is noticed."""
    late = Deadline.objects.filter(
        stopped_at=None, missed_at=None, next_at__lt=now() - LATE, next_at__gte=F("due_at")
    )
    found = late.aggregate(n=Count("pk"), since=Min("due_at"))
    if not found["n"]:
        return None
    return Broken("deadlines", _("%(n)d ran out and nobody noticed") % found, found["since"])
