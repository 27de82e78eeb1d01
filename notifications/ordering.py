"""The order of a person's lines: one place up or down, by the page and by the API."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from lib.refusal import Missing
from notifications.models import ContactMethod


def move_up(user: User, *, method_id: int) -> ContactMethod:
    """One place nearer to the front; the first stays the first."""
    return _move(user, method_id, -1)


def move_down(user: User, *, method_id: int) -> ContactMethod:
    """One place further back; the last stays the last."""
    return _move(user, method_id, 1)


@transaction.atomic
def _move(user: User, method_id: int, by: int) -> ContactMethod:
    """Count the places anew, from 0.

    Raises:
        Missing: not one of the person's own lines.
    """
    # Two moves at once would each write an order that leaves the other out: the person's row is the lock.
    User.objects.select_for_update().get(pk=user.pk)
    rows = list(user.contact_methods.all())
    place = next((n for n, row in enumerate(rows) if row.pk == method_id), None)
    if place is None:
        raise Missing(_("There is no such way to be reached on your list."))
    row = rows.pop(place)
    rows.insert(max(place + by, 0), row)
    for at, one in enumerate(rows):
        if one.position != at:
            ContactMethod.objects.filter(pk=one.pk).update(position=at)
            one.position = at
    return row
