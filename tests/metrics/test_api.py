"""REST: shapes of the contract, refusals with a sentence, and who may ask."""

from datetime import UTC, datetime

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts import tokens

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_february():
    with time_machine.travel(datetime(2024, 2, 14, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def api(vera) -> APIClient:
    _, key = tokens.issue(vera, name="test", scope="read")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


def test_the_summary_has_the_five_measures_of_the_contract(api, outage):
    outage()
    outage(day=1, started=None, mitigated=None, resolved=None)

    body = api.get("/api/v1/metrics/summary/").json()

    assert set(body) == {"mttd", "mtta", "mttm", "mttr", "mtbf"}
    assert body["mttm"] == {
        "count": 1,
        "missing": 0,
        "open": 1,
        "invalid": 0,
        "mean_seconds": 1500.0,
        "median_seconds": 1500.0,
        "p90_seconds": 1500.0,
        "within": 0.0,
    }
    assert body["mttd"]["missing"] == 1
    assert body["mtbf"] == {
        "count": 0,
        "missing": 1,
        "open": 0,
        "invalid": 0,
        "mean_seconds": None,
        "median_seconds": None,
        "p90_seconds": None,
        "within": 0.0,
    }


def test_the_summary_takes_the_filters_of_the_contract(api, outage):
    outage(started=None, rank=2)
    query = "since=2024-01-01&until=2024-01-31&severity=SEV2&service=checkout&basis=detected"

    assert api.get(f"/api/v1/metrics/summary/?{query}").json()["mttm"]["mean_seconds"] == 1500.0


def test_the_frequency_names_every_severity_of_every_period(api, outage):
    outage(rank=2)

    body = api.get("/api/v1/metrics/frequency/?per=week").json()

    assert body["per"] == "week"
    assert body["results"][0] == {
        "period": "2024-W04",
        "starts_on": "2024-01-22",
        "total": 1,
        "by_severity": {"SEV1": 0, "SEV2": 1, "SEV3": 0, "SEV4": 0},
    }
    assert [one["period"] for one in body["results"]] == ["2024-W04", "2024-W05", "2024-W06", "2024-W07"]
    months = api.get("/api/v1/metrics/frequency/?per=month").json()["results"]
    assert [one["period"] for one in months] == ["2024-01", "2024-02"]


def test_the_trend_tells_the_change_and_how_sure_one_may_be(api, outage):
    for day in range(4):
        outage(day=day, mitigated="15:00")
        outage(day=day + 10, mitigated="14:15")

    body = api.get("/api/v1/metrics/trend/?measure=mttm&per=month").json()

    assert (body["measure"], body["per"], body["basis"]) == ("mttm", "month", "started")
    january, february = body["results"]
    assert (january["change"], january["sentence"]) == (None, "")
    assert (february["change"], february["is_real"]) == (-0.75, True)
    assert february["median_seconds"] == february["low_seconds"] == 900.0


def test_the_csv_is_a_download_at_the_address_of_the_contract(api, outage):
    outage()

    for accept in ("*/*", "text/csv", "application/json"):
        answer = api.get("/api/v1/metrics/incidents.csv", HTTP_ACCEPT=accept)
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/csv")
        assert len(b"".join(answer.streaming_content).splitlines()) == 2


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("summary/?severity=SEV9", "severity"),
        ("summary/?service=nothing", "service"),
        ("summary/?since=soon", "since"),
        ("summary/?basis=never", "basis"),
        ("frequency/?per=quarter", "per"),
        ("trend/?measure=mttx", "measure"),
        ("trend/?per=day", "per"),
        ("incidents.csv?severity=SEV9", "severity"),
    ],
)
def test_a_filter_that_names_nothing_is_refused_with_its_name(api, ranks, path, field):
    answer = api.get(f"/api/v1/metrics/{path}")

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"] == f"/{field}"


def test_private_incidents_count_in_totals_alone(api, outage):
    outage(is_private=True, title="A secret")

    assert api.get("/api/v1/metrics/summary/").json()["mttm"]["count"] == 1
    assert api.get("/api/v1/metrics/summary/?service=checkout").json()["mttm"]["count"] == 0
    csv = b"".join(api.get("/api/v1/metrics/incidents.csv").streaming_content)
    assert b"secret" not in csv


@pytest.mark.parametrize("path", ["summary/", "frequency/", "trend/", "incidents.csv"])
def test_without_a_token_nothing_is_told(path, ranks):
    assert APIClient().get(f"/api/v1/metrics/{path}").status_code == 401
