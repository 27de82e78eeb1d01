"""Plays stories in global time order: whatever falls due between two steps happens at its own moment."""

import heapq
import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db.models import Min

from config.demo.clock import Clock
from incidents import overdue
from incidents.models import Deadline
from lib.refusal import Refused
from notifications import delivery as notifications
from oncall import answering, paging
from oncall.models import PageRun
from outbox import delivery
from outbox.models import Message
from postmortems import reminders
from statuspage import planning

logger = logging.getLogger(__name__)

# A story says when it goes on.
Story = Iterator[datetime]

# What the house does by itself, in the order of config/sweeps.py. Probes are left out: they ask the network.
SWEEPS: tuple[Callable[[], int], ...] = (
    delivery.sweep,
    paging.sweep,
    answering.sweep_silence,
    overdue.miss_overdue,
)
# What a person's act can owe at the same moment; a promise is never due when it is made.
PROMPT = SWEEPS[:2]
DAILY: tuple[Callable[[], int], ...] = (
    planning.move_by_the_clock,
    reminders.sweep,
    overdue.close_old,
)
SITE = "statuspage.write"
# Lateness of the sweeps, as on a machine that has other things to do.
LATE = timedelta(seconds=1)
# A round of sweeps may owe more; beyond so many rounds at one moment something is wrong.
MOST_ROUNDS = 50


class Player:
    """Holds what is still to happen."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._waiting: list[tuple[datetime, int, Story]] = []
        self._started = 0
        self._next_daily = clock.at

    def add(self, at: datetime, story: Story) -> None:
        """A story that begins at an instant."""
        self._started += 1
        heapq.heappush(self._waiting, (at, self._started, story))

    def play(self, until: datetime) -> None:
        """Everything up to an instant, which the clock then shows."""
        with notifications.silence():
            while self._waiting and self._waiting[0][0] <= until:
                at, number, story = heapq.heappop(self._waiting)
                self._live(at)
                again = self._go_on(story)
                self._settle(PROMPT)
                if again is not None:
                    heapq.heappush(self._waiting, (max(again, self.clock.at), number, story))
            self._live(until)

    def _go_on(self, story: Story) -> datetime | None:
        """The next step; what the house refuses ends the story, and the year goes on."""
        try:
            return next(story, None)
        except Refused as refusal:
            logger.warning("A story of the demo ends at %s: %s", self.clock.at, refusal)
            return None

    def _live(self, until: datetime) -> None:
        """Let pass the time up to ``until``, with what falls due on the way."""
        while True:
            due = self._next_due()
            if due > until:
                break
            self.clock.move_to(due)
            if self._next_daily <= self.clock.at:
                self._daily()
            self._settle()
        self.clock.move_to(until)

    def _next_due(self) -> datetime:
        seen = self.clock.at
        asked = (
            Deadline.objects.filter(stopped_at=None).aggregate(at=Min("next_at"))["at"],
            PageRun.objects.filter(status=PageRun.Status.RUNNING).aggregate(at=Min("next_at"))["at"],
            PageRun.objects.aggregate(at=Min("silence_at"))["at"],
            Message.objects.open().filter(due_at__gt=seen).aggregate(at=Min("due_at"))["at"],
        )
        # What is due and was not taken by the last round waits for its owner, not for us.
        owed: list[datetime] = [at + LATE for at in asked if at is not None and at + LATE > seen]
        return min([self._next_daily, *owed])

    def _settle(self, sweeps: tuple[Callable[[], int], ...] = SWEEPS) -> None:
        """Sweep until nobody owes anything any more."""
        for _ in range(MOST_ROUNDS):
            self._put_off_the_site()
            if not sum(sweep() for sweep in sweeps):
                return
        raise RuntimeError(f"the house does not come to rest at {self.clock.at}")

    def _put_off_the_site(self) -> None:
        # Nobody reads the public site of a moment long past; it is written once, when the year is over.
        owed = Message.objects.open().filter(handler=SITE)
        owed.update(delivered_at=self.clock.at, note="Written at the end of the demo year.")

    def _daily(self) -> None:
        for sweep in DAILY:
            sweep()
        self._next_daily = self.clock.at + timedelta(days=1)
