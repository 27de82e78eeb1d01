"""Runs and their rungs: who is asked next, until somebody answers. The only writer of pages."""

import logging
from datetime import datetime, timedelta
from enum import Enum
from itertools import batched
from typing import Any

from django.db import transaction
from django.db.models import Max, Min
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.actors import system
from accounts.models import User
from catalog.models import Quiet
from incidents import neighbours, timeline
from incidents.kinds import Status
from incidents.models import Incident, IncidentMember
from incidents.people import end_drill
from lib import failpoints
from lib.businesshours import NeverOpen
from notifications import contacts, delivery
from notifications.models import Delivery
from oncall import asking, backlog, ladder, plans, quieting, recording, ringing, stopping, together, turns
from oncall.models import PageRun, Policy

Run = PageRun.Status
OWN = ringing.OWN
logger = logging.getLogger(__name__)


def start(
    incident: Incident,
    *,
    reason: str,
    key: str,
    plan: plans.Plan,
    policy: Policy | None = None,
    name: str = "",
    note: str = "",
    asked_by: User | None = None,
    waits_for_hours: bool = False,
    rings: bool = True,
    muted: Quiet | None = None,
) -> PageRun | None:
    """Begin to page, once per key; the first rung is climbed in the same transaction.

    The caller holds the incident's lock. Retrospective incidents never page.
    """
    if incident.is_retrospective or PageRun.objects.filter(key=key).exists():
        return None
    begins = now() + timedelta(seconds=plan.get("first", 0))
    run = PageRun.objects.create(
        incident=incident,
        policy=policy,
        policy_name=(name or str(policy or _("by hand")))[:120],
        reason=reason,
        note=note[:300],
        asked_by=asked_by,
        opening=incident.opening,
        key=key,
        plan=plan,
        after_event=incident.timeline.aggregate(last=Max("number"))["last"] or 0,
        waits_for_hours=waits_for_hours,
        next_at=begins if rings else None,
        started_at=now(),
    )
    if rings and muted:
        quieting.wait(run, incident, muted)
    elif rings and waits_for_hours and not _rings_now(incident):
        _wait_for_opening(run, incident)
    elif rings:
        climb_all(run.pk)
    return PageRun.objects.get(pk=run.pk)


def sweep(limit: int = 2 * together.AT_ONCE) -> int:
    """Climb every rung that is due; return how many. Safe to run twice at once.

    What is plain goes many at a time; what is not, or failed so, one by one. One that cannot be climbed does
    not stop the ones behind it: the error is raised when all were tried.
    """
    due = PageRun.objects.filter(status=Run.RUNNING, next_at__lte=now())
    if not due.exists():
        return 0
    climbed, errors = 0, []
    due = due.filter(stopping.wanted())
    for some in batched(due.order_by("next_at").values_list("pk", flat=True)[:limit], together.AT_ONCE):
        try:
            done = together.climb(some)
        except Exception:
            logger.exception("many steps at once failed, each is tried by itself")
            done = together.Climbed(0, list(some))
        climbed += done.count
        for pk in done.left:
            try:
                climbed += climb(pk)
            except Exception as error:
                logger.exception("the run %s could not be climbed", pk)
                errors.append(error)
    if errors:
        raise errors[0]
    return climbed


def owed_since() -> datetime | None:
    """Since when somebody should have been asked."""
    due = PageRun.objects.filter(status=Run.RUNNING, next_at__lte=now())
    oldest: datetime | None = due.aggregate(at=Min("next_at"))["at"]
    return oldest


@transaction.atomic
def climb(run_id: int) -> int:
    """One due run: ask the next rung, and the ones after it as long as nobody is reached.

    Lock order is always incident, then run; an incident that somebody writes to is left to the next sweep.
    """
    incident = timeline.lock_if_free(PageRun.objects.values_list("incident", flat=True).get(pk=run_id))
    climbed = climb_all(run_id, incident) if incident else 0
    failpoints.reach("before_commit")
    return climbed


def climb_all(run_id: int, incident: Incident | None = None) -> int:
    """The same for who holds the incident's lock already, with the row it gave."""
    row = incident or timeline.lock(PageRun.objects.values_list("incident", flat=True).get(pk=run_id))
    climbed = 0
    while (done := _climb(run_id, row)) is not _Climbed.NOTHING:
        climbed += 1
        if done is _Climbed.LAST:
            break
    return climbed


class _Climbed(Enum):
    """What became of one look at a run."""

    NOTHING = 0
    #: A rung was asked, and the next one has a time of its own.
    LAST = 1
    #: A rung is done, and the next one may be due already.
    ONE = 2


