"""Every periodic job of the house, on one page.

To add one, write its line here: a name, the dotted path of a plain function without arguments
that returns how much it did, and every how many seconds. Beat rings it, `manage.py sweep` runs
all of them once, and `manage.py watch` runs what is late when the broker, beat or the workers fail.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.module_loading import import_string

OUTBOX = "outbox.delivery."
DELIVERY = "notifications.delivery."
FIRST = True


@dataclass(frozen=True)
class Sweep:
    """A periodic job.

    ``function`` must take a bounded batch and be safe to run twice at once and safe to skip.
    ``owed`` names a function that returns since when the oldest due thing waits, or None: with it
    lateness is known at once, without it only by when the sweep last ran. ``at_once`` is how many
    runs may share a process. The others slow down while one that ``comes_first`` has much to do.
    """

    name: str
    function: str
    every: float
    queue: str = "tick"
    owed: str = ""
    at_once: int = 1
    comes_first: bool = False

    @property
    def task_name(self) -> str:
        return f"sweep.{self.name}"

    @property
    def interval(self) -> timedelta:
        return timedelta(seconds=self.every)

    def load(self) -> Callable[[], int | None]:
        """The function itself; ImportError when a line above names something that is not there."""
        function: Callable[[], int | None] = import_string(self.function)
        return function

    @property
    def rhythm(self) -> dict[str, Any]:
        """What `outbox.pulse.run` has to know of it: one batch after the other, for at most its interval."""
        return {"at_once": self.at_once, "budget": self.interval, "comes_first": self.comes_first}

    def owed_since(self) -> datetime | None:
        """Since when the oldest due thing waits, where the sweep can tell."""
        if not self.owed:
            return None
        ask: Callable[[], datetime | None] = import_string(self.owed)
        return ask()


SWEEPS = [
    # Who is woken.
    Sweep("outbox-pages", OUTBOX + "sweep_pages", 1, "page", OUTBOX + "pages_owed_since", 3, FIRST),
    Sweep("pages", "oncall.paging.sweep", 1, "page", "oncall.paging.owed_since", 2, FIRST),
    Sweep("pages-silence", "oncall.answering.sweep_silence", 5, "page", comes_first=FIRST),
    Sweep(
        "urgent", "notifications.delivery.sweep_urgent", 1, "page", DELIVERY + "urgent_owed_since", 3, FIRST
    ),
    # What was promised to whom.
    Sweep("incident-deadlines", "incidents.overdue.miss_overdue", 1, comes_first=FIRST),
    Sweep("outbox-bulk", OUTBOX + "sweep_bulk", 1, "bulk", OUTBOX + "bulk_owed_since", 3),
    Sweep("deliveries", DELIVERY + "sweep_bulk", 1, "bulk", DELIVERY + "bulk_owed_since", 3),
    # What we look after ourselves, and alerts that wait for quiet or for the end of a silence.
    Sweep("checks", "detection.probes.sweep", 1, "bulk", "detection.probes.owed_since"),
    Sweep("heartbeats", "detection.heartbeats.sweep", 5, "tick", "detection.heartbeats.owed_since"),
    Sweep("alerts", "detection.alerts.release", 15),
    # What the public is told.
    Sweep("status-site", "statuspage.writing.sweep", 5, "bulk", "statuspage.writing.owed_since"),
    Sweep("status-mail", "statuspage.mailing.sweep", 5, "bulk", "statuspage.mailing.owed_since"),
    Sweep("status-maintenance", "statuspage.planning.move_by_the_clock", 5),
    # What can wait a minute.
    Sweep("swaps", "oncall.swaps.sweep", 60),
    Sweep("shifts", "oncall.announcing.sweep", 60),
    Sweep("canaries", "notifications.canary.sweep", 60, "tick", "notifications.canary.owed_since"),
    Sweep("drills", "oncall.drills.sweep", 20, "tick", "oncall.drills.owed_since"),
    Sweep("postmortem-reminders", "postmortems.reminders.sweep", 60),
    Sweep("incident-closing", "incidents.overdue.close_old", 300),
    # Tidying up.
    Sweep("outbox-forget", OUTBOX + "forget", 300),
    Sweep("payloads-forget", "detection.sources.forget_payloads", 300),
    Sweep("report-voices-forget", "detection.voices.forget", 300),
    Sweep("check-results-forget", "detection.probes.forget_results", 300),
    # Figures by month: filled once, then the gaps of services whose failures changed.
    Sweep("metrics-rollups", "metrics.rollups.sweep", 5),
    Sweep("answers-forget", "accounts.idempotency.forget_old", 300),
    Sweep("subscribers-forget", "statuspage.subscribing.forget", 300),
    Sweep("chat-forget", "chatops.once.forget", 300),
]
