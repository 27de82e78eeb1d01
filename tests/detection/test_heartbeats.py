"""Heartbeats: silence rings, after the grace, once."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts.actors import system
from detection import heartbeats
from detection.models import Alert, Heartbeat
from incidents.kinds import Status
from incidents.models import Incident
from lib.refusal import Invalid

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def beat(shop, clock):
    made, token = heartbeats.create(
        actor=system(), name="Backup", service=shop, period=10 * MINUTE, grace=5 * MINUTE, severity="error"
    )
    made.token = token
    return made


def state(beat):
    return Heartbeat.objects.get(pk=beat.pk).state


def test_nothing_is_expected_before_the_first_ping(beat, clock):
    clock.shift(timedelta(days=3))

    assert heartbeats.sweep() == 0 and state(beat) == "new"


def test_silence_is_late_first_and_rings_after_the_grace(beat, clock):
    heartbeats.ping(beat.token)
    clock.shift(10 * MINUTE)
    assert heartbeats.sweep() == 1 and state(beat) == "late"
    assert not Alert.objects.exists() and heartbeats.sweep() == 0

    clock.shift(5 * MINUTE)
    assert heartbeats.sweep() == 1 and state(beat) == "down"

    alert = Alert.objects.get()
    assert alert.summary == "Backup has not reported for 15 min"
    assert alert.incident.source == "health_check" and alert.incident.severity.name == "SEV2"
    clock.shift(timedelta(hours=5))
    assert heartbeats.sweep() == 0


def test_a_ping_in_time_keeps_it_up(beat, clock):
    for _ in range(5):
        heartbeats.ping(beat.token)
        clock.shift(9 * MINUTE)
        assert heartbeats.sweep() == 0


def test_a_ping_ends_the_alert(beat, clock):
    heartbeats.ping(beat.token)
    clock.shift(10 * MINUTE)
    heartbeats.sweep()
    clock.shift(6 * MINUTE)
    heartbeats.sweep()
    heartbeats.ping(beat.token)

    assert state(beat) == "up" and Alert.objects.get().status == "resolved"
    assert Incident.objects.get().status == Status.DISMISSED


@pytest.mark.parametrize(("kind", "code"), [("fail", None), ("", 7)])
def test_a_failure_rings_at_once(beat, kind, code):
    heartbeats.ping(beat.token, kind, code)

    assert state(beat) == "down" and Alert.objects.get().incident


def test_exit_code_zero_is_well(beat):
    heartbeats.ping(beat.token, "", 0)

    assert state(beat) == "up"


def test_a_start_measures_the_run(beat, clock):
    heartbeats.ping(beat.token, "start")
    clock.shift(3 * MINUTE)
    heartbeats.ping(beat.token)

    assert Heartbeat.objects.get().last_took == 3 * MINUTE


def test_cron_is_reckoned_in_its_zone(shop, clock):
    made, token = heartbeats.create(
        actor=system(), name="Nightly", service=shop, cron="30 2 * * *", time_zone="Europe/Copenhagen"
    )
    heartbeats.ping(token)

    made.refresh_from_db()
    assert made.due_at == datetime(2026, 11, 24, 1, 30, tzinfo=UTC)


def test_a_pause_ends_its_alert_and_waits_for_a_first_ping(beat, clock):
    heartbeats.ping(beat.token, "fail")
    heartbeats.pause(beat.pk, actor=system(), paused=True)
    assert Alert.objects.get().status == "resolved"
    heartbeats.ping(beat.token, "fail")
    assert Alert.objects.count() == 1

    heartbeats.pause(beat.pk, actor=system(), paused=False)
    assert state(beat) == "new"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "period"),
        ({"period": MINUTE, "cron": "* * * * *"}, "period"),
        ({"period": timedelta(seconds=1)}, "period"),
        ({"cron": "every day"}, "cron"),
        ({"cron": "0 0 31 2 *"}, "cron"),
        ({"period": MINUTE, "time_zone": "Mars/Base"}, "time_zone"),
        ({"period": MINUTE, "grace": timedelta(days=60)}, "grace"),
        ({"period": MINUTE, "name": " "}, "name"),
    ],
)
def test_a_rhythm_out_of_bounds_is_refused(shop, clock, fields, field):
    with pytest.raises(Invalid) as refused:
        heartbeats.create(actor=system(), **{"name": "X", "service": shop, **fields})

    assert refused.value.field == field and not Heartbeat.objects.exists()


def test_an_old_address_stops(beat):
    heartbeats.renew_token(beat.pk, actor=system())

    assert heartbeats.ping(beat.token) is None
