"""Five figures of many incidents, each checked by hand."""

from datetime import timedelta

import pytest
import time_machine

from accounts.actors import person
from incidents import lifecycle
from incidents.models import IncidentMember
from metrics import five, summary
from metrics import selection as selections
from metrics.measures import Measure
from metrics.selection import Selection
from tests.metrics.conftest import at

pytestmark = pytest.mark.django_db


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def read(**asked: str) -> dict[Measure, summary.Figure]:
    return five.summarise(selections.from_query(asked))


def test_the_outage_of_the_template_gives_three_and_twenty_five_minutes(outage):
    outage()

    found = read()
    assert {which.value: figure.median for which, figure in found.items()} == {
        "mttd": minutes(0),
        "mtta": minutes(3),
        "mttm": minutes(25),
        "mttr": minutes(120),
        "mtbf": None,
    }


def test_a_start_nobody_knows_is_counted_as_missing_and_never_as_zero(outage):
    outage(started=None)
    outage(started="13:50", day=1)

    found = read()
    assert (found[Measure.MTTD].count, found[Measure.MTTD].missing) == (1, 1)
    assert found[Measure.MTTD].mean == minutes(10)
    assert (found[Measure.MTTM].count, found[Measure.MTTM].missing) == (1, 1)
    assert found[Measure.MTTA].missing == 0


def test_mean_median_and_p90_of_four_incidents_by_hand(outage):
    for day, mitigated in enumerate(["14:10", "14:20", "14:30", "15:40"]):
        outage(mitigated=mitigated, day=day)

    figure = read()[Measure.MTTM]
    assert figure.count == 4
    assert figure.mean == minutes((10 + 20 + 30 + 100) / 4)
    assert figure.median == minutes(25)
    # Place (4 - 1) * 0.9 = 2.7: seven tenths of the way from 30 to 100.
    assert figure.p90 == minutes(79)


def test_unresolved_is_open_and_not_missing(outage):
    outage(acknowledged=None, mitigated=None, resolved=None)
    outage(resolved=None, day=1)

    found = read()
    assert (found[Measure.MTTA].open, found[Measure.MTTM].open, found[Measure.MTTR].open) == (1, 1, 2)
    assert found[Measure.MTTR].missing == 0


def test_a_reopening_empties_the_end_and_the_last_end_counts(outage, alice):
    incident, who = outage(), person(alice)
    with time_machine.travel(at("17:00"), tick=False) as clock:
        lifecycle.reopen(incident.pk, actor=who, reason="it fails again")
        assert read()[Measure.MTTM].open == 1

        clock.move_to(at("18:00"))
        lifecycle.resolve(incident.pk, actor=who)

    found = read()
    assert found[Measure.MTTM].median == minutes(4 * 60)
    assert found[Measure.MTTR].median == minutes(4 * 60)


def test_an_end_before_its_start_is_listed_apart_and_left_out(outage):
    outage()
    outage(started="14:10", detected="14:20", day=1)
    figure = read()[Measure.MTTA]

    # Acknowledged at 14:03, seventeen minutes before the signal.
    assert (figure.count, figure.invalid, figure.mean) == (1, 1, minutes(3))


def test_measured_from_detection_a_missing_start_does_not_matter(outage):
    outage(started=None)

    found = read(basis="detected")
    assert (found[Measure.MTTM].median, found[Measure.MTTD].missing) == (minutes(25), 1)


def test_drills_dismissed_and_merged_incidents_are_no_incidents(outage, alice):
    outage()
    outage(is_drill=True)
    dismissed = outage(acknowledged=None, mitigated=None, resolved=None)
    merged = outage(mitigated=None, resolved=None)
    target = outage(mitigated=None, resolved=None)
    with time_machine.travel(at("15:00"), tick=False):
        lifecycle.dismiss(dismissed.pk, actor=person(alice), reason="false alarm")
        lifecycle.merge(merged.pk, actor=person(alice), into=target.pk)

    assert [row.pk for row in selections.read(selections.incidents(Selection()))][1:] == [target.pk]


def test_the_final_severity_counts(outage, ranks, alice):
    incident = outage(rank=3)
    with time_machine.travel(at("16:30"), tick=False):
        lifecycle.set_severity(incident.pk, actor=person(alice), severity=ranks[1], reason="more users")

    assert read(severity="SEV1")[Measure.MTTM].count == 1
    assert read(severity="SEV3")[Measure.MTTM].count == 0


def test_private_incidents_count_in_totals_and_in_no_service(outage):
    outage(is_private=True)

    assert IncidentMember.objects.exists()
    assert read()[Measure.MTTM].count == 1
    assert read(service="checkout")[Measure.MTTM].count == 0
    assert read(team="shop")[Measure.MTTM].count == 0


def test_filters_by_time_take_the_detection_and_whole_days(outage):
    outage(day=0)
    outage(day=1)
    outage(day=2)

    assert read(since="2024-01-23", until="2024-01-23")[Measure.MTTM].count == 1
    assert read(since="2024-01-22T14:00:00Z", until="2024-01-23T14:00:00Z")[Measure.MTTM].count == 1
    assert read(since="2024-01-23")[Measure.MTTM].count == 2


def test_filters_by_service_severity_and_source(outage, search):
    outage()
    outage(services=[search], rank=2, source="customer_report")

    assert read(service="search")[Measure.MTTM].count == 1
    assert read(severity="sev1,2")[Measure.MTTM].count == 2
    assert read(source="customer_report")[Measure.MTTM].count == 1


def test_five_figures_cost_four_queries_however_many_incidents(outage, django_assert_num_queries):
    for day in range(4):
        outage(day=day)

    with django_assert_num_queries(4):
        five.summarise(Selection())
