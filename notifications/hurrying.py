"""A message of a page that fails: the person's next step does not wait for its time."""

from django.utils.timezone import now

from notifications.models import OPEN, Delivery, DeliveryAttempt


def hurry(failed: Delivery) -> int:
    """The first failure of a message starts the person's next step at once; later failures do not.

    Runs in the transaction that notes the failure, before the attempt is written.
    """
    if not failed.is_urgent or not failed.about or failed.recipient_id is None:
        return 0
    before = DeliveryAttempt.objects.filter(delivery=failed.pk).exclude(outcome=DeliveryAttempt.Outcome.SENT)
    if before.exists():
        return 0
    waiting = Delivery.objects.filter(
        OPEN,
        about=failed.about,
        recipient=failed.recipient_id,
        claims=0,
        due_at__gt=now(),
    )
    following = waiting.order_by("due_at", "pk").first()
    if following is None:
        return 0
    return waiting.filter(due_at=following.due_at).update(due_at=now(), planned_at=now())
