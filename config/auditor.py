"""The pager's pager, in the watch: are the promises kept? It tells when not, and pings while they are."""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext as _

from config import alarm, promises
from outbox import breaches

logger = logging.getLogger(__name__)
EVERY_SECONDS = 10.0
PING_EVERY_SECONDS = 60.0
# A restart of the database takes a few seconds and is nobody's alarm.
DATABASE_PATIENCE_SECONDS = 30.0


class Auditor:
    """Looks every ten seconds. Of a database that is away it can only tell what it remembers."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.looked_at = clock()  # Right after the start the workers are starting too.
        self.pinged_at = float("-inf")
        self.admins: list[str] = []
        self.away_since: float | None = None
        self.told_away = False

    def is_due(self) -> bool:
        return self.clock() >= self.looked_at + EVERY_SECONDS

    def look(self) -> None:
        """One look; never raises, because nobody is above it."""
        self.looked_at = self.clock()
        try:
            found = promises.broken()
            breaches.keep(found)
            self.admins = alarm.admins()
            self._is_back()
            if rows := breaches.claim():
                subject, lines = alarm.words(rows)
                if alarm.tell(subject, lines, self.admins):
                    breaches.told(rows)
        except DatabaseError as error:
            self._is_away(error)
        except Exception:
            logger.exception("the auditor failed")
        else:
            if not found:
                self._ping()

    def _ping(self) -> None:
        if settings.DEADMAN_URL and self.clock() >= self.pinged_at + PING_EVERY_SECONDS - EVERY_SECONDS / 2:
            self.pinged_at = self.clock()
            alarm.ping()

    def _is_away(self, error: Exception) -> None:
        logger.error("The auditor cannot ask the database: %s", error)
        self.away_since = self.away_since or self.clock()
        if self.told_away or self.clock() < self.away_since + DATABASE_PATIENCE_SECONDS:
            return
        lines = [_("The database does not answer. Nobody is paged until it does.")]
        self.told_away = alarm.tell(_("Tocsin: the database does not answer"), lines, self.admins)

    def _is_back(self) -> None:
        if self.told_away:
            lines = [_("It answers again; what was owed goes out now.")]
            alarm.tell(_("Tocsin: the database answers again"), lines, self.admins)
        self.away_since, self.told_away = None, False
