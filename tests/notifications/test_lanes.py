"""A page does not wait behind a mailing, and a receiver that hangs holds up its own slot only."""

import threading
from datetime import timedelta

import pytest
from django.utils.timezone import now

from config.sweeps import SWEEPS
from notifications import contacts, delivery
from notifications.channels.base import Plain
from notifications.models import Delivery

pytestmark = pytest.mark.django_db
SUBSCRIBERS = 10_000


@pytest.fixture
def mailing(db):
    """Ten thousand messages that were owed before the page."""
    Delivery.objects.bulk_create(
        Delivery(
            word="notice",
            channel="email",
            address=f"s{number}@example.com",
            key=f"s{number}",
            due_at=now() - timedelta(minutes=5),
        )
        for number in range(SUBSCRIBERS)
    )


def test_a_page_goes_first_though_ten_thousand_were_owed_before(alice, mailing, mailoutbox):
    contacts.tell(alice, "page", key="p", subject="Wake up", body="b")

    assert delivery.sweep_urgent() == 1
    assert [mail.subject for mail in mailoutbox] == ["Wake up"]
    assert Delivery.objects.open().count() == SUBSCRIBERS


def test_the_lanes_have_queues_of_their_own():
    queues = {sweep.name: sweep.queue for sweep in SWEEPS}
    assert queues["urgent"] == "page"
    assert {queues["deliveries"], queues["status-mail"]} == {"bulk"}


def test_a_receiver_that_hangs_holds_up_only_its_own_slot(alice, bob, monkeypatch):
    """The first message ends only when the other seven of its batch have been sent beside it."""
    others = threading.Semaphore(0)

    class Hanging(Plain):
        def send(self, row, known):
            for _ in range(delivery.AT_ONCE - 1):
                assert others.acquire(timeout=20), "the others waited for the one that hangs"
            return {}

    class Quick(Plain):
        def send(self, row, known):
            others.release()
            return {}

    monkeypatch.setitem(delivery.TRANSPORTS, "webhook", Hanging())
    monkeypatch.setitem(delivery.TRANSPORTS, "sms", Quick())
    delivery.owe("page", channel="webhook", key="first", address="https://slow.example")
    for number in range(delivery.AT_ONCE - 1):
        delivery.owe("page", channel="sms", key=f"quick{number}", address="+4512345678")

    assert delivery.sweep_urgent() == delivery.AT_ONCE
    assert not Delivery.objects.filter(sent_at=None).exists()
