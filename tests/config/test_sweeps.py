import pytest

from config.celery import QUEUES, app
from config.sweeps import SWEEPS, Sweep

by_name = pytest.mark.parametrize("sweep", SWEEPS, ids=lambda sweep: sweep.name)


@by_name
def test_every_sweep_names_a_function_that_is_there(sweep):
    assert callable(sweep.load())


@by_name
@pytest.mark.django_db
def test_every_sweep_runs_on_an_empty_house_and_owes_nothing(sweep, settings, tmp_path):
    settings.STATUS_DIR = tmp_path
    assert (sweep.load()() or 0) <= 1  # The status site is written even when there is nothing on it.
    assert sweep.owed_since() is None


@by_name
def test_every_sweep_has_a_queue_that_the_workers_read(sweep):
    assert sweep.queue in QUEUES


def test_a_name_that_leads_nowhere_is_loud():
    with pytest.raises(ImportError):
        Sweep("lost", "outbox.delivery.no_such_function", 1).load()


def test_no_two_sweeps_share_a_name():
    assert len({sweep.name for sweep in SWEEPS}) == len(SWEEPS)


def test_every_tick_expires_before_the_next_one():
    schedule = app.conf.beat_schedule

    assert schedule.keys() == {sweep.name for sweep in SWEEPS}
    for sweep in SWEEPS:
        assert schedule[sweep.name]["options"]["expires"] <= sweep.every
