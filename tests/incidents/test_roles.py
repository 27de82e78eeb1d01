"""The chairs: separation, breaking glass, hands off."""

from datetime import timedelta

import pytest

from catalog.models import Mitigation
from incidents import lifecycle, mitigating, overdue, replay, roles
from incidents.kinds import EventKind
from lib.refusal import Refused
from tests.incidents.conftest import due, fresh

IC, TL, CL = "incident_commander", "technical_lead", "comms_lead"


@pytest.fixture(autouse=True)
def every_timeline_holds(db):
    yield
    assert [str(one) for one in replay.check_all()] == []


def test_at_sev1_the_commander_holds_no_other_role(opened, alice, act):
    incident = opened(declare=True)
    roles.take(incident.pk, actor=act(alice), role_slug=IC)

    for other in (TL, CL):
        with pytest.raises(Refused) as refusal:
            roles.take(incident.pk, actor=act(alice), role_slug=other)
        assert refusal.value.code == "separation"
    assert set(roles.holders(incident)) == {IC}


def test_at_sev2_the_commander_may_speak_but_not_dig(opened, alice, act):
    incident = opened(rank=2, declare=True)
    roles.take(incident.pk, actor=act(alice), role_slug=IC)
    roles.take(incident.pk, actor=act(alice), role_slug=CL)

    with pytest.raises(Refused):
        roles.take(incident.pk, actor=act(alice), role_slug=TL)


def test_breaking_the_glass_is_written_down(opened, alice, act):
    incident = opened(declare=True)
    roles.take(incident.pk, actor=act(alice), role_slug=IC)
    roles.take(incident.pk, actor=act(alice), role_slug=TL, break_glass="Bob is on a plane")

    glass = incident.timeline.get(kind=EventKind.BREAK_GLASS)
    assert glass.text == "Bob is on a plane"
    assert glass.data["roles"] == "incident_commander,technical_lead"


def test_a_hand_over_keeps_the_history(opened, alice, bob, act, clock):
    incident = opened(declare=True)
    roles.take(incident.pk, actor=act(alice), role_slug=IC)
    clock.shift(timedelta(minutes=10))
    roles.take(incident.pk, actor=act(alice), role_slug=IC, user_id=bob.pk, brief="rollback is running")

    assert roles.holders(incident) == {IC: bob}
    assert incident.holdings.count() == 2
    assert incident.timeline.filter(kind=EventKind.ROLE_TAKEN).last().data["previous"] == alice.pk


def test_the_clock_of_the_chairs_ends_when_all_three_are_held(opened, alice, bob, carol, act):
    incident = opened(declare=True)
    for user, role in ((alice, IC), (bob, TL)):
        roles.take(incident.pk, actor=act(alice), role_slug=role, user_id=user.pk)
    assert due(incident, "roles") is not None
    roles.take(incident.pk, actor=act(alice), role_slug=CL, user_id=carol.pk)

    assert due(incident, "roles") is None


def test_an_empty_chair_starts_the_clock_again(opened, alice, bob, carol, act, clock):
    incident = opened(declare=True)
    for user, role in ((alice, IC), (bob, TL), (carol, CL)):
        roles.take(incident.pk, actor=act(alice), role_slug=role, user_id=user.pk)
    clock.shift(timedelta(minutes=20))
    roles.leave(incident.pk, actor=act(bob), role_slug=TL)

    again = due(incident, "roles")
    assert again.due_at - again.started_at == timedelta(minutes=5)
    assert again.round == 2


def test_a_raise_is_never_refused_because_of_the_chairs(opened, alice, act, sev):
    incident = opened(rank=3, declare=True)
    for role in (IC, TL):
        roles.take(incident.pk, actor=act(alice), role_slug=role)
    lifecycle.set_severity(incident.pk, actor=act(alice), severity=sev[1], reason="everything is down")

    glass = incident.timeline.get(kind=EventKind.BREAK_GLASS)
    assert (glass.text, glass.data["roles"]) == ("severity raised", "incident_commander,technical_lead")
    assert due(fresh(incident), "roles") is not None


def test_at_sev1_the_commander_runs_no_mitigation_of_his_own(opened, alice, bob, act):
    rollback = Mitigation.objects.create(slug="rollback", name="Roll back")
    incident = opened(declare=True)
    roles.take(incident.pk, actor=act(alice), role_slug=IC)

    with pytest.raises(Refused) as refusal:
        mitigating.start(incident.pk, actor=act(alice), mitigation_id=rollback.pk)
    assert refusal.value.code == "hands_off"
    attempt = mitigating.start(incident.pk, actor=act(alice), mitigation_id=rollback.pk, by_id=bob.pk)
    mitigating.finish(incident.pk, actor=act(alice), attempt_id=attempt.pk, outcome="helped")
    assert incident.timeline.filter(kind=EventKind.MITIGATION_TRIED).count() == 2


def test_alone_takes_the_chair_lifts_hands_off_and_calls_for_help(opened, alice, bob, act, clock):
    rollback = Mitigation.objects.create(slug="rollback", name="Roll back")
    incident = opened(declare=True)
    roles.alone(incident.pk, actor=act(alice))
    mitigating.start(incident.pk, actor=act(alice), mitigation_id=rollback.pk)

    kinds = list(incident.timeline.values_list("kind", flat=True))
    assert kinds[-4:] == ["break_glass", "role_taken", "page_asked", "mitigation_tried"]
    clock.shift(timedelta(minutes=15))
    overdue.miss_overdue()
    clock.shift(timedelta(minutes=15))
    overdue.miss_overdue()
    asked = incident.timeline.filter(data__deadline="hand_over")
    assert [event.kind for event in asked] == ["deadline_missed", "deadline_nudged"]

    roles.take(incident.pk, actor=act(bob), role_slug=TL)
    assert due(incident, "hand_over") is None


def test_a_viewer_takes_no_chair(opened, alice, vera, act):
    incident = opened(declare=True)
    with pytest.raises(Refused, match="only read"):
        roles.take(incident.pk, actor=act(alice), role_slug=IC, user_id=vera.pk)
