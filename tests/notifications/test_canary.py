"""The weekly test: sent once a week by the person's clock, tapped, and known when nobody taps."""

import re
from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine
from django.contrib.admin.sites import site
from django.utils.timezone import now

from chatops import telephone
from lib.refusal import Refused
from notifications import canary, contacts, delivery, ordering, resting
from notifications.channels.base import Plain
from notifications.models import ContactMethod, Delivery, Reach

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 24, 12, tzinfo=UTC)


class Recorder(Plain):
    def send(self, delivery, known):
        return {}


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def lines(alice, clock, monkeypatch):
    for kind in ("sms", "voice", "webhook"):
        monkeypatch.setitem(delivery.TRANSPORTS, kind, Recorder())
    made = {
        kind: ContactMethod.objects.create(
            user=alice, kind=kind, address=address, position=n, verified_at=now()
        )
        for n, (kind, address) in enumerate(
            [("email", "alice@example.com"), ("sms", "+4512345678"), ("webhook", "https://hook.example/x")]
        )
    }
    ContactMethod.objects.create(user=alice, kind="voice", address="+4587654321", position=9)
    return made


def sent(alice):
    return list(Delivery.objects.filter(recipient=alice, about__startswith="canary:").order_by("pk"))


def link(row):
    return re.search(r"/notifications/heard/([^/]+)/", row.body)


def test_nobody_is_tested_who_did_not_ask(alice, lines):
    assert canary.sweep() == 0 and not sent(alice)


def test_every_confirmed_line_that_a_person_reads_is_tested_once_a_week(alice, lines, clock):
    canary.keep(alice, weekly=True)
    assert canary.sweep() == 2 and [row.channel for row in sent(alice)] == ["email", "sms"]
    assert all(row.is_urgent and link(row) for row in sent(alice))
    canary.keep(alice, weekly=True)
    assert canary.sweep() == 0 and len(sent(alice)) == 2

    # Over the change to summer time in Copenhagen: noon there stays noon.
    alice.time_zone = "Europe/Copenhagen"
    alice.save()
    assert canary.following(alice, NOON) == NOON + timedelta(days=7, hours=-1)
    clock.move_to(NOON + timedelta(days=7))
    canary.sweep()
    assert len(sent(alice)) == 4


def test_after_a_long_outage_one_test_is_sent_and_not_all_of_them(alice, lines, clock):
    canary.keep(alice, weekly=True)
    canary.sweep()
    clock.move_to(NOON + timedelta(days=40, hours=2))
    assert canary.owed_since() == NOON + timedelta(days=7)
    canary.sweep()
    assert len(sent(alice)) == 4 and canary.owed_since() is None
    assert Reach.objects.get(user=alice).canary_at == NOON + timedelta(days=42)


def test_quiet_hours_are_never_broken_by_a_test(alice, lines, clock):
    resting.keep(alice, begins=time(11), ends=time(14))
    row = canary.keep(alice, weekly=True)
    assert row.canary_at == NOON + timedelta(hours=2) and canary.sweep() == 0
    clock.move_to(row.canary_at)
    assert canary.sweep() == 2
    # Quiet hours that were set afterwards hold too.
    clock.move_to(NOON + timedelta(days=7, hours=2))
    resting.keep(alice, begins=time(13), ends=time(16))
    canary.sweep()
    assert len(sent(alice)) == 2 and Reach.objects.get(user=alice).canary_at.hour == 16


def test_a_tap_says_that_the_line_works_and_looking_does_not(alice, lines, client):
    canary.keep(alice, weekly=True)
    canary.sweep()
    address = link(sent(alice)[0])[0]
    assert "Yes, it reached me" in client.get(address).content.decode()
    lines["email"].refresh_from_db()
    assert lines["email"].is_waiting and lines["email"].canary_heard_at is None

    answer = client.post(address)
    assert answer["Tocsin-Answer"] == "acknowledged" and "This line works" in answer.content.decode()
    lines["email"].refresh_from_db()
    lines["sms"].refresh_from_db()
    assert not lines["email"].is_waiting and lines["sms"].is_waiting
    assert "nothing to do" in client.get(address).content.decode()


