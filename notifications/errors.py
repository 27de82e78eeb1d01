"""The two ways in which a message fails: for good, or for now."""

from datetime import timedelta


class Permanent(Exception):
    """It will never arrive: no such address, refused, switched off. Trying again is of no use."""


class Passing(Exception):
    """It may arrive later: the other side is busy, slow or away.

    ``retry_after`` is what the other side asked for, where it did.
    """

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
