"""Erasing a person: their row is emptied and stays, so that what they did remains told as “former user”."""

from collections.abc import Callable

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import audit, people
from accounts.actors import Actor
from accounts.models import ApiToken, AuditEntry, IdempotencyKey, Role, User
from lib.refusal import Forbidden, Missing

#: What rooms above keep of a person, forgotten in the same transaction; filled in as they start.
also: list[Callable[[User], object]] = []


@transaction.atomic
def erase(user_id: int, *, actor: Actor) -> User:
    """Empty a person's row, end their sessions, tokens and second factors. It cannot be taken back.

    Raises:
        Forbidden: neither an admin nor the person themself.
        Refused: they are the only admin (``last_admin``).
        Missing: no such person, or erased already.
    """
    user = User.objects.select_for_update().filter(pk=user_id, erased_at=None).first()
    if user is None:
        raise Missing("There is no such person.")
    if not (actor.is_at_least(Role.ADMIN) or (actor.user and actor.user.pk == user.pk)):
        raise Forbidden("Only an admin erases somebody else.")
    if user.role == Role.ADMIN:
        people.refuse_last_admin(user)
    for session in UserSession.objects.filter(user=user):
        session.end()
    for owned in (EmailAddress, Authenticator):
        owned.objects.filter(user=user).delete()
    IdempotencyKey.objects.filter(token__user=user).delete()
    ApiToken.objects.filter(user=user).update(revoked_at=now(), name="erased", digest="")
    AuditEntry.objects.filter(actor=user).update(actor_label="former user")
    told = Q(target=user.email) | Q(target__endswith=f"· user {user.pk}")
    AuditEntry.objects.filter(told).update(target=f"user {user.pk}", before={}, after={})
    if user.is_active:
        for hear in people.before_switching:
            hear(user)
    user.email = f"erased-{user.pk}@erased.invalid"
    user.name = _("former user")
    user.role = Role.VIEWER
    user.time_zone = "UTC"
    user.is_active = False
    user.last_login = None
    user.erased_at = now()
    user.set_unusable_password()
    user.save()
    for forget in also:
        forget(user)
    audit.note(actor, "person erased", f"user {user.pk}")
    return user
