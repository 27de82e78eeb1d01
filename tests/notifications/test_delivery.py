from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db.models import F
from django.utils.timezone import now

from accounts.actors import person
from accounts.models import User
from catalog.models import Service, Team
from incidents import defaults as matrix
from incidents import lifecycle, people, roles
from incidents.models import Severity
from incidents.overdue import miss_overdue
from notifications import contacts, delivery, wording
from notifications.models import Delivery
from outbox import doorbell

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def incident(clock, alice):
    matrix.install()
    team = Team.objects.create(slug="payments", name="Payments", time_zone="Europe/Copenhagen")
    service = Service.objects.create(
        slug="checkout", name="Checkout", team=team, runbook_url="https://wiki.example/checkout"
    )
    return lifecycle.open_incident(
        title="error rate 34 %",
        actor=person(alice),
        service_ids=[service.pk],
        severity=Severity.objects.get(name="SEV1"),
        declare=True,
        responding=True,
    )


def say(user, key="k", word="page"):
    return contacts.tell(user, word, key=key, subject="s", body="b")


def test_the_same_key_is_owed_once(alice):
    assert len(say(alice)) == 1
    assert say(alice) == []
    assert Delivery.objects.count() == 1


def test_what_wakes_people_does_not_wait_for_the_next_tick(alice, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        say(alice)
        say(alice, key="other", word="nudge")

    assert callbacks == [doorbell.ring]


def test_two_sweeps_at_once_send_once(alice, mailoutbox):
    say(alice)
    [seen] = Delivery.objects.due()
    assert delivery._claim(Delivery.objects.get())
    assert not delivery._claim(seen)
    assert delivery.sweep() == 0


def test_a_claimer_that_died_loses_the_message_after_its_lease(alice, clock, mailoutbox):
    say(alice)
    delivery._claim(Delivery.objects.get())
    clock.shift(9)
    assert delivery.sweep() == 0
    clock.shift(2)
    assert delivery.sweep() == 1
    assert len(mailoutbox) == 1


def test_a_late_mark_of_an_old_claim_is_refused(alice, clock):
    say(alice)
    row = Delivery.objects.get()
    delivery._claim(row)
    clock.shift(11)
    Delivery.objects.update(claims=F("claims") + 1)
    delivery._mark(row, {"status": 200})
    assert Delivery.objects.get().sent_at is None
    assert "may be doubled" in row.attempts.get().note


def test_who_slept_past_the_lease_before_sending_sends_nothing(alice, clock, mailoutbox):
    say(alice)
    row = Delivery.objects.get()
    assert delivery._claim(row)
    clock.shift(10)
    delivery._send_all([row])
    assert mailoutbox == []

    assert delivery.sweep() == 1
    assert len(mailoutbox) == 1


def test_what_is_called_off_is_not_sent(alice, mailoutbox):
    say(alice)
    assert delivery.cancel(Delivery.objects.all(), reason="Over.") == 1
    assert delivery.sweep() == 0
    assert mailoutbox == []


def test_a_page_is_given_up_after_two_minutes(alice, clock, settings):
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": 1, "timeout": 1},
        }
    }
    say(alice)
    for _ in range(150):
        delivery.sweep()
        clock.shift(1)
    row = Delivery.objects.get()
    assert row.state == "failed"
    assert row.failed_at - row.created_at <= timedelta(minutes=2)
    assert row.attempts.count() == 6


def test_demonstration_data_is_never_sent(alice, mailoutbox):
    with delivery.silence():
        say(alice)
    assert delivery.sweep() == 0
    assert mailoutbox == []


def test_a_page_says_it_in_one_line(incident, clock):
    clock.shift(180)
    words = wording.page(incident, acknowledge_url="https://t/ack")
    assert words.body == (
        f"SEV1 checkout: error rate 34 % · 3 min · {incident.reference} · ack https://t/ack"
        " · runbook https://wiki.example/checkout"
    )


def test_an_update_reaches_followers_and_chairs_in_the_teams_time_but_not_its_author(
    incident, drain, alice, bob, carol, mailoutbox
):
    people.follow(incident.pk, actor=person(carol))
    people.follow(incident.pk, actor=person(alice))
    dave = User.objects.create_user(email="dave@example.com", password=None, name="Dave", role="viewer")
    people.follow(incident.pk, actor=person(dave))
    people.unfollow(incident.pk, actor=person(dave))
    roles.take(incident.pk, actor=person(alice), role_slug="comms_lead", user_id=bob.pk)
    lifecycle.post_update(incident.pk, actor=person(alice), text="Still investigating.")
    drain()
    delivery.sweep()

    updates = {mail.to[0]: mail.body for mail in mailoutbox if "Update" in mail.subject}
    assert set(updates) == {"bob@example.com", "carol@example.com"}
    assert "[UPDATE 13:00] Still investigating.\nNext update by 13:15." in updates["bob@example.com"]


def test_an_overdue_update_reminds_the_comms_lead(incident, drain, clock, alice, bob, mailoutbox):
    roles.take(incident.pk, actor=person(alice), role_slug="comms_lead", user_id=bob.pk)
    clock.shift(16 * 60)
    miss_overdue()
    drain()
    delivery.sweep()
    assert [mail.to for mail in mailoutbox if "next update to the team" in mail.subject] == [
        ["bob@example.com"]
    ]


def test_quiet_words_take_the_first_line_and_pages_all(alice):
    stamp = now()
    alice.contact_methods.create(kind="email", address="a@example.com", position=1, verified_at=stamp)
    alice.contact_methods.create(kind="email", address="b@example.com", position=2, verified_at=stamp)
    alice.contact_methods.create(kind="email", address="c@example.com", position=3)
    assert [row.address for row in say(alice, "n", "nudge")] == ["a@example.com"]
    assert [row.address for row in say(alice, "p", "page")] == ["a@example.com", "b@example.com"]
