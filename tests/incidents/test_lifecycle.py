"""The verbs of an incident, by name."""

from datetime import timedelta

import pytest

from incidents import lifecycle, neighbours, replay
from incidents.kinds import EventKind, Status
from incidents.models import Incident
from lib.refusal import Invalid, Refused
from tests.incidents.conftest import NOON, due, fresh


@pytest.fixture(autouse=True)
def every_timeline_holds(db):
    yield
    assert [str(one) for one in replay.check_all()] == []


def test_an_incident_opens_in_triage_with_the_next_number(opened):
    first, second = opened(), opened()

    assert (first.status, second.number) == (Status.TRIAGE, first.number + 1)
    assert first.timeline.get().kind == EventKind.OPENED
    assert due(first, "response").due_at == NOON + timedelta(minutes=5)


def test_acknowledging_twice_keeps_the_first_time(opened, alice, bob, act, clock):
    incident = opened()
    clock.shift(timedelta(minutes=3))
    lifecycle.acknowledge(incident.pk, actor=act(alice))
    clock.shift(timedelta(minutes=10))
    lifecycle.acknowledge(incident.pk, actor=act(bob))

    incident = fresh(incident)
    assert incident.acknowledged_at == NOON + timedelta(minutes=3)
    assert incident.acknowledged_by == alice
    assert due(incident, "response") is None


def test_a_double_click_acknowledges_once(opened, alice, act):
    incident = opened()
    lifecycle.acknowledge(incident.pk, actor=act(alice))
    lifecycle.acknowledge(incident.pk, actor=act(alice))

    assert incident.timeline.filter(kind=EventKind.ACKNOWLEDGED).count() == 1


def test_declaring_names_the_channel_and_starts_the_clocks(opened, alice, act, team):
    team.time_zone = "Pacific/Auckland"
    team.save()
    incident = lifecycle.declare(opened().pk, actor=act(alice))

    assert incident.channel_name == "inc-20240123-checkout"  # It is tomorrow in Auckland.
    assert incident.status == Status.ACTIVE
    assert incident.acknowledged_at is None
    assert due(incident, "roles").due_at == NOON + timedelta(minutes=5)
    assert due(incident, "internal_update").due_at == NOON + timedelta(minutes=15)
    assert due(incident, "public_first").due_at == NOON + timedelta(minutes=10)


def test_a_second_channel_of_the_day_gets_a_suffix(opened, alice, act):
    names = [lifecycle.declare(opened().pk, actor=act(alice)).channel_name for _ in range(3)]

    assert names == ["inc-20240122-checkout", "inc-20240122-checkout-2", "inc-20240122-checkout-3"]


def test_a_private_channel_names_no_service(opened, alice, act):
    incident = opened(is_private=True, actor=act(alice), declare=True)

    assert incident.channel_name == "inc-20240122-private"
    assert due(incident, "public_first") is None


def test_declaring_acknowledges_only_whoever_responds(opened, alice, act):
    incident = lifecycle.declare(opened().pk, actor=act(alice), responding=True)

    assert incident.acknowledged_by == alice


def test_mitigating_in_triage_declares_first(opened, alice, act):
    incident = lifecycle.mitigate(opened(rank=3).pk, actor=act(alice))

    assert incident.status == Status.MITIGATED
    assert incident.channel_name is None
    assert list(incident.timeline.values_list("kind", flat=True)) == ["opened", "declared", "mitigated"]


def test_resolving_what_was_never_mitigated_mitigates_it(opened, alice, act, clock):
    incident = opened(declare=True)
    clock.shift(timedelta(minutes=25))
    incident = lifecycle.resolve(incident.pk, actor=act(alice))

    assert incident.mitigated_at == incident.resolved_at == NOON + timedelta(minutes=25)
    assert incident.has_postmortem_duty


def test_reopening_needs_a_reason_and_restarts_the_clocks(opened, alice, act, clock):
    incident = opened(declare=True)
    clock.shift(timedelta(minutes=20))
    lifecycle.mitigate(incident.pk, actor=act(alice))
    clock.shift(timedelta(minutes=10))
    with pytest.raises(Invalid):
        lifecycle.reopen(incident.pk, actor=act(alice), reason=" ")
    incident = lifecycle.reopen(incident.pk, actor=act(alice), reason="Errors are back")

    assert (incident.status, incident.opening, incident.mitigated_at) == (Status.ACTIVE, 2, None)
    assert incident.impact_seconds == 20 * 60
    assert due(incident, "management").due_at == NOON + timedelta(minutes=60)
    assert due(incident, "internal_update").due_at == NOON + timedelta(minutes=45)


