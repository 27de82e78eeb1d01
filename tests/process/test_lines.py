"""A process dies while it sends a weekly test, or while it takes a bounce; nothing is lost, nothing twice."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from lib import failpoints
from notifications import bounces, canary, contacts, delivery, returnpath
from notifications.models import ContactMethod, Delivery, DeliveryAttempt, Reach, Rule
from outbox.models import Message
from tests.lib.test_dsn import POSTFIX
from tests.oncall.conftest import clock  # noqa: F401
from tests.process.test_failpoints import dies

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]


def line(user, kind="email", address=None):
    return ContactMethod.objects.create(
        user=user, kind=kind, address=address or user.email, verified_at=now()
    )


@pytest.mark.parametrize("point", ["after_claim", "before_commit", "after_commit_before_send"])
def test_a_weekly_test_is_sent_once_by_whoever_comes_next(alice, clock, mailoutbox, point):  # noqa: F811
    method = line(alice)
    Reach.objects.create(user=alice, canary=True, canary_at=now())

    def live() -> None:
        failpoints.arm(point)
        canary.sweep()
        delivery.sweep()

    assert dies(live), f"nothing reaches {point}"
    if point != "after_commit_before_send":
        assert not Delivery.objects.exists(), "half of it was kept"
        assert canary.owed_since() == now()
    # Past the lease of who died with the message in hand.
    clock.shift(timedelta(minutes=2))
    canary.sweep()
    delivery.sweep()
    test = Delivery.objects.get()
    assert test.state == "sent"
    # The child died before it had said anything to the mail server.
    assert len(mailoutbox) == 1
    method.refresh_from_db()
    assert method.is_waiting
    assert Reach.objects.get().canary_at > now() + timedelta(days=6)


def test_a_bounce_is_taken_whole_when_the_mail_server_hands_it_over_again(alice, clock, settings):  # noqa: F811
    settings.BOUNCE_ADDRESS = "bounces@tocsin.example.com"
    mail, other = line(alice), line(alice, address="alice@else.example")
    for method, delay in ((mail, 0), (other, 300)):
        Rule.objects.create(user=alice, method=method, delay_seconds=delay)
    first, second = contacts.tell(alice, "page", key="k", subject="s", body="b", about="page:1")
    delivery.sweep()
    first.refresh_from_db()
    assert first.state == "sent"
    raw = POSTFIX.replace(b"bounces+7-abcdefghijklmnop@tocsin.example.com", returnpath.of(first).encode())

    def live() -> None:
        failpoints.arm("announced_before_commit")
        bounces.take(raw)

    assert dies(live), "nothing is announced"
    for row in (first, second):
        row.refresh_from_db()
    assert first.state == "sent" and second.due_at > now()
    assert DeliveryAttempt.objects.filter(delivery=first).count() == 1

    # A command that ends otherwise than well is run again with the same report.
    assert bounces.take(raw) == "failed"
    assert bounces.take(raw) == "known"
    second.refresh_from_db()
    assert second.due_at <= now()
    assert delivery.sweep() == 1
    assert DeliveryAttempt.objects.filter(delivery=first).count() == 2
    assert Message.objects.filter(topic="notifications.failed").values("key").distinct().count() == 1
    mail.refresh_from_db()
    assert mail.bounced_at == now()
