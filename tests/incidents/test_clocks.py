"""The clock table of the domain, row by row."""

from datetime import UTC, datetime, timedelta

import pytest

from incidents import deadlines, lifecycle, matrix, neighbours, notes, overdue, people, replay, roles
from incidents.kinds import EventKind
from incidents.models import Deadline, Severity
from lib.refusal import Invalid
from tests.incidents.conftest import NOON, due, fresh, grant

MIN = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def every_timeline_holds(db):
    yield
    assert [str(one) for one in replay.check_all()] == []


@pytest.mark.parametrize(("rank", "minutes"), [(1, 5), (2, 30)])
def test_response_runs_from_detection_until_acknowledged(opened, alice, act, rank, minutes):
    incident = opened(rank=rank)
    assert due(incident, "response").due_at == NOON + minutes * MIN
    lifecycle.acknowledge(incident.pk, actor=act(alice))
    assert due(incident, "response") is None


def test_response_of_sev3_counts_business_hours(opened, team, clock):
    clock.move_to(datetime(2024, 1, 20, 10, 0, tzinfo=UTC))  # A Saturday.
    team.time_zone = "Europe/Copenhagen"
    team.save()

    # Monday 09:00 in Copenhagen plus four hours.
    assert due(opened(rank=3), "response").due_at == datetime(2024, 1, 22, 12, 0, tzinfo=UTC)


def test_response_of_sev4_is_the_start_of_the_next_sprint(opened):
    # Sprints of 14 days from Monday 1 January 2024: the third one starts on the 29th.
    assert due(opened(rank=4), "response").due_at == datetime(2024, 1, 29, 0, 0, tzinfo=UTC)


def test_a_severity_reached_later_starts_its_clocks_then_and_never_earlier(opened, alice, act, clock, sev):
    incident = opened(rank=3, declare=True)
    clock.shift(40 * MIN)
    lifecycle.set_severity(incident.pk, actor=act(alice), severity=sev[1], reason="all users now")

    at = NOON + 40 * MIN
    found = {row.kind: row.due_at for row in incident.deadlines.filter(stopped_at=None)}
    assert found == {
        "response": at + 5 * MIN,
        "roles": at + 5 * MIN,
        "internal_update": at + 15 * MIN,
        "public_first": at + 10 * MIN,
        "management": at + 30 * MIN,
    }


def test_lowering_leaves_a_clock_that_both_have_where_it_was(opened, alice, act, clock, sev):
    incident = opened(declare=True)
    clock.shift(4 * MIN)
    lifecycle.set_severity(incident.pk, actor=act(alice), severity=sev[2], reason="one feature only")

    assert due(incident, "public_first").due_at == NOON + 10 * MIN
    assert due(incident, "internal_update").due_at == NOON + 30 * MIN
    assert due(incident, "management") is None
    assert incident.deadlines.get(kind="management").stopped_at == NOON + 4 * MIN


def test_each_update_starts_the_next_round(opened, alice, act, clock):
    incident = opened(declare=True)
    clock.shift(10 * MIN)
    lifecycle.post_update(incident.pk, actor=act(alice), text="Still looking")

    running = due(incident, "internal_update")
    assert (running.round, running.due_at) == (2, NOON + 25 * MIN)
    assert deadlines.adherence(fresh(incident)) == (1, 1)


def test_an_earlier_promise_counts(opened, alice, act):
    incident = opened(declare=True)
    lifecycle.post_update(incident.pk, actor=act(alice), text="Looking", next_update_at=NOON + 5 * MIN)

    assert due(incident, "internal_update").due_at == NOON + 5 * MIN


def test_a_later_promise_needs_a_reason_and_at_most_doubles(opened, alice, act):
    incident = opened(declare=True)
    with pytest.raises(Invalid, match="Say why"):
        lifecycle.post_update(incident.pk, actor=act(alice), text="x", next_update_at=NOON + 25 * MIN)
    with pytest.raises(Invalid, match="double"):
        lifecycle.post_update(
            incident.pk, actor=act(alice), text="x", next_update_at=NOON + 40 * MIN, reason="long restore"
        )
    lifecycle.post_update(
        incident.pk, actor=act(alice), text="x", next_update_at=NOON + 25 * MIN, reason="long restore"
    )
    assert due(incident, "internal_update").due_at == NOON + 25 * MIN


def test_while_mitigated_the_team_hears_every_hour_and_management_is_left_alone(opened, alice, act, clock):
    incident = opened(declare=True)
    clock.shift(10 * MIN)
    lifecycle.mitigate(incident.pk, actor=act(alice))

    assert due(incident, "internal_update").due_at == NOON + 60 * MIN
    assert due(incident, "management") is None


