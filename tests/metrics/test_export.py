"""The CSV: what it says, what it leaves out, and that no spreadsheet runs it."""

import csv

import pytest

from lib import sheets
from metrics import export
from metrics.selection import Selection

pytestmark = pytest.mark.django_db


def rows(reader) -> list[dict[str, str]]:
    return list(csv.DictReader(export.lines(Selection(), reader=reader)))


def test_each_incident_is_a_line_with_its_spans_in_seconds(outage, bob):
    outage(title="Checkout fails, again")

    (row,) = rows(bob)
    assert row["title"] == "Checkout fails, again"
    assert row["started_at"] == "2024-01-22T14:00:00Z"
    assert (row["mttd_seconds"], row["mtta_seconds"], row["mttm_seconds"], row["mttr_seconds"]) == (
        "0",
        "180",
        "1500",
        "7200",
    )
    assert (row["services"], row["team"], row["severity"]) == ("checkout", "shop", "SEV1")


def test_a_missing_span_is_an_empty_cell_and_not_a_zero(outage, bob):
    outage(started=None)

    (row,) = rows(bob)
    assert (row["started_at"], row["mttd_seconds"], row["mttm_seconds"]) == ("", "", "")


def test_private_incidents_and_drills_stay_out_even_for_their_people(outage, alice):
    outage(is_private=True)
    outage(is_drill=True)

    assert rows(alice) == []


@pytest.mark.parametrize("title", ['=HYPERLINK("http://evil")', "+1", "-1", "@SUM(A1)", " =1+1", "＝1"])
def test_a_title_that_looks_like_a_formula_is_shown_and_not_run(outage, bob, title):
    outage(title=title)

    (row,) = rows(bob)
    assert row["title"] == "'" + title.strip()


@pytest.mark.parametrize("cell", ["\t=1", "\r=1", "\n=1", "  =1"])
def test_space_before_a_formula_does_not_hide_it(cell):
    assert sheets.harmless(cell).startswith("'")


def test_a_plain_number_stays_a_number():
    assert (sheets.harmless(1500), sheets.harmless(-0.5), sheets.harmless(None)) == ("1500", "-0.5", "")
