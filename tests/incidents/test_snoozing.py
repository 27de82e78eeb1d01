"""Putting an update off: once, with a reason, bounded, and counted honestly."""

from datetime import timedelta

import pytest

from accounts import tokens
from accounts.actors import person
from incidents import deadlines, keeping, lifecycle, neighbours, overdue, replay, updates
from incidents.kinds import EventKind
from incidents.models import Incident
from lib.refusal import Forbidden, Invalid, Missing, Refused
from tests.incidents.conftest import NOON, due, fresh

MIN = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def every_timeline_holds(db):
    yield
    assert [str(one) for one in replay.check_all()] == []


def put_off(incident, by, minutes, reason="We wait for the vendor.", **words):
    return updates.snooze(incident.pk, actor=person(by), until=NOON + minutes * MIN, reason=reason, **words)


def test_the_clock_moves_and_the_timeline_says_why(opened, alice, clock):
    incident = opened(declare=True)
    clock.shift(10 * MIN)

    put_off(incident, alice, 25)

    row = due(incident, "internal_update")
    assert (row.due_at, row.snoozed_from) == (NOON + 25 * MIN, NOON + 15 * MIN)
    event = incident.timeline.get(kind=EventKind.CLOCK_SNOOZED)
    assert (event.text, event.data["clock"]) == ("We wait for the vendor.", "internal_update")
    clock.shift(6 * MIN)
    overdue.miss_overdue()
    assert due(incident, "internal_update").missed_at is None
    clock.shift(10 * MIN)
    overdue.miss_overdue()
    assert due(incident, "internal_update").missed_at


def test_at_most_twice_the_cadence(opened, alice):
    incident = opened(declare=True)

    with pytest.raises(Invalid, match="30 minutes"):
        put_off(incident, alice, 32)
    with pytest.raises(Invalid, match="no later"):
        put_off(incident, alice, 15)
    put_off(incident, alice, 30)
    assert due(incident, "internal_update").due_at == NOON + 30 * MIN


def test_once_a_round_and_the_next_update_begins_anew(opened, alice, clock):
    incident = opened(declare=True)
    put_off(incident, alice, 20)
    with pytest.raises(Refused, match="once already"):
        put_off(incident, alice, 25)

    clock.shift(12 * MIN)
    lifecycle.post_update(incident.pk, actor=person(alice), text="Still looking")

    row = due(incident, "internal_update")
    assert (row.due_at, row.snoozed_from) == (NOON + 27 * MIN, None)
    put_off(incident, alice, 35)
    assert due(incident, "internal_update").due_at == NOON + 35 * MIN


def test_what_is_late_is_answered_and_not_put_off(opened, alice, clock):
    incident = opened(declare=True)
    clock.shift(15 * MIN)

    with pytest.raises(Refused) as refused:
        put_off(incident, alice, 25)

    assert refused.value.code == "late"


def test_without_a_reason_or_a_running_clock_nothing_happens(opened, alice):
    incident = opened(declare=True)
    calm = opened(rank=4, declare=True)

    with pytest.raises(Invalid, match="reason"):
        put_off(incident, alice, 25, reason=" ")
    with pytest.raises(Invalid):
        put_off(incident, alice, 25, clock="response")
    with pytest.raises(Refused, match="nothing to put off"):
        put_off(incident, alice, 25, clock="public_update")
    with pytest.raises(Refused, match="nothing to put off"):
        put_off(calm, alice, 25)
    assert not incident.timeline.filter(kind=EventKind.CLOCK_SNOOZED).exists()


@pytest.mark.parametrize(("minute", "kept"), [(14, 1), (20, 0)])
def test_putting_off_wins_no_adherence(opened, alice, clock, minute, kept):
    incident = opened(declare=True, is_private=True, actor=person(alice))
    put_off(incident, alice, 25)
    clock.shift(minute * MIN)

    lifecycle.post_update(incident.pk, actor=person(alice), text="Still looking")

    assert deadlines.adherence(fresh(incident)) == (kept, 1)
    assert keeping.updates(Incident.objects.all()) == {incident.pk: (kept, 1)}


def test_a_raise_ends_what_is_too_long_there(opened, alice, clock, sev):
    incident = opened(rank=2, declare=True)
    put_off(incident, alice, 60)
    clock.shift(10 * MIN)

    lifecycle.set_severity(incident.pk, actor=person(alice), severity=sev[1], reason="all users now")

    assert due(incident, "internal_update").due_at <= NOON + 40 * MIN


def test_the_public_update_too(opened, alice, mona, clock):
    incident = opened(declare=True)
    neighbours.published(incident.pk, actor=person(mona), text="We look into it.", status="investigating")

    put_off(incident, alice, 50, clock="public_update")

    assert due(incident, "public_update").due_at == NOON + 50 * MIN


def test_who_may_not_act_may_not_put_off(opened, alice, vera, bob):
    incident = opened(declare=True)
    private = opened(actor=person(alice), declare=True, is_private=True)

    with pytest.raises(Forbidden):
        put_off(incident, vera, 25)
    with pytest.raises(Missing):
        put_off(private, bob, 25)


def test_the_page_offers_it_and_says_what_is_true(client, opened, alice, clock):
    incident = opened(declare=True)
    client.force_login(alice)
    address = f"/incidents/{incident.number}/do/snooze/"
    words = {"clock": "internal_update", "minutes": "10", "reason": "On the phone with the vendor"}

    assert "Put an update off" in client.get(incident.get_absolute_url()).content.decode()
    assert client.post(address, words).status_code == 302

    text = client.get(incident.get_absolute_url()).content.decode()
    assert "Next update to the team: put off to 14:25" in text
    assert "was due 14:15" in text
    refused = client.post(address, words)
    assert refused.status_code == 422
    assert "put off once already" in refused.content.decode()


def test_the_api(client, opened, alice):
    incident = opened(declare=True)
    bearer = {"Authorization": f"Bearer {tokens.issue(alice, name='t', scope='write')[1]}"}
    address = f"/api/v1/incidents/{incident.number}/snooze/"

    def ask(minutes):
        words = {"until": (NOON + minutes * MIN).isoformat(), "reason": "Vendor"}
        return client.post(address, words, content_type="application/json", headers=bearer)

    answer = ask(25)
    assert answer.status_code == 200
    clocks = {one["kind"]: one["due_at"] for one in answer.json()["deadlines"]}
    assert clocks["internal_update"].startswith("2024-01-22T14:25")
    assert ask(28).status_code == 409
