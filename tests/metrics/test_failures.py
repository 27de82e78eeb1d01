"""Time between failures: gaps of each service, pooled."""

from datetime import timedelta

import pytest

from metrics import failures, five, summary
from metrics import selection as selections
from metrics.measures import Measure, State
from tests.metrics.conftest import at

pytestmark = pytest.mark.django_db


def figure(**asked: str) -> summary.Figure:
    return five.summarise(selections.from_query(asked))[Measure.MTBF]


def test_one_failure_makes_no_gap(outage):
    outage()

    assert (figure().count, figure().mean) == (0, None)


def test_gaps_are_measured_per_service_and_pooled(outage, checkout, search):
    outage(day=0)
    outage(day=2)
    outage(day=1, services=[search])
    outage(day=7, services=[search])

    # Checkout failed after 2 days again, search after 6.
    assert (figure().count, figure().mean) == (2, timedelta(days=4))
    assert figure(service="search").mean == timedelta(days=6)


def test_an_incident_of_two_services_is_a_failure_of_both(outage, checkout, search):
    outage(day=0)
    outage(day=0, services=[search])
    outage(day=3, services=[checkout, search])

    assert figure().lengths == [timedelta(days=3).total_seconds()] * 2


def test_a_cosmetic_matter_is_no_failure_unless_asked_for(outage):
    outage(day=0, rank=4)
    outage(day=5, rank=4)

    assert figure().count == 0
    assert figure(severity="SEV4").mean == timedelta(days=5)


def test_a_gap_belongs_to_the_period_in_which_the_later_failure_began(outage):
    outage(day=0)
    outage(day=9)

    assert figure(since="2024-01-29").count == 1
    assert figure(until="2024-01-28").count == 0


def test_an_unknown_start_leaves_its_gaps_out_and_is_not_bridged(outage):
    outage(day=0)
    outage(day=2, started=None)
    outage(day=5)

    assert (figure().count, figure().missing) == (0, 2)
    assert figure(basis="detected").mean == timedelta(days=2.5)


def test_the_running_gap_is_told_and_never_averaged(outage, checkout):
    outage(day=0)
    outage(day=2)
    found = failures.read(selections.Selection())

    assert found.running(at("14:00", 14)) == {checkout.pk: timedelta(days=12)}
    assert [gap.span.state for gap in found.gaps] == [State.MEASURED]