def _climb(run_id: int, incident: Incident) -> _Climbed:
    """Claim the rung by a conditional UPDATE and ask its people."""
    run = PageRun.objects.select_related("policy").get(pk=run_id)
    if run.next_at is None or run.next_at > now():
        return _Climbed.NOTHING
    if quieting.waits_on(run, incident):
        return _Climbed.NOTHING
    if run.waits_for_hours and ladder.rung_of(run) is not None and not _rings_now(incident):
        _wait_for_opening(run, incident)
        return _Climbed.NOTHING
    seen = run.position
    ladder.catch_up(run)
    rung = ladder.rung_of(run)
    after = ladder.next_at(run.next_at, rung) if rung else None
    claim = PageRun.objects.filter(
        stopping.wanted(), pk=run.pk, status=Run.RUNNING, position=seen, next_at=run.next_at
    )
    changes: dict[str, Any] = {"position": run.position + 1, "next_at": after, "quiet_until": None}
    if rung is None:
        changes = {"status": Run.EXPIRED, "next_at": None, "ended_at": now()}
    if not claim.update(**changes):
        return _Climbed.NOTHING
    failpoints.reach("after_claim")
    if rung is None:
        _ran_out(run, incident)
        return _Climbed.NOTHING
    if run.position > seen:
        recording.overtaken(run, incident, seen)
    is_asked = _ask(run, rung, incident)
    if not is_asked and not ladder.is_tail(run):
        _hurry(run)
        return _Climbed.ONE
    return _Climbed.LAST if after is None or after > now() else _Climbed.ONE


def _ask(run: PageRun, rung: dict[str, Any], incident: Incident) -> bool:
    """Write the pages and their messages; False when the rung reaches nobody."""
    if rung.get("in_hours") and not _rings_now(incident):
        recording.out_of_hours(run, rung, incident)
        return False
    users = _whom(run, rung, incident)
    if not users:
        _say_nobody(run, rung, incident)
        return False
    asking.ask([asking.Ask(run, incident, rung, users)])
    _end_drills(users, incident)
    return True


def _say_nobody(run: PageRun, rung: dict[str, Any], incident: Incident) -> None:
    """A gap is said once: later rounds and the tail ask in silence, a call for help is one question."""
    beyond = run.position - len(run.rungs)
    if beyond > 0 or rung["round"] > 1:
        return
    if run.reason != PageRun.Reason.HELP:
        recording.reached_nobody(run, rung, incident)
    elif beyond == 0 and not run.pages.exists():
        recording.no_help(run, incident)


def _whom(run: PageRun, rung: dict[str, Any], incident: Incident) -> list[User]:
    """Everybody the rung means who may be asked and can be reached. Turns move on here, and only here."""
    left_out = set(run.plan.get("leave_out", []))
    taking_part = set(incident.members.values_list("user", flat=True)) if incident.is_drill else set()

    def may(user: User) -> bool:
        allowed = user.pk in taking_part if incident.is_drill else user.pk not in left_out
        return allowed and bool(contacts.ways(user))

    found: dict[int, User] = {}
    for aim in rung["aims"]:
        if aim.get("in_turn"):
            chosen = turns.take(aim, may)
            users = [chosen] if chosen else []
        else:
            users = [user for user in plans.people([aim], incident.team) if may(user)]
        found |= {user.pk: user for user in users if user.pk not in found}
    return list(found.values())


def _end_drills(users: list[User], incident: Incident) -> None:
    """A real page needs its people: a drill that one of them takes part in ends."""
    if incident.is_drill:
        return
    taking_part = IncidentMember.objects.belonging().filter(user__in=users, incident__is_drill=True)
    for pk in set(taking_part.filter(incident__status__in=_OPEN).values_list("incident", flat=True)):
        end_drill(pk, actor=system(), reason=_("A real page needed somebody who took part."))


_OPEN = (Status.TRIAGE, Status.ACTIVE, Status.MITIGATED)


def _hurry(run: PageRun) -> None:
    """A rung that reached nobody waits for nothing; a round that reached nobody is not repeated."""
    anybody = run.pages.filter(rung__lte=run.position).exists()
    place = backlog.after_nobody(run.rungs, run.position, anybody=anybody)
    PageRun.objects.filter(pk=run.pk, status=Run.RUNNING).update(next_at=now(), position=place)


def _ran_out(run: PageRun, incident: Incident) -> None:
    delivery.cancel(Delivery.objects.filter(run_key=run.pk), reason="The run is over.")
    recording.rang_out(run, incident)


def _rings_now(incident: Incident) -> bool:
    return incident.team.business_hours.is_open(now())


def _wait_for_opening(run: PageRun, incident: Incident) -> None:
    """Outside of business hours nothing rings; the timeline says when it will."""
    try:
        opening = incident.team.business_hours.next_opening(now())
    except NeverOpen:
        PageRun.objects.filter(pk=run.pk).update(
            status=Run.CANCELLED,
            next_at=None,
            ended_at=now(),
            ended_because="These business hours never open.",
        )
        recording.never_open(run, incident)
        return
    waits = PageRun.objects.filter(pk=run.pk, status=Run.RUNNING, next_at=run.next_at)
    if waits.update(next_at=opening):
        local = incident.team.local(opening)
        neighbours.paged(
            incident.pk,
            user_ids=[],
            policy=run.policy_name,
            step=1,
            reason=_("Business hours only: nothing rings before %(when)s.")
            % {"when": f"{local:%a %d %b, %H:%M}"},
            waits_until=opening.isoformat(),
        )
