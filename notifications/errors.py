"""The ways in which a message fails: for good, for now, or until an admin has mended something."""

from datetime import timedelta

#: What is in trouble when every call is refused, whichever it was.
WHOLE_APP = "token"


class Permanent(Exception):
    """It will never arrive: no such address, refused, switched off. Trying again is of no use."""


class Passing(Exception):
    """It may arrive later: the other side is busy, slow or away.

    ``retry_after`` is what the other side asked for, where it did.
    """

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Unconnected(Passing):
    """Nothing passes until an admin mends the connection (a revoked token, a missing right).

    The message waits for days, not for hours. ``what`` names the trouble, so that it is told once.
    """

    def __init__(self, reason: str, *, what: str) -> None:
        super().__init__(reason)
        self.what = what
