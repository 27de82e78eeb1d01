"""Figures of parts, and how times are spread."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from catalog.models import Service, Team
from metrics import breakdowns, distribution
from metrics import selection as selections
from metrics.measures import Measure
from metrics.selection import Selection
from tests.metrics.conftest import at


def parts(selection=None) -> dict[str, dict[str, int]]:
    asked = selection or Selection()
    facts = list(selections.read(selections.incidents(asked)))
    return {
        cut.key: {part.name: part.incidents for part in cut.parts} for cut in breakdowns.read(facts, asked)
    }


@pytest.fixture
def ads(db) -> Service:
    return Service.objects.create(slug="ads", name="Ads", team=Team.objects.create(slug="ads", name="Ads"))


def test_each_cut_counts_every_incident_where_it_belongs(outage, checkout, search, ads):
    outage(source="customer_report", services=[checkout, search])
    outage(source="monitoring_alert", services=[ads], day=1, rank=2)

    assert parts() == {
        "severity": {"SEV1": 1, "SEV2": 1},
        "source": {"Monitoring alert": 1, "Customer report": 1},
        "team": {"Ads": 1, "Shop": 1},
        "detection": {"People, without an alert": 2},
    }


def test_a_private_incident_has_no_team_and_no_tool(outage, ads):
    outage(services=[ads], is_private=True)

    found = parts()

    assert found["team"] == found["detection"] == {}
    assert found["severity"] == {"SEV1": 1}


def test_a_selection_of_a_team_shows_no_other_team(outage, checkout, ads):
    outage(services=[checkout, ads])

    assert parts(Selection(team=ads.team))["team"] == {"Ads": 1}


def test_the_figures_of_a_part_are_those_of_its_incidents(outage):
    outage(rank=1)
    outage(rank=2, mitigated="14:50", day=1)
    facts = list(selections.read(selections.incidents(Selection())))

    first, second = breakdowns.read(facts, Selection())[0].parts

    assert first.figures[Measure.MTTM].median == timedelta(minutes=25)
    assert second.figures[Measure.MTTM].median == timedelta(minutes=50)


def test_bins_hold_every_length_once_and_end_where_the_lengths_end():
    found = distribution.bins([59.9, 60, 299, 3_600])

    assert [(one.low, one.high, one.count) for one in found] == [
        (0, 60, 1),
        (60, 300, 2),
        (300, 900, 0),
        (900, 3_600, 0),
        (3_600, 14_400, 1),
    ]


def test_the_longest_bin_is_open_and_nothing_has_no_bins():
    assert distribution.bins([10**9])[0].high is None
    assert distribution.bins([]) == []


def test_pages_filter_by_team_and_show_the_spread(client, bob, outage, checkout, ads):
    outage(services=[ads])
    client.force_login(bob)
    with time_machine.travel(at("10:00", 2), tick=False):
        index = client.get(reverse("metrics:index", query={"team": "shop"})).content.decode()
        detail = client.get(reverse("metrics:detail", args=["mttm"])).content.decode()

    assert "0 incidents, drills" in " ".join(index.split())
    assert "How they are spread" in detail and "15 min to 1 h" in detail
