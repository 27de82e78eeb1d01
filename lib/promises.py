"""A promise that is not kept: what each room's `auditing.py` returns, and nothing more."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Broken:
    """An invariant that does not hold.

    ``what`` names the invariant and never changes; ``reason`` is read by admins and by strangers at
    `/promises`, so it holds counts and no titles, names or addresses.
    """

    what: str
    reason: str
    since: datetime | None = None
