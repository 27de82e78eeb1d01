from datetime import timedelta

import pytest

from config import tasks
from config.celery import app
from config.sweeps import SWEEPS
from outbox import pulse
from outbox.models import SweepRun


@pytest.mark.django_db  # Celery lets Django check its models, which asks the database.
def test_beat_rings_only_what_the_workers_know():
    app.loader.import_default_modules()

    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= app.tasks.keys()
    assert "outbox.tasks.sweep" in app.tasks


@pytest.mark.django_db
def test_a_tick_runs_its_sweep_and_remembers_when():
    sweep = next(sweep for sweep in SWEEPS if sweep.name == "outbox-bulk")

    assert tasks.tick(sweep)() == 0

    assert SweepRun.objects.get(name="outbox-bulk").last_finished_at


@pytest.mark.django_db
def test_a_worker_with_a_wrong_clock_does_nothing(monkeypatch):
    ran = []
    monkeypatch.setattr(pulse, "_trust", (float("-inf"), True))
    monkeypatch.setattr(pulse, "skew", lambda: timedelta(hours=1))
    sweep = next(sweep for sweep in SWEEPS if sweep.name == "outbox-bulk")
    monkeypatch.setattr(type(sweep), "load", lambda self: lambda: ran.append(1) or 1)

    assert tasks.tick(sweep)() == 0
    assert ran == []

    monkeypatch.setattr(pulse, "_trust", (float("-inf"), True))
    monkeypatch.setattr(pulse, "skew", lambda: timedelta(0))
    assert tasks.tick(sweep)() > 0
