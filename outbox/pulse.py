"""When each sweep last ran, and whether this machine's clock can be trusted."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils.timezone import now

from outbox.models import SweepRun

logger = logging.getLogger(__name__)

# A finished run is written down at most this often, so that idle sweeps do not write all day.
WRITE_EVERY = timedelta(seconds=5)
# Beyond this the database's clock and ours cannot both be right.
MAX_SKEW = timedelta(seconds=5)

# Nobody's clock jumps twice a second.
ASK_CLOCK_EVERY = 2.0
_trust = (float("-inf"), True)

_gates: dict[str, threading.BoundedSemaphore] = {}
_opening = threading.Lock()
# How many sweeps that come first have more to do than one batch, and the turn of those that can wait then.
_rushing = 0
_waiting_turn = threading.BoundedSemaphore(1)


@dataclass(frozen=True)
class Run:
    """How one run ended: ``count`` things done, or skipped because enough of them run already."""

    count: int
    is_skipped: bool = False


def run(
    name: str,
    function: Callable[[], int | None],
    *,
    at_once: int = 1,
    budget: timedelta = timedelta(0),
    comes_first: bool = False,
) -> Run:
    """Run a sweep and remember when.

    A sweep takes a bounded batch; while there is more to do and ``budget`` is not used up, it takes
    the next one at once, so that ten thousand due things do not wait for fifty ticks. At most
    ``at_once`` runs of a name share a process, so that a sweep that hangs cannot take every thread.
    While a sweep that ``comes_first`` has more to do than one batch, the others of this process take turns,
    one batch each: they slow down and never stop. A failure is remembered and raised.
    """
    with contextlib.ExitStack() as held:
        gates = [_gate(name, at_once)]
        if not comes_first and is_rushing():
            gates.append(_waiting_turn)
        for gate in gates:
            if not gate.acquire(blocking=False):
                return Run(0, is_skipped=True)
            held.callback(gate.release)
        started_at = now()
        try:
            count = _repeat(function, budget, comes_first=comes_first)
        except Exception as error:
            _failed(name, started_at, error)
            raise
        _finished(name, started_at)
        return Run(count)


def is_rushing() -> bool:
    """Whether what comes first has more to do, so that what can wait should take small steps."""
    return _rushing > 0


def _repeat(function: Callable[[], int | None], budget: timedelta, *, comes_first: bool) -> int:
    end = time.monotonic() + budget.total_seconds()
    total = done = function() or 0
    with _rush() if comes_first and done and budget else contextlib.nullcontext():
        while done and time.monotonic() < end and (comes_first or not is_rushing()):
            done = function() or 0
            total += done
    return total


@contextlib.contextmanager
def _rush() -> Iterator[None]:
    global _rushing
    with _opening:
        _rushing += 1
    try:
        yield
    finally:
        with _opening:
            _rushing -= 1


def _gate(name: str, at_once: int) -> threading.BoundedSemaphore:
    with _opening:
        return _gates.setdefault(name, threading.BoundedSemaphore(at_once))


def _finished(name: str, started_at: datetime) -> None:
    known = SweepRun.objects.filter(name=name).first()
    fresh = known and known.last_finished_at and known.last_finished_at > now() - WRITE_EVERY
    if known and fresh and not known.last_error:
        return
    SweepRun.objects.update_or_create(
        name=name,
        defaults={"last_started_at": started_at, "last_finished_at": now(), "last_error": ""},
    )


def _failed(name: str, started_at: datetime, error: Exception) -> None:
    logger.exception("sweep %s failed", name)
    reason = f"{type(error).__name__}: {error}".replace("\x00", "")[:1000]
    SweepRun.objects.update_or_create(
        name=name, defaults={"last_started_at": started_at, "failed_at": now(), "last_error": reason}
    )


def last_finished() -> dict[str, datetime]:
    """When each sweep last came to its end."""
    rows = SweepRun.objects.exclude(last_finished_at=None)
    return {run.name: run.last_finished_at for run in rows if run.last_finished_at}


def failing() -> dict[str, str]:
    """The sweeps whose last run failed, with the reason."""
    return dict(SweepRun.objects.exclude(last_error="").values_list("name", "last_error"))


def skew() -> timedelta:
    """How far our clock is ahead of the database's; SQLite has none of its own."""
    if connection.vendor != "postgresql":
        return timedelta(0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    at: datetime = row[0]
    return now() - at


def may_sweep() -> bool:
    """Whether this process may act by its clock; the database is asked once in a few seconds.

    A worker an hour ahead would climb an hour of steps at once.
    """
    global _trust
    asked_at, is_trusted = _trust
    if time.monotonic() - asked_at > ASK_CLOCK_EVERY:
        is_trusted = not is_clock_wrong()
        _trust = (time.monotonic(), is_trusted)
        if not is_trusted:
            logger.error("This clock and the database's are more than 5 seconds apart: not sweeping by it.")
    return is_trusted


def is_clock_wrong() -> bool:
    """Whether sweeping by this clock would be early or late by more than a few seconds."""
    return abs(skew()) > MAX_SKEW