def test_the_public_clocks_follow_the_notices(opened, alice, act, clock, mona):
    incident = opened(declare=True)
    clock.shift(8 * MIN)
    neighbours.published(incident.pk, actor=act(mona), status="investigating", text="We look into it")
    assert due(incident, "public_first") is None
    assert due(incident, "public_update").due_at == NOON + 38 * MIN
    clock.shift(8 * MIN)
    lifecycle.resolve(incident.pk, actor=act(alice))
    assert due(incident, "public_update") is not None
    neighbours.public_resolved(incident.pk, actor=act(mona))
    assert due(incident, "public_update") is None


def test_no_public_notice_needed_stops_the_clock(opened, act, mona):
    incident = opened(declare=True)
    neighbours.skip_public(incident.pk, actor=act(mona), reason="only we felt it")

    assert due(incident, "public_first") is None


def test_the_first_public_notice_is_reminded_of_at_five_and_missed_at_ten(opened, alice, act, clock):
    incident = opened(declare=True)
    roles.take(incident.pk, actor=act(alice), role_slug="comms_lead")
    clock.shift(5 * MIN)
    overdue.miss_overdue()
    assert incident.timeline.filter(kind="deadline_nudged", data__deadline="public_first").count() == 1
    clock.shift(5 * MIN)
    overdue.miss_overdue()

    missed = incident.timeline.get(kind="deadline_missed", data__deadline="public_first")
    assert missed.data["user"] == alice.pk
    assert due(incident, "public_first").missed_at == NOON + 10 * MIN


def test_management_is_missed_once_whatever_severity_does(opened, alice, act, clock, sev):
    incident = opened(declare=True)
    clock.shift(30 * MIN)
    for _ in range(3):
        overdue.miss_overdue()
    lifecycle.set_severity(incident.pk, actor=act(alice), severity=sev[2], reason="better")
    lifecycle.set_severity(incident.pk, actor=act(alice), severity=sev[1], reason="worse again")
    clock.shift(31 * MIN)
    overdue.miss_overdue()

    assert incident.timeline.filter(kind="deadline_missed", data__deadline="management").count() == 1


def test_a_reopening_may_miss_management_once_more(opened, alice, act, clock):
    incident = opened(declare=True)
    clock.shift(30 * MIN)
    overdue.miss_overdue()
    lifecycle.mitigate(incident.pk, actor=act(alice))
    lifecycle.reopen(incident.pk, actor=act(alice), reason="back")
    clock.shift(30 * MIN)
    overdue.miss_overdue()

    assert incident.timeline.filter(kind="deadline_missed", data__deadline="management").count() == 2


def test_the_postmortem_is_due_in_business_days(opened, alice, act):
    incident = opened(declare=True)
    lifecycle.resolve(incident.pk, actor=act(alice))

    assert due(incident, "postmortem").due_at == datetime(2024, 1, 29, 17, 0, tzinfo=UTC)
    neighbours.postmortem_published(incident.pk, actor=act(alice), postmortem_id=1)
    assert due(incident, "postmortem") is None


def test_an_overdue_update_climbs_from_the_comms_lead_to_a_page_once(opened, alice, bob, act, clock):
    incident = opened(declare=True)
    roles.take(incident.pk, actor=act(alice), role_slug="comms_lead")
    roles.take(incident.pk, actor=act(bob), role_slug="incident_commander")
    told = []
    for _ in range(6):
        clock.shift(15 * MIN)
        overdue.miss_overdue()
    for event in incident.timeline.filter(data__deadline="internal_update").order_by("number"):
        told.append((event.kind, event.data["user_name"], bool(event.data.get("page"))))

    assert told[:2] == [("deadline_missed", "Alice", False), ("deadline_nudged", "Bob", False)]
    assert sorted(told[2:]) == [("deadline_nudged", "Alice", True), ("deadline_nudged", "Bob", True)]


def test_nobody_is_paged_for_an_update_while_they_write(opened, alice, bob, act, clock):
    incident = opened(declare=True)
    roles.take(incident.pk, actor=act(alice), role_slug="comms_lead")
    roles.take(incident.pk, actor=act(bob), role_slug="incident_commander")
    clock.shift(15 * MIN)
    overdue.miss_overdue()
    clock.shift(15 * MIN)
    overdue.miss_overdue()
    clock.shift(10 * MIN)
    notes.add_note(incident.pk, actor=act(bob), text="on the phone with the provider")
    clock.shift(5 * MIN)
    overdue.miss_overdue()

    assert not incident.timeline.filter(data__page=True).exists()


