"""What every channel is: one method that sends, and before and after it the rows it needs."""

from typing import Any, Protocol

from notifications.models import Delivery

Told = dict[str, Any]


class Transport(Protocol):
    """One way out.

    ``send`` runs beside others in a thread and touches no row; what it learned it returns. ``prepare``
    and ``settle`` run in the sweep's own thread, before and after.
    """

    def is_set_up(self) -> bool:
        """Whether this installation has what the channel needs (a token, a key)."""

    def prepare(self, delivery: Delivery) -> None:
        """Complete the message with what only the database knows (nothing is saved)."""

    def send(self, delivery: Delivery) -> Told:
        """Send it now.

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

    def prepare(self, delivery: Delivery) -> None:
        return None

    def settle(self, delivery: Delivery, told: Told) -> None:
        return None
