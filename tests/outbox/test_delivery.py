import logging
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils.timezone import now

from outbox import delivery, handlers
from outbox.announcing import announce
from outbox.delivery import Passing
from outbox.models import Message

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def owe(key="1", topic="tests.happened", **rest):
    with transaction.atomic():
        announce(topic, key=key, **rest)


def raiser(error):
    def fail(payload):
        raise error

    return fail


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def test_what_is_owed_is_delivered_once(listen, drain):
    heard = listen("tests.happened")
    owe(thing=7)

    assert drain() == 1
    assert drain() == 0

    assert heard == [{"thing": 7, "topic": "tests.happened"}]
    assert Message.objects.get().state == "delivered"


def test_a_failure_is_tried_again_on_schedule_and_then_given_up(listen, clock):
    heard = listen("tests.happened", fails=raiser(ConnectionError("no route")))
    owe()

    waits = []
    for _ in range(6):
        assert delivery.sweep() == 1
        message = Message.objects.get()
        waits.append(message.due_at - now())
        assert delivery.sweep() == 0
        clock.shift(waits[-1])
    assert delivery.sweep() == 1

    assert waits == [
        timedelta(seconds=10),
        timedelta(seconds=30),
        timedelta(minutes=2),
        timedelta(minutes=10),
        timedelta(minutes=30),
        timedelta(hours=1),
    ]
    message = Message.objects.get()
    assert message.state == "given up"
    assert message.note == "ConnectionError: no route"
    assert len(heard) == 7
    clock.shift(timedelta(days=1))
    assert delivery.sweep() == 0


def test_passing_trouble_leaves_its_reason_as_the_note(listen, clock):
    listen("tests.happened", fails=raiser(Passing("Slack asks to wait.")))
    owe()

    delivery.sweep()

    assert Message.objects.get().note == "Slack asks to wait."


def test_one_stream_keeps_its_order_and_waits_for_its_first(listen, clock):
    failing = {"first": True}

    def fail_first(payload):
        if payload["n"] == 1 and failing["first"]:
            raise Passing("not yet")

    heard = listen("tests.happened", fails=fail_first)
    for number in (1, 2, 3):
        owe(key=f"{number}", stream="incident:1", n=number)
    owe(key="other", stream="incident:2", n=9)
    owe(key="free", n=10)

    delivery.sweep()
    assert sorted(payload["n"] for payload in heard) == [1, 9, 10]

    failing["first"] = False
    clock.shift(timedelta(seconds=10))
    assert delivery.sweep() == 3
    assert [payload["n"] for payload in heard if payload["n"] < 9] == [1, 1, 2, 3]


def test_a_given_up_message_lets_the_next_of_its_stream_pass(listen, drain):
    heard = listen("tests.happened")
    owe(key="1", stream="incident:1", n=1)
    owe(key="2", stream="incident:1", n=2)
    Message.objects.filter(key="1").update(abandoned_at=NOON)

    assert drain() == 1
    assert [payload["n"] for payload in heard] == [2]


def test_two_handlers_of_one_stream_do_not_wait_for_each_other(listen):
    listen("tests.happened", name="tests.broken", fails=raiser(Passing("down")))
    heard = listen("tests.happened", name="tests.fine")
    owe(key="1", stream="incident:1", n=1)
    owe(key="2", stream="incident:1", n=2)

    delivery.sweep()

    assert [payload["n"] for payload in heard] == [1, 2]


def test_a_claimed_message_is_left_alone_until_its_lease_ends(listen, clock):
    heard = listen("tests.happened", lease=timedelta(seconds=10))
    owe()
    # As if another process had claimed it and then been killed.
    assert delivery._claim(Message.objects.get(), lease=timedelta(seconds=10)) == 1

    clock.shift(timedelta(seconds=9))
    assert delivery.sweep() == 0
    clock.shift(timedelta(seconds=1))
    assert delivery.sweep() == 1

    assert len(heard) == 1
    assert Message.objects.get().attempts == 2


