from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from outbox import pulse
from outbox.models import SweepRun

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def test_a_run_is_remembered():
    with time_machine.travel(NOON, tick=False):
        assert pulse.run("tests", lambda: 3).count == 3

    assert pulse.last_finished() == {"tests": NOON}


def test_idle_runs_write_only_every_few_seconds(django_assert_num_queries):
    with time_machine.travel(NOON, tick=False) as clock:
        pulse.run("tests", lambda: 0)
        clock.shift(timedelta(seconds=4))
        with django_assert_num_queries(1):
            pulse.run("tests", lambda: 0)
        assert pulse.last_finished() == {"tests": NOON}
        clock.shift(timedelta(seconds=2))
        pulse.run("tests", lambda: 0)

    assert pulse.last_finished() == {"tests": NOON + timedelta(seconds=6)}


def test_a_failing_sweep_is_remembered_until_it_works_again():
    def fail():
        raise ValueError("no such thing")

    with time_machine.travel(NOON, tick=False):
        pulse.run("tests", lambda: 0)
        with pytest.raises(ValueError, match="no such thing"):
            pulse.run("tests", fail)
        assert pulse.failing() == {"tests": "ValueError: no such thing"}
        pulse.run("tests", lambda: 0)

    assert pulse.failing() == {}
    assert SweepRun.objects.get().failed_at == NOON


def test_a_sweep_that_still_runs_is_skipped():
    inner = []

    def outer():
        inner.append(pulse.run("tests", lambda: 1))

    pulse.run("tests", outer)

    assert inner == [pulse.Run(0, is_skipped=True)]


def test_as_many_run_at_once_as_allowed():
    inner = []

    def outer():
        inner.append(pulse.run("tests-wide", lambda: 1, at_once=2))

    pulse.run("tests-wide", outer, at_once=2)

    assert inner == [pulse.Run(1)]


def test_the_clock_is_compared_with_the_databases():
    assert abs(pulse.skew()) < timedelta(seconds=2)
    assert not pulse.is_clock_wrong()


def test_a_sweep_with_more_to_do_goes_on_at_once():
    left = [200, 200, 7, 0]

    assert pulse.run("tests", lambda: left.pop(0), budget=timedelta(seconds=30)).count == 407
    assert left == []


def test_without_a_budget_it_takes_one_batch():
    assert pulse.run("tests", lambda: 200).count == 200


def test_what_can_wait_takes_turns_of_one_batch_while_what_comes_first_has_more_to_do():
    budget = timedelta(seconds=30)
    left, inner = [200, 200, 0], []

    def waits():
        inner.append(pulse.run("tests-other", lambda: 50, budget=budget))
        return 50

    def first():
        if not left[1:]:
            assert pulse.is_rushing()
            inner.append(pulse.run("tests-bulk", waits, at_once=3, budget=budget))
        return left.pop(0)

    assert pulse.run("tests-first", first, budget=budget, comes_first=True).count == 400

    # The one inside had to leave the turn to the one that had it.
    assert inner == [pulse.Run(0, is_skipped=True), pulse.Run(50)]
    assert not pulse.is_rushing()


def test_a_rush_ends_when_it_fails():
    done = [1]

    def fails():
        return done.pop()

    with pytest.raises(IndexError):
        pulse.run("tests-first", fails, budget=timedelta(seconds=30), comes_first=True)

    assert not pulse.is_rushing()
