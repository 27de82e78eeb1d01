"""Clocks where something comes late, comes back, or comes twice."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from catalog.models import Mitigation
from incidents import (
    lifecycle,
    mitigating,
    neighbours,
    notes,
    overdue,
    people,
    replay,
    roles,
    scope,
    telling,
)
from incidents.models import Deadline, Incident
from lib.refusal import Invalid, Refused
from tests.incidents.conftest import NOON, due, fresh

MIN = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def every_timeline_holds(db):
    yield
    assert [str(one) for one in replay.check_all()] == []


def missed(incident):
    return sorted(
        event.data["deadline"]
        for event in incident.timeline.filter(kind__in=("deadline_missed", "deadline_nudged"))
    )


def test_a_reopening_restarts_every_clock_and_misses_none_at_once(opened, alice, act, clock):
    incident = opened(declare=True)
    clock.shift(2 * MIN)
    lifecycle.resolve(incident.pk, actor=act(alice))
    clock.shift(120 * MIN)
    overdue.miss_overdue()
    before = missed(incident)
    lifecycle.reopen(incident.pk, actor=act(alice), reason="users hurt again")
    overdue.miss_overdue()

    at = NOON + 122 * MIN
    assert missed(incident) == before
    running = {row.kind: row.due_at for row in incident.deadlines.filter(stopped_at=None)}
    assert running == {
        "response": at + 5 * MIN,
        "roles": at + 5 * MIN,
        "internal_update": at + 15 * MIN,
        "public_first": at + 10 * MIN,
        "management": at + 30 * MIN,
    }


def test_a_promise_of_a_calmer_severity_does_not_outlast_a_raise(opened, alice, act, clock, sev):
    incident = opened(rank=3, declare=True)
    lifecycle.post_update(
        incident.pk, actor=act(alice), text="Slow reports", next_update_at=NOON + timedelta(days=2)
    )
    clock.shift(5 * MIN)
    lifecycle.set_severity(incident.pk, actor=act(alice), severity=sev[1], reason="all users now")

    assert due(incident, "internal_update").due_at == NOON + 20 * MIN


def test_an_earlier_promise_survives_a_raise(opened, alice, act, clock, sev):
    incident = opened(rank=2, declare=True)
    lifecycle.post_update(incident.pk, actor=act(alice), text="Looking", next_update_at=NOON + 10 * MIN)
    clock.shift(5 * MIN)
    lifecycle.set_severity(incident.pk, actor=act(alice), severity=sev[1], reason="all users now")

    assert due(incident, "internal_update").due_at == NOON + 10 * MIN


def test_what_is_told_late_is_overtaken_and_nudges_nobody(opened, alice, act, clock):
    incident = opened(started_at=NOON - 10 * MIN)
    clock.shift(120 * MIN)
    overdue.miss_overdue()
    before = missed(incident)
    lifecycle.mitigate(incident.pk, actor=act(alice), at=NOON + 2 * MIN)
    overdue.miss_overdue()

    assert missed(incident) == before
    assert not incident.deadlines.filter(stopped_at=None, overtaken_at=None, due_at__lt=NOON).exists()


def test_who_is_alone_again_is_asked_again(opened, alice, bob, act, clock):
    incident = opened(declare=True)
    roles.alone(incident.pk, actor=act(alice))
    clock.shift(10 * MIN)
    roles.take(incident.pk, actor=act(bob), role_slug="technical_lead")
    clock.shift(10 * MIN)
    overdue.miss_overdue()
    assert "hand_over" not in missed(incident)
    roles.leave(incident.pk, actor=act(bob), role_slug="technical_lead")
    clock.shift(15 * MIN)
    overdue.miss_overdue()

    assert "hand_over" in missed(incident)


def test_opening_it_to_everybody_restarts_the_public_update(opened, alice, act, clock, mona):
    incident = opened(declare=True)
    neighbours.published(incident.pk, actor=act(mona), status="investigating", text="We look into it")
    people.make_private(incident.pk, actor=act(mona), reason="an attack")
    clock.shift(60 * MIN)
    people.make_public(incident.pk, actor=act(mona), reason="it was none")

    assert due(incident, "public_update").due_at == NOON + 90 * MIN


def test_a_hundred_that_owe_something_do_not_keep_the_next_from_closing(opened, alice, act, clock):
    owing = opened(declare=True)
    lifecycle.resolve(owing.pk, actor=act(alice))
    free = opened(rank=3, declare=True)
    lifecycle.resolve(free.pk, actor=act(alice))
    clock.shift(timedelta(days=8))

    assert overdue.close_old(limit=1) == 1
    assert fresh(free).status == "closed"


def test_one_that_fails_does_not_keep_the_sweep_from_the_others(opened, clock, monkeypatch):
    broken, sound = opened(declare=True), opened(declare=True)
    # A row that no rule can read: its severity's version was damaged by hand.
    version = broken.severity_version
    copy = type(version).objects.create(severity=version.severity, number=99, policy={})
    Incident.objects.filter(pk=broken.pk).update(severity_version=copy)
    Deadline.objects.filter(incident=broken, kind="roles").update(kind="no_such_clock")
    clock.shift(16 * MIN)
    overdue.miss_overdue()

    assert "internal_update" in missed(sound)
    Deadline.objects.filter(incident=broken, kind="no_such_clock").update(kind="roles")
    Incident.objects.filter(pk=broken.pk).update(severity_version=version)


def test_a_mitigation_is_not_dated_before_the_reopening(opened, alice, act, clock):
    incident = opened(declare=True)
    lifecycle.mitigate(incident.pk, actor=act(alice))
    clock.shift(60 * MIN)
    lifecycle.reopen(incident.pk, actor=act(alice), reason="back")
    clock.shift(5 * MIN)
    with pytest.raises(Invalid, match="reopened"):
        lifecycle.mitigate(incident.pk, actor=act(alice), at=NOON + 30 * MIN)
    lifecycle.mitigate(incident.pk, actor=act(alice), at=NOON + 61 * MIN)
    event = incident.timeline.filter(kind="mitigated").last()
    with pytest.raises(Invalid):
        notes.correct(
            incident.pk, actor=act(alice), event_number=event.number, at=NOON + 30 * MIN, reason="earlier"
        )


def test_a_phone_whose_clock_runs_ahead_gives_no_negative_span(opened, alice, act, clock):
    incident = opened(declare=True)
    lifecycle.mitigate(incident.pk, actor=act(alice), at=NOON + 90 * timedelta(seconds=1))
    clock.shift(timedelta(seconds=30))
    incident = lifecycle.resolve(incident.pk, actor=act(alice))

    assert incident.resolved_at == incident.mitigated_at


def test_the_duty_counts_from_the_first_minute_at_a_severity_that_has_it(opened, alice, act, clock, sev):
    incident = opened(rank=2, declare=True)
    clock.shift(14 * MIN)
    lifecycle.set_severity(incident.pk, actor=act(alice), severity=sev[1], reason="all users")
    clock.shift(5 * MIN)
    lifecycle.set_severity(incident.pk, actor=act(alice), severity=sev[3], reason="a few only")

    assert lifecycle.resolve(incident.pk, actor=act(alice)).has_postmortem_duty


def test_an_attempt_of_a_mitigation_stays_refused_to_the_commander_by_any_door(opened, alice, act):
    incident = opened(declare=True)
    way = Mitigation.objects.create(slug="roll-back", name="Roll back", steps="x", command="x", risk="x")
    roles.take(incident.pk, actor=act(alice), role_slug="incident_commander")
    for by in (None, alice.pk):
        with pytest.raises(Refused, match="hands off"):
            mitigating.start(incident.pk, actor=act(alice), mitigation_id=way.pk, by_id=by)


@pytest.mark.parametrize("words", ["First assessment wrong.", "first assessment wrong"])
def test_a_wrong_first_assessment_lets_the_duty_go(opened, alice, act, clock, sev, words):
    incident = opened(declare=True)
    clock.shift(40 * MIN)
    lifecycle.set_severity(incident.pk, actor=act(alice), severity=sev[3], reason=words)

    assert not lifecycle.resolve(incident.pk, actor=act(alice)).has_postmortem_duty


def test_a_year_that_nobody_meant_is_refused(opened, alice, act):
    long_ago = datetime(24, 1, 22, 14, 0, tzinfo=UTC)
    incident = opened(declare=True)
    for say in (
        lambda: opened(started_at=long_ago),
        lambda: lifecycle.mitigate(incident.pk, actor=act(alice), started_at=long_ago),
        lambda: notes.correct(incident.pk, actor=act(alice), event_number=1, at=long_ago, reason="x"),
    ):
        with pytest.raises(Invalid, match="ten years"):
            say()


def test_an_incident_that_is_over_needs_only_its_end(opened, alice, act):
    over = lifecycle.Retrospective(resolved_at=NOON - 60 * MIN)
    incident = opened(retrospective=over, actor=act(alice))

    assert (incident.status, incident.detected_at) == ("resolved", NOON - 60 * MIN)
    assert set(incident.deadlines.values_list("kind", flat=True)) == {"postmortem"}


def test_an_incident_that_is_over_was_not_declared_after_its_end(opened, alice, act):
    over = lifecycle.Retrospective(resolved_at=NOON - 60 * MIN, declared_at=NOON + 60 * MIN)
    with pytest.raises(Invalid, match="contradict"):
        opened(retrospective=over, actor=act(alice))


def test_half_of_all_users_reads_as_half(opened, alice, act, client):
    incident = opened(declare=True)
    lifecycle.set_scope(incident.pk, actor=act(alice), users_affected_share=Decimal("50"))

    line = telling.tell(incident, incident.timeline.filter(kind="scope_set"))[0]
    assert line.detail == "about 50 % of users"


def test_a_secret_in_a_title_can_be_blanked_and_the_start_stays(opened, alice, act):
    incident = opened(declare=True)
    scope.change_details(
        incident.pk, actor=act(alice), title="token hunter2 leaked", started_at=NOON - MIN, reason="typo"
    )
    scope.change_details(incident.pk, actor=act(alice), title="A token leaked", reason="secret in the title")
    for event in incident.timeline.filter(kind="details_changed"):
        notes.redact(incident.pk, actor=act(alice), event_number=event.number, reason="a secret")

    assert "hunter2" not in str(list(incident.timeline.values_list("text", "data")))
    assert fresh(incident).started_at == NOON - MIN