def test_of_two_claimers_one_wins(listen, clock):
    listen("tests.happened")
    owe()
    seen_by_one, seen_by_two = Message.objects.get(), Message.objects.get()

    assert delivery._claim(seen_by_one, lease=timedelta(seconds=30)) == 1
    assert delivery._claim(seen_by_two, lease=timedelta(seconds=30)) == 0


def test_the_late_mark_of_a_paused_claimer_is_refused(listen, clock):
    def overtaken(payload):
        if len(heard) == 1:
            # While the first attempt hangs beyond its lease, a second one fails.
            clock.shift(timedelta(seconds=31))
            delivery.sweep()
        else:
            raise Passing("the second attempt failed")

    heard = listen("tests.happened", lease=timedelta(seconds=30), fails=overtaken)
    owe()

    delivery.sweep(limit=1)

    message = Message.objects.get()
    assert message.attempts == 2
    assert message.state == "trying again"
    assert message.note == "the second attempt failed"


def test_a_message_that_kills_every_worker_is_given_up(listen, clock):
    heard = listen("tests.happened")
    owe()
    Message.objects.update(attempts=len(delivery.RETRIES) + 1)

    delivery.sweep()

    assert Message.objects.get().state == "given up"
    assert not heard


def test_a_handler_that_is_gone_keeps_its_message_waiting(listen, clock):
    listen("tests.happened", name="tests.gone")
    owe()
    handlers.forget("tests.gone")

    delivery.sweep()

    message = Message.objects.get()
    assert message.state == "trying again"
    assert "tests.gone" in message.note


def test_pages_and_the_rest_are_swept_apart(listen):
    pages = listen("tests.page", name="tests.pages", queue="page")
    bulk = listen("tests.bulk", name="tests.bulk")
    owe(key="1", topic="tests.page")
    owe(key="2", topic="tests.bulk")

    assert delivery.sweep_pages() == 1
    assert (len(pages), len(bulk)) == (1, 0)
    assert delivery.sweep_bulk() == 1
    assert (len(pages), len(bulk)) == (1, 1)


def test_a_sweep_stops_at_its_limit(listen):
    heard = listen("tests.happened")
    for number in range(7):
        owe(key=f"{number}")

    assert delivery.sweep(limit=5) == 5
    assert len(heard) == 5


def test_trying_again_gives_all_attempts_back(listen, clock, drain):
    heard = listen("tests.happened")
    owe()
    Message.objects.update(abandoned_at=NOON, attempts=7, note="ConnectionError")

    assert delivery.try_again([Message.objects.get().pk]) == 1
    assert drain() == 1
    assert delivery.try_again([Message.objects.get().pk]) == 0

    assert len(heard) == 1


def test_delivered_messages_are_forgotten_after_a_week(listen, clock, drain):
    listen("tests.happened")
    owe(key="old")
    drain()
    clock.shift(timedelta(days=6))
    owe(key="young")
    drain()
    clock.shift(timedelta(days=1, seconds=1))

    assert delivery.forget() == 1
    assert Message.objects.get().key == "young"


def test_a_note_never_contains_what_postgresql_refuses(listen, caplog):
    # The log line itself could not be sent between the processes of a parallel run.
    caplog.set_level(logging.CRITICAL, logger="outbox.delivery")
    listen("tests.happened", fails=raiser(ValueError("bad \x00 \ud800 bytes")))
    owe()

    delivery.sweep()

    assert Message.objects.get().note == "ValueError: bad  ? bytes"


def test_lateness_counts_from_when_it_was_due(listen, clock):
    listen("tests.happened", queue="page")
    assert delivery.pages_owed_since() is None
    owe()
    clock.shift(timedelta(seconds=5))

    assert delivery.pages_owed_since() == NOON
    assert delivery.bulk_owed_since() is None
