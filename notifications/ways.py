"""The ways to one person: what is confirmed and set up here, else the account's e-mail address."""

from dataclasses import dataclass, field
from typing import Any

from accounts.models import User
from notifications import delivery
from notifications.models import FORWARDS, Channel, ContactMethod

#: Read by a machine, not by a person.
_MACHINES = (Channel.WEBHOOK, Channel.APPRISE, *FORWARDS)
#: What rings aloud, for people who are awake anyway and would rather read.
LOUD = (Channel.VOICE, Channel.SMS)
SOFT = (Channel.PUSH, Channel.SLACK)


@dataclass(frozen=True)
class Way:
    """One way to one person."""

    channel: str
    address: str
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return str(Channel(self.channel).label)

    @property
    def key(self) -> str:
        """Short and its own: addresses of browsers differ only after the 160 characters of a key."""
        method = self.data.get("method")
        return f"m{method}" if method else f"{self.channel}:{self.address}"


def of(method: ContactMethod) -> Way:
    return Way(method.kind, method.address, {"method": method.pk})


def ways(user: User) -> list[Way]:
    """Every verified method in the person's order; without one, the account's own e-mail address."""
    if not user.is_active:
        return []
    rows = user.contact_methods.exclude(verified_at=None)
    found = [of(row) for row in rows if delivery.is_set_up(row.kind)]
    return found or [Way(Channel.EMAIL, user.email)]


def quiet_ways(user: User) -> list[Way]:
    """Where words go that wake nobody: the first way that a person reads and that does not ring."""
    read = [way for way in ways(user) if way.channel not in (*_MACHINES, *LOUD)]
    return read[:1] or ([Way(Channel.EMAIL, user.email)] if user.is_active else [])
