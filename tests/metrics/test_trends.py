"""One measure over time, with honest words."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from metrics import selection as selections
from metrics import sentences, trends
from metrics.measures import Measure
from metrics.periods import Per

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_february():
    with time_machine.travel(datetime(2024, 2, 28, tzinfo=UTC), tick=False):
        yield


def test_each_period_has_its_median_and_its_change(outage):
    for day in range(4):
        outage(day=day, mitigated="15:00")
    for day in range(10, 14):
        outage(day=day, mitigated="14:15")

    january, february = trends.trend(Measure.MTTM, Per.MONTH, selections.Selection())
    assert [january.figure.median, february.figure.median] == [timedelta(hours=1), timedelta(minutes=15)]
    assert january.change is None
    assert february.change.is_real
    assert sentences.headline(february.change) == "75 % shorter"


def test_seven_scattered_incidents_cannot_tell(outage):
    for day, mitigated in enumerate(["14:01", "14:09", "14:30", "15:40", "14:05", "15:10", "14:20"]):
        outage(day=day, mitigated=mitigated)
        outage(day=day + 14, mitigated=mitigated.replace("14:2", "14:3"))

    february = trends.trend(Measure.MTTM, Per.MONTH, selections.Selection())[1]
    assert sentences.honest(february.change).startswith("Cannot tell: with 7 incidents a change under ")


def test_a_period_without_a_measured_incident_has_no_median(outage):
    outage(day=0)
    outage(day=10, started=None)

    _, february = trends.trend(Measure.MTTM, Per.MONTH, selections.Selection())
    assert february.figure.median is None
    assert february.figure.missing == 1
    assert february.change.ratio is None


def test_failures_have_a_trend_too(outage):
    outage(day=0)
    outage(day=1)
    outage(day=11)

    january, february = trends.trend(Measure.MTBF, Per.MONTH, selections.Selection())
    assert [january.figure.median, february.figure.median] == [timedelta(days=1), timedelta(days=10)]


def test_a_trend_is_two_queries_and_three_for_failures(outage, django_assert_num_queries):
    outage()

    with django_assert_num_queries(1):
        trends.trend(Measure.MTTD, Per.WEEK, selections.Selection())
    with django_assert_num_queries(3):
        trends.trend(Measure.MTBF, Per.QUARTER, selections.Selection())
