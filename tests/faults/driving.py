"""What of the program needs Django: imported once the address of its database is known."""

from django.db import DatabaseError, connection

from lib import patience
from notifications import wanted
from notifications.models import Delivery
from oncall.models import PageRun
from outbox.models import OPEN, Message
from tests.faults import asleep, duty, injuries, reckoning

__all__ = ["asleep", "duty", "injuries", "reckoning", "settle"]


def _is_still() -> bool:
    try:
        if Message.objects.filter(OPEN, queue="page").exists():
            return False
        climbing = PageRun.objects.filter(status="running", position__lt=len(duty.DELAYS))
        due = Delivery.objects.open().filter(wanted.still(), is_urgent=True)
        return not climbing.exists() and not due.exists()
    except DatabaseError:
        connection.close()
        return False


def settle(incidents: int) -> bool:
    """Wait until nothing is owed any more; False when that takes too long."""
    try:
        patience.until(_is_still, "", seconds=60 + incidents / 2, every=0.25)
    except TimeoutError:
        return False
    return True
