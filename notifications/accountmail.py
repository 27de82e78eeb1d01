"""The account's own address: paged until a line is confirmed, and after that as a line of its own."""

from django.db.models import Max
from django.utils.timezone import now

from notifications.models import Channel, ContactMethod


def keep(confirmed: ContactMethod) -> ContactMethod | None:
    """List the account's address beside the first line that is confirmed; None where there is no need.

    Else a first text line would silently end the mails. Who wants none takes the line off. The caller has
    just confirmed the line, which was not confirmed before.
    """
    lines = ContactMethod.objects.filter(user=confirmed.user_id)
    mail = confirmed.user.email
    if lines.exclude(pk=confirmed.pk).exclude(verified_at=None).exists():
        return None
    listed = lines.filter(kind=Channel.EMAIL, address__iexact=mail).first()
    if not mail or listed == confirmed:
        return None
    if listed:
        ContactMethod.objects.filter(pk=listed.pk).update(verified_at=now())
        return listed
    last = lines.aggregate(last=Max("position"))["last"] or 0
    return ContactMethod.objects.create(
        user=confirmed.user, kind=Channel.EMAIL, address=mail, position=last + 1, verified_at=now()
    )
