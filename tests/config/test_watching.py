from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from config.sweeps import Sweep
from config.watching import Watch
from outbox import pulse
from outbox.models import SweepRun

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
FORGET = Sweep("tests-forget", "outbox.delivery.forget", 10)
BROKEN = Sweep("tests-broken", "tests.config.test_watching.fail", 10)
pytestmark = pytest.mark.django_db(transaction=True)


def fail():
    raise ValueError("always")


@pytest.fixture
def clock(monkeypatch):
    # PostgreSQL's clock cannot travel with ours.
    monkeypatch.setattr(pulse, "skew", lambda: timedelta(0))
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def finish(watch):
    for thread in watch.running.values():
        thread.join(10)


def test_it_leaves_alone_and_writes_nothing_while_all_is_well(clock, django_assert_num_queries):
    watch = Watch([FORGET])
    clock.shift(timedelta(minutes=1))
    pulse.run(FORGET.name, lambda: 0)

    with django_assert_num_queries(1) as queries:
        assert watch.look() == []

    assert all(query["sql"].startswith("SELECT") for query in queries.captured_queries)


def test_a_late_sweep_is_run_and_then_kept_in_its_rhythm(clock):
    watch = Watch([FORGET])
    clock.shift(timedelta(seconds=31))

    assert watch.look() == [FORGET]
    finish(watch)
    assert pulse.last_finished()[FORGET.name] == NOON + timedelta(seconds=31)

    clock.shift(timedelta(seconds=9))
    assert watch.look() == []
    clock.shift(timedelta(seconds=1))
    assert watch.look() == [FORGET]
    finish(watch)


def test_it_steps_back_when_somebody_else_runs_the_sweep_again(clock):
    watch = Watch([FORGET])
    clock.shift(timedelta(seconds=31))
    watch.look()
    finish(watch)

    clock.shift(timedelta(seconds=8))
    pulse.run(FORGET.name, lambda: 0)
    clock.shift(timedelta(seconds=12))

    assert watch.look() == []


def test_right_after_its_own_start_it_waits_for_the_workers(clock):
    SweepRun.objects.create(name=FORGET.name, last_finished_at=NOON - timedelta(days=1))

    assert Watch([FORGET]).look() == []


def test_a_sweep_that_fails_does_not_stop_the_others(clock):
    watch = Watch([BROKEN, FORGET])
    clock.shift(timedelta(seconds=31))

    assert watch.look() == [BROKEN, FORGET]
    finish(watch)

    assert FORGET.name in pulse.last_finished()
    assert pulse.failing() == {BROKEN.name: "ValueError: always"}


def test_with_a_wrong_clock_it_does_not_sweep(clock, monkeypatch, caplog):
    watch = Watch([FORGET])
    clock.shift(timedelta(seconds=31))
    monkeypatch.setattr(pulse, "skew", lambda: timedelta(seconds=6))

    assert watch.look() == []
    assert "5 seconds apart" in caplog.text
