"""The catalog's pages."""

import pytest
from django.urls import reverse
from django.utils.timezone import now

from catalog import deploys
from catalog.models import Deploy, Mitigation, Runbook, Service, Team


@pytest.fixture
def as_admin(client, root):
    client.force_login(root)
    return client


@pytest.fixture
def as_responder(client, alice):
    client.force_login(alice)
    return client


def test_the_list_shows_services_with_owner_and_last_change(as_responder, checkout):
    deploys.record(checkout.pk, version="v2031", at=now())

    page = as_responder.get("/catalog/").content.decode()

    assert "Checkout" in page
    assert "v2031" in page
    assert "Add a service" not in page


def test_a_visitor_is_led_to_sign_in(client, checkout):
    assert client.get("/catalog/").status_code == 302
    assert client.get("/catalog/checkout/").status_code == 302


def test_a_services_page_tells_what_it_stands_on_and_what_helps(as_responder, installed, checkout):
    page = as_responder.get("/catalog/checkout/").content.decode()

    assert "Checkout is used by nothing and depends on Payments." in page
    assert "kubectl rollout undo deployment/checkout" in page


def test_a_name_with_markup_is_shown_as_text(as_responder, team):
    Service.objects.create(slug="x", name="<img src=x>", team=team)

    page = as_responder.get("/catalog/x/").content.decode()

    assert "<img src=x" not in page


def test_an_admin_adds_a_service(as_admin, team, payments):
    answer = as_admin.post(
        "/catalog/new/",
        {
            "name": "Web shop", "slug": "shop", "team": team.pk, "tier": 2, "depends_on": [payments.pk],
            "group_window": 10, "is_active": "on",
        },
    )  # fmt: skip

    shop = Service.objects.get(slug="shop")
    assert (answer.status_code, answer["Location"]) == (302, "/catalog/shop/")
    assert (list(shop.depends_on.all()), shop.group_window.total_seconds()) == ([payments], 600)


def test_a_circle_is_shown_at_its_field(as_admin, checkout, database):
    answer = as_admin.post(
        "/catalog/orders-db/edit/",
        {
            "name": "Orders DB", "slug": "orders-db", "team": database.team_id, "tier": 1,
            "depends_on": [checkout.pk], "group_window": 5, "is_active": "on",
        },
    )  # fmt: skip

    assert answer.status_code == 422
    assert "would depend on itself through Checkout" in answer.content.decode()
    assert not database.depends_on.exists()


@pytest.mark.parametrize("address", ["/catalog/new/", "/catalog/teams/new/", "/catalog/checkout/edit/"])
@pytest.mark.parametrize("who", ["alice", "mona"])
def test_only_admins_reach_the_forms(client, checkout, request, who, address):
    client.force_login(request.getfixturevalue(who))

    assert client.get(address).status_code == 403
    assert client.post(address, {}).status_code == 403


def test_a_manager_changes_the_people_of_the_own_team(client, team, mona, alice):
    address, form = "/catalog/teams/payments/edit/", {"members": [alice.pk], "managers": [mona.pk]}
    client.force_login(mona)
    assert client.post(address, form).status_code == 403
    assert "/edit/" not in client.get("/catalog/teams/payments/").content.decode()
    team.memberships.create(user=mona, is_manager=True)

    assert address in client.get("/catalog/teams/payments/").content.decode()
    assert "time_zone" not in client.get(address).content.decode()
    assert client.post(address, {**form, "name": "Ours"}).status_code == 302
    team.refresh_from_db()
    assert (team.name, set(team.people.all())) == ("Payments", {alice, mona})


def test_a_viewer_sees_no_form_for_changes(client, checkout, vera):
    client.force_login(vera)

    assert "/catalog/checkout/deploys/" not in client.get("/catalog/checkout/").content.decode()


def test_office_hours_are_written_as_lines(as_admin, team, mona):
    form = {
        "name": "Payments", "slug": "payments", "time_zone": "Europe/Paris",
        "windows": "Mon 08:00-12:00\nTuesday 13:00–18:00", "sprint_anchor": "2026-01-05", "sprint_days": 7,
        "members": [mona.pk], "managers": [mona.pk],
    }  # fmt: skip

    assert as_admin.post("/catalog/teams/payments/edit/", form).status_code == 302

    team = Team.objects.get()
    assert team.windows == [[0, "08:00", "12:00"], [1, "13:00", "18:00"]]
    assert team.managers() == [mona]
    bad = as_admin.post("/catalog/teams/payments/edit/", {**form, "windows": "whenever"})
    assert (bad.status_code, "is not a window" in bad.content.decode()) == (422, True)


def test_a_runbook_is_kept_and_its_markup_is_harmless(as_admin, checkout):
    form = {"title": "When it is slow", "body": "# Look\n<script>alert(1)</script>"}
    as_admin.post("/catalog/checkout/runbooks/new/", form)

    page = as_admin.get(f"/catalog/checkout/runbooks/{Runbook.objects.get().pk}/").content.decode()

    assert "<h1>Look</h1>" in page or "Look</h" in page
    assert "<script>alert" not in page


def test_a_mitigation_is_changed_and_removed(as_admin, checkout):
    form = {
        "name": "Drain",
        "slug": "drain",
        "command": "drain <node>",
        "parameters": '{"node": "n1"}',
        "position": 0,
    }
    as_admin.post("/catalog/checkout/mitigations/new/", form)
    one = Mitigation.objects.get()
    assert one.service == checkout

    as_admin.post(f"/catalog/mitigations/{one.pk}/edit/", {**form, "name": "Drain the node"})
    assert Mitigation.objects.get().name == "Drain the node"
    as_admin.post(reverse("catalog:mitigation_delete", args=[one.pk]))
    assert not Mitigation.objects.exists()


def test_a_responder_notes_a_change_by_hand(as_responder, checkout, alice):
    as_responder.post(
        "/catalog/checkout/deploys/", {"version": "flag x off", "kind": "config", "at": "", "url": ""}
    )

    deploy = Deploy.objects.get()
    assert (deploy.version, deploy.kind, deploy.author) == ("flag x off", "config", "Alice")


def test_a_viewer_may_not_note_changes(client, checkout, vera):
    client.force_login(vera)

    client.post("/catalog/checkout/deploys/", {"version": "v1", "kind": "deploy"})

    assert not Deploy.objects.exists()
