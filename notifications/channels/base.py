"""What every channel is: one method that sends, and before and after it the rows it needs."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from notifications.models import Delivery

Told = dict[str, Any]


@dataclass(frozen=True)
class Known:
    """What a message needs and only the database knows: looked up before it is sent, kept nowhere."""

    #: Of the line or the webhook, the newest first; none when it was removed or switched off.
    secrets: tuple[str, ...] = ()
    #: The address to open.
    link: str = ""
    #: What a phone shows of it.
    shown: dict[str, Any] = field(default_factory=dict)
    #: The incident's channel in Slack.
    channel: str = ""
    #: The message in it that is edited, by Slack's ``ts``; nothing when it never arrived.
    changes: str = ""
    #: The pinned summary in it, by Slack's ``ts``.
    summary: str = ""
    #: Channels of that name which belong to other incidents.
    others: frozenset[str] = frozenset()

    @property
    def secret(self) -> str:
        """The newest one, or nothing."""
        return next(iter(self.secrets), "")


class Transport(Protocol):
    """One way out.

    ``send`` runs beside others in a thread and touches no row; what it learned it returns. ``prepare``
    and ``settle`` run in the sweep's own thread, before and after.
    """

    def is_set_up(self) -> bool:
        """Whether this installation has what the channel needs (a token, a key)."""

    def prepare(self, delivery: Delivery) -> Known:
        """Look up what only the database knows of the message."""

    def send(self, delivery: Delivery, known: Known) -> Told:
        """Send it now, with what ``prepare`` found.

        Raises:
            Permanent: it will never arrive.
            Passing: it may later.
        """

    def settle(self, delivery: Delivery, told: Told) -> None:
        """Keep what the other side told, after the message counts as sent."""


class Plain:
    """A channel that needs no rows."""

    def is_set_up(self) -> bool:
        return True

    def prepare(self, delivery: Delivery) -> Known:
        return Known()

    def settle(self, delivery: Delivery, told: Told) -> None:
        return None
