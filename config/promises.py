"""Every promise of the pager in one list: `/promises`, the watch's alarm and the dead-man's ping ask here."""

from collections.abc import Callable

from config import lateness
from incidents import auditing as clocks
from lib.promises import Broken
from notifications import auditing as messages
from oncall import auditing as pages
from outbox import auditing as news
from outbox import pulse

#: Asked in this order; each is one bounded query or two.
INVARIANTS: list[Callable[[], Broken | None]] = [
    news.given_up,
    news.owed_too_long,
    pages.unasked,
    pages.untried,
    messages.unsent,
    messages.unconnected,
    pages.after_acknowledgement,
    clocks.unnoticed,
    pages.management_unheard,
]


def broken() -> list[Broken]:
    """What is not kept at this moment. DatabaseError when nobody can know."""
    if pulse.is_clock_wrong():
        # By a wrong clock every other answer would be wrong too.
        return [Broken("clock", "is more than 5 seconds apart from the database's")]
    late = [Broken(one.sweep.name, one.reason, one.since) for one in lateness.late_sweeps()]
    failing = [Broken(name, "fails; see the log") for name in pulse.failing()]
    return [*late, *failing, *(found for ask in INVARIANTS if (found := ask()))]
