"""Where a run stands on its plan: which rung is next, and when the one after it is due. Touches no row."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import now

from oncall import backlog
from oncall.models import PageRun

Rung = dict[str, Any]
# A rung that was due longer ago than this is climbed from now on, not from its due time.
CATCH_UP = timedelta(seconds=30)


def rung_of(run: PageRun) -> Rung | None:
    """The rung that is climbed next: of the rounds, then the endless tail; None at the end of the plan."""
    if run.position < len(run.rungs):
        return run.rungs[run.position]
    tail: Rung | None = run.plan.get("tail")
    return None if run.waits_for_hours else tail


def is_late(due: datetime) -> bool:
    """So late that the plan goes on from now, not from when it should have."""
    return now() - due >= CATCH_UP


def is_tail(run: PageRun) -> bool:
    return run.position >= len(run.rungs)


def catch_up(run: PageRun) -> None:
    """After an outage the backlog is not rung down: the rung that is current by now is the one to climb."""
    if run.next_at is not None and is_late(run.next_at):
        tail = None if run.waits_for_hours else run.plan.get("tail")
        run.position = backlog.current(run.rungs, tail, run.position, run.next_at, now(), grace=CATCH_UP)


def next_at(due: datetime, rung: Rung) -> datetime:
    """When the rung after this one is due, which was due itself at ``due``."""
    began = now() if is_late(due) else due
    return began + timedelta(seconds=rung["wait"])
