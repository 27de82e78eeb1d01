"""After an outage: which rung is the current one by now. Pure."""

from datetime import datetime, timedelta
from typing import Any

Rung = dict[str, Any]


def after_nobody(rungs: list[Rung], position: int, *, anybody: bool) -> int:
    """Where a run goes on when the rung at ``position`` reached nobody.

    It is the next rung, at once. A round in which the run has reached nobody at all (``anybody``) is not
    said again: what is empty now is empty in a second, so the last resort comes.
    """
    place = position + 1
    if place < len(rungs) and rungs[place]["round"] > rungs[position]["round"] and not anybody:
        while place < len(rungs) and not rungs[place].get("last_resort"):
            place += 1
    return place


def current(
    rungs: list[Rung], tail: Rung | None, position: int, due: datetime, at: datetime, *, grace: timedelta
) -> int:
    """The rung that should ring at ``at`` when the one at ``position`` was due at ``due``.

    A rung is overtaken when a later one has been due for longer than ``grace``. When everything is, the
    endless tail is the current one; without a tail, the last rung of the policy itself, because the
    people whose duty it is come before the last resort.
    """
    place, moment, found, own = position, due, position, position
    while place < len(rungs):
        if moment > at - grace and place != position:
            return found
        if moment > due:
            # Rungs that are due together stay together: the first of them is where to go on.
            found, due = place, moment
        if not rungs[place].get("last_resort"):
            own = found
        moment += timedelta(seconds=rungs[place]["wait"])
        place += 1
    if moment > at - grace:
        return found
    return max(len(rungs), position) if tail is not None else own
