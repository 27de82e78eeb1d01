"""The REST door of the status page, as the contract spells it."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from rest_framework.test import APIClient

from accounts import tokens
from statuspage.models import Component, Maintenance, Notice, Subscriber

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/status"


@pytest.fixture
def api():
    def sign(user, scope="admin"):
        client = APIClient()
        _, secret = tokens.issue(user, name="test", scope=scope)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return sign


def test_components_have_the_fields_of_the_contract(api, vera, shop):
    answer = api(vera, "read").get(f"{ROOT}/components/")
    assert set(answer.json()) == {"next", "previous", "results"}
    pay = next(row for row in answer.json()["results"] if row["name"] == "Checkout (EU)")
    assert {"id", "name", "group", "services", "status", "position"} <= set(pay)
    assert (pay["group"], pay["services"], pay["status"]) == ("Shop", ["checkout-api"], "operational")


def test_a_component_is_made_with_its_group_and_services(api, root, shop):
    body = {"name": "Sign-in", "group": "Account", "services": ["checkout-api"], "status": "partial_outage"}
    answer = api(root).post(f"{ROOT}/components/", body)
    assert answer.status_code == 201
    assert answer.json()["group"] == "Account"
    assert answer.json()["status"] == "partial_outage"


def test_a_component_is_changed_and_retired(api, root, shop):
    address = f"{ROOT}/components/{shop['pay'].public_id}/"
    client = api(root)
    assert client.patch(address, {"status": "degraded_performance", "group": None}).status_code == 200
    shop["pay"].refresh_from_db()
    assert (shop["pay"].status, shop["pay"].group) == ("degraded_performance", None)
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404


def test_components_are_for_admins_and_their_status_for_managers(api, alice, mona, shop):
    address = f"{ROOT}/components/{shop['pay'].public_id}/"
    assert api(alice, "write").post(f"{ROOT}/components/", {"name": "X"}).status_code == 403
    assert api(mona).post(f"{ROOT}/components/", {"name": "X"}).status_code == 403
    assert api(mona).patch(address, {"name": "Renamed"}).status_code == 403
    assert api(mona).delete(address).status_code == 403
    assert api(mona).patch(address, {"status": "partial_outage"}).json()["status"] == "partial_outage"


def incident_body(shop, **more):
    return {
        "title": "Checkout fails",
        "status": "investigating",
        "components": [{"id": shop["pay"].public_id, "status": "major_outage"}],
        "body": "Customers cannot pay.",
        **more,
    }


def test_a_public_incident_is_opened_updated_and_resolved(api, mona, shop):
    client = api(mona)
    made = client.post(f"{ROOT}/incidents/", incident_body(shop))
    assert made.status_code == 201, made.json()
    assert made.json()["impact"] == "critical"
    assert made.json()["components"] == [{"id": shop["pay"].public_id, "status": "major_outage"}]
    address = f"{ROOT}/incidents/{made.json()['id']}/"

    update = client.post(f"{address}updates/", {"status": "resolved", "body": "You can pay again."})
    assert update.status_code == 201
    again = client.post(f"{address}updates/", {"status": "identified", "body": "Hm."})
    assert (again.status_code, again.json()["code"]) == (409, "notice_resolved")
    assert [row["status"] for row in client.get(f"{address}updates/").json()] == ["resolved", "investigating"]
    assert client.get(address).json()["status"] == "resolved"


def test_the_draft_of_an_incident_goes_out_by_its_number(api, mona, declared, drain, shop):
    incident = declared(1)
    drain()
    made = api(mona).post(f"{ROOT}/incidents/", incident_body(shop, incident=incident.number))
    assert made.status_code == 201
    assert made.json()["incident"] == incident.number
    assert Notice.objects.count() == 1


def test_jargon_is_a_409_with_the_words(api, mona, shop):
    answer = api(mona).post(f"{ROOT}/incidents/", incident_body(shop, body="The pod is down."))
    assert (answer.status_code, answer.json()["code"]) == (409, "jargon")
    assert "pod" in answer.json()["detail"]
    with_reason = incident_body(shop, body="The pod is down.", override="customers know this word")
    assert api(mona).post(f"{ROOT}/incidents/", with_reason).status_code == 201


def test_a_responder_without_a_chair_is_refused(api, alice, shop):
    assert api(alice, "write").post(f"{ROOT}/incidents/", incident_body(shop)).status_code == 403


def test_a_private_incident_is_as_good_as_none(api, mona, declared, shop):
    hidden = declared(1, is_private=True)
    answer = api(mona).post(f"{ROOT}/incidents/", incident_body(shop, incident=hidden.number))
    unknown = api(mona).post(f"{ROOT}/incidents/", incident_body(shop, incident=9999))
    assert answer.status_code == unknown.status_code == 400
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    "more",
    [
        {"title": ""},
        {"title": "x" * 200},
        {"status": "gone"},
        {"impact": "huge"},
        {"components": [{"id": "nothing", "status": "major_outage"}]},
        {"components": [{"id": "nothing", "status": "on_fire"}]},
        {"components": "all"},
        {"body": ""},
        {"incident": "one"},
        {"body": "a\x00b"},
    ],
)
def test_bad_input_is_a_400_and_changes_nothing(api, mona, shop, more):
    answer = api(mona).post(f"{ROOT}/incidents/", incident_body(shop, **more))
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not Notice.objects.exists()


def test_maintenance_is_announced_and_ended(api, mona, shop):
    begin = now() + timedelta(days=1)
    body = {
        "title": "Account pages pause",
        "scheduled_for": begin.isoformat(),
        "scheduled_until": (begin + timedelta(hours=1)).isoformat(),
        "body": "You stay signed in.",
        "components": [shop["search"].public_id],
    }
    made = api(mona).post(f"{ROOT}/maintenances/", body)
    assert (made.status_code, made.json()["status"]) == (201, "scheduled")
    address = f"{ROOT}/maintenances/{made.json()['id']}/updates/"
    assert api(mona).post(address, {"status": "completed", "body": "Not needed."}).status_code == 201
    assert Maintenance.objects.get().completed_at is not None
    wrong = {**body, "scheduled_until": begin.isoformat()}
    assert api(mona).post(f"{ROOT}/maintenances/", wrong).status_code == 400


def test_subscribers_are_seen_by_managers_only(api, alice, mona, shop):
    Subscriber.objects.create(email="eve@example.com")
    assert api(alice, "write").get(f"{ROOT}/subscribers/").status_code == 403
    assert api(mona).get(f"{ROOT}/subscribers/").json()["results"][0]["email"] == "eve@example.com"


def test_a_new_subscriber_is_asked_first_and_the_answer_never_differs(api, mona, shop, drain):
    first = api(mona).post(f"{ROOT}/subscribers/", {"email": "eve@example.com"})
    second = api(mona).post(f"{ROOT}/subscribers/", {"email": "eve@example.com"})
    assert first.status_code == second.status_code == 202
    assert not Subscriber.objects.get().is_active


def test_an_idempotency_key_opens_one_notice(api, mona, shop):
    client = api(mona)
    for _ in range(2):
        answer = client.post(f"{ROOT}/incidents/", incident_body(shop), headers={"Idempotency-Key": "k1"})
        assert answer.status_code == 201
    assert Notice.objects.count() == 1


def test_lists_do_not_ask_more_for_more_rows(api, mona, shop, django_assert_max_num_queries):
    for i in range(20):
        Component.objects.create(name=f"Part {i}")
    client = api(mona)
    with django_assert_max_num_queries(12):
        client.get(f"{ROOT}/components/?page_size=100")
