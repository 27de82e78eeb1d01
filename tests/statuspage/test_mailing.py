"""Mails to subscribers: who gets one, once, and with a way out."""

import smtplib
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend

from accounts import actors
from statuspage import mailing, planning, publishing, subscribing
from statuspage.models import Subscriber, SubscriberMail
from tests.statuspage.conftest import NOON

pytestmark = pytest.mark.django_db


class Refusing(BaseEmailBackend):
    """A mail server that is down, or knows nobody."""

    error: Exception = OSError("connection refused")

    def send_messages(self, messages):
        raise self.error


@pytest.fixture
def follow(shop):
    def add(name: str, *components: str, **columns) -> Subscriber:
        given = {"email": f"{name}@example.com", "confirmed_at": NOON, **columns}
        row = Subscriber.objects.create(**given)
        row.components.set([shop[key] for key in components])
        return row

    return add


@pytest.fixture
def tell(shop, mona):
    def publish(**words):
        given = {
            "actor": actors.person(mona),
            "title": "Checkout fails",
            "body": "Customers cannot pay.",
            "components": {shop["pay"].pk: "major_outage"},
        }
        return publishing.open_notice(**{**given, **words})

    return publish


def addressed():
    return sorted(message.to[0].split("@")[0] for message in mail.outbox)


def test_each_update_is_mailed_to_whom_it_concerns(follow, tell, drain, mona):
    follow("all")
    follow("pay", "pay")
    follow("search", "search")
    follow("unsure", confirmed_at=None)
    follow("gone", unsubscribed_at=NOON)
    notice = tell()
    drain()
    mailing.send_due()
    assert addressed() == ["all", "pay"]

    publishing.post_update(notice.pk, actor=actors.person(mona), body="You can pay.", status="resolved")
    drain()
    mailing.send_due()
    assert addressed() == ["all", "all", "pay", "pay"]


def test_a_mail_says_what_happened_and_how_to_leave(follow, tell, drain, settings):
    subscriber = follow("eve")
    notice = tell()
    drain()
    mailing.send_due()

    [sent] = mail.outbox
    assert sent.subject == "[Lindholt] Checkout fails: Investigating"
    assert "Customers cannot pay." in sent.body
    assert f"/incidents/{notice.public_id}/" in sent.body
    leave = f"{settings.BASE_URL}/status/subscribe/unsubscribe/{subscribing.token(subscriber)}/"
    assert sent.extra_headers["List-Unsubscribe"] == f"<{leave}>"
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_same_news_twice_is_one_mail(follow, tell, drain):
    follow("eve")
    notice = tell()
    drain()
    mailing.owe_notice(notice.updates.get().pk)
    mailing.send_due()
    mailing.send_due()
    assert len(mail.outbox) == 1


def test_a_claimed_mail_is_sent_by_one_sender(follow, tell, drain):
    follow("eve")
    tell()
    drain()
    row = SubscriberMail.objects.get()
    assert mailing._claim(row) == 1
    assert mailing._claim(row) == 0
    assert mailing.send_due() == 0


def test_a_sender_that_died_is_followed_by_another_after_its_lease(follow, tell, drain):
    with time_machine.travel(NOON, tick=False) as clock:
        follow("eve")
        tell()
        drain()
        mailing._claim(SubscriberMail.objects.get())
        clock.shift(mailing.LEASE)
        assert mailing.send_due() == 1
    assert len(mail.outbox) == 1


def test_whoever_leaves_before_it_is_sent_gets_nothing(follow, tell, drain):
    subscriber = follow("eve")
    tell()
    drain()
    subscribing.unsubscribe(subscribing.token(subscriber))
    mailing.send_due()
    assert mail.outbox == []
    assert SubscriberMail.objects.get().abandoned_at is not None


def test_a_withdrawn_notice_is_not_mailed(declared, drain, follow, mona):
    from incidents import people
    from statuspage.models import Notice

    follow("eve")
    incident = declared(1)
    drain()
    publishing.post_update(
        Notice.objects.get().pk, actor=actors.person(mona), body="We know.", status="investigating"
    )
    people.make_private(incident.pk, actor=actors.person(mona), reason="security")
    drain()
    mailing.send_due()
    assert mail.outbox == []


def test_a_mail_server_that_is_down_is_tried_again_and_given_up_at_last(follow, tell, drain, settings):
    settings.MAILERS = {"default": {"BACKEND": f"{__name__}.Refusing"}}
    with time_machine.travel(NOON, tick=False) as clock:
        follow("eve")
        tell()
        drain()
        tried = 0
        for _ in range(10):
            tried += mailing.send_due()
            clock.shift(timedelta(hours=7))
    row = SubscriberMail.objects.get()
    assert tried == len(mailing.RETRIES) + 1
    assert row.abandoned_at is not None
    assert "connection refused" in row.note


def test_an_address_that_does_not_exist_is_given_up_at_once(follow, tell, drain, settings, monkeypatch):
    settings.MAILERS = {"default": {"BACKEND": f"{__name__}.Refusing"}}
    refused = smtplib.SMTPRecipientsRefused({"eve@example.com": (550, b"no such user")})
    monkeypatch.setattr(Refusing, "error", refused)
    follow("eve")
    tell()
    drain()
    mailing.send_due()
    assert SubscriberMail.objects.get().abandoned_at is not None


def test_no_title_and_no_name_can_add_a_header(follow, tell, drain, status_page):
    status_page.name = "Lindholt\r\nBcc: all@example.com"
    status_page.save()
    follow("eve")
    tell(title="Checkout\nBcc: all@example.com")
    drain()
    mailing.send_due()
    [sent] = mail.outbox
    assert "\n" not in sent.subject
    assert "Bcc" not in sent.message()


def test_maintenance_is_mailed_too(follow, drain, mona, shop):
    follow("all")
    follow("search", "search")
    with time_machine.travel(NOON, tick=False):
        planning.schedule(
            actor=actors.person(mona),
            title="Account pages pause",
            scheduled_for=NOON + timedelta(days=1),
            scheduled_until=NOON + timedelta(days=1, hours=1),
            body="You stay signed in.",
            components=[shop["other"]],
        )
        drain()
        mailing.send_due()
    assert addressed() == ["all"]
    assert "24 Nov 2026, 12:00" in mail.outbox[0].body


def test_a_thousand_subscribers_are_owed_in_a_few_statements(
    shop, tell, drain, django_assert_max_num_queries
):
    Subscriber.objects.bulk_create(
        Subscriber(email=f"p{i}@example.com", confirmed_at=NOON) for i in range(1000)
    )
    notice = tell()
    with django_assert_max_num_queries(8):
        assert mailing.owe_notice(notice.updates.get().pk) == 1000


def test_who_never_confirmed_is_forgotten_after_a_week(follow):
    with time_machine.travel(NOON, tick=False) as clock:
        follow("never", confirmed_at=None, created_at=NOON)
        follow("in")
        assert subscribing.forget() == 0
        clock.shift(timedelta(days=8))
        assert subscribing.forget() == 1
    assert Subscriber.objects.get().email == "in@example.com"
