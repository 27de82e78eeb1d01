from functools import partial

import pytest
from django.db import transaction

from outbox import doorbell
from outbox.announcing import announce
from outbox.models import Message

pytestmark = pytest.mark.django_db


def owe(topic="tests.happened", key="1", **rest):
    with transaction.atomic():
        return announce(topic, key=key, **rest)


def test_everybody_who_hears_of_the_topic_is_owed_a_message(listen):
    listen("tests.happened", name="tests.one")
    listen("tests.happened", "tests.other", name="tests.two", queue="page")
    listen("tests.other", name="tests.three")

    assert owe(thing=7) == 2

    owed = {message.handler: message for message in Message.objects.all()}
    assert owed.keys() == {"tests.one", "tests.two"}
    assert owed["tests.two"].queue == "page"
    assert owed["tests.one"].payload == {"thing": 7, "topic": "tests.happened"}


def test_the_same_key_is_owed_once(listen):
    listen("tests.happened")

    owe(key="event:1")
    owe(key="event:1")
    owe(key="event:2")

    assert sorted(Message.objects.values_list("key", flat=True)) == ["event:1", "event:2"]


def test_announcing_outside_a_transaction_is_refused(listen):
    listen("tests.happened")

    with pytest.raises(RuntimeError, match="outside a transaction"):
        announce("tests.happened", key="1")

    assert not Message.objects.exists()


def test_news_of_a_rolled_back_fact_is_not_owed(listen):
    listen("tests.happened")

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        announce("tests.happened", key="1")
        1 / 0  # noqa: B018

    assert not Message.objects.exists()


def test_the_bell_rings_only_after_the_commit(listen, django_capture_on_commit_callbacks):
    listen("tests.happened")
    rung = []
    doorbell.connect(partial(rung.append, True))

    with django_capture_on_commit_callbacks() as callbacks:
        owe()

    assert callbacks == [doorbell.ring]
    assert not rung


def test_nobody_rings_when_nobody_hears(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        assert owe(topic="tests.unheard") == 0

    assert not callbacks
