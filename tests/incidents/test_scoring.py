"""The score of a drill: five steps, every clock, and only when it is over."""

from datetime import timedelta

import pytest

from accounts import tokens
from incidents import lifecycle, overdue, people, roles, scoring
from lib.refusal import Refused
from tests.incidents.conftest import fresh


@pytest.fixture
def drilled(opened, clock, alice, bob, carol, act):
    """Acknowledged after two minutes, declared after three; chairs late or never; ended after forty."""
    incident = opened(is_drill=True, participant_ids=[alice.pk, bob.pk])
    clock.shift(timedelta(minutes=2))
    lifecycle.acknowledge(incident.pk, actor=act(alice))
    clock.shift(timedelta(minutes=1))
    lifecycle.declare(incident.pk, actor=act(alice))
    roles.take(incident.pk, actor=act(alice), role_slug="incident_commander")
    clock.shift(timedelta(minutes=7))
    overdue.miss_overdue()
    roles.take(incident.pk, actor=act(bob), role_slug="technical_lead")
    roles.take(incident.pk, actor=act(carol), role_slug="comms_lead")
    clock.shift(timedelta(minutes=30))
    overdue.miss_overdue()
    return incident


def test_it_says_what_was_in_time_and_what_was_not(drilled, act, alice):
    people.end_drill(drilled.pk, actor=act(alice), reason="Enough for today.")
    score = scoring.of(fresh(drilled))

    assert [(one.key, one.words, one.is_good) for one in score.steps] == [
        ("acknowledge", "2:00", True),
        ("scope", "never", False),
        ("severity", "1:00", True),
        ("declare", "1:00", True),
        ("roles", "8:00", False),
    ]
    kept = {one.kind: (one.kept, one.missed) for one in score.promises}
    assert kept["response"] == (1, 0)
    assert kept["roles"] == (0, 1)
    assert kept["internal_update"] == (0, 1)
    assert "management" not in kept and "public_first" not in kept
    assert (score.good, score.total) == (4, 8)


def test_a_clock_that_only_the_end_stopped_is_neither_kept_nor_missed(opened, clock, alice, act):
    incident = opened(is_drill=True, participant_ids=[alice.pk])
    lifecycle.acknowledge(incident.pk, actor=act(alice))
    lifecycle.declare(incident.pk, actor=act(alice))
    clock.shift(timedelta(seconds=5))
    people.end_drill(incident.pk, actor=act(alice), reason="Enough for today.")
    score = scoring.of(fresh(incident))
    assert {one.kind: (one.kept, one.missed) for one in score.promises} == {"response": (1, 0)}


def test_room_and_api_show_it_when_the_drill_is_over(drilled, act, alice, client):
    client.force_login(alice)
    room = drilled.get_absolute_url()
    api = f"/api/v1/incidents/{drilled.number}/score/"
    token = {"Authorization": f"Bearer {tokens.issue(alice, name='t', scope='read')[1]}"}
    assert "How the drill went" not in client.get(room).content.decode()
    assert client.get(api, headers=token).status_code == 409

    people.end_drill(drilled.pk, actor=act(alice), reason="Enough for today.")
    assert "How the drill went" in client.get(room).content.decode()
    said = client.get(api, headers=token).json()
    assert (said["in_time"], said["total"]) == (4, 8)
    assert said["steps"][1] == {"key": "scope", "took_seconds": None, "in_time": False}


def test_what_is_no_drill_has_no_score(opened):
    with pytest.raises(Refused, match="Only drills"):
        scoring.of(opened())
