"""Which promises are late: sweeps that do not run, pages and news that wait, a clock that is wrong."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.timezone import now

from config.sweeps import SWEEPS, Sweep
from outbox import pulse

# What is due may wait for one tick and a slow batch before anybody is worried.
OWED_GRACE = timedelta(seconds=3)
# Runs are written down every few seconds only, see outbox.pulse.
RUN_GRACE = timedelta(seconds=10)
# A sweep that never ran is late from when this process first could have seen it run.
STARTED_AT = now()


@dataclass(frozen=True)
class Late:
    """A sweep, why it is late and since when; ``since`` is None when it never ran."""

    sweep: Sweep
    reason: str
    since: datetime | None = None


def late_sweeps(sweeps: list[Sweep] = SWEEPS) -> list[Late]:
    """The sweeps that should have run by now."""
    finished = pulse.last_finished()
    found = (judge(sweep, finished.get(sweep.name)) for sweep in sweeps)
    return [late for late in found if late]


def judge(sweep: Sweep, last_finished_at: datetime | None) -> Late | None:
    """Whether one sweep is late, by what it owes and by when it last ran."""
    at = now()
    owed_at = sweep.owed_since()
    if owed_at and owed_at < at - sweep.interval - OWED_GRACE:
        return Late(sweep, "something due waits", owed_at)
    if (last_finished_at or STARTED_AT) < at - 2 * sweep.interval - RUN_GRACE:
        return Late(sweep, "does not run", last_finished_at)
    return None
