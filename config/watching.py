"""The watch: sees a sweep that is late and runs it itself, without the broker.

Beat, the workers and Redis may all be gone; with this process and the database a page is then
seconds late and never lost. The auditor lives here too. It writes nothing while all is well.
"""

import logging
import threading
from datetime import datetime

from django.db import DatabaseError, connection
from django.utils.timezone import now

from config.auditor import Auditor
from config.lateness import judge
from config.sweeps import SWEEPS, Sweep
from outbox import pulse

logger = logging.getLogger(__name__)


class Watch:
    """Looks once a second; each late sweep runs in a thread of its own, so that none holds up another."""

    def __init__(self, sweeps: list[Sweep] = SWEEPS) -> None:
        self.sweeps = sweeps
        self.auditor = Auditor()
        self.audit = threading.Thread()
        # When our own run of a sweep finished: while nobody else's is newer, we go on in its rhythm.
        self.relieving: dict[str, datetime] = {}
        self.running: dict[str, threading.Thread] = {}
        self.started_at = now()

    def look(self) -> list[Sweep]:
        """Start what is late; return it."""
        if pulse.is_clock_wrong():
            logger.error("This clock and the database's are more than 5 seconds apart: not sweeping by it.")
            return []
        finished = pulse.last_finished()
        late = [sweep for sweep in self.sweeps if self._is_mine(sweep, finished.get(sweep.name))]
        for sweep in late:
            self._start(sweep)
        return late

    def _is_mine(self, sweep: Sweep, last_finished_at: datetime | None) -> bool:
        thread = self.running.get(sweep.name)
        if thread and thread.is_alive():
            return False
        own = self.relieving.get(sweep.name)
        if own and last_finished_at and last_finished_at <= own:
            return now() >= own + sweep.interval
        self.relieving.pop(sweep.name, None)
        # Right after our own start the workers are starting too.
        since = max(last_finished_at or self.started_at, self.started_at)
        return judge(sweep, since) is not None

    def _start(self, sweep: Sweep) -> None:
        if sweep.name not in self.relieving:
            logger.warning("%s is late; running it here", sweep.name)
        thread = threading.Thread(target=self._run, args=[sweep], name=sweep.name, daemon=True)
        self.running[sweep.name] = thread
        thread.start()

    def _run(self, sweep: Sweep) -> None:
        try:
            pulse.run(sweep.name, sweep.load(), **sweep.rhythm)
        except Exception:
            logger.exception("%s failed in the watch", sweep.name)
        finally:
            self.relieving[sweep.name] = now()
            connection.close()

    def _audit(self) -> None:
        # In a thread of its own: a mail server that hangs must not hold up a sweep.
        if self.auditor.is_due() and not self.audit.is_alive():
            self.audit = threading.Thread(target=self._look_once, name="auditor", daemon=True)
            self.audit.start()

    def _look_once(self) -> None:
        try:
            self.auditor.look()
        finally:
            connection.close()

    def watch(self, stop: threading.Event, *, every: float = 1.0) -> None:
        """Look until told to stop; a database that is away is simply asked again."""
        while not stop.wait(every):
            self._audit()
            try:
                self.look()
            except DatabaseError as error:
                logger.error("The watch cannot ask the database: %s", error)
            finally:
                connection.close()
