"""One of many, in turn: whose turn it is stands in the database, so that the load is shared fairly."""

from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.utils.timezone import now

from accounts.models import User
from oncall.models import RoundRobin

Aim = dict[str, Any]


def members(aim: Aim) -> list[User]:
    """Everybody in the team, or who takes turns in the schedule; in the order in which they are asked."""
    group = Q(teams=aim["id"]) if aim["kind"] == "team" else Q(layer_places__layer__schedule=aim["id"])
    return list(User.objects.responders().filter(group).order_by("pk").distinct())


def peek(aim: Aim, may: Callable[[User], bool] = bool, *, last: int | None = None) -> User | None:
    """Who would be asked next, after ``last`` where that is given. Changes nothing."""
    if last is None:
        row = RoundRobin.objects.filter(**_of(aim)).first()
        last = row.last if row else 0
    people = members(aim)
    # By id and round again: a member who left, or came, changes nobody else's turn.
    ordered = [one for one in people if one.pk > last] + [one for one in people if one.pk <= last]
    return next((one for one in ordered if may(one)), None)


def take(aim: Aim, may: Callable[[User], bool]) -> User | None:
    """Ask the next one: the pointer moves in the caller's transaction, under the pointer's own lock.

    Who may not be asked now (no way to be reached, left out of this run) is passed over and keeps
    no debt; None when that is true of everybody.
    """
    if not members(aim):
        return None
    RoundRobin.objects.get_or_create(**_of(aim))
    row = RoundRobin.objects.select_for_update().get(**_of(aim))
    person = peek(aim, may, last=row.last)
    if person is not None:
        RoundRobin.objects.filter(pk=row.pk).update(last=person.pk, moved_at=now())
    return person


def _of(aim: Aim) -> dict[str, Any]:
    return {"team_id" if aim["kind"] == "team" else "schedule_id": aim["id"]}
