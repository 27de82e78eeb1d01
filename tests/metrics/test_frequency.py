"""How often, by week and month."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from metrics import frequency
from metrics import selection as selections
from metrics.frequency import Count
from metrics.periods import Per

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("UTC")


@pytest.fixture(autouse=True)
def _in_february():
    with time_machine.travel(datetime(2024, 2, 14, tzinfo=UTC), tick=False):
        yield


def counts(per: Per, **asked: str) -> list[Count]:
    selection = selections.from_query(asked)
    return frequency.count(selections.read(selections.incidents(selection)), per, selection, ZONE)


def test_weeks_without_incidents_are_weeks_too(outage):
    outage(day=0, rank=1)
    outage(day=1, rank=3)
    outage(day=14, rank=3)

    assert [(one.first, one.by_rank) for one in counts(Per.WEEK)] == [
        (date(2024, 1, 22), {1: 1, 3: 1}),
        (date(2024, 1, 29), {}),
        (date(2024, 2, 5), {3: 1}),
        (date(2024, 2, 12), {}),
    ]


def test_months_follow_the_detection_and_the_zone(outage):
    outage(day=0)
    outage(day=9, detected="23:30", acknowledged="23:40", mitigated=None, resolved=None, started=None)

    assert [one.total for one in counts(Per.MONTH)] == [2, 0]
    selection = selections.Selection()
    facts = list(selections.read(selections.incidents(selection)))
    tokyo = frequency.count(facts, Per.MONTH, selection, ZoneInfo("Asia/Tokyo"))
    assert [one.total for one in tokyo] == [1, 1]


def test_an_asked_for_beginning_is_shown_even_where_nothing_happened(outage):
    outage(day=0)

    assert [one.total for one in counts(Per.WEEK, since="2024-01-08", until="2024-01-28")] == [0, 0, 1]


def test_a_beginning_long_before_anything_is_not_drawn_out(outage):
    outage(day=0)

    assert len(counts(Per.WEEK, since="1970-01-01")) == 4


def test_no_incidents_make_no_periods():
    assert counts(Per.WEEK) == []


def test_a_week_that_stands_out_is_named_and_chance_is_not():
    def weeks(*totals: int) -> list[Count]:
        return [Count(date(2024, 1, 1), {3: total}) for total in totals]

    assert frequency.peak(weeks(2, 3, 2, 8, 2, 3)).count.total == 8
    assert frequency.peak(weeks(2, 3, 2, 8, 2, 3)).others == pytest.approx(2.4)
    assert frequency.peak(weeks(2, 3, 2, 4, 2, 3)) is None
    assert frequency.peak(weeks(0, 0, 9)) is None
