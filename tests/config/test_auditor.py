"""Each invariant is broken by hand, and the pager's pager has to see it, tell it once, and tell its end."""

import json
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import time_machine
from django.core import mail
from django.db import OperationalError, connection
from django.utils.timezone import now

from config import alarm, promises
from config.auditor import Auditor
from config.sweeps import SWEEPS
from incidents.models import Deadline
from lib.promises import Broken
from notifications.models import Delivery, DeliveryAttempt
from oncall.models import Page, PageRun
from outbox import breaches, pulse
from outbox.models import BrokenPromise, Message, SweepRun
from tests.oncall.conftest import checkout, everything, opened, team  # noqa: F401

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(settings, tmp_path, monkeypatch):
    settings.MAIL_DIR = tmp_path / "mail"
    # PostgreSQL's clock cannot travel with ours.
    monkeypatch.setattr(pulse, "skew", lambda: timedelta(0))
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def paged(opened, clock, drain):  # noqa: F811
    """A SEV1 whose primary was paged, with every promise kept."""
    incident = opened()
    everything(drain)
    assert found() == []
    return incident


def found():
    """What is broken by name; that no sweep runs in a test says nothing."""
    at = now()
    for sweep in SWEEPS:
        SweepRun.objects.update_or_create(name=sweep.name, defaults={"last_finished_at": at})
    return [one.what for one in promises.broken() if one.reason != "something due waits"]


def test_a_step_that_is_due_and_nobody_climbs(paged, clock):
    clock.shift(timedelta(minutes=5, seconds=29))
    assert "steps" not in found()

    clock.shift(2)

    assert "steps" in found()


def test_a_page_without_any_message(paged, clock):
    Delivery.objects.filter(word="page").delete()
    clock.shift(31)

    assert found() == ["asked"]


def test_a_page_whose_message_failed_has_a_reason(paged, clock):
    Delivery.objects.filter(word="page").update(failed_at=now(), sent_at=None, claims=0)
    clock.shift(31)

    assert found() == []


def test_a_message_that_nobody_tries(paged, clock):
    Delivery.objects.filter(word="page").update(sent_at=None, claims=0, due_at=now())
    clock.shift(46)

    assert found() == ["asked", "urgent-messages"]


def test_a_message_that_goes_out_after_the_acknowledgement(paged, clock):
    run = PageRun.objects.get()
    PageRun.objects.update(status="acknowledged", acknowledged_at=now(), next_at=None)
    row = Delivery.objects.get(word="page")
    Delivery.objects.filter(pk=row.pk).update(sent_at=run.started_at + timedelta(seconds=30))
    clock.shift(60)
    assert found() == [], "what was in flight may arrive"

    Delivery.objects.filter(pk=row.pk).update(sent_at=run.started_at + timedelta(seconds=31))

    assert found() == ["after-acknowledgement"]
    assert DeliveryAttempt.objects.filter(delivery=row).exists()


def test_news_that_stays_owed(paged, clock, listen):
    row = Message.objects.create(topic="t", handler="h", key="1", queue="page")
    clock.shift(31)
    assert "news-owed" in found()

    # Tried again and again is owed too, however far in the future the next try is.
    Message.objects.filter(pk=row.pk).update(attempts=3, due_at=now() + timedelta(minutes=9))
    assert found() == []
    clock.shift(timedelta(minutes=4, seconds=50))
    Message.objects.filter(pk=row.pk).update(due_at=now() + timedelta(minutes=9))
    assert "news-owed" in found()


def test_a_clock_that_ran_out_unnoticed(paged, clock):
    row = Deadline.objects.filter(incident=paged, stopped_at=None).order_by("due_at").first()
    PageRun.objects.update(next_at=None)
    Deadline.objects.exclude(pk=row.pk).update(next_at=None)
    Deadline.objects.filter(pk=row.pk).update(next_at=row.due_at)
    clock.move_to(row.due_at + timedelta(seconds=61))

    assert found() == ["deadlines"]


def test_management_that_was_not_paged(paged, clock):
    PageRun.objects.update(next_at=None)
    Deadline.objects.update(next_at=None)
    clock.shift(timedelta(minutes=33))
    Deadline.objects.filter(kind="management").update(missed_at=now() - timedelta(minutes=3))
    assert found() == ["management"]

    run = PageRun.objects.get()
    run.pk, run.key = None, f"management:{paged.pk}:1"
    run.save()

    assert found() == []


def test_a_wrong_clock_is_the_only_thing_said(paged, clock, monkeypatch):
    clock.shift(timedelta(hours=1))
    monkeypatch.setattr(pulse, "skew", lambda: timedelta(hours=1))

    assert [one.what for one in promises.broken()] == ["clock"]


# --- Telling ------------------------------------------------------------------------------------------


@pytest.fixture
def auditor(clock, root, monkeypatch):
    """An auditor to whom a list of broken promises is shown."""
    shown: list[Broken] = []
    monkeypatch.setattr(promises, "broken", lambda: list(shown))
    one = Auditor(clock=lambda: now().timestamp())
    one.shown = shown
    return one


def looks(auditor, clock, seconds):
    for _ in range(0, seconds, 10):
        auditor.look()
        clock.shift(10)


