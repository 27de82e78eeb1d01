from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils.timezone import now

from config import lateness
from config.lateness import Asleep, Late, judge
from config.sweeps import Sweep
from outbox.announcing import announce
from outbox.models import SweepRun

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
PAGES = Sweep("pages", "outbox.delivery.sweep_pages", 1, "page", "outbox.delivery.pages_owed_since")
SLOW = Sweep("slow", "outbox.delivery.forget", 60)


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def test_a_sweep_that_ran_just_now_is_in_time(clock):
    assert judge(PAGES, NOON) is None
    assert judge(SLOW, NOON - timedelta(seconds=60)) is None


def test_a_sweep_that_stopped_running_is_late_after_two_intervals_and_a_grace(clock):
    assert judge(SLOW, NOON - timedelta(seconds=130)) is None

    late = judge(SLOW, NOON - timedelta(seconds=131))

    assert late
    assert late.since == NOON - timedelta(seconds=131)


def test_what_is_owed_shows_lateness_within_seconds(clock, listen):
    listen("tests.page", queue="page")
    with transaction.atomic():
        announce("tests.page", key="1")

    clock.shift(timedelta(seconds=4))
    assert judge(PAGES, datetime(2026, 3, 4, 12, 0, 3, tzinfo=UTC)) is None
    clock.shift(timedelta(seconds=1))
    late = judge(PAGES, datetime(2026, 3, 4, 12, 0, 3, tzinfo=UTC))

    assert late
    assert late.since == NOON


def test_what_never_ran_is_late_only_after_it_could_have(clock, monkeypatch):
    monkeypatch.setattr(lateness, "STARTED_AT", NOON)
    assert judge(SLOW, None) is None

    clock.shift(timedelta(minutes=3))

    late = judge(SLOW, None)
    assert late
    assert late.since is None


def test_lateness_is_told_in_the_words_of_who_waits_for_a_page(clock):
    bulk = Sweep("status-mail", "outbox.delivery.forget", 5, "bulk")
    assert lateness.meaning([]) is None

    since = NOON - timedelta(minutes=3)
    told = lateness.meaning([Late(PAGES, "does not run", since), Late(bulk, "does not run"), Late(SLOW, "")])
    assert told == Asleep(rings=True, since=since, what=["the public status page", "tidying up"])
    assert not lateness.meaning([Late(bulk, "does not run")]).rings


def test_the_banner_says_what_is_wrong_and_what_to_do(client, alice):
    client.force_login(alice)
    SweepRun.objects.create(name="pages", last_finished_at=now() - timedelta(minutes=3))
    page = client.get("/").content.decode()
    banner = page[page.index("Nobody may be woken now") : page.index("For whoever runs Tocsin")]

    assert "look at the open incidents" in banner and 'href="/oncall/"' in banner
    assert "sweep" not in banner and "pages:" not in banner
    assert "pages: does not run" in page
