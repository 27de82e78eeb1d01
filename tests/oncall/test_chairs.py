"""A chair with a rota of its own: whoever is on call there is paged when it stays empty, once per opening."""

import pytest

from accounts.actors import person
from accounts.models import AuditEntry
from incidents import lifecycle, overdue, roles
from incidents.models import Role
from oncall.models import PageRun, RoleCoverage, Schedule
from tests.oncall.conftest import rung, schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def rota(checkout, mona):
    role = Role.objects.get(slug="comms_lead")
    return RoleCoverage.objects.create(role=role, schedule=schedule("Comms", mona))


@pytest.fixture
def declared(opened, alice, tick):
    """Declared and answered by Alice, so that nobody else rings."""
    incident = opened(declare=True)
    tick()
    lifecycle.acknowledge(incident.pk, actor=person(alice))
    tick()
    return incident


def late(clock, tick, minutes=5.5):
    clock.shift(minutes * 60)
    overdue.miss_overdue()
    tick()


def test_the_empty_chair_pages_its_rota_once(rota, declared, clock, tick, bob):
    late(clock, tick)

    assert rung() == ["Alice", "Mona"]
    run = PageRun.objects.get(reason="chair")
    assert (run.policy_name, run.note) == ("Comms", "Nobody is Comms Lead: please take the chair")
    # The chair falls empty again in the same opening: that is the nudge's business.
    roles.take(declared.pk, actor=person(bob), role_slug="comms_lead")
    roles.leave(declared.pk, actor=person(bob), role_slug="comms_lead")
    late(clock, tick, 6)
    assert PageRun.objects.filter(reason="chair").count() == 1


def test_in_time_nobody_is_paged_and_a_chair_without_a_rota_pages_nobody(declared, rota, clock, tick, mona):
    roles.take(declared.pk, actor=person(mona), role_slug="comms_lead")
    late(clock, tick)

    assert rung() == ["Alice"]  # The other chairs are empty, and have no rota.


def test_taking_the_chair_calls_the_page_off(rota, declared, clock, tick, bob):
    late(clock, tick)
    roles.take(declared.pk, actor=person(bob), role_slug="comms_lead")
    tick(12)

    assert rung() == ["Alice", "Mona"]
    assert PageRun.objects.get(reason="chair").ended_because == "The chair is taken."


def test_an_admin_names_the_rota_and_the_audit_log_knows(client, root, checkout):
    client.force_login(root)
    rota, role = Schedule.objects.first(), Role.objects.get(slug="comms_lead")
    answer = client.post("/admin/oncall/rolecoverage/add/", {"role": role.pk, "schedule": rota.pk})

    assert answer.status_code == 302
    assert RoleCoverage.objects.get().schedule == rota
    entry = AuditEntry.objects.get(action="rolecoverage.added")
    assert (entry.actor, entry.after["schedule"]) == (root, str(rota))


def test_editing_a_schedule_in_the_admin_is_audited_with_before_and_after(client, root, checkout):
    client.force_login(root)
    row = Schedule.objects.create(name="Nights")
    words = {
        "name": "Late nights", "time_zone": "UTC", "layers-TOTAL_FORMS": 0, "layers-INITIAL_FORMS": 0,
    }  # fmt: skip
    assert client.post(f"/admin/oncall/schedule/{row.pk}/change/", words).status_code == 302

    entry = AuditEntry.objects.get(action="schedule.changed")
    assert (entry.before["name"], entry.after["name"]) == ("Nights", "Late nights")
