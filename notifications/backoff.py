"""When a message that failed for now is tried again, and when it is given up. Pure but for the clock."""

from datetime import datetime, timedelta

from django.utils.timezone import now

from notifications.errors import Passing, Unconnected
from notifications.models import Channel, Delivery


def _spans(*seconds: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=one) for one in seconds)


PAGE = _spans(5, 10, 20, 30, 40)
# After this a page is of no use to that person; the ladder has moved on.
PAGE_HORIZON = timedelta(minutes=2)
ORDINARY = _spans(10, 30, 120, 600, 1_800, 3_600)
# Standard Webhooks 1.0.0: five seconds to a day.
HOOK = _spans(5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
# The channel of an incident stays complete though Slack was away for a day.
ROOM = (*ORDINARY, *_spans(*[3_600] * 22))
_PATIENCE: dict[str, tuple[timedelta, ...]] = {Channel.WEBHOOK: HOOK, Channel.ROOM: ROOM}
# An admin mends a revoked token within a few days; then everything that waited arrives.
UNCONNECTED_AGAIN, UNCONNECTED_HORIZON = timedelta(minutes=10), timedelta(days=3)


def next_try(row: Delivery, failure: Passing) -> datetime | None:
    """The moment of the next try after ``row.claims`` of them; None when it is given up."""
    if isinstance(failure, Unconnected) and not row.is_urgent:
        again = now() + UNCONNECTED_AGAIN
        return again if again < row.created_at + UNCONNECTED_HORIZON else None
    spans = PAGE if row.is_urgent else _PATIENCE.get(row.channel, ORDINARY)
    # Tries while it could not pass at all are not counted against it: then its age decides.
    is_old = row.is_urgent or now() >= row.created_at + sum(spans, timedelta())
    if row.claims > len(spans) and is_old:
        return None
    wait = max(spans[min(row.claims, len(spans)) - 1], failure.retry_after or timedelta(0))
    again = now() + wait
    if row.is_urgent and again > (row.planned_at or row.created_at) + PAGE_HORIZON:
        return None
    return again
