"""People who follow the page by mail: asked twice, left at once, and never found out about.

Every answer is the same for an address that we know and for one that we do not.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from lib import signing
from lib.refusal import Invalid
from lib.text import clean, is_storable
from outbox.announcing import announce
from statuspage.models import Component, Subscriber

TOPIC = "statuspage.subscription_asked"
PURPOSE = "status-subscription"
#: An address is written to at most this often by people who fill in the form.
ASK_EVERY = timedelta(minutes=10)
CONFIRM_WITHIN = timedelta(days=7)


def ask(email: str, *, component_ids: Iterable[str] = ()) -> None:
    """Somebody wants mail for this address: owe it one mail with a link. Tells the asker nothing.

    Raises:
        Invalid: it is not an e-mail address.
    """
    email = tidy(email)
    with transaction.atomic():
        subscriber, _made = Subscriber.objects.get_or_create(email=email)
        at = now()
        due = Subscriber.objects.filter(Q(asked_at=None) | Q(asked_at__lte=at - ASK_EVERY), pk=subscriber.pk)
        if not due.update(asked_at=at):
            return
        if not subscriber.is_active:
            # What a stranger picks must not change what a confirmed subscriber gets.
            subscriber.components.set(_components(component_ids))
        announce(TOPIC, key=f"subscriber:{subscriber.pk}:{at.isoformat()}", subscriber=subscriber.pk)


def tidy(email: str) -> str:
    """The address as we keep it.

    Raises:
        Invalid: it is not an e-mail address.
    """
    email = clean(email, 254, field="email").lower()
    try:
        validate_email(email)
    except ValidationError as bad:
        raise Invalid(_("This is not an e-mail address."), field="email") from bad
    return email


def _components(public_ids: Iterable[str]) -> list[Component]:
    known = [public_id for public_id in public_ids if is_storable(public_id)]
    return list(Component.objects.filter(public_id__in=known, retired_at=None))


def token(subscriber: Subscriber) -> str:
    """The secret part of a subscriber's links; derived, so that no dump of the database holds one."""
    return signing.sign([subscriber.public_id, subscriber.link_round], purpose=PURPOSE)


def find(link_token: str) -> Subscriber:
    """Whose link it is.

    Raises:
        Invalid: altered, or taken back.
    """
    payload = signing.unsign(link_token, purpose=PURPOSE, max_age=None)
    subscriber = None
    if isinstance(payload, list) and len(payload) == 2:
        subscriber = Subscriber.objects.filter(public_id=payload[0], link_round=payload[1]).first()
    if subscriber is None:
        raise Invalid(_("This link is no longer good. Subscribe again to get a new one."), code="expired")
    return subscriber


def confirm(link_token: str) -> Subscriber:
    """The owner of the address says yes. Twice is as good as once."""
    subscriber = find(link_token)
    if not subscriber.is_active:
        Subscriber.objects.filter(pk=subscriber.pk).update(confirmed_at=now(), unsubscribed_at=None)
        subscriber.refresh_from_db()
    return subscriber


@transaction.atomic
def choose(link_token: str, *, component_ids: Iterable[str]) -> Subscriber:
    """Only mails about these components; none chosen means all."""
    subscriber = find(link_token)
    subscriber.components.set(_components(component_ids))
    return subscriber


def unsubscribe(link_token: str) -> Subscriber:
    """No more mail from now on, also none that is already owed."""
    subscriber = find(link_token)
    Subscriber.objects.filter(pk=subscriber.pk, unsubscribed_at=None).update(unsubscribed_at=now())
    subscriber.refresh_from_db()
    return subscriber


def forget(limit: int = 500) -> int:
    """Delete who never confirmed within a week or left a month ago; addresses are not ours to keep."""
    at = now()
    never = Q(confirmed_at=None, created_at__lt=at - CONFIRM_WITHIN) & (
        Q(asked_at=None) | Q(asked_at__lt=at - CONFIRM_WITHIN)
    )
    left = Q(unsubscribed_at__lt=at - timedelta(days=30))
    old = list(Subscriber.objects.filter(never | left).values_list("pk", flat=True)[:limit])
    Subscriber.objects.filter(pk__in=old).delete()
    return len(old)
