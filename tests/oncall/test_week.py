"""The drawn calendar: whoever is paged stands in it, however short the shift."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.actors import person
from oncall import schedules, week
from oncall.models import Layer, LayerMember
from tests.oncall.conftest import NOON, schedule

pytestmark = pytest.mark.django_db


def paged(block):
    return next(row for row in block.rows if row.is_final).cells


def test_two_short_overrides_in_one_slot_are_both_named(clock, alice, bob, carol):
    clock.move_to(NOON - timedelta(days=30))
    row = schedule("Primary", alice)
    clock.move_to(NOON)
    for user, hour in ((bob, 10), (carol, 11)):
        start = datetime(2026, 3, 4, hour, tzinfo=UTC)
        schedules.stand_in(
            row.pk, actor=person(user), user_id=user.pk, start=start, end=start + timedelta(hours=1)
        )

    cells = paged(week.block(row, week.week(date(2026, 3, 4), ZoneInfo("UTC"))))

    [cell] = [one for one in cells if one.more]
    assert (cell.span, cell.more) == (1, 1)
    assert cell.title == "Bob, Wed 10:00 – Wed 11:00; Carol, Wed 11:00 – Wed 12:00"
    assert sum(one.span for one in cells) == 56


def test_two_hours_in_a_slot_of_six_stand_in_the_month(clock, alice, bob):
    clock.move_to(NOON - timedelta(days=30))
    row = schedule("Primary", alice)
    windows = ["Sat 07:00-09:00"]
    top = Layer.objects.create(schedule=row, position=1, hand_over=time(7), windows=windows)
    LayerMember.objects.create(layer=top, user=bob)
    clock.move_to(NOON)

    cells = paged(week.block(row, week.month(date(2026, 3, 4), ZoneInfo("UTC"))))

    named = [one.title for one in cells if "Bob" in one.title]
    assert len(named) == 4  # Every Saturday of March 2026.
