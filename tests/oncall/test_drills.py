"""Planned drills: each opened once, left out with a reason, never in the way of what is real."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils.timezone import now
from rest_framework.test import APIClient

from accounts.actors import person
from incidents import lifecycle, notes, roles, scoring
from incidents.models import Incident
from lib.refusal import Forbidden, Invalid, Refused
from notifications.models import Delivery
from oncall import answering, drills
from oncall.drill_models import DrillPlan, DrillTurn
from oncall.models import Page
from tests.oncall.conftest import schedule

HOUR = timedelta(hours=1)
#: Tuesday, 3 March 2026, ten o'clock in Copenhagen.
FIRST = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


@pytest.fixture
def planned(checkout, team, mona, alice, bob, clock, sev1):
    def plan(**words) -> DrillPlan:
        told = {
            "name": "The bank does not answer",
            "team": team,
            "service": checkout,
            "severity": sev1,
            "scenario": "Customers write that paying fails.",
            "cron": "0 10 * * 2",
            "time_zone": "Europe/Copenhagen",
            "people": [alice, bob],
            **words,
        }
        return drills.save(actor=person(mona), **told)

    return plan


@pytest.fixture
def sev1(checkout):
    from incidents.models import Severity

    return Severity.objects.get(name="SEV1")


def outcomes(plan: DrillPlan) -> list[str]:
    return list(plan.turns.order_by("planned_at").values_list("outcome", flat=True))


def test_a_drill_is_held_scored_and_comes_again(planned, clock, tick, alice, bob):
    plan = planned()
    assert plan.next_at == FIRST
    assert drills.sweep() == 0
    clock.move_to(FIRST)
    assert drills.sweep() == 1
    assert drills.sweep() == 0

    turn = plan.turns.get()
    drill = turn.incident
    assert (drill.title, drill.summary, drill.is_drill) == (plan.name, plan.scenario, True)
    tick()
    sent = Delivery.objects.filter(incident=drill, word="page")
    assert {row.recipient for row in sent} == {alice, bob}
    assert all(row.subject.startswith("DRILL") or row.body.startswith("DRILL") for row in sent)
    letters = Delivery.objects.filter(key__startswith=f"drill:{turn.pk}:")
    assert {row.recipient for row in letters} == {alice, bob}
    assert all(plan.scenario in row.body and row.subject.startswith("DRILL") for row in letters)

    clock.shift(120)
    lifecycle.acknowledge(drill.pk, actor=person(alice))
    lifecycle.set_scope(drill.pk, actor=person(alice), users_affected_share=10)
    lifecycle.declare(drill.pk, actor=person(alice))
    for slug, user in (("incident_commander", alice), ("technical_lead", bob)):
        roles.take(drill.pk, actor=person(user), role_slug=slug)
    lifecycle.mitigate(drill.pk, actor=person(bob))
    lifecycle.resolve(drill.pk, actor=person(alice))
    assert drills.sweep() == 1
    turn.refresh_from_db()
    assert turn.total and 0 < turn.in_time <= turn.total
    plan.refresh_from_db()
    assert plan.next_at == FIRST + timedelta(days=7)


def test_a_corrected_time_corrects_the_kept_score(planned, clock, alice):
    plan = planned()
    clock.move_to(FIRST)
    drills.sweep()
    drill = plan.turns.get().incident
    clock.shift(900)
    lifecycle.acknowledge(drill.pk, actor=person(alice))
    lifecycle.declare(drill.pk, actor=person(alice))
    lifecycle.resolve(drill.pk, actor=person(alice))
    drills.sweep()
    before = plan.turns.get()
    event = drill.timeline.get(kind="acknowledged")
    clock.shift(60)
    notes.correct(
        drill.pk,
        actor=person(alice),
        event_number=event.number,
        at=FIRST + timedelta(minutes=1),
        reason="late",
    )
    assert drills.sweep() == 1
    after = plan.turns.get()
    # In time itself now, it leaves the four that were measured from it ten minutes late.
    assert before.in_time != after.in_time
    assert after.in_time == scoring.of(after.incident).good
    assert drills.sweep() == 0


def test_a_drill_that_nobody_ends_ends_by_itself_and_is_scored(planned, clock):
    plan = planned(lasts=timedelta(minutes=30))
    clock.move_to(FIRST)
    drills.sweep()
    clock.shift(timedelta(minutes=29))
    assert drills.sweep() == 0
    clock.shift(timedelta(minutes=1))
    assert drills.sweep() == 2
    turn = plan.turns.get()
    assert turn.incident.status == "dismissed"
    assert turn.incident.timeline.filter(kind="drill_ended").get().text == "The time for this drill is over."
    assert turn.in_time < turn.total


def test_after_an_outage_one_is_left_out_with_its_reason_and_the_next_comes(planned, clock):
    plan = planned()
    clock.move_to(FIRST + timedelta(days=15))
    assert drills.sweep() == 1
    assert outcomes(plan) == ["absent"]
    plan.refresh_from_db()
    assert plan.next_at == FIRST + timedelta(days=21)
    clock.move_to(plan.next_at)
    drills.sweep()
    assert outcomes(plan) == ["absent", "opened"]


@pytest.mark.parametrize("how", ["chair", "acknowledged", "asked"])
def test_no_drill_begins_while_somebody_is_in_a_real_incident(
    planned, opened, clock, drain, alice, root, how
):
    plan = planned(people=[alice])
    clock.move_to(FIRST)
    real = opened("SEV1" if how == "asked" else "SEV4", actor=person(root))
    if how == "asked":
        drain()
    elif how == "acknowledged":
        lifecycle.acknowledge(real.pk, actor=person(alice))
    else:
        roles.take(real.pk, actor=person(alice), role_slug="technical_lead")
    with pytest.raises(Refused, match="real incident"):
        drills.run_now(plan.pk, actor=person(root))
    drills.sweep()
    assert outcomes(plan) == ["busy"]
    assert not Incident.objects.filter(is_drill=True).exists()


def test_a_private_incident_is_not_told_by_the_drill_that_is_left_out(
    planned, opened, clock, alice, bob, root
):
    """The reason is the same as after an outage, and whoever begins one by hand learns nothing either."""
    plan, other = planned(people=[alice]), planned(people=[bob], name="Another")
    opened("SEV4", actor=person(alice), is_private=True)
    clock.move_to(FIRST)
    drills.sweep()
    assert outcomes(plan) == ["absent"]
    assert outcomes(other) == ["opened"]
    assert "real incident" not in str(plan.turns.get().get_outcome_display())

    clock.shift(60)
    drills.run_now(plan.pk, actor=person(root))
    assert outcomes(plan) == ["absent", "opened"]


def test_who_follows_a_real_incident_is_not_in_it(planned, opened, clock, alice, root):
    from incidents import people

    plan = planned(people=[alice])
    clock.move_to(FIRST)
    people.follow(opened("SEV4", actor=person(root)).pk, actor=person(alice))
    drills.sweep()
    assert outcomes(plan) == ["opened"]


def test_a_real_page_ends_it(planned, opened, clock, tick, alice, root):
    plan = planned(people=[alice])
    clock.move_to(FIRST)
    drills.sweep()
    opened("SEV1", actor=person(root))
    tick(0.5)
    drills.sweep()
    assert plan.turns.get().incident.status == "dismissed"


def test_people_who_left_take_part_no_more_and_nobody_is_a_reason(planned, clock, alice, bob):
    plan = planned()
    bob.is_active = False
    bob.save()
    clock.move_to(FIRST)
    drills.sweep()
    drill = plan.turns.get().incident
    assert {row.user for row in drill.members.all()} == {alice}
    lifecycle.dismiss(drill.pk, actor=person(alice), reason="enough")
    alice.is_active = False
    alice.save()
    clock.move_to(FIRST + timedelta(days=7))
    drills.sweep()
    assert outcomes(plan) == ["opened", "absent"]


def test_whoever_is_on_call_at_that_moment_takes_part(planned, clock, alice, bob):
    rota = schedule("Nights", alice, bob)  # A week each.
    plan = planned(people=[], rotas=[rota])
    clock.move_to(FIRST)
    drills.sweep()
    clock.move_to(FIRST + timedelta(days=7))
    drills.sweep()
    turns = plan.turns.order_by("planned_at")
    found = [[row.user.name for row in turn.incident.members.all()] for turn in turns if turn.incident]
    assert len(found) == 2 and sorted(found) == [["Alice"], ["Bob"]]


def test_the_one_before_still_runs_and_a_retired_service_is_a_reason(planned, clock, checkout):
    plan = planned(cron="0 10 * * *", lasts=timedelta(hours=12))
    clock.move_to(FIRST)
    plan.refresh_from_db()
    clock.move_to(plan.next_at)
    drills.sweep()
    clock.shift(60)
    DrillPlan.objects.update(next_at=now())
    drills.sweep()
    checkout.is_active = False
    checkout.save()
    clock.shift(60)
    DrillPlan.objects.update(next_at=now())
    drills.sweep()
    assert outcomes(plan) == ["opened", "running", "retired"]


def test_a_drill_that_pages_nobody_tells_its_people_by_letter(planned, clock, tick, alice, bob):
    plan = planned(pages=False)
    clock.move_to(FIRST)
    drills.sweep()
    tick()
    drill = plan.turns.get().incident
    assert not Delivery.objects.filter(incident=drill, word="page").exists()
    assert Delivery.objects.filter(key__startswith="drill:").count() == 2


def test_a_paused_one_rests_and_goes_on_from_now(planned, clock, mona):
    plan = planned()
    drills.save(actor=person(mona), plan_id=plan.pk, is_paused=True)
    clock.move_to(FIRST + timedelta(days=20))
    assert drills.sweep() == 0
    plan = drills.save(actor=person(mona), plan_id=plan.pk, is_paused=False)
    assert plan.next_at == FIRST + timedelta(days=21)
    assert outcomes(plan) == []


def test_what_cannot_be_planned_is_refused(planned, mona, alice):
    plan = planned()
    for words, said in (
        ({"name": " "}, "Give it a name"),
        ({"scenario": " "}, "read first"),
        ({"people": []}, "who takes part"),
        ({"lasts": timedelta(0)}, "five minutes"),
        ({"cron": "* * * * *"}, "once an hour"),
    ):
        with pytest.raises(Invalid, match=said):
            planned(**{"name": "Another", **words})
    with pytest.raises(Invalid, match="of that name"):
        planned()
    for verb in (
        lambda: drills.save(actor=person(alice), plan_id=plan.pk, name="Mine"),
        lambda: drills.run_now(plan.pk, actor=person(alice)),
        lambda: drills.delete(plan.pk, actor=person(alice)),
    ):
        with pytest.raises(Forbidden):
            verb()


def test_the_pages_plan_run_pause_and_show_how_it_went(
    client, planned, checkout, team, mona, alice, clock, sev1
):
    client.force_login(mona)
    words = {
        "name": "A hall without power", "team": team.pk, "service": checkout.pk, "severity": sev1.pk,
        "scenario": "Half of the machines are gone.", "weekdays": ["1", "3"], "at": "02:30",
        "time_zone": "Europe/Copenhagen", "people": [alice.pk], "pages": "on", "minutes": "30",
    }  # fmt: skip
    answer = client.post("/oncall/drills/new/", {**words, "at": ""})
    assert answer.status_code == 422
    answer = client.post("/oncall/drills/new/", words)
    plan = DrillPlan.objects.get()
    assert (answer.status_code, plan.cron) == (302, "30 2 * * 2,4")
    form = client.get(f"/oncall/drills/{plan.pk}/change/").content.decode()
    assert "02:30" in form and "A hall without power" in form

    client.post(f"/oncall/drills/{plan.pk}/run/")
    page = client.get(f"/oncall/drills/{plan.pk}/").content.decode()
    assert "by hand" in page and "runs" in page
    again = client.post(f"/oncall/drills/{plan.pk}/run/", follow=True).content.decode()
    assert "the one before still ran" in again
    room = client.get(plan.turns.get().incident.get_absolute_url()).content.decode()
    assert "Half of the machines are gone." in room
    client.post(f"/oncall/drills/{plan.pk}/pause/")
    assert "paused" in client.get("/oncall/drills/").content.decode()
    client.force_login(alice)
    assert client.get("/oncall/drills/new/").status_code == 302
    assert client.get(f"/oncall/drills/{plan.pk}/").status_code == 200
    client.post(f"/oncall/drills/{plan.pk}/delete/")
    assert DrillPlan.objects.exists()
    client.force_login(mona)
    client.post(f"/oncall/drills/{plan.pk}/delete/")
    assert not DrillPlan.objects.exists() and Incident.objects.filter(is_drill=True).exists()


def test_the_api_plans_changes_runs_and_lists(planned, checkout, team, mona, alice, clock):
    api = APIClient()
    api.force_authenticate(mona)
    body = {
        "name": "A hall without power", "team": team.slug, "service": checkout.slug, "severity": "SEV1",
        "scenario": "Half of the machines are gone.", "cron": "0 10 * * 2",
        "time_zone": "Europe/Copenhagen", "people": [alice.email], "lasts_seconds": 1800,
    }  # fmt: skip
    made = api.post("/api/v1/drill-plans/", body, format="json")
    assert made.status_code == 201, made.data
    address = f"/api/v1/drill-plans/{made.data['id']}/"
    assert made.data["following"][0] == "2026-03-03T09:00:00Z"
    changed = api.patch(address, {"cron": "0 11 * * 2"}, format="json")
    assert changed.data["following"][0] == "2026-03-03T10:00:00Z" and changed.data["lasts_seconds"] == 1800
    assert changed.data["when"] == "Tue 11:00, Europe/Copenhagen"
    changed = api.patch(address, {"weekdays": [1, 3], "at": "09:30"}, format="json")
    assert (changed.data["cron"], changed.data["pages"]) == ("30 9 * * 2,4", True)
    assert api.patch(address, {"weekdays": [1]}, format="json").status_code == 400
    without = {name: value for name, value in body.items() if name != "cron"}
    assert api.post("/api/v1/drill-plans/", {**without, "name": "Never"}, format="json").status_code == 400
    assert api.patch(address, {"cron": "often"}, format="json").status_code == 400
    assert api.post(address + "run/").status_code == 201
    assert api.post(address + "run/").data["code"] == "drill_obstacle"
    (turn,) = api.get(address + "turns/").data["results"]
    assert (turn["outcome"], turn["is_by_hand"]) == ("opened", True)
    assert api.delete(address).status_code == 204


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_open_it_once(planned, clock):
    plan = planned()
    clock.move_to(FIRST)
    barrier, errors = threading.Barrier(2), []

    def sweep() -> None:
        try:
            barrier.wait()
            drills.sweep()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    both = [threading.Thread(target=sweep) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert errors == []
    assert outcomes(plan) == ["opened"]
    assert Incident.objects.filter(is_drill=True).count() == 1
    assert DrillTurn.objects.count() == 1


def test_one_who_answers_ends_the_ringing_for_all(planned, clock, tick, alice, bob):
    plan = planned()
    clock.move_to(FIRST)
    drills.sweep()
    tick()
    drill = plan.turns.get().incident
    run = drill.page_runs.get()
    answering.acknowledge(run.pk, actor=person(bob))
    drill.refresh_from_db()
    assert (drill.acknowledged_at, drill.acknowledged_by) == (FIRST, bob)
    asked = run.pages.count()
    tick(12)
    assert run.pages.count() == asked == 2
    assert drill.page_runs.count() == 1


def test_nobody_who_answers_is_asked_three_times_and_nobody_else_ever(planned, clock, tick, alice, bob, mona):
    planned()
    clock.move_to(FIRST)
    drills.sweep()
    tick(30)
    rounds = Page.objects.values_list("rung", "user__name")
    assert sorted(rounds) == [(n, name) for n in range(3) for name in ("Alice", "Bob")]


def test_what_is_due_is_not_lost_by_a_change_of_its_words(planned, clock, mona):
    plan = planned()
    clock.move_to(FIRST)
    drills.save(actor=person(mona), plan_id=plan.pk, scenario="Customers call.")
    drills.sweep()
    assert plan.turns.get().incident.summary == "Customers call."
    drills.save(actor=person(mona), plan_id=plan.pk, cron="0 11 * * 2")
    plan.refresh_from_db()
    assert plan.next_at == FIRST + HOUR