def test_recording_a_miss_moves_no_clock(opened, clock):
    incident = opened(declare=True)
    before = set(incident.deadlines.values_list("kind", "due_at"))
    clock.shift(16 * MIN)
    assert overdue.miss_overdue() > 0

    assert set(incident.deadlines.values_list("kind", "due_at")) == before
    assert overdue.miss_overdue() == 0


def test_a_correction_into_the_past_is_overtaken_and_tells_nobody(opened, alice, act, clock):
    incident = opened(declare=True, started_at=NOON - 60 * MIN)
    declared = incident.timeline.get(kind="declared")
    clock.shift(4 * MIN)
    notes.correct(
        incident.pk,
        actor=act(alice),
        event_number=declared.number,
        at=NOON - 20 * MIN,
        reason="it was earlier",
    )
    overdue.miss_overdue()

    row = incident.deadlines.get(kind="internal_update")
    assert (row.due_at, row.overtaken_at) == (NOON - 5 * MIN, NOON + 4 * MIN)
    assert not incident.timeline.filter(kind="deadline_missed", data__deadline="internal_update").exists()


def test_a_row_is_stopped_and_never_deleted(opened, alice, act):
    incident = opened(declare=True)
    kinds = set(incident.deadlines.values_list("kind", flat=True))
    lifecycle.dismiss(incident.pk, actor=act(alice), reason="a test")

    assert set(incident.deadlines.values_list("kind", flat=True)) == kinds
    assert not incident.deadlines.filter(stopped_at=None).exists()


def test_a_drill_runs_its_clocks_but_no_management_and_no_public(opened, alice, act):
    incident = opened(is_drill=True, declare=True, actor=act(alice))

    assert set(incident.deadlines.values_list("kind", flat=True)) == {"response", "roles", "internal_update"}


def test_a_change_of_the_matrix_touches_running_incidents_only_by_applying_it(opened, root, act, sev):
    incident = opened(declare=True)
    matrix.change(sev[1].pk, actor=act(root), internal_update_every=timedelta(minutes=10))
    assert due(incident, "internal_update").due_at == NOON + 15 * MIN

    lifecycle.apply_policy(incident.pk, actor=act(root))
    assert due(incident, "internal_update").due_at == NOON + 10 * MIN
    assert due(opened(declare=True), "internal_update").due_at == NOON + 10 * MIN


@pytest.mark.parametrize(
    "columns",
    [
        {"internal_update_every": timedelta(0)},
        {"rank": 7},
        {"public_first_reminder": timedelta(minutes=10)},
        {"response_within": None},
        {"postmortem_business_days": None},
    ],
)
def test_numbers_that_cannot_be_kept_are_refused_and_change_nothing(root, act, sev, columns):
    before = Severity.objects.filter(pk=sev[1].pk).values().get()
    with pytest.raises(Invalid):
        matrix.change(sev[1].pk, actor=act(root), **columns)
    assert Severity.objects.filter(pk=sev[1].pk).values().get() == before
    assert sev[1].versions.count() == 1


def test_making_it_public_starts_the_public_clock_then(opened, alice, act, clock, mona):
    grant(mona, "manager")
    incident = opened(is_private=True, declare=True, actor=act(mona))
    clock.shift(20 * MIN)
    people.make_public(incident.pk, actor=act(mona), reason="the fix is out")

    assert due(incident, "public_first").due_at == NOON + 30 * MIN


def test_deadlines_equal_a_direct_computation_from_state(opened, alice, act, clock, sev):
    incident = opened(declare=True)
    steps = [
        lambda: lifecycle.acknowledge(incident.pk, actor=act(alice)),
        lambda: lifecycle.post_update(incident.pk, actor=act(alice), text="x"),
        lambda: lifecycle.set_severity(incident.pk, actor=act(alice), severity=sev[2], reason="x"),
        lambda: lifecycle.mitigate(incident.pk, actor=act(alice)),
        lambda: lifecycle.reopen(incident.pk, actor=act(alice), reason="x"),
        lambda: lifecycle.resolve(incident.pk, actor=act(alice)),
    ]
    for step in steps:
        clock.shift(3 * MIN)
        step()
        wanted = {(w.kind, w.round, w.due_at) for w in deadlines.compute(fresh(incident))}
        running = Deadline.objects.filter(incident=incident, stopped_at=None)
        assert {(r.kind, r.round, r.due_at) for r in running} == wanted


def test_events_of_a_kind_are_announced_under_their_name():
    assert EventKind.MITIGATED.topic == "incidents.mitigated"
