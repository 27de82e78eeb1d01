"""What the room shows beside the timeline."""

from datetime import timedelta

import pytest

from catalog.models import Mitigation, Service
from incidents import lifecycle, mitigating, overdue, people, roles, room
from incidents.models import IncidentMember


@pytest.fixture
def undo(matrix):
    return Mitigation.objects.create(slug="undo", name="Undo the rollout", steps="x", command="x", risk="x")


def test_similar_incidents_say_what_stopped_them(opened, alice, act, undo, client):
    tried, told, silent = (opened(declare=True, title=f"Checkout fails {n}") for n in ("a", "b", "c"))
    attempt = mitigating.start(tried.pk, actor=act(alice), mitigation_id=undo.pk)
    mitigating.finish(tried.pk, actor=act(alice), attempt_id=attempt.pk, outcome="helped")
    lifecycle.mitigate(tried.pk, actor=act(alice), text="it works again")
    lifecycle.mitigate(told.pk, actor=act(alice), text="turned <b>it</b> off and on")
    lifecycle.resolve(told.pk, actor=act(alice), text="a new cable")
    lifecycle.mitigate(silent.pk, actor=act(alice))
    now = opened(declare=True)

    found = {past.incident.pk: past.stopped_by for past in room.similar(now, alice)}
    assert found == {
        tried.pk: "Undo the rollout",
        told.pk: "turned <b>it</b> off and on",
        silent.pk: "",
    }
    client.force_login(alice)
    page = client.get(now.get_absolute_url()).content.decode()
    assert "Undo the rollout" in page
    assert "turned &lt;b&gt;it&lt;/b&gt; off" in page and "<b>it</b>" not in page


def test_a_private_neighbour_is_no_hint_even_for_its_people(opened, alice, act, team, checkout):
    vault = Service.objects.create(slug="vault", name="Vault", team=team)
    checkout.depends_on.add(vault)
    opened(service_ids=[vault.pk], is_private=True, actor=act(alice))
    seen = opened(service_ids=[vault.pk])

    assert [one.pk for one in room.around(opened(), alice)["neighbours_open"]] == [seen.pk]


def test_following_opens_no_private_incident_and_a_page_does(opened, alice, bob, act):
    incident = opened(declare=True)
    people.follow(incident.pk, actor=act(bob))
    people.make_private(incident.pk, actor=act(alice), reason="an attack")
    manager = type(incident).objects
    assert not manager.visible_to(bob).exists()

    people.add(incident.pk, actor=act(alice), user_id=bob.pk)
    assert manager.visible_to(bob).exists()
    assert incident.members.get(user=bob).why == IncidentMember.Why.ADDED


def test_who_belongs_to_it_may_follow_too_and_stops_without_leaving(opened, alice, bob, act):
    incident = opened(is_private=True, actor=act(alice))
    people.add(incident.pk, actor=act(alice), user_id=bob.pk)
    people.follow(incident.pk, actor=act(bob))
    people.follow(incident.pk, actor=act(bob))
    assert incident.members.get(user=bob).follows

    people.unfollow(incident.pk, actor=act(bob))
    row = incident.members.get(user=bob)
    assert (row.follows, row.why) == (False, IncidentMember.Why.ADDED)
    assert type(incident).objects.visible_to(bob).exists()


def test_breaking_the_glass_by_rest_calls_for_help_as_the_button_does(opened, alice, act, clock):
    incident = opened(declare=True)
    roles.take(incident.pk, actor=act(alice), role_slug="incident_commander")
    roles.take(incident.pk, actor=act(alice), role_slug="technical_lead", break_glass="all others sleep")

    assert incident.timeline.get(kind="break_glass").text == "all others sleep"
    assert incident.timeline.get(kind="page_asked").data["target_kind"] == "next_step"
    clock.shift(timedelta(minutes=15))
    overdue.miss_overdue()
    assert incident.timeline.filter(data__deadline="hand_over").exists()


def test_the_room_asks_the_database_a_constant_number_of_questions(
    opened, alice, act, client, django_assert_max_num_queries
):
    incident = opened(declare=True)
    for number in range(30):
        lifecycle.post_update(incident.pk, actor=act(alice), text=f"step {number}")
    client.force_login(alice)
    client.get(incident.get_absolute_url())
    with django_assert_max_num_queries(40):
        assert client.get(incident.get_absolute_url()).status_code == 200
    with django_assert_max_num_queries(5):
        assert client.get(f"/incidents/{incident.number}/live/999/").status_code == 204


def test_a_second_tap_on_i_am_alone_wakes_nobody_twice(opened, alice, act, clock):
    incident = opened(declare=True)
    for _ in range(2):
        roles.alone(incident.pk, actor=act(alice))
    assert incident.timeline.filter(kind="page_asked").count() == 1

    clock.shift(timedelta(minutes=15))
    overdue.miss_overdue()
    roles.alone(incident.pk, actor=act(alice))
    assert incident.timeline.filter(kind="page_asked").count() == 2
