"""The pages: what one meets, what one may see, and the address of Prometheus."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import tokens
from incidents.models import IncidentMember
from metrics.measures import Measure

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_february():
    with time_machine.travel(datetime(2024, 2, 14, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def signed_in(client, bob):
    client.force_login(bob)
    return client


def text_of(client, name: str, *args, **query) -> str:
    answer = client.get(reverse(name, args=args, query=query))
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_an_empty_house_says_so_and_draws_nothing(signed_in, ranks):
    text = text_of(signed_in, "metrics:index")

    assert "0 incidents" in text
    assert "Nothing to draw yet" in text
    assert '<svg class="chart wide"' not in text


def test_the_page_shows_five_figures_and_detect_and_mitigate_stand_first(signed_in, outage):
    outage(started="13:52")

    text = text_of(signed_in, "metrics:index")
    places = [text.index(word) for word in (">MTTD<", ">MTTM<", ">MTTA<", ">MTTR<", ">MTBF<")]
    assert places == sorted(places)
    assert "8 min" in text and "33 min" in text
    assert "1 incident is too few to compare" in text
    assert "The numbers" in text


def test_a_page_costs_the_same_queries_however_many_incidents(
    signed_in, outage, django_assert_max_num_queries
):
    for day in range(6):
        outage(day=day)

    with django_assert_max_num_queries(30):
        text_of(signed_in, "metrics:index")


def test_the_same_number_of_queries_for_one_incident_and_for_ten(signed_in, outage, search):

    outage()
    with CaptureQueriesContext(connection) as one:
        text_of(signed_in, "metrics:index")
    for day in range(9):
        outage(day=day, services=[search])
    with CaptureQueriesContext(connection) as ten:
        text_of(signed_in, "metrics:index")

    assert len(ten) == len(one)


@pytest.mark.parametrize("which", list(Measure))
def test_behind_each_figure_are_its_incidents(signed_in, outage, which):
    outage(title="First outage")
    outage(day=2, title="Second outage")

    text = text_of(signed_in, "metrics:detail", which.value)
    assert "Second outage" in text
    assert ("First outage" in text) == (which is not Measure.MTBF)


def test_incidents_without_a_span_are_listed_with_the_reason(signed_in, outage):
    outage(started=None)
    outage(day=1, resolved=None, mitigated=None)
    outage(day=2, started="14:10", detected="14:20", acknowledged="14:21", mitigated="14:05", resolved=None)

    text = text_of(signed_in, "metrics:detail", "mttm")
    assert "a time is not known" in text
    assert "still open" in text
    assert "ends before it starts" in text


def test_a_measure_that_does_not_exist_is_not_found(signed_in, ranks):
    assert signed_in.get("/metrics/mttx/").status_code == 404


def test_private_incidents_are_counted_and_not_named(signed_in, outage, bob):
    private = outage(is_private=True, title="A secret")

    board = text_of(signed_in, "metrics:index")
    assert "1 incident, drills" in board
    assert "A secret" not in board and "/metrics/?service=checkout" not in board
    behind = text_of(signed_in, "metrics:detail", "mttm")
    assert "A secret" not in behind and "1 private one counts above" in behind

    IncidentMember.objects.create(incident=private, user=bob, why=IncidentMember.Why.ADDED)
    assert "A secret" in text_of(signed_in, "metrics:detail", "mttm")


def test_by_service_counts_each_service_that_was_hit(signed_in, outage, checkout, search):
    outage(services=[checkout, search], rank=2)
    outage(services=[search], source="customer_report")

    text = text_of(signed_in, "metrics:index")
    assert "internal report 1, customer report 1" in text or "customer report 1, internal report 1" in text
    assert text.index("Search</a>") < text.index("Checkout</a>")


def test_filters_are_kept_in_the_links(signed_in, outage):
    outage()

    text = text_of(signed_in, "metrics:index", period="12m", service="checkout", basis="detected")
    assert "/metrics/mttm/?period=12m&amp;service=checkout&amp;basis=detected" in text
    assert "Last 12 months" in text


def test_a_filter_that_names_nothing_is_said_and_the_page_still_stands(signed_in, outage):
    answer = signed_in.get("/metrics/?service=nothing")

    assert answer.status_code == 400
    assert "Select a valid choice" in answer.content.decode()


def test_the_csv_of_the_page_takes_the_filters_of_the_page(signed_in, outage, search):
    outage(title="At checkout")
    outage(title="At search", services=[search])

    answer = signed_in.get("/metrics/incidents.csv?service=search")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 2 and "At search" in lines[1]


@pytest.mark.parametrize("address", ["/metrics/", "/metrics/mttd/", "/metrics/incidents.csv"])
def test_without_a_sign_in_there_is_nothing_to_see(client, ranks, address):
    assert client.get(address).status_code == 302
    assert client.get(address)["Location"].startswith("/accounts/login/")


def test_prometheus_on_this_machine_gets_the_text_format(client, outage):
    outage(resolved=None, mitigated=None)

    answer = client.get("/metrics", headers={"Accept": "text/plain;version=0.0.4"})

    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'tocsin_open_incidents{severity="SEV1",status="triage"} 1' in answer.content.decode()


def test_a_browser_is_led_to_the_page(client):
    answer = client.get("/metrics", headers={"Accept": "text/html,application/xhtml+xml"})

    assert answer.status_code == 302
    assert answer["Location"] == "/metrics/"


def test_another_machine_needs_a_token(client, alice, ranks):
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 401
    assert client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 401
    assert client.get("/metrics", REMOTE_ADDR="").status_code == 401
    wrong = client.get("/metrics", REMOTE_ADDR="192.0.2.7", headers={"Authorization": "Bearer no"})
    assert wrong.status_code == 401

    _, key = tokens.issue(alice, name="prometheus", scope="read")
    right = client.get("/metrics", REMOTE_ADDR="192.0.2.7", headers={"Authorization": f"Bearer {key}"})
    assert right.status_code == 200
