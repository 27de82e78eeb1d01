"""The internal pages and the panel in the incident's room, with and without JavaScript."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from accounts import actors
from incidents import roles
from incidents.kinds import EventKind
from statuspage import writing
from statuspage.models import Component, ComponentGroup, Maintenance, Notice

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def incident(declared, drain):
    row = declared(1)
    drain()
    return row


@pytest.fixture
def boss(client, mona):
    client.force_login(mona)
    return client


def panel(incident, what=""):
    return f"/manage/status/panel/{incident.number}/{what}"


def said(shop, **more):
    return {
        "title": "Checkout fails in the EU",
        "status": "investigating",
        "body": "Customers in the EU cannot pay.",
        f"component_{shop['pay'].pk}": "major_outage",
        **more,
    }


def test_nobody_sees_the_pages_without_signing_in(client, incident):
    for address in ("/manage/status/", panel(incident), "/manage/status/components/new/"):
        assert client.get(address).status_code == 302


def test_the_panel_is_a_fragment_for_htmx_and_a_page_for_everybody_else(boss, incident):
    fragment = boss.get(panel(incident), headers=HTMX).content.decode()
    whole = boss.get(panel(incident)).content.decode()
    assert fragment.lstrip().startswith('<section class="sec" id="status-panel"')
    assert "<html" in whole
    assert "Draft, seen by nobody outside" in fragment
    assert "We write again by" in fragment


def test_publishing_from_the_panel_without_javascript(boss, incident, shop):
    answer = boss.post(panel(incident, "publish/"), said(shop))
    assert (answer.status_code, answer.headers["Location"]) == (302, incident.get_absolute_url())
    assert not Notice.objects.get().is_draft
    assert incident.timeline.filter(kind=EventKind.PUBLISHED).count() == 1


def test_publishing_from_the_panel_with_htmx_shows_what_is_true(boss, incident, shop):
    answer = boss.post(panel(incident, "publish/"), said(shop), headers=HTMX)
    assert answer.status_code == 200
    assert "Post public update" in answer.content.decode()


def test_jargon_comes_back_with_its_marks_and_what_was_written(boss, incident, shop):
    answer = boss.post(panel(incident, "publish/"), said(shop, body="The pod is down."), headers=HTMX)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "<mark>pod</mark>" in text
    assert "The pod is down." in text
    assert 'name="override"' in text
    assert Notice.objects.get().is_draft


def test_jargon_may_stand_with_one_tap(boss, incident, shop):
    boss.post(
        panel(incident, "publish/"), said(shop, body="The pod is down.", override="customers know this word")
    )
    assert Notice.objects.get().updates.get().override_reason == "customers know this word"


def test_the_lint_answers_while_one_writes_and_keeps_nothing(boss, incident, shop):
    answer = boss.post(panel(incident, "lint/"), said(shop, body="The **pod** <b>x</b>"), headers=HTMX)
    text = answer.content.decode()
    assert "<mark>pod</mark>" in text
    assert "<strong>pod</strong>" in text
    assert "<b>x</b>" not in text
    assert "We are looking into" in Notice.objects.get().draft_body


def test_a_draft_can_be_kept(boss, incident, shop):
    boss.post(panel(incident, "save/"), said(shop, body="Later more."))
    notice = Notice.objects.get()
    assert (notice.is_draft, notice.draft_body) == (True, "Later more.")
    assert notice.impact == "critical"


def test_no_public_notice_needed_wants_a_reason(boss, incident):
    assert boss.post(panel(incident, "skip/"), {"reason": ""}, headers=HTMX).status_code == 422
    assert boss.post(panel(incident, "skip/"), {"reason": "Only staff"}, headers=HTMX).status_code == 200
    assert incident.timeline.filter(kind=EventKind.PUBLIC_SKIPPED).exists()


def test_whoever_may_not_publish_is_told_why(client, bob, incident, shop):
    client.force_login(bob)
    text = client.get(panel(incident), headers=HTMX).content.decode()
    assert "Publishing is for the Incident Commander" in text
    assert "<form" not in text
    assert client.post(panel(incident, "publish/"), said(shop), headers=HTMX).status_code == 422
    assert Notice.objects.get().is_draft


def test_the_comms_lead_may(client, alice, incident, shop):
    roles.take(incident.pk, actor=actors.person(alice), role_slug="comms_lead", user_id=alice.pk)
    client.force_login(alice)
    client.post(panel(incident, "publish/"), said(shop))
    assert not Notice.objects.get().is_draft


def test_the_panel_of_a_private_incident_is_for_its_people(client, mona, declared, drain):
    hidden = declared(1, is_private=True)
    drain()
    client.force_login(mona)
    for what in ("", "publish/", "skip/", "lint/", "save/"):
        method = client.get if not what else client.post
        assert method(panel(hidden, what)).status_code == 404


def test_a_private_incident_says_that_nothing_is_published(client, alice, declared):
    hidden = declared(1, is_private=True)
    client.force_login(alice)
    assert "Nothing is published" in client.get(panel(hidden)).content.decode()


def test_the_overview_shows_drafts_components_and_the_last_writing(boss, incident, shop):
    writing.publish()
    text = boss.get("/manage/status/").content.decode()
    for words in ("Problem with Checkout (EU)", "Search", "checkout-api", "Written with", "Announce"):
        assert words in text


def test_the_notice_of_a_hidden_incident_is_not_on_the_overview(boss, incident, shop, drain, mona, alice):
    from incidents import people

    boss.post(panel(incident, "publish/"), said(shop))
    people.make_private(incident.pk, actor=actors.person(alice), reason="security")
    drain()
    address = f"/manage/status/notices/{Notice.objects.get().public_id}/"
    assert "Checkout fails in the EU" not in boss.get("/manage/status/").content.decode()
    assert boss.get(address).status_code == 404


def test_a_component_is_made_changed_set_and_retired(client, root, shop, checkout):
    client.force_login(root)
    boss = client
    given = {"name": "Sign-in", "position": 3, "services": [checkout.pk], "start_date": "2026-01-01"}
    assert boss.post("/manage/status/components/new/", given).status_code == 302
    row = Component.objects.get(name="Sign-in")
    assert list(row.services.all()) == [checkout]

    boss.post(f"/manage/status/components/{row.pk}/", {**given, "name": "Account"})
    boss.post(f"/manage/status/components/{row.pk}/status/", {"status": "partial_outage"})
    row.refresh_from_db()
    assert (row.name, row.status) == ("Account", "partial_outage")

    boss.post(f"/manage/status/components/{row.pk}/retire/")
    row.refresh_from_db()
    assert row.retired_at is not None


def test_only_an_admin_lets_drafts_out_without_a_human(client, mona, root, shop):
    given = {"name": "Sign-in", "position": 3, "start_date": "2026-01-01", "publishes_itself": "on"}
    client.force_login(mona)
    client.post("/manage/status/components/new/", given)
    client.force_login(root)
    client.post("/manage/status/components/new/", {**given, "name": "Mails"})
    assert list(Component.objects.filter(publishes_itself=True).values_list("name", flat=True)) == ["Mails"]


@pytest.mark.parametrize("path", ["components/new/", "groups/new/", "components/{pk}/"])
@pytest.mark.parametrize("who", ["alice", "mona"])
def test_the_parts_of_the_page_are_for_admins(client, request, shop, who, path):
    client.force_login(request.getfixturevalue(who))
    address = "/manage/status/" + path.format(pk=shop["pay"].pk)

    given = {"name": "X", "position": 1, "start_date": "2026-01-01"}
    assert (client.get(address).status_code, client.post(address, given).status_code) == (403, 403)
    assert f'"{address}"' not in client.get("/manage/status/").content.decode()


def test_a_responder_sets_no_status_and_plans_nothing(client, alice, shop):
    client.force_login(alice)
    assert client.get("/manage/status/maintenance/new/").status_code == 403
    client.post(f"/manage/status/components/{shop['pay'].pk}/status/", {"status": "major_outage"})
    shop["pay"].refresh_from_db()
    assert shop["pay"].status == "operational"


def test_a_group_is_made_and_removed_and_its_components_stay(client, root, shop):
    client.force_login(root)
    boss = client
    boss.post("/manage/status/groups/new/", {"name": "Account", "position": 2})
    group = ComponentGroup.objects.get(name="Account")
    Component.objects.filter(pk=shop["search"].pk).update(group=group)
    boss.post(f"/manage/status/groups/{group.pk}/remove/")
    shop["search"].refresh_from_db()
    assert shop["search"].group is None


def test_a_notice_without_an_incident_and_its_last_word(boss, shop):
    assert boss.post("/manage/status/notices/new/", said(shop)).status_code == 302
    notice = Notice.objects.get()
    address = f"/manage/status/notices/{notice.public_id}/"
    assert "Customers in the EU cannot pay." in boss.get(address).content.decode()
    boss.post(address, said(shop, status="resolved", body="You can pay again."))
    notice.refresh_from_db()
    assert notice.status == "resolved"
    assert "has ended" in boss.get(address).content.decode()


def test_maintenance_is_announced_and_called_off(boss, shop):
    begin = now() + timedelta(days=1)
    given = {
        "title": "Account pages pause",
        "scheduled_for": f"{begin:%Y-%m-%dT%H:%M}",
        "scheduled_until": f"{begin + timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "body": "You stay signed in.",
        "components": [shop["search"].pk],
    }
    assert boss.post("/manage/status/maintenance/new/", given).status_code == 302
    work = Maintenance.objects.get()
    address = f"/manage/status/maintenance/{work.public_id}/"
    assert "You stay signed in." in boss.get(address).content.decode()
    boss.post(address, {"status": "completed", "body": "Not needed."})
    work.refresh_from_db()
    assert work.completed_at is not None


def test_the_page_is_written_by_a_button(boss, shop):
    boss.post("/manage/status/publish/")
    assert (writing.root() / "current" / "index.html").exists()


def test_a_viewer_publishes_nothing(client, vera, shop):
    client.force_login(vera)
    client.post("/manage/status/publish/")
    assert not (writing.root() / "current").exists()


def test_pages_ask_the_database_a_bounded_number_of_times(boss, shop, django_assert_max_num_queries):
    for i in range(30):
        Component.objects.create(name=f"Part {i}")
    with django_assert_max_num_queries(30):
        boss.get("/manage/status/")
