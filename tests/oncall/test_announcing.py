"""Hand-overs and gaps are told once, to those they concern."""

from datetime import UTC, datetime, timedelta

import pytest

from catalog.models import Membership
from notifications.models import Delivery
from oncall import announcing
from oncall.models import Layer
from tests.oncall.conftest import schedule

pytestmark = pytest.mark.django_db
#: Hands change on Mondays at nine.
MONDAY = datetime(2026, 3, 9, 9, tzinfo=UTC)


def said():
    return sorted((row.recipient.name, row.subject) for row in Delivery.objects.all())


def test_a_hand_over_is_told_to_both_once(clock, alice, bob):
    schedule("Primary", alice, bob)
    clock.move_to(MONDAY - timedelta(minutes=1))
    assert announcing.sweep() == 0

    clock.move_to(MONDAY + timedelta(seconds=30))
    assert announcing.sweep() == 2
    assert announcing.sweep() == 0
    clock.shift(timedelta(minutes=5))
    assert announcing.sweep() == 0

    begun, over = "Your shift has begun: Primary", "Your shift is over: Primary"
    assert {subject for _name, subject in said()} == {begun, over}
    assert {name for name, _subject in said()} == {"Alice", "Bob"}
    assert not Delivery.objects.filter(is_urgent=True).exists(), "nobody is woken by it"


def test_a_hand_over_to_oneself_is_no_news_and_neither_is_an_old_one(clock, alice, bob):
    schedule("Alone", alice)
    clock.move_to(MONDAY + timedelta(seconds=30))
    assert announcing.sweep() == 0

    schedule("Primary", alice, bob)
    clock.shift(timedelta(hours=2))
    assert announcing.sweep() == 0


def test_gaps_of_the_next_week_are_one_letter_and_once(clock, alice, mona, team):
    row = schedule("Office", alice)
    row.team = team
    row.save()
    Membership.objects.create(team=team, user=mona, is_manager=True)
    Layer.objects.filter(schedule=row).update(windows=["Mon-Fri 09:00-17:00"])

    announcing.sweep()

    (letter,) = Delivery.objects.filter(word="nudge")
    assert letter.recipient == mona
    assert letter.body.count("\n- ") == 5
    for _ in range(20):
        clock.shift(timedelta(hours=12))
        announcing.sweep()
    assert Delivery.objects.filter(word="nudge").count() == 1


def test_a_schedule_with_nobody_at_all_is_told_to_the_admins(clock, root, alice):
    row = schedule("Empty", alice)
    Layer.objects.filter(schedule=row).delete()

    announcing.sweep()
    clock.shift(timedelta(days=3))
    announcing.sweep()

    (letter,) = Delivery.objects.filter(word="nudge")
    assert letter.recipient == root
