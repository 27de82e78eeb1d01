"""One incident: from when to when, and why there is no span where there is none."""

from datetime import UTC, datetime, timedelta

import pytest

from metrics.measures import SPANS, Basis, Facts, Measure, Span, State, measure, time_between

DAY = datetime(2024, 1, 22, tzinfo=UTC)


def at(clock: str) -> datetime:
    hours, minutes = clock.split(":")
    return DAY + timedelta(hours=int(hours), minutes=int(minutes))


def facts(**times) -> Facts:
    """The outage of the template: 14:00 alert, 14:03 acknowledged, 14:25 restored, 16:00 resolved."""
    given = {
        "started_at": at("14:00"),
        "detected_at": at("14:00"),
        "acknowledged_at": at("14:03"),
        "mitigated_at": at("14:25"),
        "resolved_at": at("16:00"),
    } | times
    is_over = given.pop("is_over", given["resolved_at"] is not None)
    return Facts(
        pk=1, number=1, severity_rank=1, source="monitoring_alert", is_private=False, is_over=is_over, **given
    )


def minutes(count: float) -> Span:
    return Span(State.MEASURED, timedelta(minutes=count))


def test_the_outage_of_the_template_gives_its_own_figures():
    outage = facts()

    assert [measure(which, outage) for which in SPANS] == [
        minutes(0),
        minutes(25),
        minutes(3),
        minutes(120),
    ]


def test_an_impact_that_began_before_the_alert_counts_for_users_and_not_for_the_pager():
    outage = facts(started_at=at("13:52"))

    assert [measure(which, outage) for which in SPANS] == [
        minutes(8),
        minutes(33),
        minutes(3),
        minutes(128),
    ]


def test_a_start_nobody_knows_is_missing_and_never_zero():
    outage = facts(started_at=None)

    assert [measure(which, outage).state for which in SPANS] == [
        State.MISSING,
        State.MISSING,
        State.MEASURED,
        State.MISSING,
    ]
    assert measure(Measure.MTTD, outage).length is None


def test_measured_from_detection_the_missing_start_does_not_matter():
    outage = facts(started_at=None)

    assert measure(Measure.MTTM, outage, Basis.DETECTED) == minutes(25)
    assert measure(Measure.MTTR, outage, Basis.DETECTED) == minutes(120)
    assert measure(Measure.MTTD, outage, Basis.DETECTED).state is State.MISSING


def test_what_has_not_happened_yet_is_open_even_without_a_start():
    outage = facts(started_at=None, acknowledged_at=None, mitigated_at=None, resolved_at=None)

    assert [measure(which, outage).state for which in (Measure.MTTA, Measure.MTTM, Measure.MTTR)] == [
        State.OPEN,
        State.OPEN,
        State.OPEN,
    ]


def test_an_incident_that_was_over_before_anybody_acknowledged_is_missing_that_time():
    assert measure(Measure.MTTA, facts(acknowledged_at=None)).state is State.MISSING


@pytest.mark.parametrize(
    ("which", "times"),
    [
        (Measure.MTTD, {"started_at": at("14:01")}),
        (Measure.MTTA, {"acknowledged_at": at("13:59")}),
        (Measure.MTTM, {"mitigated_at": at("13:59")}),
        (Measure.MTTR, {"resolved_at": at("13:59")}),
    ],
)
def test_an_end_before_its_start_is_invalid(which, times):
    assert measure(which, facts(**times)) == Span(State.INVALID)


def test_between_two_failures_counts_from_impact_to_impact():
    first, second = facts(), facts(started_at=at("20:00"), detected_at=at("20:30"))

    assert time_between(first, second) == minutes(360)
    assert time_between(first, second, Basis.DETECTED) == minutes(390)


def test_a_gap_with_an_unknown_edge_is_missing():
    assert time_between(facts(started_at=None), facts()).state is State.MISSING


def test_the_gap_between_incidents_is_no_span_of_one():
    with pytest.raises(ValueError, match="between two"):
        measure(Measure.MTBF, facts())
