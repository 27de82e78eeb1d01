"""API tokens: issued once in plain, kept as a hash, found in constant time, revoked for good."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.crypto import constant_time_compare
from django.utils.timezone import now

from accounts import audit
from accounts.actors import Actor, person
from accounts.models import ApiToken, Scope, User
from lib import text
from lib.refusal import Invalid, Missing

# One write per token and minute is enough to tell a token in use from a forgotten one.
_TOUCH_EVERY = timedelta(minutes=1)
_SHAPE = "tsn_"


def _digest(plaintext: str) -> str:
    # 256 random bits need no slow hash.
    return hashlib.sha256(plaintext.encode()).hexdigest()


@transaction.atomic
def issue(
    user: User,
    *,
    name: str,
    scope: str,
    expires_at: datetime | None = None,
    actor: Actor | None = None,
) -> tuple[ApiToken, str]:
    """A new token and its plain text, which nobody can show again.

    Raises:
        Invalid: no name, an unknown scope, or an end that has already passed.
    """
    label = text.clean(name, 120, field="name")
    if not label:
        raise Invalid("Give the token a name that says who uses it.", field="name")
    if scope not in Scope.values:
        raise Invalid("The scope is read, write or admin.", field="scope")
    if expires_at is not None and expires_at <= now():
        raise Invalid("That end has already passed.", field="expires_at")
    plaintext = f"{_SHAPE}{secrets.token_urlsafe(6)}_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        user=user,
        name=label,
        prefix=plaintext[: len(_SHAPE) + 8],
        digest=_digest(plaintext),
        scope=scope,
        expires_at=expires_at,
    )
    audit.note(actor or person(user), "token issued", str(token), after={"scope": scope, "user": user.pk})
    return token, plaintext


def find(plaintext: str) -> ApiToken | None:
    """The live token with this plain text, of a person who may still sign in; else None."""
    if not plaintext.startswith(_SHAPE) or len(plaintext) > 200 or not plaintext.isascii():
        return None
    prefix = plaintext[: len(_SHAPE) + 8]
    token = ApiToken.objects.select_related("user").filter(prefix=prefix).first()
    # Compared also where there is no such token, so that the time tells nothing.
    same = constant_time_compare(token.digest if token else "0" * 64, _digest(plaintext))
    return token if token and same and token.is_live and token.user.is_active else None


def touch(token: ApiToken) -> None:
    """Note that the token was used, at most once a minute."""
    moment = now()
    if token.last_used_at is None or moment - token.last_used_at >= _TOUCH_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=moment)


@transaction.atomic
def revoke(token_id: int, *, actor: Actor) -> ApiToken:
    """End a token for good. Its owner may, and an admin.

    Raises:
        Missing: there is no such token, or it is somebody else's.
    """
    token = ApiToken.objects.select_for_update().filter(pk=token_id).first()
    mine = token is not None and actor.user is not None and token.user_id == actor.user.pk
    if token is None or not (mine or actor.is_at_least("admin")):
        raise Missing("There is no such token.")
    if token.revoked_at is None:
        token.revoked_at = now()
        token.save(update_fields=["revoked_at"])
        audit.note(actor, "token revoked", str(token))
    return token
