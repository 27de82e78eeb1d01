"""A person's own order: which message goes when, and what a failure changes."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils.timezone import now

from lib import signing
from lib.refusal import Invalid, Missing, Refused
from notifications import contacts, delivery, rules
from notifications.channels.base import Plain
from notifications.errors import Passing, Permanent
from notifications.models import Delivery

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Recorder(Plain):
    """A receiver that keeps what it got, or fails as told."""

    def __init__(self):
        self.got, self.failure = [], None

    def send(self, delivery, known):
        if self.failure:
            raise self.failure
        self.got.append((now(), delivery.body))
        return {}


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def phone(monkeypatch):
    texts, calls = Recorder(), Recorder()
    monkeypatch.setitem(delivery.TRANSPORTS, "sms", texts)
    monkeypatch.setitem(delivery.TRANSPORTS, "voice", calls)
    return texts, calls


@pytest.fixture
def line(alice, clock, phone):
    def make(kind, address):
        method = contacts.add(alice, kind=kind, address=address)
        type(method).objects.filter(pk=method.pk).update(verified_at=now())
        Delivery.objects.all().delete()
        return method

    return make


@pytest.fixture
def order(alice, line):
    """Mail at once, a text after two minutes, a call after five."""
    mail = line("email", "alice@example.com")
    text, call = line("sms", "+4512345678"), line("voice", "0045 12 34 56 78")
    for method, minutes in ((call, 5), (mail, 0), (text, 2)):
        rules.add(alice, urgency="high", method_id=method.pk, delay=timedelta(minutes=minutes))
    return mail, text, call


def page(user):
    return contacts.tell(user, "page", key="p", subject="s", body="b", about="page:1")


def play(clock, minutes):
    for _ in range(minutes * 12):
        delivery.sweep()
        clock.shift(5)
    delivery.sweep()


def test_each_step_goes_out_at_its_own_time(alice, order, clock, phone, mailoutbox):
    texts, calls = phone
    page(alice)
    delivery.sweep()
    assert (len(mailoutbox), texts.got, calls.got) == (1, [], [])
    play(clock, 6)
    assert [at - NOON for at, _ in texts.got] == [timedelta(minutes=2)]
    assert [at - NOON for at, _ in calls.got] == [timedelta(minutes=5)]


def test_every_step_is_a_row_before_anything_is_sent(alice, order):
    page(alice)
    planned = Delivery.objects.order_by("due_at").values_list("channel", "due_at")
    assert list(planned) == [
        ("email", NOON),
        ("sms", NOON + timedelta(minutes=2)),
        ("voice", NOON + timedelta(minutes=5)),
    ]


@pytest.mark.parametrize("failure", [Passing("busy"), Permanent("no such number")])
def test_the_first_failure_starts_the_next_step_at_once(alice, order, clock, phone, failure):
    texts, calls = phone
    texts.failure = failure
    page(alice)
    play(clock, 3)
    # The text was tried after two minutes; the call did not wait for the fifth.
    assert [at - NOON for at, _ in calls.got] == [timedelta(minutes=2)]


def test_a_second_failure_hurries_nothing_more(alice, line, clock, phone):
    texts, calls = phone
    text, call = line("sms", "+4512345678"), line("voice", "+4512345678")
    for method, minutes in ((text, 0), (call, 5), (call, 10)):
        rules.add(alice, urgency="high", method_id=method.pk, delay=timedelta(minutes=minutes))
    texts.failure = Passing("busy")
    page(alice)
    play(clock, 9)
    assert [at - NOON for at, _ in calls.got] == [timedelta(0)]


def test_a_late_step_is_tried_for_two_minutes_from_its_own_time(alice, order, clock, phone):
    texts, _calls = phone
    texts.failure = Passing("busy")
    page(alice)
    play(clock, 5)
    row = Delivery.objects.get(channel="sms")
    assert row.state == "failed"
    assert row.attempts.count() == 6
    assert row.failed_at <= NOON + timedelta(minutes=4)


def test_a_failure_for_good_is_shown_on_the_line_until_something_arrives(client, alice, order, clock, phone):
    texts, _calls = phone
    texts.failure = Permanent("No such number.")
    page(alice)
    play(clock, 3)
    client.force_login(alice)
    assert b"No such number." in client.get("/notifications/contacts/").content
    texts.failure = None
    contacts.test(alice, method_id=order[1].pk)
    delivery.sweep()
    assert b"No such number." not in client.get("/notifications/contacts/").content


def test_without_rules_every_confirmed_line_is_used_at_once(alice, line):
    line("email", "alice@example.com")
    line("sms", "+4512345678")
    contacts.add(alice, kind="voice", address="+4587654321")
    page(alice)
    owed = Delivery.objects.filter(word="page")
    assert {(row.channel, row.due_at) for row in owed} == {("email", NOON), ("sms", NOON)}


def test_low_urgency_has_an_order_of_its_own(alice, order):
    rules.add(alice, urgency="low", method_id=order[0].pk, delay=timedelta(0))
    assert [one.way.channel for one in rules.firings(alice, "low")] == ["email"]
    assert [one.way.channel for one in rules.firings(alice, "high")] == ["email", "sms", "voice"]


def test_a_code_confirms_a_line_and_is_kept_nowhere(alice, clock, phone):
    texts, _calls = phone
    method = contacts.add(alice, kind="sms", address="+45 12 34 56 78")
    delivery.sweep()
    code = "".join(char for char in texts.got[0][1].split(" is ")[1][:6])
    assert Delivery.objects.get().body == ""
    method.refresh_from_db()
    assert code not in method.code_hash
    assert contacts.confirm(alice, method_id=method.pk, code=code).verified_at == NOON
    with pytest.raises(Refused, match="used up"):
        contacts.confirm(alice, method_id=method.pk, code=code)


def test_five_wrong_codes_use_it_up_and_an_old_one_is_refused(alice, bob, clock, phone):
    texts, _calls = phone
    method = contacts.add(alice, kind="sms", address="+4512345678")
    delivery.sweep()
    code = texts.got[0][1].split(" is ")[1][:6]
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        with pytest.raises(Invalid):
            contacts.confirm(alice, method_id=method.pk, code=wrong)
    with pytest.raises(Refused):
        contacts.confirm(alice, method_id=method.pk, code=code)
    contacts.send_proof(method)
    delivery.sweep()
    fresh = texts.got[-1][1].split(" is ")[1][:6]
    clock.shift(15 * 60)
    with pytest.raises(Refused):
        contacts.confirm(alice, method_id=method.pk, code=fresh)
    with pytest.raises(Missing):
        contacts.confirm(bob, method_id=method.pk, code=fresh)
    method.refresh_from_db()
    assert method.verified_at is None


def test_codes_are_bounded_because_strangers_would_get_them(alice, clock, phone):
    method = contacts.add(alice, kind="sms", address="+4512345678")
    for _ in range(4):
        clock.shift(60)
        contacts.send_proof(method)
    with pytest.raises(Refused, match="Five codes"):
        contacts.send_proof(method)


def test_a_channel_that_is_not_set_up_here_cannot_be_added(alice, client, settings):
    settings.SLACK_BOT_TOKEN = ""
    with pytest.raises(Refused, match="not set up here"):
        contacts.add(alice, kind="slack", address="U123")
    client.force_login(alice)
    assert (
        b"Slack, direct message (not set up here: ask an admin)"
        in client.get("/notifications/contacts/").content
    )


def test_a_test_page_takes_the_whole_order_and_ends_when_it_reached_me(alice, order, clock, phone, client):
    texts, _calls = phone
    client.force_login(alice)
    client.post("/notifications/contacts/test/")
    delivery.sweep()
    clock.shift(121)
    delivery.sweep()
    assert len(texts.got) == 1
    client.post("/notifications/contacts/test/end/")
    assert Delivery.objects.get(channel="voice").state == "called off"


def test_the_order_is_edited_with_plain_forms(alice, order, client):
    client.force_login(alice)
    path = "/notifications/contacts/rules/"
    step = {"urgency": "low", "delay": "10", "method_id": order[1].pk}
    assert client.post(f"{path}add/", step).status_code == 302
    row = alice.reach_rules.get(urgency="low")
    assert row.delay == timedelta(minutes=10)
    assert client.post(f"{path}add/", step).status_code == 422
    assert client.post(f"{path}{row.pk}/remove/").status_code == 302
    assert not alice.reach_rules.filter(urgency="low").exists()


def test_nobody_uses_or_removes_what_is_anothers(alice, bob, order, client):
    client.force_login(bob)
    with pytest.raises(Missing):
        rules.add(bob, urgency="high", method_id=order[0].pk, delay=timedelta(0))
    client.post(f"/notifications/contacts/rules/{alice.reach_rules.first().pk}/remove/")
    assert alice.reach_rules.count() == 3


def test_a_first_line_does_not_end_the_mails_of_the_account(alice, clock, phone, client):
    client.force_login(alice)
    text = contacts.add(alice, kind="sms", address="+4915112345678")
    page = client.get("/notifications/contacts/").content.decode()
    assert alice.email in page and "It is what is used now" in page

    code = re.search(r"\b(\d{6})\b", Delivery.objects.get(recipient=alice).body)[1]
    said = client.post(
        f"/notifications/contacts/{text.pk}/confirm/", {"code": code}, follow=True
    ).content.decode()
    assert f"{alice.email} stays in use" in said
    assert [(way.channel, way.address) for way in contacts.ways(alice)] == [
        ("sms", text.address),
        ("email", alice.email),
    ]

    # Taken off, it stays off, whatever is confirmed after that.
    contacts.remove(alice, method_id=alice.contact_methods.get(kind="email").pk)
    contacts.prove(
        signing.sign({"method": text.pk, "address": text.address}, purpose="notifications.contact")
    )
    second = contacts.add(alice, kind="voice", address="+4915112345678")
    contacts.prove(
        signing.sign({"method": second.pk, "address": second.address}, purpose="notifications.contact")
    )
    assert [way.channel for way in contacts.ways(alice)] == ["sms", "voice"]
