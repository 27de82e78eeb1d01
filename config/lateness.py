"""Which promises are late: sweeps that do not run, pages and news that wait, a clock that is wrong."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

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


#: What people notice of a late sweep, by the beginning of its name. The rest is tidying up.
_NOTICED = {
    "incident-deadlines": _("reminders of missed promises"),
    "outbox-bulk": _("mails and chat messages"),
    "deliveries": _("mails and chat messages"),
    "checks": _("health checks"),
    "heartbeats": _("heartbeats"),
    "alerts": _("alerts that wait for quiet"),
    "status": _("the public status page"),
    "shifts": _("shift changes"),
    "swaps": _("shift changes"),
    "canaries": _("test pages and drills"),
    "drills": _("test pages and drills"),
    "postmortem": _("reminders of postmortems"),
    "metrics": _("the figures"),
}
_TIDYING = _("tidying up")
#: The queue of what wakes people.
_RINGS = "page"


@dataclass(frozen=True)
class Asleep:
    """What lateness means for people: whether nobody may be woken, since when, what else is late."""

    rings: bool
    since: datetime | None
    what: list[str]


def meaning(late: list[Late]) -> Asleep | None:
    """The late sweeps in the words of who reads the Now page; None while all are in time."""
    if not late:
        return None
    ringing = [one for one in late if one.sweep.queue == _RINGS]
    known = [one.since for one in ringing or late if one.since]
    noticed = [_noticed(one.sweep.name) for one in late if one not in ringing]
    return Asleep(bool(ringing), min(known, default=None), list(dict.fromkeys(noticed)))


def _noticed(name: str) -> str:
    found = (str(words) for start, words in _NOTICED.items() if name.startswith(start))
    return next(found, str(_TIDYING))


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