def test_closing_is_refused_while_the_postmortem_is_owed(opened, alice, act):
    incident = opened(declare=True)
    lifecycle.resolve(incident.pk, actor=act(alice))

    with pytest.raises(Refused, match="postmortem") as refusal:
        lifecycle.close(incident.pk, actor=act(alice))
    assert refusal.value.code == "postmortem_owed"
    neighbours.postmortem_published(incident.pk, actor=act(alice), postmortem_id=1)
    assert lifecycle.close(incident.pk, actor=act(alice)).status == Status.CLOSED


def test_closed_is_final(opened, alice, act):
    incident = opened(rank=4, declare=True)
    lifecycle.resolve(incident.pk, actor=act(alice))
    lifecycle.close(incident.pk, actor=act(alice))

    with pytest.raises(Refused, match="closed"):
        lifecycle.reopen(incident.pk, actor=act(alice), reason="again")


def test_a_refused_verb_changes_nothing(opened, alice, act):
    incident = opened()
    lifecycle.dismiss(incident.pk, actor=act(alice), reason="a test alert")
    before = Incident.objects.filter(pk=incident.pk).values().get(), incident.timeline.count()

    for verb in (lifecycle.mitigate, lifecycle.resolve, lifecycle.acknowledge, lifecycle.close):
        with pytest.raises(Refused):
            verb(incident.pk, actor=act(alice))
    assert (Incident.objects.filter(pk=incident.pk).values().get(), incident.timeline.count()) == before


def test_a_date_before_the_start_is_refused(opened, alice, act):
    incident = opened(declare=True)
    with pytest.raises(Invalid, match="before the incident began"):
        lifecycle.mitigate(incident.pk, actor=act(alice), at=NOON - timedelta(hours=1))
    with pytest.raises(Invalid, match="still to come"):
        lifecycle.mitigate(incident.pk, actor=act(alice), at=NOON + timedelta(hours=1))


def test_mitigating_asks_for_the_start_of_the_impact_once(opened, alice, act, clock):
    incident = opened(declare=True)
    clock.shift(timedelta(minutes=9))
    incident = lifecycle.mitigate(incident.pk, actor=act(alice), started_at=NOON - timedelta(minutes=4))

    assert incident.started_at == NOON - timedelta(minutes=4)
    assert incident.started_at_provenance == "reported"


def test_a_merge_moves_services_and_the_earliest_times(opened, alice, act, clock, checkout, team):
    from catalog.models import Service

    search = Service.objects.create(slug="search", name="Search", team=team)
    early = opened(service_ids=[search.pk], started_at=NOON - timedelta(minutes=9))
    clock.shift(timedelta(minutes=2))
    target = opened(declare=True)
    lifecycle.merge(early.pk, actor=act(alice), into=target.pk)

    early, target = fresh(early), fresh(target)
    assert (early.status, early.merged_into) == (Status.MERGED, target)
    assert (target.detected_at, target.started_at) == (NOON, NOON - timedelta(minutes=9))
    assert list(target.service_rows.values_list("service__slug", flat=True)) == ["checkout", "search"]
    assert not early.deadlines.filter(stopped_at=None).exists()


def test_a_retrospective_incident_runs_no_clock_but_the_postmortem(opened, alice, act):
    incident = opened(
        actor=act(alice),
        started_at=NOON - timedelta(hours=3),
        detected_at=NOON - timedelta(hours=2),
        retrospective=lifecycle.Retrospective(
            resolved_at=NOON - timedelta(hours=1), mitigated_at=NOON - timedelta(minutes=90)
        ),
    )

    assert incident.status == Status.RESOLVED
    assert [row.kind for row in incident.deadlines.filter(stopped_at=None)] == ["postmortem"]


def test_lowering_after_a_quarter_of_an_hour_keeps_the_duty(opened, alice, act, clock, sev):
    incident = opened(declare=True)
    clock.shift(timedelta(minutes=16))
    lifecycle.set_severity(incident.pk, actor=act(alice), severity=sev[3], reason="only one region")
    incident = lifecycle.resolve(incident.pk, actor=act(alice))

    assert incident.has_postmortem_duty


def test_lowering_because_the_first_assessment_was_wrong_ends_the_duty(opened, alice, act, clock, sev):
    incident = opened(declare=True)
    clock.shift(timedelta(minutes=16))
    lifecycle.set_severity(incident.pk, actor=act(alice), severity=sev[3], reason="First assessment wrong")

    assert not lifecycle.resolve(incident.pk, actor=act(alice)).has_postmortem_duty
