"""The catalog over REST."""

import pytest

from catalog import extras
from catalog.models import Deploy, Mitigation, Service

ROOT = "/api/v1"


@pytest.fixture
def policy_field():
    """A field that another room keeps."""
    kept = {}

    def write(service, value, *, actor):
        kept[service.slug] = value

    before = dict(extras.service_fields)
    extras.add_service_field("test_policy", lambda service: kept.get(service.slug), write)
    yield kept
    extras.service_fields.clear()
    extras.service_fields.update(before)


def test_a_service_is_created_read_and_changed_by_its_short_name(admin_api, team, payments):
    made = admin_api.post(
        f"{ROOT}/services/",
        {"slug": "shop", "name": "Web shop", "team": "payments", "depends_on": ["payments"]},
    )
    assert made.status_code == 201, made.content
    assert admin_api.get(f"{ROOT}/services/shop/").json()["depends_on"] == ["payments"]

    changed = admin_api.patch(f"{ROOT}/services/shop/", {"tier": 1})

    assert (changed.status_code, changed.json()["tier"], changed.json()["depends_on"]) == (
        200,
        1,
        ["payments"],
    )


def test_another_rooms_field_is_read_and_written(admin_api, team, policy_field):
    body = {"slug": "shop", "name": "Web shop", "team": "payments", "test_policy": "night"}

    made = admin_api.post(f"{ROOT}/services/", body)

    assert made.json()["test_policy"] == "night"
    assert policy_field == {"shop": "night"}
    assert admin_api.patch(f"{ROOT}/services/shop/", {"test_policy": None}).json()["test_policy"] is None


def test_a_responder_may_read_and_tell_of_deploys_but_not_change_services(responder_api, checkout):
    assert responder_api.get(f"{ROOT}/services/").json()["results"][0]["slug"] == "checkout"
    assert responder_api.patch(f"{ROOT}/services/checkout/", {"tier": 4}).status_code == 403

    body = {"service": "checkout", "version": "v7", "at": "2026-11-23T12:00:00Z", "author": "ci"}
    first = responder_api.post(f"{ROOT}/deploys/", body)
    again = responder_api.post(f"{ROOT}/deploys/", body)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"] == Deploy.objects.get().pk


def test_wrong_input_is_answered_with_the_field(admin_api, checkout, database):
    circle = admin_api.patch(f"{ROOT}/services/orders-db/", {"depends_on": ["checkout"]})
    twice = admin_api.post(f"{ROOT}/services/", {"slug": "checkout", "name": "X", "team": "payments"})
    zone = admin_api.patch(f"{ROOT}/teams/payments/", {"time_zone": "Mars/Olympus"})

    assert [answer.status_code for answer in (circle, twice, zone)] == [400, 400, 400]
    assert circle.json()["code"] == "dependency_circle"
    assert circle.json()["errors"][0]["pointer"] == "/depends_on"
    assert zone.json()["errors"][0]["pointer"] == "/time_zone"
    assert Service.objects.filter(slug="checkout").count() == 1


def test_a_teams_people_are_given_by_address(admin_api, team, alice, mona):
    body = {"members": [{"user": alice.email}, {"user": mona.email, "is_manager": True}]}

    answer = admin_api.patch(f"{ROOT}/teams/payments/", body)

    assert answer.status_code == 200, answer.content
    assert {(one["user"], one["is_manager"]) for one in answer.json()["members"]} == {
        (alice.email, False),
        (mona.email, True),
    }
    assert team.managers() == [mona]


def test_a_mitigation_is_written_and_removed(admin_api, checkout):
    made = admin_api.post(
        f"{ROOT}/mitigations/",
        {
            "slug": "drain",
            "name": "Drain",
            "service": "checkout",
            "command": "drain <node>",
            "parameters": {"node": "n1"},
        },
    )
    assert made.status_code == 201, made.content

    assert admin_api.delete(f"{ROOT}/mitigations/{made.json()['id']}/").status_code == 204
    assert not Mitigation.objects.exists()


def test_lists_are_filtered_and_paged(admin_api, checkout):
    assert [s["slug"] for s in admin_api.get(f"{ROOT}/services/?q=check").json()["results"]] == ["checkout"]
    assert admin_api.get(f"{ROOT}/services/?team=nobody").json()["results"] == []
    page = admin_api.get(f"{ROOT}/services/?page_size=2").json()
    assert len(page["results"]) == 2
    assert page["next"]


def test_a_teams_manager_changes_its_people_and_nothing_else(manager_api, team, alice, mona):
    body = {"members": [{"user": alice.email}, {"user": mona.email, "is_manager": True}]}
    assert manager_api.patch(f"{ROOT}/teams/payments/", body).status_code == 403
    team.memberships.create(user=mona, is_manager=True)

    assert manager_api.patch(f"{ROOT}/teams/payments/", body).status_code == 200
    assert manager_api.patch(f"{ROOT}/teams/payments/", {"name": "Ours"}).status_code == 403
    assert manager_api.post(f"{ROOT}/teams/", {"slug": "x", "name": "X"}).status_code == 403
