"""Every table as CSV and JSON: the same numbers by both, nothing private, both doors."""

import csv
import json
from datetime import UTC, datetime

import pytest
import time_machine
from django.urls import reverse
from rest_framework.test import APIClient

from accounts import tokens
from metrics import failures, selection, tables
from tests.metrics.conftest import at

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_february():
    with time_machine.travel(datetime(2024, 2, 14, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def reading(client, bob):
    client.force_login(bob)

    def get(name: str, form: str, view: str = "metrics:table", **query) -> str:
        args = (name, form) if name else (form,)
        answer = client.get(reverse(view, args=args, query=query))
        assert answer.status_code == 200, answer.status_code
        return b"".join(answer.streaming_content).decode()

    return get


@pytest.mark.parametrize("name", tables.NAMES)
def test_both_forms_hold_the_same_table(reading, outage, name):
    outage()
    outage(started=None, mitigated=None, resolved=None, day=1)

    lines = list(csv.reader(reading(name, "csv").splitlines()))
    told = json.loads(reading(name, "json"))
    assert told["table"] == name and told["columns"] == lines[0]
    assert len(told["rows"]) == len(lines) - 1 > 0
    for row, cells in zip(told["rows"], lines[1:], strict=True):
        assert ["" if value is None else str(value) for value in row.values()] == cells


def test_the_numbers_are_those_of_the_outage(reading, outage):
    outage()

    figures = {row["measure"]: row for row in json.loads(reading("figures", "json"))["rows"]}
    assert [figures[which]["median_seconds"] for which in ("mttd", "mtta", "mttm", "mttr")] == [
        0,
        180,
        1500,
        7200,
    ]
    assert figures["mtbf"]["median_seconds"] is None
    (bin_,) = json.loads(reading("distribution", "json", measure="mttm"))["rows"]
    assert (bin_["from_seconds"], bin_["below_seconds"], bin_["count"]) == (900, 3600, 1)
    (behind,) = json.loads(reading("behind", "json", measure="mtta"))["rows"]
    assert (behind["state"], behind["seconds"], behind["service"]) == ("measured", 180, "checkout")


@pytest.mark.parametrize(
    "name", ["trend", "distribution", "services", "parts", "behind", "incidents", "frequency"]
)
def test_no_file_names_a_private_incident_or_its_service(reading, outage, search, bob, name):
    from incidents.models import IncidentMember

    outage()
    secret = outage(is_private=True, services=[search], title="Stolen laptop", day=1)
    IncidentMember.objects.get_or_create(incident=secret, user=bob)
    for measure in ("mttm", "mtbf"):
        text = reading(name, "csv", measure=measure)
        assert "Stolen" not in text and secret.reference not in text and "search" not in text.lower()


def test_the_time_since_the_last_failure_of_a_service_knows_no_private_one(outage, checkout):
    outage()
    outage(is_private=True, day=7)
    found = failures.read(selection.Selection())
    assert found.running_by_service(at("14:00", 10))[checkout.pk].days == 10
    assert found.running(at("14:00", 10))[checkout.pk].days == 3


def test_a_month_is_one_long_table(reading, outage):
    outage()
    lines = list(csv.DictReader(reading("", "csv", "metrics:review_table", month="2024-01").splitlines()))
    value = {(row["section"], row["of"], row["number"]): row["value"] for row in lines}
    assert value["incidents", "", "total"] == "1"
    assert value["figures", "mttm", "median_seconds"] == "1500.0"
    assert value["severity", "SEV1", "mttr_median_seconds"] == "7200.0"
    assert value["postmortems", "", "owed"] == "0" and ("alerts", "", "per_incident") in value


def test_unknown_tables_forms_and_months_are_not_there(client, bob):
    client.force_login(bob)
    for path in ("tables/nothing.csv", "tables/trend.xls", "tables/trend.csv?measure=x", "review.xls"):
        assert client.get(f"/metrics/{path}").status_code == 404
    assert client.get("/metrics/review.csv?month=2024-99").status_code == 404


def test_the_pages_lead_to_the_files(client, bob, outage):
    outage()
    client.force_login(bob)
    index = client.get("/metrics/?period=12m").content.decode()
    for name in ("figures", "frequency", "trend", "services", "parts"):
        assert f"/metrics/tables/{name}.csv?period=12m" in index
        assert f"/metrics/tables/{name}.json?period=12m" in index
    detail = client.get("/metrics/mttd/").content.decode()
    for name in ("trend", "distribution", "behind"):
        assert f"/metrics/tables/{name}.csv?&amp;measure=mttd" in detail
    assert "/metrics/review.csv?month=2024-01" in client.get("/metrics/review/").content.decode()


def test_the_api_gives_the_same_tables_and_says_what_is_wrong(vera, outage):
    outage()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(vera, name='t', scope='read')[1]}")
    for name in (*tables.NAMES, "review"):
        for form in ("csv", "json"):
            answer = client.get(f"/api/v1/metrics/tables/{name}.{form}", HTTP_ACCEPT="*/*")
            assert answer.status_code == 200 and b"".join(answer.streaming_content)
    for path, status in (
        ("nothing.csv", 404),
        ("trend.xls", 404),
        ("trend.csv?measure=x", 400),
        ("review.csv?month=x", 400),
    ):
        assert client.get(f"/api/v1/metrics/tables/{path}").status_code == status
    assert APIClient().get("/api/v1/metrics/tables/trend.csv").status_code == 401
