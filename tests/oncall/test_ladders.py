"""Steps that rest, people in turn, what happens after an outage; and the simulation against it all."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.actors import person
from catalog.models import Membership
from incidents.models import Severity
from lib.refusal import Invalid
from oncall import backlog, paging, policies, simulating
from oncall.models import LayerMember, Page, PageRun, Policy, RoundRobin, Schedule, Step, Target
from tests.oncall.conftest import NOON, policy, rung, schedule

pytestmark = pytest.mark.django_db
SUNDAY_NIGHT = datetime(2026, 3, 8, 2, 0, tzinfo=UTC)


def in_turn(name, minutes, **whom):
    row = policy(name, (minutes, whom.pop("first"))) if "first" in whom else policy(name)
    step = Step.objects.create(policy=row, position=9, delay=timedelta(minutes=minutes))
    kind = "team" if "team" in whom else "schedule"
    Target.objects.create(step=step, kind=kind, in_turn=True, **whom)
    return row


def answers_for(checkout, row):
    checkout.coverage.policy = row
    checkout.coverage.save()


def test_people_in_turn_share_the_pages_fairly_over_rounds_and_incidents(
    opened, checkout, tick, alice, bob, carol
):
    row = in_turn("Turns", 0, schedule=schedule("Pool", alice, bob, carol))
    answers_for(checkout, row)
    opened()
    tick(31)  # Three rounds of 15 minutes have begun.
    assert rung() == ["Alice", "Bob", "Carol"]
    opened(title="Another one")
    tick()
    assert rung()[-1] == "Alice"
    assert RoundRobin.objects.get().last == alice.pk


def test_who_cannot_be_reached_loses_no_turn_to_anybody_else(opened, checkout, tick, alice, bob, carol):
    answers_for(checkout, in_turn("Turns", 0, schedule=schedule("Pool", alice, bob, carol)))
    alice.is_active = False
    alice.save()
    opened()
    tick(16)
    assert rung() == ["Bob", "Carol"]


def test_a_rung_climbed_twice_moves_the_turn_once(opened, checkout, tick, alice, bob):
    answers_for(checkout, in_turn("Turns", 0, schedule=schedule("Pool", alice, bob)))
    opened()
    tick()
    for _ in range(3):
        paging.climb(PageRun.objects.get().pk)
    assert RoundRobin.objects.get().last == alice.pk
    assert Page.objects.count() == 1


def test_any_member_answers_for_a_team_that_is_asked_in_turn(opened, checkout, tick, team, bob, carol):
    from incidents import lifecycle

    for user in (bob, carol):
        Membership.objects.create(team=team, user=user)
    answers_for(checkout, in_turn("Turns", 0, team=team))
    incident = opened()
    tick()
    lifecycle.acknowledge(incident.pk, actor=person(carol))
    tick()
    assert PageRun.objects.get().status == "acknowledged"


def test_a_step_for_business_hours_is_skipped_at_night_recorded_and_waits_for_nothing(
    opened, checkout, tick, clock, alice, bob
):
    clock.move_to(SUNDAY_NIGHT)
    Step.objects.filter(policy__name="Payments", position=0).update(in_hours_only=True)
    incident = opened()
    tick()
    assert rung() == ["Bob"]
    assert "only in business hours" in incident.timeline.filter(kind="page_failed").first().text
    clock.move_to(NOON + timedelta(days=7))
    opened(title="By day")
    tick()
    assert "Alice" in rung()


def test_after_an_outage_the_current_step_goes_out_and_the_overtaken_ones_are_recorded(
    opened, tick, clock, alice
):
    incident = opened()
    tick()
    assert rung() == ["Alice"]
    clock.shift(timedelta(minutes=11))  # Step 2 was due at 5 min, step 3 at 10 min.
    tick()
    assert rung() == ["Alice", "Mona"]
    assert "step 2 was due while nothing could go out" in incident.timeline.get(kind="page_failed").text
    # Nothing of it comes later, and the ladder goes on from here.
    tick(4)
    assert rung() == ["Alice", "Mona"]
    tick(2)
    assert rung() == ["Alice", "Mona", "Alice"]


def test_a_very_long_outage_of_a_sev1_rings_for_everybody_of_the_end_once(opened, tick, clock):
    opened()
    tick()
    clock.shift(timedelta(days=2))
    tick()
    assert rung() == ["Alice", "Mona", "Root"]


def test_the_duty_comes_before_the_last_resort_after_a_long_outage():
    rungs = [
        {"step": 1, "round": 1, "wait": 300, "aims": []},
        {"step": 2, "round": 1, "wait": 300, "aims": []},
        {"step": 3, "round": 1, "wait": 300, "aims": [], "last_resort": True},
    ]
    late = lambda tail, minutes, place=0: backlog.current(  # noqa: E731
        rungs, tail, place, NOON, NOON + timedelta(minutes=minutes), grace=timedelta(seconds=30)
    )
    assert late(None, 2) == 0
    assert late(None, 6) == 1
    assert late(None, 11) == 2
    assert late(None, 600) == 1
    assert late({"wait": 900}, 600) == 3
    assert late(None, 600, place=2) == 2


def test_steps_due_together_stay_together_after_an_outage():
    rungs = [{"step": n, "round": 1, "wait": wait} for n, wait in ((1, 0), (2, 300), (3, 0), (4, 300))]
    for minutes, place in ((1, 0), (6, 2)):
        at = NOON + timedelta(minutes=minutes)
        assert backlog.current(rungs, None, 0, NOON, at, grace=timedelta(seconds=30)) == place


@pytest.mark.parametrize("sev", ["SEV1", "SEV3"])
@pytest.mark.parametrize("at", [NOON, SUNDAY_NIGHT])
def test_the_simulation_says_what_then_happens(
    sev, at, opened, checkout, tick, clock, alice, bob, carol, mona
):
    """A gap, a step in business hours and people in turn: minute by minute the same as the real climb."""
    clock.move_to(at)
    row = policy("Mixed", (0, schedule("Gap")), (0, schedule("One", alice)), (7, carol), repeat=2)
    Step.objects.filter(policy=row, delay=timedelta(minutes=7)).update(in_hours_only=True)
    step = Step.objects.create(policy=row, position=5, delay=timedelta(minutes=3))
    pool = schedule("Pool", bob, carol)
    Target.objects.create(step=step, kind="schedule", schedule=pool, in_turn=True)
    answers_for(checkout, row)
    pages = Severity.objects.get(name=sev).pages
    before = RoundRobin.objects.count(), Page.objects.count()
    foretold = simulating.simulate(row, at, team=checkout.team, pages=pages)
    assert (RoundRobin.objects.count(), Page.objects.count()) == before

    opened(sev)
    if sev == "SEV3" and at == SUNDAY_NIGHT:
        tick()
        clock.move_to(datetime(2026, 3, 9, 8, 0, tzinfo=UTC))
    tick(55)
    really = [(page.created_at, page.user) for page in Page.objects.order_by("created_at", "pk")]
    until = really[-1][0]
    assert really == [(one.at, user) for one in foretold for user in one.people if one.at <= until]
    assert len(really) > 4


def test_a_policy_of_managers_that_nobody_leads_is_refused(checkout, mona):
    Membership.objects.all().delete()
    with pytest.raises(Invalid, match="Nobody could be reached"):
        policies.save(
            actor=person(mona), policy_id=None, name="Void", repeat=1, round_length=timedelta(minutes=15),
            rungs=[policies.Rung(timedelta(0), ("managers",))], services=[checkout],
        )  # fmt: skip


def test_a_policy_with_turns_and_rests_is_kept_as_written(checkout, mona, team, bob):
    Membership.objects.create(team=team, user=bob)
    pool = Schedule.objects.get(name="Primary")
    aims = (f"turn-schedule:{pool.pk}", f"turn-team:{team.pk}")
    row = policies.save(
        actor=person(mona), policy_id=None, name="Turns", repeat=1, round_length=timedelta(minutes=15),
        rungs=[policies.Rung(timedelta(0), aims, in_hours_only=True)],
    )  # fmt: skip
    step = row.steps.get()
    assert tuple(policies.short(one) for one in step.targets.all()) == aims
    assert step.in_hours_only
    LayerMember.objects.all().delete()


def test_the_simulation_counts_minutes_that_pass_where_the_clock_goes_back(checkout, clock):
    night = datetime(2026, 10, 25, 2, 55, tzinfo=ZoneInfo("Europe/Copenhagen"))

    moments = simulating.simulate(Policy.objects.get(), night, team=checkout.team)

    assert [one.at - moments[0].at for one in moments[:3]] == [timedelta(minutes=n) for n in (0, 5, 10)]
    assert moments[1].at == datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
