"""Who does something, and through which door: every verb of every room takes an ``Actor``."""

from dataclasses import dataclass
from typing import Any, Literal, cast

from django.http import HttpRequest

from accounts.models import Role, User

Kind = Literal["person", "source", "system"]
Via = Literal["web", "api", "chat", "source", "system"]


@dataclass(frozen=True)
class Actor:
    """A person, a source of alerts, or Tocsin itself."""

    user: User | None
    kind: Kind
    label: str
    via: Via

    def is_at_least(self, role: Role | str) -> bool:
        """Has the person that role (cut by the token's scope)? The system itself may do everything."""
        return self.kind == "system" or (self.user is not None and self.user.is_at_least(role))


def person(user: User, via: Via = "web") -> Actor:
    return Actor(user=user, kind="person", label=str(user), via=via)


def web(request: HttpRequest) -> Actor:
    """The signed-in person of a page."""
    return person(cast(User, request.user), "web")


def api(request: Any) -> Actor:
    """The owner of the token of a REST request (DRF's or Django's)."""
    return person(cast(User, request.user), "api")


def system(label: str = "Tocsin") -> Actor:
    return Actor(user=None, kind="system", label=label, via="system")


def source(label: str) -> Actor:
    """A source of alerts, by its name."""
    return Actor(user=None, kind="source", label=label, via="source")
