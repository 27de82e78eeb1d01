"""An incident that is over already, entered by the form: times, no page, one clock."""

from datetime import timedelta

import pytest
from django.urls import reverse

from incidents.models import Incident
from oncall.models import PageRun
from tests.incidents.conftest import NOON, due


@pytest.fixture
def signed(client, alice, clock):
    client.force_login(alice)
    return client


def words(checkout, **changes):
    at = lambda minutes: (NOON - timedelta(hours=3) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M")  # noqa: E731
    return {
        "title": "Checkout failed for everyone", "service": checkout.slug, "severity": "SEV1",
        "source": "customer_report", "started_at": at(0), "detected_at": at(5), "acknowledged_at": at(8),
        "mitigated_at": at(25), "resolved_at": at(60), **changes,
    }  # fmt: skip


def test_declare_leads_to_the_form(signed, checkout):
    page = signed.get(reverse("incidents:declare")).content.decode()

    assert reverse("incidents:past") in page
    assert 'name="resolved_at"' in signed.get(reverse("incidents:past")).content.decode()


def test_it_is_resolved_at_once_rings_nobody_and_owes_only_the_postmortem(signed, checkout, drain):
    answer = signed.post(reverse("incidents:past"), words(checkout))
    drain()

    incident = Incident.objects.get()
    assert answer["Location"] == incident.get_absolute_url()
    assert (incident.status, incident.is_retrospective, incident.source) == (
        "resolved", True, "customer_report",
    )  # fmt: skip
    assert incident.mitigated_at - incident.started_at == timedelta(minutes=25)
    assert not PageRun.objects.exists()
    assert {row.kind for row in incident.deadlines.filter(stopped_at=None)} == {"postmortem"}
    assert due(incident, "postmortem") is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"resolved_at": ""},
        {"mitigated_at": "2024-01-22T10:00", "started_at": "2024-01-22T10:30"},
        {"resolved_at": "2024-01-23T10:00"},
        {"severity": "SEV9"},
    ],
)
def test_times_that_cannot_be_come_back_and_write_nothing(signed, checkout, wrong):
    answer = signed.post(reverse("incidents:past"), words(checkout, **wrong))

    assert answer.status_code == 422
    assert b"Checkout failed for everyone" in answer.content
    assert not Incident.objects.exists()


def test_who_only_reads_is_told_so(signed, checkout, alice):
    alice.role = "viewer"
    alice.save()
    answer = signed.post(reverse("incidents:past"), words(checkout))

    assert answer.status_code == 422
    assert not Incident.objects.exists()
