"""Letters about what is owed: to whom, how often, and in which words."""

from datetime import UTC, date, datetime, timedelta

import time_machine
from django.utils.timezone import now

from accounts import actors
from notifications.models import Delivery
from outbox.models import Message
from postmortems import actions, reminders, reviewing, writing

DAY = timedelta(days=1)


def test_the_author_hears_that_the_document_is_open(opened, alice):
    opened()
    letter = Delivery.objects.get(subject__contains="postmortem is open")
    assert letter.recipient == alice
    assert "/postmortems/" in letter.body


def test_a_reminder_is_sent_once_however_often_it_is_delivered(opened, alice, drain):
    postmortem = opened()
    with time_machine.travel(postmortem.due_at - DAY, tick=False):
        reminders.remind_postmortems()
        assert drain() > 0
        Message.objects.filter(topic="postmortems.due").update(delivered_at=None, due_at=now())
        assert drain() > 0

    letters = Delivery.objects.filter(subject__contains="is due on")
    assert [letter.recipient for letter in letters] == [alice]


def test_a_reminder_of_what_was_done_meanwhile_is_not_sent(opened, alice, drain):
    postmortem, who = opened(), actors.person(alice)
    with time_machine.travel(datetime(2024, 1, 23, tzinfo=UTC), tick=False) as clock:
        action = actions.create(
            postmortem.pk, actor=who, title="Tune alert threshold", owner_id=alice.pk, due=date(2024, 2, 5)
        )
        clock.move_to(datetime(2024, 2, 5, 12, tzinfo=UTC))
        assert reminders.remind_actions() == 1
        actions.update(action.pk, actor=who, status="done")
        assert drain() > 0
    assert not Delivery.objects.filter(subject__contains="Tune alert threshold").exists()


def test_a_reviewer_is_told_who_asks(opened, alice, bob, drain):
    reviewing.ask(opened().pk, actor=actors.person(alice), user_ids=[bob.pk])
    drain()
    letter = Delivery.objects.get(recipient=bob)
    assert "Alice asks you to read" in letter.subject


def test_letters_about_a_private_incident_name_neither_title_nor_action(opened, alice, drain):
    postmortem = opened(is_private=True)
    who, due = actors.person(alice), date(2024, 2, 5)
    with time_machine.travel(datetime(2024, 1, 23, tzinfo=UTC), tick=False) as clock:
        actions.create(postmortem.pk, actor=who, title="Rotate key", owner_id=alice.pk, due=due)
        clock.move_to(datetime(2024, 2, 5, 12, tzinfo=UTC))
        reminders.remind_actions()
        drain()
    letters = Delivery.objects.filter(recipient=alice, word="nudge")
    assert letters.count() >= 2
    said = " ".join(f"{letter.subject} {letter.body} {letter.html}" for letter in letters)
    assert "Rotate" not in said and "rror rate" not in said


def test_a_comment_tells_those_it_mentions_once_and_nobody_else(opened, alice, bob, vera, drain):
    postmortem = opened()
    drain()
    Delivery.objects.all().delete()
    text = f"@bob and @{vera.email}: look. Not @nobody, not x@bob, and not me, @alice. Again @bob."
    writing.comment(postmortem.pk, actor=actors.person(alice), text=text)
    drain()
    drain()
    assert {row.recipient for row in Delivery.objects.all()} == {bob, vera}
    assert "mentions you" in Delivery.objects.first().subject


def test_a_mention_tells_nobody_who_may_not_see_the_incident(opened, alice, bob, drain):
    postmortem = opened(is_private=True)
    writing.comment(postmortem.pk, actor=actors.person(alice), text="@bob, look")
    drain()
    assert not Delivery.objects.filter(recipient=bob).exists()
