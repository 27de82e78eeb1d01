import pytest
from rest_framework.test import APIClient

from accounts import tokens
from catalog.models import Membership
from oncall.models import PageRun, Schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(alice):
    def client(user=alice, scope="write"):
        _row, plain = tokens.issue(user, name="t", scope=scope)
        one = APIClient()
        one.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")
        return one

    return client


def test_pages_are_listed_and_acknowledged(api, opened, tick, alice):
    incident = opened()
    tick()
    [page] = api().get(f"/api/v1/pages/?incident={incident.number}").json()["results"]
    assert page["incident"] == incident.number
    assert (page["policy"], page["step"], page["status"]) == ("Payments", 1, "notified")
    assert page["notified"] == ["alice@example.com"]

    answer = api().post(f"/api/v1/pages/{page['id']}/acknowledge/")
    assert answer.status_code == 200
    assert answer.json()["acknowledged_by"] == "alice@example.com"
    assert api().post(f"/api/v1/pages/{page['id']}/acknowledge/").status_code == 409


def test_escalate_and_reassign(api, opened, tick, carol):
    opened()
    tick()
    run = PageRun.objects.get()
    assert api().post(f"/api/v1/pages/{run.pk}/escalate/").json()["notified"][-1] == "bob@example.com"
    answer = api().post(f"/api/v1/pages/{run.pk}/reassign/", {"user": "carol@example.com"})
    assert answer.json()["notified"] == ["carol@example.com"]
    assert api().post(f"/api/v1/pages/{run.pk}/reassign/", {"user": "no@example.com"}).status_code == 400


def test_who_is_on_call_with_the_trace(api, checkout, clock):
    primary = Schedule.objects.get(name="Primary")
    said = api().get(f"/api/v1/schedules/{primary.pk}/on-call/?at=2026-03-04T20:30:00Z").json()
    assert said["user"] == "alice@example.com"
    assert said["trace"] == ["Rotation (weekly, Mon 09:00) gives Alice."]
    assert api().get(f"/api/v1/schedules/{primary.pk}/on-call/?at=never").status_code == 400


def test_overrides_are_made_listed_and_ended(api, checkout, clock, mona):
    primary = Schedule.objects.get(name="Primary")
    words = {"user": "carol@example.com", "start": "2026-03-02T18:00:00Z", "end": "2026-03-03T06:00:00Z"}
    address = f"/api/v1/schedules/{primary.pk}/overrides/"
    assert api(mona, "admin").post(address, words).status_code == 400
    words["user"] = "alice@example.com"
    made = api(mona, "admin").post(address, words)
    assert made.status_code == 201
    assert len(api().get(address).json()) == 1
    assert api(mona, "admin").delete(f"/api/v1/overrides/{made.json()['id']}/").status_code == 204
    assert api(mona, "admin").post(address, {**words, "end": words["start"]}).status_code == 400


def test_policies_show_their_steps(api, checkout):
    [policy] = api().get("/api/v1/policies/").json()["results"]
    assert [step["delay_seconds"] for step in policy["steps"]] == [0, 300, 600]
    assert policy["services"] == ["checkout"]


def test_the_policy_of_a_service_is_read_and_set_by_name(api, checkout, root):
    assert api().get("/api/v1/services/checkout/").json()["escalation_policy"] == "Payments"
    answer = api(root, "admin").patch("/api/v1/services/checkout/", {"escalation_policy": "Nobody"})
    assert answer.status_code == 400


def test_pages_of_private_incidents_are_for_their_people(api, opened, tick, bob):
    opened(is_private=True)
    tick()
    assert api(bob).get("/api/v1/pages/").json()["results"] == []
    assert api(bob).post(f"/api/v1/pages/{PageRun.objects.get().pk}/acknowledge/").status_code == 404


LAYER = {"name": "Nights", "first_day": "2026-03-02", "hand_over": "20:00", "days": 0, "hours": 12,
         "windows": ["20:00-08:00"], "people": ["alice@example.com", "bob@example.com"]}  # fmt: skip


