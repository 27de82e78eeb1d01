"""Drills that come again: a plan opens each at its time, exactly once, and keeps how each one went.

What fell due while nobody ran Tocsin is not held later: one is left out with its reason, and the next comes
as planned. No drill begins while somebody who would take part is in a real incident.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, Min, OuterRef, Q, QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor, system
from accounts.models import Role, User
from incidents import lifecycle, scoring
from incidents.kinds import OPEN, EventKind, Status
from incidents.models import Incident, IncidentMember, TimelineEvent
from incidents.people import end_drill
from lib import failpoints
from lib.refusal import Forbidden, Invalid, Missing, Refused
from lib.text import clean
from notifications import contacts, wording
from notifications.models import Word
from oncall import drill_times, paging, plans, schedules
from oncall.drill_models import DrillPlan, DrillTurn
from oncall.models import PageRun

Outcome = DrillTurn.Outcome
#: A drill that begins later than this is not the one that was planned.
PATIENCE = timedelta(minutes=10)
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(hours=12)
MOST_PEOPLE = 50
BATCH = 20
_SCORED = (Status.RESOLVED, Status.CLOSED, Status.DISMISSED)
_PLAIN = ("name", "team", "service", "severity", "scenario", "cron", "time_zone", "pages", "lasts")
_RESCORED = (EventKind.CORRECTED, EventKind.RESOLVED, EventKind.DISMISSED)
logger = logging.getLogger(__name__)


@transaction.atomic
def save(
    *,
    actor: Actor,
    plan_id: int | None = None,
    people: Sequence[User] | None = None,
    rotas: Sequence[Any] | None = None,
    is_paused: bool | None = None,
    **fields: Any,
) -> DrillPlan:
    """Make a plan, or change what is named of one; with other times its next one is reckoned anew.

    Raises:
        Forbidden: not a manager. Missing: no such plan.
        Invalid: no or a taken name, no scenario, no times, nobody who takes part.
    """
    _may(actor)
    plan = locked(plan_id) if plan_id else DrillPlan(created_by=actor.user)
    before = _facts(plan) if plan_id else None
    rhythm = _rhythm(plan)
    for name in _PLAIN:
        if name in fields:
            setattr(plan, name, fields[name])
    if is_paused is not None:
        plan.is_paused = is_paused
    _check(plan)
    if plan_id is None or _rhythm(plan) != rhythm:
        # What is due and not yet opened stays so where only the words changed.
        plan.next_at = None if plan.is_paused else drill_times.following(plan.cron, plan.time_zone, now())
    try:
        with transaction.atomic():
            plan.save()
    except IntegrityError as taken:
        raise Invalid(_("There is a drill of that name already."), field="name") from taken
    if people is not None:
        plan.people.set(people)
    if rotas is not None:
        plan.schedules.set(rotas)
    _check_people(plan)
    after = _facts(plan)
    if before != after:
        audit.note(actor, "drill_plan.saved", plan, before=before, after=after)
    return plan


def _rhythm(plan: DrillPlan) -> tuple[str, str, bool]:
    return plan.cron, plan.time_zone, plan.is_paused


def _may(actor: Actor) -> None:
    if not actor.is_at_least(Role.MANAGER):
        raise Forbidden(_("Drills are planned by managers."))


def locked(plan_id: int) -> DrillPlan:
    """The plan with its lock, for the rest of the transaction. Raises Missing."""
    plan = DrillPlan.objects.select_for_update().filter(pk=plan_id).first()
    if plan is None:
        raise Missing(_("There is no such drill."))
    return plan


def _check(plan: DrillPlan) -> None:
    plan.name = " ".join(clean(plan.name, 80, field="name").split())
    plan.scenario = clean(plan.scenario, 4000, field="scenario").strip()
    plan.cron = " ".join(str(plan.cron or "").split())
    if not plan.name:
        raise Invalid(_("Give it a name that says what is practised."), field="name")
    if not plan.scenario:
        raise Invalid(_("Say what those who take part read first."), field="scenario")
    if not SHORTEST <= plan.lasts <= LONGEST:
        raise Invalid(_("Let it end by itself after five minutes to twelve hours."), field="lasts")
    drill_times.check(plan.cron, plan.time_zone, now())


def _check_people(plan: DrillPlan) -> None:
    count = plan.people.count()
    if not count and not plan.schedules.exists():
        raise Invalid(_("Say who takes part: people, or a schedule."), field="people")
    if count > MOST_PEOPLE:
        raise Invalid(_("At most 50 people take part."), field="people")


def _facts(plan: DrillPlan) -> dict[str, Any]:
    return {
        **{name: str(getattr(plan, name)) for name in (*_PLAIN, "is_paused")},
        "people": sorted(plan.people.values_list("email", flat=True)),
        "schedules": sorted(plan.schedules.values_list("name", flat=True)),
    }


@transaction.atomic
def delete(plan_id: int, *, actor: Actor) -> None:
    """The plan and its list of past drills are gone; the drills themselves stay."""
    _may(actor)
    plan = locked(plan_id)
    audit.note(actor, "drill_plan.deleted", plan, before=_facts(plan))
    plan.delete()


def taking_part(plan: DrillPlan) -> list[User]:
    """Who takes part now: the plan's people and whoever is on call, without those who left."""
    found = {user.pk: user for user in plan.people.filter(is_active=True)}
    found |= {user.pk: user for user in schedules.on_call_of(list(plan.schedules.all())) if user.is_active}
    return sorted(found.values(), key=lambda user: (str(user), user.pk))