def test_an_old_or_forged_link_proves_nothing(alice, lines, client, clock):
    canary.keep(alice, weekly=True)
    canary.sweep()
    old = link(sent(alice)[0])[1]
    clock.move_to(NOON + timedelta(days=6))
    Reach.objects.update(canary_at=now())
    canary.sweep()
    with pytest.raises(Refused):
        canary.tap(old)
    assert client.post(f"/notifications/heard/{old[:-2]}xx/").status_code == 410
    assert not ContactMethod.objects.filter(canary_heard_at__isnull=False).exists()


def test_what_stays_silent_for_a_day_is_shown_and_told_once_by_another_line(
    alice, lines, clock, client, root
):
    canary.keep(alice, weekly=True)
    canary.sweep()
    canary.tap(link(sent(alice)[0])[1])
    clock.shift(timedelta(hours=23))
    assert canary.sweep() == 0
    clock.shift(timedelta(hours=2))
    assert canary.sweep() == 1 and canary.sweep() == 0
    told = Delivery.objects.get(about=f"canary-silent:{lines['sms'].pk}")
    assert told.channel == "email" and "+4512345678" in told.body and not told.is_urgent

    client.force_login(alice)
    assert "was not answered" in client.get("/notifications/contacts/").content.decode()
    client.force_login(root)
    shown = client.get("/admin/notifications/contactmethod/?canary=silent").content.decode()
    assert "+4512345678" in shown and "alice@example.com" not in shown.split("result_list")[1]
    assert site.is_registered(ContactMethod)

    # A late answer still counts.
    canary.heard(ContactMethod.objects.filter(pk=lines["sms"].pk))
    lines["sms"].refresh_from_db()
    assert not lines["sms"].is_silent


def test_who_has_one_silent_line_is_told_at_the_accounts_address(alice, lines, clock):
    ContactMethod.objects.exclude(kind="sms").delete()
    canary.keep(alice, weekly=True)
    canary.sweep()
    clock.shift(timedelta(hours=25))
    canary.sweep()
    assert Delivery.objects.get(about__startswith="canary-silent").address == alice.email


def test_a_text_and_a_key_answer_it_and_a_page_goes_first(alice, lines):
    ContactMethod.objects.filter(kind="voice").update(verified_at=now())
    canary.keep(alice, weekly=True)
    canary.sweep()
    call = Delivery.objects.get(channel="voice")
    assert telephone.spoken(call)[1] and "works" in telephone.press(call, "4")
    assert "works" in telephone.hear("+4512345678", "ack")
    assert "Nothing asks you" in telephone.hear("+4512345678", "ack")
    assert ContactMethod.objects.filter(canary_heard_at__isnull=False).count() == 2


def test_who_ends_it_is_not_tested_nor_reminded_any_more(alice, lines, clock, client):
    client.force_login(alice)
    assert client.post("/notifications/contacts/weekly/").status_code == 302
    canary.sweep()
    client.post("/notifications/contacts/weekly/", {"end": "1"})
    clock.shift(timedelta(days=8))
    assert canary.sweep() == 0 and len(sent(alice)) == 2
    assert not ContactMethod.objects.filter(canary_asked_at__isnull=False).exists()


def test_lines_move_both_ways_and_stop_at_the_ends(alice, bob, lines):
    def order():
        return [row.kind for row in alice.contact_methods.all()]

    ordering.move_down(alice, method_id=lines["email"].pk)
    assert order() == ["sms", "email", "webhook", "voice"]
    ordering.move_up(alice, method_id=lines["sms"].pk)
    ordering.move_up(alice, method_id=lines["webhook"].pk)
    assert order() == ["sms", "webhook", "email", "voice"]
    with pytest.raises(Refused):
        ordering.move_up(bob, method_id=lines["sms"].pk)


def test_a_new_code_is_for_lines_that_are_not_confirmed(alice, lines):
    waiting = ContactMethod.objects.get(kind="voice")
    assert contacts.new_code(alice, method_id=waiting.pk).pk == waiting.pk
    assert Delivery.objects.filter(about=f"contact:{waiting.pk}").count() == 1
    with pytest.raises(Refused):
        contacts.new_code(alice, method_id=lines["sms"].pk)
