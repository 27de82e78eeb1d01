"""Many due rungs at once: those of a batch that are plain share their statements, locks and commit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from accounts.models import User
from catalog.models import Team
from incidents import timeline
from incidents.kinds import OPEN
from incidents.models import Incident, IncidentMember
from lib import failpoints
from notifications import contacts
from oncall import asking, ladder, plans, recording, stopping
from oncall.models import PageRun

# So many incidents are locked for the time that their statements take; an answer waits for no longer.
AT_ONCE = 100


@dataclass(frozen=True)
class Climbed:
    """How many rungs were climbed, and the runs that have to be looked at one by one."""

    count: int
    left: list[int]


class _Taken(Exception):
    """Somebody else moved one of the runs at this moment."""


@dataclass(frozen=True)
class _Step:
    run: PageRun
    incident: Incident
    rung: ladder.Rung
    seen: int
    is_late: bool
    users: list[User]


def climb(run_ids: Sequence[int]) -> Climbed:
    """Climb those of the due runs that are plain, all or none; incidents somebody writes to are left alone.

    Plain is what asks people who can be reached, at any hour and not in turn, in no drill and in no
    maintenance. The other runs are named, for `paging.climb`.
    """
    try:
        with transaction.atomic():
            free = _free(run_ids)
            steps = _plain(free)
            if steps:
                _climb(steps)
            failpoints.reach("before_commit")
    except _Taken:
        return Climbed(0, list(run_ids))
    done = {step.run.pk for step in steps}
    return Climbed(len(done), [run.pk for run, _incident in free if run.pk not in done])


def _free(run_ids: Sequence[int]) -> list[tuple[PageRun, Incident]]:
    """The due runs whose incidents we hold now, read afresh; the longest due first."""
    due = PageRun.objects.filter(
        stopping.wanted(), pk__in=run_ids, status=PageRun.Status.RUNNING, next_at__lte=now()
    )
    incidents = timeline.lock_those_free(due.values_list("incident", flat=True))
    runs = due.filter(incident__in=incidents).order_by("next_at", "pk") if incidents else ()
    return [(run, incidents[run.incident_id]) for run in runs]


def _plain(free: Sequence[tuple[PageRun, Incident]]) -> list[_Step]:
    known = _Known()
    found = [step for run, incident in free if (step := _step(run, incident, known))]
    busy = _in_drills({user.pk for step in found for user in step.users})
    return [step for step in found if busy.isdisjoint(user.pk for user in step.users)]


def _step(run: PageRun, incident: Incident, known: "_Known") -> _Step | None:
    if run.next_at is None or run.quiet_until or run.waits_for_hours or incident.is_drill:
        return None
    seen = run.position
    ladder.catch_up(run)
    rung = ladder.rung_of(run)
    if rung is None or rung.get("in_hours") or any(aim.get("in_turn") for aim in rung["aims"]):
        return None
    after = ladder.next_at(run.next_at, rung)
    left_out = set(run.plan.get("leave_out", []))
    users = [user for user in known.people(rung, incident.team) if user.pk not in left_out]
    is_late = ladder.is_late(run.next_at)
    return _Step(run, incident, rung, seen, is_late, users) if users and after > now() else None


def _in_drills(user_ids: set[int]) -> set[int]:
    """A real page ends their drill, which is an incident of its own."""
    rows = IncidentMember.objects.belonging().filter(
        user__in=user_ids, incident__is_drill=True, incident__status__in=OPEN
    )
    return set(rows.values_list("user", flat=True))


@dataclass
class _Known:
    """What was asked of the database already, as it stands at this moment."""

    at: datetime = field(default_factory=now)
    aimed: dict[tuple[str, int | None, int], list[User]] = field(default_factory=dict)
    reachable: dict[int, bool] = field(default_factory=dict)

    def people(self, rung: ladder.Rung, team: Team) -> list[User]:
        """Everybody the rung means who can be reached, each once."""
        found: dict[int, User] = {}
        for aim in rung["aims"]:
            key = (aim["kind"], aim["id"], team.pk)
            if key not in self.aimed:
                self.aimed[key] = plans.people([aim], team, at=self.at)
            found |= {user.pk: user for user in self.aimed[key] if user.pk not in found}
        return [user for user in found.values() if self.may_be_reached(user)]

    def may_be_reached(self, user: User) -> bool:
        if user.pk not in self.reachable:
            self.reachable[user.pk] = bool(contacts.ways(user))
        return self.reachable[user.pk]


def _climb(steps: Sequence[_Step]) -> None:
    _claim(steps)
    failpoints.reach("after_claim")
    recording.overtaken_all([(step.run, step.incident, step.seen) for step in steps])
    asking.ask([asking.Ask(step.run, step.incident, step.rung, step.users) for step in steps])


def _claim(steps: Sequence[_Step]) -> None:
    """Conditional UPDATEs, whose row counts decide; those that move alike share one.

    What is asked of a run is asked again here: that its rung is still the one that was read, and due.
    """
    alike: dict[tuple[int, int, int, bool], list[int]] = {}
    for one in steps:
        way = (one.seen, one.run.position, one.rung["wait"], one.is_late)
        alike.setdefault(way, []).append(one.run.pk)
    at = now()
    for (seen, place, wait, is_late), ids in alike.items():
        mine = PageRun.objects.filter(
            stopping.wanted(), pk__in=ids, status=PageRun.Status.RUNNING, quiet_until=None
        )
        began: Any = at if is_late else F("next_at")
        won = mine.filter(position=seen, next_at__lte=at).update(
            position=place + 1, next_at=began + timedelta(seconds=wait)
        )
        if won != len(ids):
            raise _Taken
