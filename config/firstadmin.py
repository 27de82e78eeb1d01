"""The first admin of a new installation."""

import os
import secrets

from accounts import people
from accounts.actors import system
from accounts.models import Role, User


def ensure() -> tuple[User, str]:
    """An admin, and the password if it was made up just now.

    The address is verified, because otherwise a second factor could not be switched on.
    """
    admin = User.objects.filter(role=Role.ADMIN, is_active=True).order_by("pk").first()
    if admin:
        return admin, ""
    email = os.environ.get("TOCSIN_ADMIN_EMAIL") or "admin@localhost"
    given = os.environ.get("TOCSIN_ADMIN_PASSWORD", "")
    password = given or secrets.token_urlsafe(12)
    admin = people.add(
        email, actor=system(), name="Admin", role=Role.ADMIN, password=password, is_verified=True
    )
    return admin, "" if given else password
