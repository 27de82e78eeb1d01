"""A maintenance keeps the pager quiet for the services that were ticked in it, and only until its end."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.actors import person, system
from catalog.models import Service
from incidents import lifecycle
from incidents.models import Severity
from oncall import answering
from oncall.models import Coverage, PageRun
from statuspage import planning
from statuspage.models import Maintenance
from tests.oncall.conftest import NOON, rung

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def plan(checkout, mona, clock):
    mona.role = "manager"
    mona.save()

    def schedule(*muted, begins=NOON, ends=NOON + HOUR):
        return planning.schedule(
            actor=person(mona),
            title="Database move",
            scheduled_for=begins,
            scheduled_until=ends,
            body="You stay signed in.",
            muted_services=muted,
        )

    return schedule


def waits(incident):
    return [e.get("reason") for e in incident.timeline.filter(kind="paged") if not e.get("users")]


def test_nobody_is_paged_before_its_end_and_what_still_fires_pages_then(plan, opened, checkout, tick):
    plan(checkout)
    incident = opened()
    tick(55)

    assert rung() == []
    assert waits(incident) == ["Nobody is paged: maintenance until Mon 02 Mar, 14:00 (Database move)."]
    tick(6)
    assert rung() == ["Alice"]


def test_a_service_that_was_not_ticked_pages_as_ever(plan, opened, checkout, team, tick):
    plan(Service.objects.create(slug="search", name="Search", team=team))
    opened()
    tick()

    assert rung() == ["Alice"]


def test_an_incident_about_another_service_too_pages_as_ever(plan, opened, checkout, team, tick):
    other = Service.objects.create(slug="search", name="Search", team=team)
    Coverage.objects.create(service=other, policy=checkout.coverage.policy)
    plan(checkout)
    opened(service_ids=[checkout.pk, other.pk])
    tick()

    assert rung() == ["Alice"]


def test_raising_the_severity_pages_at_once(plan, opened, checkout, tick, root):
    plan(checkout)
    incident = opened("SEV2")
    tick(5)
    assert rung() == []

    lifecycle.set_severity(
        incident.pk, actor=person(root), severity=Severity.objects.get(name="SEV1"), reason="Not the move."
    )
    tick()
    assert rung() == ["Alice"]


def test_what_never_paged_before_pages_when_it_is_raised(plan, opened, checkout, tick, root):
    plan(checkout)
    incident = opened("SEV4")
    lifecycle.set_severity(
        incident.pk, actor=person(root), severity=Severity.objects.get(name="SEV1"), reason="Not the move."
    )
    tick()

    assert rung() == ["Alice"]


def test_finished_early_it_rings_early_and_called_off_it_mutes_nothing(plan, opened, checkout, tick, mona):
    work = plan(checkout)
    opened()
    tick(10)
    planning.post_update(work.pk, actor=person(mona), status="in_progress", body="We begin.")
    planning.post_update(work.pk, actor=person(mona), status="completed", body="Done.")
    tick()
    assert rung() == ["Alice"]

    off = plan(checkout, ends=NOON + 3 * HOUR)
    planning.post_update(off.pk, actor=person(mona), status="completed", body="Not today.")
    opened(title="Another one")
    tick()
    assert rung() == ["Alice", "Alice"]


def test_a_second_maintenance_is_waited_for_too(plan, opened, checkout, tick):
    plan(checkout)
    plan(checkout, begins=NOON + HOUR - timedelta(minutes=5), ends=NOON + 2 * HOUR)
    opened()
    tick(65)
    assert rung() == []
    tick(57)
    assert rung() == ["Alice"]


def test_resolved_meanwhile_nothing_rings_at_the_end(plan, opened, checkout, tick):
    plan(checkout)
    incident = opened()
    tick(5)
    lifecycle.resolve(incident.pk, actor=system())
    tick(60)

    assert rung() == []
    assert PageRun.objects.get().status == "cancelled"


def test_the_form_ticks_services_and_room_and_service_say_it(client, mona, plan, opened, checkout):
    client.force_login(mona)
    assert 'name="muted_services"' in client.get(reverse("statuspage:maintenance_new")).content.decode()
    answer = client.post(
        reverse("statuspage:maintenance_new"),
        {
            "title": "Database move", "scheduled_for": "2026-03-02T11:00",
            "scheduled_until": "2026-03-02T14:00", "body": "You stay signed in.",
            "muted_services": [checkout.pk],
        },
    )  # fmt: skip
    assert answer.status_code == 302
    assert list(Maintenance.objects.get().muted_services.all()) == [checkout]

    room = client.get(opened().get_absolute_url()).content.decode()
    assert "Nobody is paged for Checkout" in room and "Database move" in room
    assert "Nobody is paged for this service" in client.get(checkout.get_absolute_url()).content.decode()


def test_a_person_who_escalates_overrules_it_and_the_ladder_goes_on(plan, opened, checkout, tick, root):
    plan(checkout)
    opened()
    tick(5)
    assert rung() == []

    answering.escalate(PageRun.objects.get().pk, actor=person(root))
    tick()
    assert rung() == ["Alice"]

    tick(6)
    assert rung() == ["Alice", "Bob"]
