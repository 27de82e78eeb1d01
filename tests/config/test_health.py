import json
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils.timezone import now

from config.sweeps import SWEEPS
from incidents import guards
from outbox import auditing, pulse
from outbox.models import Message, SweepRun


@pytest.fixture
def all_ran(db):
    for sweep in SWEEPS:
        SweepRun.objects.create(name=sweep.name, last_finished_at=now())


def answer(client, address):
    response = client.get(address)
    return response.status_code, json.loads(response.content)


def test_alive_asks_nobody(client, django_assert_num_queries):
    assert client.get("/healthz").content == b"ok\n"


def test_ready_when_migrated_and_guarded(client, db):
    assert answer(client, "/readyz") == (200, {"ready": True, "problems": []})


def test_not_ready_without_the_guards(client, db):
    guards.remove(connection)
    try:
        status, said = answer(client, "/readyz")
    finally:
        guards.install(connection)

    assert status == 503
    assert "guards are missing" in said["problems"][0]


def test_not_ready_without_a_database(client, db):
    def refuse(*args):
        raise OperationalError("connection refused")

    with connection.execute_wrapper(refuse):
        ready, promises = answer(client, "/readyz"), answer(client, "/promises")

    assert ready == (503, {"ready": False, "problems": ["the database does not answer"]})
    assert promises[0] == 503


def test_promises_are_kept_while_every_sweep_runs(client, all_ran):
    assert answer(client, "/promises") == (200, {"kept": True, "broken": []})


def test_a_sweep_that_does_not_run_breaks_the_promise(client, all_ran):
    since = now() - timedelta(minutes=1)
    SweepRun.objects.filter(name="outbox-pages").update(last_finished_at=since)

    status, said = answer(client, "/promises")

    assert status == 503
    assert said["broken"] == [{"what": "outbox-pages", "reason": "does not run", "since": since.isoformat()}]


def test_a_sweep_that_fails_breaks_the_promise_without_telling_why_to_strangers(client, all_ran):
    SweepRun.objects.filter(name="outbox-bulk").update(last_error="secret detail")

    assert answer(client, "/promises") == (
        503,
        {"kept": False, "broken": [{"what": "outbox-bulk", "reason": "fails; see the log"}]},
    )


def test_a_page_that_was_given_up_breaks_the_promise_for_a_day(client, all_ran):
    page = Message.objects.create(
        topic="t", handler="h", key="1", queue="page", abandoned_at=now() - timedelta(hours=23)
    )
    assert answer(client, "/promises")[0] == 503

    Message.objects.filter(pk=page.pk).update(abandoned_at=now() - auditing.GIVEN_UP_COUNTS_FOR)
    assert answer(client, "/promises")[0] == 200


def test_a_wrong_clock_breaks_the_promise(client, all_ran, monkeypatch):
    monkeypatch.setattr(pulse, "skew", lambda: timedelta(seconds=-6))

    status, said = answer(client, "/promises")

    assert status == 503
    assert said["broken"][0]["what"] == "clock"
