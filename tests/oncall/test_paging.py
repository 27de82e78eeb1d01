import pytest

from oncall.models import PageRun
from outbox.models import Message
from tests.oncall.conftest import NOON, rung

pytestmark = pytest.mark.django_db


def test_an_opened_incident_pages_the_primary_at_once_by_mail(opened, tick, mailoutbox):
    incident = opened()
    tick()

    assert rung() == ["Alice"]
    [mail] = mailoutbox
    assert mail.to == ["alice@example.com"]
    assert mail.body.startswith(f"SEV1 checkout: Error rate 34 % · 0 s · {incident.reference} · ack http")
    assert [e.kind for e in incident.timeline.all()] == ["opened", "paged"]


def test_the_same_news_twice_pages_once(opened, drain, tick):
    opened()
    tick()
    Message.objects.update(delivered_at=None, due_at=NOON)
    assert drain() > 0
    tick()

    assert PageRun.objects.count() == 1
    assert rung() == ["Alice"]


def test_the_ladder_climbs_primary_secondary_manager_then_starts_again(opened, tick):
    opened()
    tick(14)
    assert rung() == ["Alice", "Bob", "Mona"]

    tick(2)
    assert rung() == ["Alice", "Bob", "Mona", "Alice"]


def test_after_three_rounds_come_managers_then_admins_and_a_sev1_never_rings_out(opened, tick):
    opened()
    tick(44)
    assert rung() == ["Alice", "Bob", "Mona"] * 3
    tick(2)
    assert rung()[9:] == ["Mona"]
    tick(15)
    assert rung()[10:] == ["Root"]
    tick(30)
    assert rung()[11:] == ["Mona", "Root", "Mona", "Root"]


def test_a_person_with_steps_left_holds_the_ladder_and_a_whole_failed_order_hurries_it(
    opened, tick, alice, clock, drain, monkeypatch
):
    """Alice's call is tried at once when her mail fails; Bob is asked only when the call failed too."""
    from datetime import timedelta

    from django.utils.timezone import now

    from notifications import delivery, rules
    from notifications.channels.base import Plain
    from notifications.errors import Permanent
    from notifications.models import ContactMethod, Delivery
    from oncall.models import Page

    class Dead(Plain):
        def send(self, delivery, known):
            raise Permanent("No such number.")

    monkeypatch.setitem(delivery.TRANSPORTS, "sms", Dead())
    monkeypatch.setitem(delivery.TRANSPORTS, "voice", Dead())
    for kind, minutes in (("sms", 0), ("voice", 4)):
        method = ContactMethod.objects.create(user=alice, kind=kind, address="+4512345678", verified_at=now())
        rules.add(alice, urgency="high", method_id=method.pk, delay=timedelta(minutes=minutes))
    opened()
    drain()
    assert delivery.sweep(limit=1) == 1
    drain()
    assert not Page.objects.exclude(user=alice).exists()
    assert Delivery.objects.get(channel="voice").state == "waiting"
    delivery.sweep(limit=1)
    drain()
    assert [page.user.name for page in Page.objects.order_by("pk")] == ["Alice", "Bob"]
