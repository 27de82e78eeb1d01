"""What a policy would do if nobody answered, moment by moment. It asks nobody and writes nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Team
from incidents.kinds import Paging
from lib.businesshours import NeverOpen
from notifications import contacts, resting
from oncall import backlog, plans, policies, turns
from oncall.models import Policy, Step

Reach = Callable[[User], bool]
# A ladder that waits for business hours can be long; nobody reads further than this.
_MOST = 120


@dataclass(frozen=True)
class Moment:
    """One rung: when it rings, whom it means, who that is then, or why it is skipped."""

    at: datetime
    after: timedelta
    step: int
    round: int
    title: str
    people: list[User] = field(default_factory=list)
    skipped: str = ""
    is_last: bool = False
    is_repeat: bool = False
    again_every: timedelta | None = None
    resting: str = ""


def simulate(
    policy: Policy, at: datetime, *, team: Team | None = None, pages: str = Paging.AT_ONCE
) -> list[Moment]:
    """The whole climb from a moment on: rounds, last resort, and (urgent) what then repeats for ever."""
    home = team or policy.team or Team.objects.first()
    if home is None or pages == Paging.NEVER:
        return []
    plan = plans.of_policy(policy, urgent=pages == Paging.AT_ONCE)
    return list(_Climb(plan, home, at, pages == Paging.BUSINESS_HOURS).moments())


def preview(
    rungs: Sequence[policies.Rung],
    at: datetime,
    *,
    repeat: int,
    round_length: timedelta,
    team: Team | None = None,
    pages: str = Paging.AT_ONCE,
) -> list[Moment]:
    """The same of a policy that is not kept: its steps as a manager wrote them.

    Raises:
        Invalid: no steps, nobody named or nobody there, a round shorter than its steps.
    """
    policies.check_steps(rungs, round_length)
    pairs = []
    for rung in sorted(rungs, key=lambda one: one.delay):
        step = Step(delay=rung.delay, in_hours_only=rung.in_hours_only)
        pairs.append((step, [plans.aim_of(policies.target(step, aim)) for aim in rung.aims]))
    home = team or Team.objects.first()
    if home is None or pages == Paging.NEVER:
        return []
    draft = Policy(repeat=repeat, round_length=round_length)
    plan = plans.of_steps(draft, pairs, urgent=pages == Paging.AT_ONCE)
    return list(_Climb(plan, home, at, pages == Paging.BUSINESS_HOURS).moments())


class _Climb:
    """The same steps as `paging`, on a clock of its own and with turns that only count in here."""

    def __init__(self, plan: plans.Plan, team: Team, at: datetime, waits_for_hours: bool) -> None:
        # In UTC: a time that carries a zone would add hours of its clock, which change twice a year.
        at = at.astimezone(UTC)
        self.plan, self.team, self.begins, self.waits = plan, team, at, waits_for_hours
        self.clock = at + timedelta(seconds=plan.get("first", 0))
        self.last: dict[tuple[str, int], int] = {}

    def moments(self) -> Iterator[Moment]:
        rungs, position, anybody = self.plan["rungs"], 0, False
        while position < len(rungs) and position < _MOST:
            rung = rungs[position]
            if self.waits and not self._wait_for_opening():
                return
            people, skipped = self._asked(rung)
            yield self._moment(rung, people, skipped)
            if people:
                anybody = True
                self.clock += timedelta(seconds=rung["wait"])
                position += 1
            else:
                position = backlog.after_nobody(rungs, position, anybody=anybody)
        if tail := self.plan.get("tail"):
            people, skipped = self._asked(tail)
            yield self._moment(tail, people, skipped, again_every=timedelta(seconds=tail["wait"]))

    def _wait_for_opening(self) -> bool:
        try:
            self.clock = self.team.business_hours.next_opening(self.clock)
        except NeverOpen:
            return False
        return True

    def _moment(
        self, rung: plans.Aim, people: list[User], skipped: str, *, again_every: timedelta | None = None
    ) -> Moment:
        names = ", ".join(str(aim["name"]) for aim in rung["aims"])
        return Moment(
            at=self.clock,
            after=self.clock - self.begins,
            step=rung["step"],
            round=rung["round"],
            title=names[:1].upper() + names[1:],
            people=people,
            skipped=skipped,
            is_last=bool(rung.get("last_resort")),
            again_every=again_every,
            resting=self._resting(people),
        )

    def _resting(self, people: list[User]) -> str:
        """Who is in their quiet hours then: what can wait reaches them when these are over."""
        if not self.waits:
            return ""
        ends = [(user, resting.ends_at(user, self.clock)) for user in people]
        said = [
            _("%(name)s hears of it at %(time)s, after quiet hours")
            % {"name": user, "time": f"{end.astimezone(ZoneInfo(user.time_zone)):%H:%M}"}
            for user, end in ends
            if end
        ]
        return ". ".join(said)

    def _asked(self, rung: plans.Aim) -> tuple[list[User], str]:
        if rung.get("in_hours") and not self.team.business_hours.is_open(self.clock):
            return [], _("Skipped: only in the business hours of %(team)s.") % {"team": self.team}
        found = {user.pk: user for aim in rung["aims"] for user in self._of(aim)}
        return list(found.values()), "" if found else _("Nobody: the next step comes at once")

    def _of(self, aim: plans.Aim) -> list[User]:
        reach: Reach = lambda user: bool(contacts.ways(user))  # noqa: E731
        if not aim.get("in_turn"):
            return [user for user in plans.people([aim], self.team, at=self.clock) if reach(user)]
        key = (aim["kind"], aim["id"])
        person = turns.peek(aim, reach, last=self.last.get(key))
        if person is None:
            return []
        self.last[key] = person.pk
        return [person]


def ladder(policy: Policy, at: datetime, *, team: Team | None = None) -> list[Moment]:
    """The same, short: the first round, one line for the others, the last resort without its repeats."""
    lines: list[Moment] = []
    for one in simulate(policy, at, team=team):
        if one.again_every is None and (one.round == 1 or one.is_last):
            lines.append(one)
        elif one.round == 2 and not any(line.is_repeat for line in lines):
            lines.append(Moment(one.at, one.after, one.step, one.round, "", is_repeat=True))
    return lines
