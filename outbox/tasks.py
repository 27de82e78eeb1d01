"""Celery's names for the outbox."""

from celery import shared_task

from outbox import delivery, pulse


@shared_task(name="outbox.tasks.sweep", ignore_result=True)
def sweep(queue: str) -> int:
    """Somebody rang: deliver what is owed in this queue now."""
    if not pulse.may_sweep():
        return 0
    ring, comes_first = f"outbox ring {queue}", queue == "page"
    return pulse.run(ring, lambda: delivery.sweep(queue=queue), at_once=2, comes_first=comes_first).count
