"""The 90 days: what counts as down, for how long, and what does not count."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage import uptime
from statuspage.kinds import ComponentStatus
from statuspage.uptime import Span, Weights

AT = datetime(2026, 11, 24, tzinfo=UTC)  # The last of the 90 days has only just begun.
ZONE = ZoneInfo("UTC")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def day_of(days, when):
    return next(day for day in days if day.date == when)


def computed(*spans, **more):
    return uptime.days(spans, at=AT, zone=ZONE, **more)


def test_without_trouble_every_day_is_up():
    days = computed()
    assert len(days) == 90
    assert uptime.share(days) == 100
    assert {day.status for day in days} == {ComponentStatus.OPERATIONAL}


@pytest.mark.parametrize(
    ("status", "down"),
    [("major_outage", 1.0), ("partial_outage", 0.3), ("degraded_performance", 0.0)],
)
def test_a_major_outage_counts_whole_a_partial_one_by_a_third_a_slow_hour_not_at_all(status, down):
    day = day_of(computed(Span(NOON, NOON + HOUR, ComponentStatus(status))), NOON.date())
    assert day.status == status
    assert day.trouble == HOUR
    assert day.down == HOUR * down


def test_the_shares_are_settings():
    span = Span(NOON, NOON + HOUR, ComponentStatus.DEGRADED_PERFORMANCE)
    assert day_of(computed(span, weights=Weights(degraded=0.5)), NOON.date()).down == HOUR / 2


def test_overlapping_notices_count_once_with_the_worst():
    days = computed(
        Span(NOON, NOON + 2 * HOUR, ComponentStatus.PARTIAL_OUTAGE),
        Span(NOON + HOUR, NOON + 3 * HOUR, ComponentStatus.MAJOR_OUTAGE),
    )
    assert day_of(days, NOON.date()).down == HOUR * 0.3 + 2 * HOUR


def test_trouble_over_midnight_is_split_between_the_days():
    evening = NOON + 11 * HOUR
    days = computed(Span(evening, evening + 3 * HOUR, ComponentStatus.MAJOR_OUTAGE))
    assert day_of(days, NOON.date()).down == HOUR
    assert day_of(days, NOON.date() + timedelta(days=1)).down == 2 * HOUR


def test_maintenance_is_left_out_of_both_sides():
    span = Span(NOON, NOON + 2 * HOUR, ComponentStatus.MAJOR_OUTAGE)
    day = day_of(computed(span, maintenance=[(NOON, NOON + HOUR)]), NOON.date())
    assert day.down == HOUR
    assert day.counted == 23 * HOUR


def test_before_the_component_existed_there_is_nothing():
    days = computed(start_date=date(2026, 11, 20))
    assert sum(day.status is None for day in days) == 85
    assert sum((day.counted for day in days), timedelta()) == timedelta(days=4)


def test_a_component_of_tomorrow_has_no_figure():
    assert uptime.share(computed(start_date=date(2027, 1, 1))) is None


def test_the_day_of_a_time_change_has_25_hours():
    days = uptime.days([], at=AT, zone=ZoneInfo("Europe/Copenhagen"))
    assert day_of(days, date(2026, 10, 25)).counted == 25 * HOUR
    assert day_of(days, date(2026, 10, 26)).counted == 24 * HOUR


def test_points_become_spans_until_the_end():
    points = [(NOON + HOUR, "operational"), (NOON, "major_outage")]
    assert uptime.spans_of(points, NOON + 3 * HOUR) == [
        Span(NOON, NOON + HOUR, ComponentStatus.MAJOR_OUTAGE),
        Span(NOON + HOUR, NOON + 3 * HOUR, ComponentStatus.OPERATIONAL),
    ]


span_of = st.builds(
    lambda start, length, status: Span(
        AT - timedelta(minutes=start), AT - timedelta(minutes=start) + timedelta(minutes=length), status
    ),
    st.integers(0, 100 * 1440),
    st.integers(1, 5000),
    st.sampled_from(ComponentStatus),
)


@given(st.lists(span_of, max_size=8))
def test_no_history_is_better_than_all_or_worse_than_nothing(spans):
    days = uptime.days(spans, at=AT, zone=ZONE)
    share = uptime.share(days)
    assert share is not None
    assert 0 <= share <= 100
    assert all(day.down <= day.trouble <= day.counted for day in days)


@given(st.lists(span_of, max_size=6), span_of)
def test_more_trouble_never_raises_the_figure(spans, another):
    before = uptime.share(uptime.days(spans, at=AT, zone=ZONE))
    after = uptime.share(uptime.days([*spans, another], at=AT, zone=ZONE))
    assert after <= before + 1e-9
