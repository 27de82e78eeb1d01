"""Bad filters are refused with the field and with what would be right."""

import pytest

from lib.refusal import Invalid
from metrics import selection

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("since", "yesterday"),
        ("since", "0001-01-01"),
        ("since", "2024-13-01"),
        ("until", "9999-12-31"),
        ("until", "2024-01-22T14:00:00+99:00"),
        ("severity", "SEV9"),
        ("service", "nothing"),
        ("service", "check\x00out"),
        ("team", "nobody"),
        ("source", "gut_feeling"),
        ("basis", "resolved"),
    ],
)
def test_what_names_nothing_is_refused_by_its_field(field, value, ranks):
    with pytest.raises(Invalid) as refused:
        selection.from_query({field: value})

    assert refused.value.field == field


def test_an_end_before_the_beginning_is_refused():
    with pytest.raises(Invalid, match="after the beginning"):
        selection.from_query({"since": "2024-01-22", "until": "2024-01-20"})


def test_an_offset_whose_plus_became_a_space_is_understood():
    asked = selection.from_query({"since": "2024-01-22T14:00:00 01:00"})

    assert asked.since.isoformat() == "2024-01-22T13:00:00+00:00"


def test_days_are_those_of_the_instances_zone(settings):
    settings.TIME_ZONE = "Europe/Copenhagen"

    asked = selection.from_query({"since": "2024-01-22", "until": "2024-01-22"})

    assert asked.since.isoformat() == "2024-01-21T23:00:00+00:00"
    assert asked.until.isoformat() == "2024-01-22T23:00:00+00:00"
