"""People: invited, given a role, switched off; there is always an admin left."""

import re
import zoneinfo
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from accounts import audit
from accounts.actors import Actor
from accounts.models import Role, User
from lib import signing, text
from lib.refusal import Forbidden, Invalid, Missing, Refused

INVITATION_LASTS = timedelta(days=7)
_PURPOSE = "invitation"
#: What rooms above do before an account is switched off or on, in its transaction; filled in as they start.
before_switching: list[Callable[[User], object]] = []


def zones() -> list[str]:
    """Every time zone a person can live in."""
    return sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone or zone == "UTC")


@transaction.atomic
def add(
    email: str,
    *,
    actor: Actor,
    name: str = "",
    role: str = Role.VIEWER,
    password: str | None = None,
    is_verified: bool = False,
    time_zone: str = "",
) -> User:
    """A new person. Without a password they cannot sign in until they set one.

    Raises:
        Invalid: no such address, one that is taken, or a name that cannot be stored.
    """
    address = text.clean(email, 254, field="email").lower()
    try:
        validate_email(address)
    except ValidationError as bad:
        # "admin@localhost" is the address of the first admin and has no dot in it.
        if not re.fullmatch(r"[\w.+-]+@localhost", address):
            raise Invalid("That is not an e-mail address.", field="email") from bad
    if User.objects.filter(email__iexact=address).exists():
        raise Invalid("Somebody with this address is here already.", code="email_taken", field="email")
    user = User.objects.create_user(
        address,
        password,
        name=text.clean(name, 120, field="name"),
        role=Role(role),
        time_zone=time_zone or settings.TIME_ZONE,
    )
    EmailAddress.objects.create(user=user, email=address, primary=True, verified=is_verified)
    audit.note(actor, "person added", user.audit_name, after={"role": user.role, "name": user.name})
    return user


def invite(email: str, *, actor: Actor, name: str = "", role: str = Role.VIEWER) -> tuple[User, str, bool]:
    """Add a person and mail them a link to set their password.

    Returns:
        the person, the link (to hand over in another way), and whether the mail could be sent.

    Raises:
        Forbidden: the inviter is no manager, or gives a role above their own.
    """
    _may_give(actor, role)
    user = add(email, actor=actor, name=name, role=role)
    return (user, *_send_invitation(user, actor))


def invite_again(user_id: int, *, actor: Actor) -> tuple[User, str, bool]:
    """A fresh link for somebody who has not set a password yet.

    Raises:
        Refused: they have one already (``already_here``); the password page helps those who forgot it.
    """
    user = _person(user_id)
    _may_give(actor, user.role)
    if user.has_usable_password() or not user.is_active:
        raise Refused("already_here", f"{user} has been here before. “Forgot your password?” helps them.")
    return (user, *_send_invitation(user, actor))


def _send_invitation(user: User, actor: Actor) -> tuple[str, bool]:
    # The password's hash is part of it, so the link dies with its first use.
    token = signing.sign({"user": user.pk, "state": user.password[-12:]}, purpose=_PURPOSE)
    link = settings.BASE_URL + reverse("accounts:invited", args=[token])
    body = render_to_string("accounts/invitation.txt", {"user": user, "link": link, "by": actor.label})
    try:
        # A name may hold a line break, a header may not.
        subject = " ".join(f"{actor.label} invites you to Tocsin".split())[:200]
        send_mail(subject, body, None, [user.email])
    except OSError:
        return link, False
    return link, True


def invited(token: str) -> User:
    """Whom a link invites.

    Raises:
        Invalid: the link is altered, too old, or was used.
    """
    payload = signing.unsign(token, purpose=_PURPOSE, max_age=INVITATION_LASTS)
    user = User.objects.filter(pk=payload["user"], is_active=True).first()
    if user is None or user.password[-12:] != payload["state"]:
        raise Invalid("This link has been used already. Sign in with your password.", code="used")
    return user


@transaction.atomic
def accept(token: str, *, password: str, name: str = "") -> User:
    """Set the first password through an invitation's link; that also proves the address.

    Raises:
        Invalid: the link is not good any more, or the password is too easy (field ``password``).
    """
    found = invited(token)
    user = User.objects.select_for_update().get(pk=found.pk)
    invited(token)
    try:
        validate_password(password, user)
    except ValidationError as weak:
        raise Invalid(" ".join(weak.messages), field="password") from weak
    user.set_password(password)
    user.name = text.clean(name, 120, field="name") or user.name
    user.save(update_fields=["password", "name"])
    EmailAddress.objects.filter(user=user, email__iexact=user.email).update(verified=True)
    return user


@transaction.atomic
def change(user_id: int, *, actor: Actor, **fields: Any) -> User:
    """Change a person's role, name, zone, shortcuts or whether they are active, with a line in the log.

    Raises:
        Forbidden: not the person themself, or a right that only an admin gives.
        Refused: nobody would be left as an admin (``last_admin``).
        Invalid: an unknown zone or role.
    """
    user = _person(user_id, lock=True)
    fields = {name: value for name, value in fields.items() if getattr(user, name) != value}
    is_self = actor.user is not None and actor.user.pk == user.pk
    if not actor.is_at_least(Role.ADMIN) and (not is_self or {"role", "is_active", "email"} & set(fields)):
        raise Forbidden("Only an admin changes that.")
    _check(user, fields)
    before = {name: getattr(user, name) for name in fields}
    if "is_active" in fields:
        for hear in before_switching:
            hear(user)
    for name, value in fields.items():
        setattr(user, name, value)
    if fields:
        user.save(update_fields=list(fields))
        audit.note(actor, "person changed", user.audit_name, before=before, after=fields)
    return user


def _check(user: User, fields: dict[str, Any]) -> None:
    if "role" in fields and fields["role"] not in Role.values:
        raise Invalid("There is no such role.", field="role")
    if "time_zone" in fields and fields["time_zone"] not in zoneinfo.available_timezones():
        raise Invalid("There is no such time zone.", field="time_zone")
    if "name" in fields:
        fields["name"] = text.clean(fields["name"], 120, field="name")
    falls = user.role == Role.ADMIN and (
        fields.get("role", user.role) != Role.ADMIN or fields.get("is_active") is False
    )
    if falls:
        refuse_last_admin(user)


def refuse_last_admin(user: User) -> None:
    """Raise ``Refused`` when nobody else could open the settings."""
    others = User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True).exclude(pk=user.pk)
    if not others.exists():
        raise Refused("last_admin", f"{user} is the only admin. Make somebody else an admin first.")


def _may_give(actor: Actor, role: str) -> None:
    if not actor.is_at_least(Role.MANAGER):
        raise Forbidden("Managers and admins invite people.")
    if not actor.is_at_least(role):
        raise Forbidden("Nobody gives a role above their own.")


def _person(user_id: int, *, lock: bool = False) -> User:
    people = User.objects.select_for_update() if lock else User.objects.all()
    user = people.filter(pk=user_id, erased_at=None).first()
    if user is None:
        raise Missing("There is no such person.")
    return user