def is_busy(users: Sequence[User], incidents: QuerySet[Incident]) -> bool:
    """Is one of them in one of these: in a chair, as the one who answers, asked, or let in?"""
    ids = [user.pk for user in users]
    member = IncidentMember.objects.belonging().filter(incident=OuterRef("pk"), user__in=ids)
    asked = PageRun.objects.filter(
        incident=OuterRef("pk"),
        status__in=(PageRun.Status.RUNNING, PageRun.Status.ACKNOWLEDGED),
        pages__user__in=ids,
    )
    in_it = Q(acknowledged_by__in=ids) | Q(holdings__user__in=ids, holdings__until=None)
    return incidents.filter(in_it | Exists(member) | Exists(asked)).exists()


def _obstacle(plan: DrillPlan, users: Sequence[User], due: datetime) -> Outcome | None:
    """Why a planned time is left out.

    "Busy" for a private incident would tell every reader of the plan that there is one, and with whom. So
    that, coming too late and having nobody there are one word, and the row keeps no more than the word.
    """
    real = Incident.objects.open().filter(is_drill=False)
    if not plan.service.is_active:
        return Outcome.RETIRED
    if plan.turns.filter(incident__status__in=OPEN).exists():
        return Outcome.RUNNING
    if is_busy(users, real.filter(is_private=False)):
        return Outcome.BUSY
    is_late = now() - due > PATIENCE
    return Outcome.ABSENT if is_late or not users or is_busy(users, real) else None


def _obstacle_now(plan: DrillPlan, users: Sequence[User], actor: Actor) -> Outcome | None:
    """The same for one that is begun by hand: only what its manager may know of stands in its way."""
    real = Incident.objects.open().filter(is_drill=False)
    if not plan.service.is_active:
        return Outcome.RETIRED
    if not users:
        return Outcome.NOBODY
    if plan.turns.filter(incident__status__in=OPEN).exists():
        return Outcome.RUNNING
    known = real.visible_to(actor.user) if actor.user else real.filter(is_private=False)
    return Outcome.BUSY if is_busy(users, known) else None


@transaction.atomic
def run_now(plan_id: int, *, actor: Actor) -> DrillTurn:
    """Open the drill at once; its planned times stay as they are.

    Raises:
        Forbidden: not a manager. Refused: ``drill_obstacle``, with what stands in its way.
    """
    _may(actor)
    plan, at = locked(plan_id), now()
    users = taking_part(plan)
    obstacle = _obstacle_now(plan, users, actor)
    if obstacle:
        raise Refused("drill_obstacle", _("No drill now, %(why)s.") % {"why": obstacle.label})
    if plan.turns.filter(planned_at=at).exists():
        raise Refused("drill_obstacle", _("This drill was opened just now."))
    audit.note(actor, "drill_plan.run", plan)
    return _open(plan, users, at, is_by_hand=True)


