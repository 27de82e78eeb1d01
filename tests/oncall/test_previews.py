"""A policy looked at before it is kept, and changes in part: nothing else is touched."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import User
from oncall import policies, simulating
from oncall.models import Layer, LayerMember, PastLayer, Policy, Schedule, Step
from tests.oncall.conftest import NOON

pytestmark = pytest.mark.django_db
#: Sunday, 03:00 in Copenhagen.
NIGHT = NOON + timedelta(days=5, hours=14)


@pytest.fixture
def api(mona):
    _row, plain = tokens.issue(mona, name="t", scope="admin")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")
    return client


def test_a_preview_is_what_the_simulation_says_once_it_is_kept(checkout, team):
    kept = Policy.objects.get(name="Payments")
    seen = simulating.preview(
        policies.rungs_of(kept), NIGHT, repeat=kept.repeat, round_length=kept.round_length, team=team
    )
    assert seen == simulating.simulate(kept, NIGHT, team=team) and len(seen) > 5


def body(**changes):
    primary = {"kind": "schedule", "schedule": Schedule.objects.get(name="Primary").pk}
    bob = {"kind": "person", "person": "bob@example.com"}
    step = {"delay_seconds": 0, "targets": [primary]}
    rest = {"delay_seconds": 300, "in_hours_only": True, "targets": [bob]}
    return {"name": "Payments", "team": "payments", "steps": [step, rest], **changes}


def test_the_api_shows_sunday_night_and_keeps_nothing(checkout, api, bob):
    bob.email = "bob@example.com"
    bob.save()
    before = (Policy.objects.count(), Step.objects.count())
    at = NIGHT.isoformat().replace("+00:00", "Z")
    answer = api.post(f"/api/v1/policies/preview/?at={at}", body(), format="json")
    assert answer.status_code == 200, answer.json()
    first, second = answer.json()[:2]
    assert first["at"] == at and "Skipped" in second["skipped"]
    assert (Policy.objects.count(), Step.objects.count()) == before

    for wrong in (body(steps=[]), body(round_seconds=60), {"name": "x"}):
        assert api.post("/api/v1/policies/preview/", wrong, format="json").status_code == 400
    assert api.post("/api/v1/policies/preview/?service=nope", body(), format="json").status_code == 400


def test_the_page_shows_it_beside_what_was_typed_and_keeps_nothing(checkout, mona, client):
    client.force_login(mona)
    row = Policy.objects.get(name="Payments")
    aim = f"schedule:{Schedule.objects.get(name='Secondary').pk}"
    typed = {
        "name": "Payments", "repeat": 1, "round_minutes": 15, "after_0": 0, "aim_0": aim, "do": "preview",
        "preview_at": "2026-03-08T03:00",
    }  # fmt: skip
    shown = client.post(f"/oncall/policies/{row.pk}/", typed)
    assert shown.status_code == 200 and "What would happen on Sunday 8 March 2026" in shown.content.decode()
    assert row.steps.count() == 3 and Policy.objects.get(pk=row.pk).repeat == 3
    assert client.post(f"/oncall/policies/{row.pk}/", {**typed, "aim_0": ""}).status_code == 422


def test_a_patch_changes_only_what_is_named(checkout, api):
    row = Policy.objects.get(name="Payments")
    before = policies.rungs_of(row)
    url = f"/api/v1/policies/{row.pk}/"
    changed = api.patch(url, {"repeat": 5}, format="json")
    assert changed.status_code == 200 and changed.json()["repeat"] == 5
    row = Policy.objects.get(pk=row.pk)
    assert (row.name, policies.rungs_of(row)) == ("Payments", before) and row.coverages.count() == 1
    assert api.patch(url, {"steps": []}, format="json").status_code == 400
    assert api.patch(url, [1], format="json").status_code == 400
    assert len(api.patch(url, {"steps": body()["steps"][:1]}, format="json").json()["steps"]) == 1


def test_a_patch_of_a_schedule_keeps_its_turns_also_of_people_who_are_gone(checkout, api, alice, carol):
    row = Schedule.objects.get(name="Primary")
    LayerMember.objects.create(layer=row.layers.get(), user=carol, position=1)
    User.objects.filter(pk=carol.pk).update(is_active=False)
    url = f"/api/v1/schedules/{row.pk}/"
    assert api.patch(url, {"name": "First line"}, format="json").json()["name"] == "First line"
    assert [one.user for one in Layer.objects.get(schedule=row).members.all()] == [alice, carol]
    assert not PastLayer.objects.exists()
    assert api.patch(url, {"time_zone": "Mars/Olympus"}, format="json").status_code == 400
    assert api.patch(url, {"layers": []}, format="json").status_code == 400