def test_the_admins_are_told_once_and_once_when_it_is_over(auditor, clock, settings, root):
    auditor.shown.append(Broken("steps", "2 are due and nobody was asked", NOON))
    looks(auditor, clock, 600)

    (sent,) = mail.outbox
    assert sent.to == [root.email]
    assert "2 are due and nobody was asked" in sent.body
    assert not Delivery.objects.exists(), "it must not take the way that is broken"
    assert not Message.objects.exists()

    auditor.shown.clear()
    looks(auditor, clock, 290)
    assert len(mail.outbox) == 1, "it may come again"
    looks(auditor, clock, 60)
    assert [one.subject for one in mail.outbox[1:]] == ["Tocsin: the pager keeps its promises again"]


def test_many_at_once_are_one_mail_and_one_that_flickers_is_one_breach(auditor, clock, settings):
    auditor.shown += [Broken("steps", "a"), Broken("asked", "b"), Broken("pages", "c")]
    looks(auditor, clock, 60)
    for _ in range(20):
        auditor.shown.clear()
        looks(auditor, clock, 60)
        auditor.shown.append(Broken("steps", "a"))
        looks(auditor, clock, 20)

    begun = [one for one in mail.outbox if "broken" in one.subject]
    assert len(begun) == 1
    assert "3 promises" in begun[0].subject


def test_what_is_over_at_once_is_told_to_nobody(auditor, clock, settings):
    auditor.shown.append(Broken("outbox-pages", "does not run"))
    looks(auditor, clock, 20)
    auditor.shown.clear()
    looks(auditor, clock, 400)

    assert mail.outbox == []
    assert BrokenPromise.objects.get().ended_at


def test_two_watches_tell_once(auditor, clock, settings, root):
    other = Auditor(clock=auditor.clock)
    auditor.shown.append(Broken("steps", "a"))
    for _ in range(9):
        auditor.look()
        other.look()
        clock.shift(10)

    assert len(mail.outbox) == 1


def test_what_could_not_be_told_is_tried_again(auditor, clock, settings, monkeypatch):
    auditor.shown.append(Broken("steps", "a"))
    tried = []
    monkeypatch.setattr(alarm, "_mail", lambda *words: bool(tried.append(words)))
    looks(auditor, clock, 200)

    assert len(tried) == 3, "once a lease"
    monkeypatch.undo()
    assert BrokenPromise.objects.get().told_at is None


def test_a_database_that_is_away_is_told_from_memory(auditor, clock, settings, root):
    auditor.look()

    def refuse(*args):
        raise OperationalError("connection refused")

    with connection.execute_wrapper(refuse):
        # What is asked first is the database, and it does not answer.
        auditor.shown.append(Broken("steps", "a"))
        looks(auditor, clock, 120)
    assert [one.subject for one in mail.outbox] == ["Tocsin: the database does not answer"]
    assert mail.outbox[0].to == [root.email]

    auditor.shown.clear()
    looks(auditor, clock, 30)
    assert [one.subject for one in mail.outbox[1:]] == ["Tocsin: the database answers again"]


# --- Outside: the webhook and the dead-man's switch -----------------------------------------------------


@pytest.fixture
def outside():
    """A monitor of somebody else's; returns its address and what it was asked."""
    heard: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self):
            length = int(self.headers.get("content-length") or 0)
            heard.append((f"{self.command} {self.path}", self.rfile.read(length).decode()))
            self.send_response(200)
            self.end_headers()

        do_GET = do_POST = _answer

        def log_message(self, *args):
            return None

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    server.server_close()


def test_the_dead_mans_switch_is_pinged_every_minute_while_all_is_well(auditor, clock, settings, outside):
    base, heard = outside
    settings.DEADMAN_URL = f"{base}/ping/tocsin"
    looks(auditor, clock, 180)
    assert heard == [("GET /ping/tocsin", "")] * 3

    auditor.shown.append(Broken("steps", "a"))
    looks(auditor, clock, 180)

    assert len(heard) == 3, "it says that all is well while it is not"


def test_the_webhook_is_told_what_the_admins_are_told(auditor, clock, settings, outside):
    base, heard = outside
    settings.ALARM_URL = f"{base}/hook"
    auditor.shown.append(Broken("steps", "2 are due"))
    looks(auditor, clock, 60)

    ((address, body),) = heard
    assert address == "POST /hook"
    assert "2 are due" in json.loads(body)["text"]


def test_now_shows_it_and_promises_fail(client, root, clock, monkeypatch):
    client.force_login(root)
    breaches.keep([Broken("steps", "2 are due and nobody was asked")])
    assert "2 are due and nobody was asked" in client.get("/").content.decode()

    monkeypatch.setattr(promises, "broken", lambda: [Broken("steps", "2 are due", NOON)])
    answer = client.get("/promises")
    assert answer.status_code == 503
    assert answer.json()["broken"] == [{"what": "steps", "reason": "2 are due", "since": NOON.isoformat()}]

    clock.shift(timedelta(minutes=6))
    assert "2 are due" not in client.get("/").content.decode()


def test_only_pages_of_runs_that_climb_are_looked_at(paged, clock):
    Page.objects.update(status="over")
    Delivery.objects.filter(word="page").delete()
    clock.shift(31)

    assert found() == []