def _open(plan: DrillPlan, users: Sequence[User], planned_at: datetime, **facts: Any) -> DrillTurn:
    incident = lifecycle.open_incident(
        title=plan.name,
        actor=system(),
        service_ids=[plan.service_id],
        severity=plan.severity,
        summary=plan.scenario,
        is_drill=True,
        participant_ids=[user.pk for user in users],
        # Its people are asked by themselves below, whether or not the service's policy would ask them.
        pages=False,
    )
    turn = DrillTurn.objects.create(
        plan=plan, planned_at=planned_at, at=now(), outcome=Outcome.OPENED, incident=incident, **facts
    )
    if plan.pages:
        aims = [plans.person(user) for user in users]
        rungs = [plans.rung(1, plans.ASK_AGAIN, aims, round_=number + 1) for number in range(3)]
        paging.start(
            incident,
            reason=PageRun.Reason.MANUAL,
            key=f"drill:{turn.pk}",
            plan={"rungs": rungs, "tail": None, "first": 0, "leave_out": []},
            name=plan.name,
            note=_("A drill begins"),
        )
    _tell(turn, incident, users)
    return turn


def _tell(turn: DrillTurn, incident: Incident, users: Sequence[User]) -> None:
    """Everybody who takes part gets the scenario to read."""
    words = wording.letter(incident, subject=_("A drill begins"), text=incident.summary)
    for user in users:
        contacts.tell(
            user,
            Word.NEWS,
            key=f"drill:{turn.pk}:{user.pk}",
            subject=words.subject,
            body=words.body,
            html=words.html,
            incident=incident,
            about=f"incident:{incident.pk}",
        )


def _due() -> QuerySet[DrillPlan]:
    return DrillPlan.objects.filter(is_paused=False, next_at__lte=now())


def owed_since() -> datetime | None:
    """Since when a drill should have begun."""
    oldest: datetime | None = _due().aggregate(at=Min("next_at"))["at"]
    return oldest


def sweep() -> int:
    """End what lasts too long, open what is due, score what is over; return how many of all three."""
    done, errors = sum(_end(turn) for turn in _too_long()), []
    for pk, due in list(_due().order_by("next_at", "pk").values_list("pk", "next_at")[:BATCH]):
        try:
            done += _hold(pk, due) if due else 0
        except Exception as error:
            logger.exception("the drill %s could not be opened", pk)
            errors.append(error)
    done += sum(_score(turn) for turn in _unscored())
    if errors:
        raise errors[0]
    return done


@transaction.atomic
def _hold(plan_id: int, due: datetime) -> int:
    """One planned time: claimed by a conditional update, and either opened or left out with the reason."""
    plan = DrillPlan.objects.select_related("service", "severity").filter(pk=plan_id).first()
    if plan is None:
        return 0
    claim = DrillPlan.objects.filter(
        pk=plan.pk, is_paused=False, next_at=due, cron=plan.cron, time_zone=plan.time_zone
    )
    if not claim.update(next_at=drill_times.following(plan.cron, plan.time_zone, now())):
        return 0
    failpoints.reach("after_claim")
    users = taking_part(plan)
    obstacle = _obstacle(plan, users, due)
    if obstacle:
        DrillTurn.objects.create(plan=plan, planned_at=due, at=now(), outcome=obstacle)
    else:
        _open(plan, users, due)
    failpoints.reach("before_commit")
    return 1


def _too_long() -> list[DrillTurn]:
    running = DrillTurn.objects.filter(incident__status__in=OPEN).select_related("plan", "incident")
    return [turn for turn in running if turn.at + turn.plan.lasts <= now()][:BATCH]


def _end(turn: DrillTurn) -> int:
    assert turn.incident_id is not None
    incident = end_drill(turn.incident_id, actor=system(), reason=_("The time for this drill is over."))
    return int(not incident.is_open)


def _unscored() -> QuerySet[DrillTurn]:
    """Those that are over and were never scored, or of which a time was corrected since, or the end."""
    corrected = TimelineEvent.objects.filter(
        incident=OuterRef("incident"), kind__in=_RESCORED, recorded_at__gt=OuterRef("scored_at")
    )
    over = DrillTurn.objects.filter(incident__status__in=_SCORED).select_related("incident")
    return over.filter(Q(scored_at=None) | Exists(corrected)).order_by("pk")[:BATCH]


def _score(turn: DrillTurn) -> int:
    assert turn.incident is not None
    score = scoring.of(turn.incident)
    same = DrillTurn.objects.filter(pk=turn.pk, scored_at=turn.scored_at)
    return same.update(in_time=score.good, total=score.total, scored_at=now())
