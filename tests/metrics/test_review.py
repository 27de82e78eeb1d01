"""The review of a month: what counts into it, and what nobody may learn from it."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse
from rest_framework.test import APIClient

from accounts import tokens
from lib.refusal import Invalid
from metrics import review
from oncall.models import Page, PageRun
from postmortems.models import ActionItem, Postmortem
from tests.metrics.conftest import at

JANUARY = date(2024, 1, 1)


@pytest.fixture(autouse=True)
def _in_february():
    with time_machine.travel(datetime(2024, 2, 14, tzinfo=UTC), tick=False):
        yield


def page_for(user, incident, asked, answered=None) -> None:
    run = PageRun.objects.create(
        incident=incident, policy_name="x", reason="opened", key=f"{incident.pk}/{asked}", status="expired"
    )
    status = "acknowledged" if answered else "notified"
    Page.objects.create(
        run=run, user=user, rung=0, step=0, status=status, created_at=asked, answered_at=answered
    )


def test_the_last_month_that_is_over_is_shown_and_a_month_can_be_asked_for(db):
    assert review.month_from("") == JANUARY
    assert review.month_from("2023-11") == date(2023, 11, 1)
    for bad in ("2024-13", "x", "0001-01", "9999-01"):
        with pytest.raises(Invalid):
            review.month_from(bad)


def test_only_the_months_incidents_count(outage, bob):
    inside = outage()
    outage(day=20)

    found = review.read(JANUARY, reader=bob)

    assert [one.pk for one in found.incidents] == [inside.pk]
    assert found.board.total == 1


def test_nights_are_those_of_the_persons_own_clock(outage, alice):
    alice.time_zone = "Asia/Tokyo"
    alice.save()
    incident = outage()
    page_for(alice, incident, at("14:00"), at("14:02"))  # 23:00 in Tokyo
    page_for(alice, incident, at("03:00"), at("03:08"))  # noon
    page_for(alice, incident, at("16:00", 4))  # Saturday, 01:00

    (load,) = review.read(JANUARY, reader=alice).load

    assert (load.pages, load.at_night, load.at_weekends, load.answered) == (3, 2, 1, 2)
    assert load.median_answer == timedelta(minutes=5)
    assert (load.hours, len(load.nights)) == (0, 2)


def test_documents_and_actions_are_counted_by_what_became_of_them(outage, alice):
    document, _made = Postmortem.objects.update_or_create(
        incident=outage(),
        defaults={"due_at": at("10:00", 2), "status": "published", "published_at": at("10:01", 2)},
    )
    due = date(2024, 1, 30)
    for status, done in (
        ("done", at("23:00", 8)),
        ("done", at("01:00", 9)),
        ("open", None),
        ("dropped", None),
    ):
        ActionItem.objects.create(postmortem=document, title=status, due=due, status=status, done_at=done)

    found = review.read(JANUARY, reader=alice)

    assert (found.documents.fell_due, found.documents.in_time, found.documents.later) == (1, 0, 1)
    kept = found.actions
    assert (kept.fell_due, kept.in_time, kept.later, kept.owed, kept.let_go) == (4, 1, 1, 1, 1)


def test_a_private_incident_is_a_number_and_nothing_else(client, bob, outage):
    outage(title="Payroll leaked", is_private=True)
    client.force_login(bob)

    text = client.get(reverse("metrics:review")).content.decode()

    assert "Payroll" not in text and "INC-" not in text
    assert "1 private one counts above" in text


def test_the_api_says_the_same(vera, outage):
    outage()
    _, key = tokens.issue(vera, name="test", scope="read")
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")

    found = api.get("/api/v1/metrics/review/", {"month": "2024-01"}).json()

    assert (found["month"], found["incidents"]) == ("2024-01", 1)
    assert found["figures"]["mttm"]["median_seconds"] == 1500
    assert found["alerts"]["per_incident"] is None
    assert {row["key"] for row in found["breakdowns"]} == {"severity", "source", "team", "detection"}
    assert api.get("/api/v1/metrics/review/", {"month": "never"}).status_code == 400


def test_a_month_that_never_was_is_not_found(client, bob):
    client.force_login(bob)

    assert client.get(reverse("metrics:review", query={"month": "2024-99"})).status_code == 404