def test_a_schedule_is_looked_at_made_changed_and_taken_away(api, checkout, clock, mona, bob):
    manager = api(mona, "admin")
    words = {"name": "Site", "time_zone": "Europe/Copenhagen", "team": "payments", "layers": [LAYER]}
    span = "?from=2026-03-02T19:00:00Z&until=2026-03-04T07:00:00Z"
    shown = manager.post(f"/api/v1/schedules/preview/{span}", words, format="json").json()
    assert [one["user"] for one in shown] == ["alice@example.com", None, "alice@example.com"]
    assert not Schedule.objects.filter(name="Site").exists()

    made = manager.post("/api/v1/schedules/", words, format="json")
    assert made.status_code == 201
    assert made.json()["layers"] == [LAYER]
    address = f"/api/v1/schedules/{made.json()['id']}/"
    assert api().get(f"{address}shifts/{span}").json()[0]["layer"] == "Nights"
    trace = api().get(f"{address}on-call/?at=2026-03-03T12:00:00Z").json()["trace"]
    assert trace[0] == "Nights answers only 20:00-08:00, so it does not count then."

    words["layers"] = [{**LAYER, "windows": ["sometimes"]}]
    refused = manager.put(address, words, format="json")
    assert (refused.status_code, "Write it like" in refused.json()["detail"]) == (400, True)
    words["layers"] = [{**LAYER, "people": ["bob@example.com"]}]
    assert manager.put(address, words, format="json").json()["layers"][0]["people"] == [bob.email]
    assert manager.delete(address).status_code == 204
    used = Schedule.objects.get(name="Primary")
    assert manager.delete(f"/api/v1/schedules/{used.pk}/").json()["code"] == "in_use"


def test_a_policy_is_made_changed_simulated_and_taken_away(api, checkout, clock, mona, carol):
    manager = api(mona, "admin")
    primary = Schedule.objects.get(name="Primary")
    words = {"name": "New", "repeat": 1, "steps": [
        {"delay_seconds": 0, "in_hours_only": True, "targets": [{"kind": "person", "person": carol.email}]},
        {"delay_seconds": 300, "targets": [{"kind": "schedule", "schedule": primary.pk, "in_turn": True}]},
    ]}  # fmt: skip
    made = manager.post("/api/v1/policies/", words, format="json")
    assert made.status_code == 201, made.json()
    steps = made.json()["steps"]
    assert steps[0]["in_hours_only"]
    assert steps[1]["targets"][0]["in_turn"]
    address = f"/api/v1/policies/{made.json()['id']}/"
    # What is read can be written back.
    assert manager.put(address, made.json(), format="json").json()["steps"] == steps

    said = api().get(f"{address}simulation/?at=2026-03-08T03:00:00Z&service=checkout").json()
    assert [(one["after_seconds"], one["people"]) for one in said[:2]] == [
        (0, []),
        (0, ["alice@example.com"]),
    ]
    assert said[0]["skipped"] == "Skipped: only in the business hours of Payments."
    assert api().get(f"{address}simulation/?severity=SEV4").json() == []
    assert api().get(f"{address}simulation/?severity=Nope").status_code == 400

    empty = {**words, "steps": [{"delay_seconds": 0, "targets": [{"kind": "team", "team": "payments"}]}]}
    Schedule.objects.create(name="Empty")
    Membership.objects.all().delete()
    assert "Nobody could be reached" in manager.put(address, empty, format="json").json()["detail"]
    assert manager.delete(address).status_code == 204
    assert manager.delete(f"/api/v1/policies/{checkout.coverage.policy_id}/").json()["code"] == "in_use"


def test_a_swap_is_offered_seen_by_the_two_and_accepted(api, checkout, clock, alice, bob, carol):
    primary = Schedule.objects.get(name="Primary")
    words = {"schedule": primary.pk, "other": "bob@example.com",
             "start": "2026-03-03T18:00:00Z", "end": "2026-03-04T06:00:00Z"}  # fmt: skip
    made = api().post("/api/v1/swaps/", words)
    assert (made.status_code, made.json()["status"]) == (201, "proposed")
    address = f"/api/v1/swaps/{made.json()['id']}/"
    assert api(carol).get(address).status_code == 404
    assert api().post(f"{address}accept/").status_code == 403
    assert api(bob).post(f"{address}accept/").json()["status"] == "accepted"
    assert api(bob).post(f"{address}decline/").status_code == 409
    assert api().post("/api/v1/swaps/", {**words, "back_start": "2026-03-05T18:00:00Z"}).status_code == 400
    mistyped = api().post("/api/v1/swaps/", {**words, "return_start": "2026-03-05T18:00:00Z"})
    assert mistyped.status_code == 400
    assert mistyped.json()["errors"][0]["pointer"] == "/return_start"
    assert "back_start, back_end" in mistyped.json()["detail"]
