"""Shorter nights: escalation, two services, a raise, a Saturday, management."""

from datetime import UTC, datetime, timedelta

import pytest

from incidents import lifecycle, replay, roles
from incidents.kinds import EventKind
from oncall.models import Page, PageRun
from tests.stories.conftest import MONDAY_14, only, person, rank, system

MIN = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def every_timeline_holds(db):
    yield
    assert [str(one) for one in replay.check_all()] == []


def asked() -> list[str]:
    return list(Page.objects.order_by("created_at", "pk").values_list("user__name", flat=True))


def test_a_sev2_escalates_to_the_second_step(night, house, alert, mail_to):
    alert("Login broken", severity="error")
    night.minute(14, 4)
    assert asked() == ["Alice"]
    night.minute(14, 6)
    assert asked() == ["Alice", "Bob"]
    lifecycle.acknowledge(only().pk, actor=person(house.bob))
    night.minute(14, 14)

    assert asked() == ["Alice", "Bob"]
    # One page each; Alice hears once that Bob has it.
    assert len(mail_to(house.bob)) == 1
    page, told = mail_to(house.alice)
    assert "Login broken" in page
    assert "Bob" in told
    assert only().acknowledged_by == house.bob


def test_a_second_services_on_call_is_still_paged_after_the_first_acknowledged(night, house, mail_to):
    incident = lifecycle.open_incident(
        title="Checkout and search are down",
        actor=system(),
        service_ids=[house.checkout.pk, house.search.pk],
        severity=rank(1),
    )
    night.settle()
    assert sorted(asked()) == ["Alice", "Carol"]
    lifecycle.acknowledge(incident.pk, actor=person(house.alice))
    night.go_to(MONDAY_14 + 9 * MIN)

    runs = {run.policy_name: run.status for run in PageRun.objects.all()}
    assert runs == {"Payments": "acknowledged", "Search": "running"}
    assert "Bob" not in asked()
    lifecycle.acknowledge(incident.pk, actor=person(house.carol))
    night.settle()
    assert not PageRun.objects.filter(status="running").exists()


def test_a_sev3_held_by_one_person_and_raised_to_sev1(night, house):
    incident = lifecycle.open_incident(
        title="Reports are slow",
        actor=person(house.alice),
        service_ids=[house.checkout.pk],
        severity=rank(3),
        declare=True,
        responding=True,
    )
    for role in ("incident_commander", "technical_lead"):
        roles.take(incident.pk, actor=person(house.alice), role_slug=role)
    night.go_to(MONDAY_14 + 40 * MIN)
    lifecycle.set_severity(incident.pk, actor=person(house.alice), severity=rank(1), reason="all users now")
    night.settle()

    glass = incident.timeline.get(kind=EventKind.BREAK_GLASS)
    assert (glass.text, glass.actor) == ("severity raised", house.alice)
    due = {row.kind: row.due_at for row in incident.deadlines.filter(stopped_at=None)}
    assert due["roles"] == MONDAY_14 + 45 * MIN
    assert due["management"] == MONDAY_14 + 70 * MIN
    night.go_to(MONDAY_14 + 71 * MIN)
    assert incident.timeline.filter(kind="deadline_missed", data__deadline="management").count() == 1


def test_a_sev3_on_a_saturday_rings_nobody_until_monday_nine(night, house, mail_to):
    saturday = datetime(2024, 1, 27, 11, 0, tzinfo=UTC)
    night.clock.move_to(saturday)
    house.payments.time_zone = "Europe/Copenhagen"
    house.payments.save()
    lifecycle.open_incident(
        title="Reports are slow", actor=system(), service_ids=[house.checkout.pk], severity=rank(3)
    )
    monday_nine = datetime(2024, 1, 29, 8, 0, tzinfo=UTC)  # 09:00 in Copenhagen.
    night.go_to(monday_nine - MIN, step=timedelta(hours=1))
    assert asked() == [] and mail_to(house.alice) == []
    night.go_to(monday_nine + MIN)

    assert asked() == ["Alice"]
    assert only().deadlines.get(kind="response").due_at == monday_nine + timedelta(hours=4)


def test_management_is_looped_in_once_at_thirty_minutes(night, house, alert, mail_to):
    alert("Everything is down", severity="critical")
    night.minute(14, 2)
    lifecycle.declare(only().pk, actor=person(house.alice), responding=True)
    night.minute(14, 29)
    before = len(mail_to(house.mona))
    night.minute(14, 31)
    assert PageRun.objects.filter(reason="management").count() == 1
    assert len(mail_to(house.mona)) == before + 1
    lifecycle.set_severity(only().pk, actor=person(house.alice), severity=rank(2), reason="better")
    lifecycle.set_severity(only().pk, actor=person(house.alice), severity=rank(1), reason="worse")
    night.go_to(MONDAY_14 + 65 * MIN, step=MIN)

    assert PageRun.objects.filter(reason="management").count() == 1


def test_an_acknowledged_page_goes_on_when_nothing_is_done(night, house, alert):
    alert("Everything is down", severity="critical")
    night.minute(14, 2)
    lifecycle.acknowledge(only().pk, actor=person(house.alice))
    night.minute(14, 11)
    assert asked() == ["Alice"]
    night.minute(14, 13)

    assert asked() == ["Alice", "Alice"]
