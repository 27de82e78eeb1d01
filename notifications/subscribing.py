"""Browsers and phones that take pages by push: switched on and off by themselves."""

from django.db import transaction
from django.db.models import Max
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import User
from lib import http, webpush
from lib.refusal import Invalid, Refused
from lib.text import clean
from notifications import accountmail
from notifications.channels import push
from notifications.contacts import MAX_METHODS
from notifications.models import Channel, ContactMethod, Delivery


@transaction.atomic
def subscribe(user: User, *, endpoint: str, p256dh: str, auth: str) -> ContactMethod:
    """A browser of the person's takes pages from now on; it needs no proof, for it asked itself.

    Raises:
        Invalid: not what a browser's push service gives.
        Refused: ``contact_many``.
    """
    address = clean(endpoint, 1_000, field="endpoint")
    try:
        http.check_url(address)
        webpush.check_subscription(p256dh, auth)
    except (http.Blocked, ValueError) as bad:
        raise Invalid(_("This browser's push service gave no usable address."), field="endpoint") from bad
    known = user.contact_methods.filter(kind=Channel.PUSH, address=address).first()
    if known is None and user.contact_methods.count() >= MAX_METHODS:
        raise Refused("contact_many", _("Ten ways to be reached are enough. Remove one first."))
    # One browser belongs to whoever is signed in there now.
    ContactMethod.objects.filter(kind=Channel.PUSH, address=address).exclude(user=user).delete()
    last = user.contact_methods.aggregate(last=Max("position"))["last"] or 0
    method, made = ContactMethod.objects.update_or_create(
        user=user,
        kind=Channel.PUSH,
        address=address,
        defaults={"secret": f"{p256dh}.{auth}", "verified_at": now()},
        create_defaults={"secret": f"{p256dh}.{auth}", "verified_at": now(), "position": last + 1},
    )
    if made:
        accountmail.keep(method)
    return method


def unsubscribe(user: User, *, endpoint: str) -> int:
    """This browser takes none any more; how many lines that were."""
    return user.contact_methods.filter(kind=Channel.PUSH, address=endpoint).delete()[0]


def gone(delivery_id: int) -> bool:
    """A browser that gave up its subscription never takes it up again: the line is removed."""
    row = Delivery.objects.filter(pk=delivery_id, channel=Channel.PUSH).first()
    if row is None or not row.error.startswith(push.GONE):
        return False
    return bool(ContactMethod.objects.filter(pk=row.fact("method") or 0, kind=Channel.PUSH).delete()[0])
