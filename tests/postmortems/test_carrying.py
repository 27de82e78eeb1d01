"""Open tasks of a room become action items of its document."""

import json

import pytest

from accounts import actors, tokens
from incidents import todos
from incidents.models import IncidentTask
from lib.refusal import Forbidden, Missing
from postmortems import carrying, telling
from postmortems.models import ActionItem

Outcome = IncidentTask.Outcome


@pytest.fixture
def room(opened, alice, bob):
    """A document whose room has two open tasks and one that is done."""
    postmortem = opened()
    who = actors.person(alice)
    todos.add(postmortem.incident_id, actor=who, text="Rotate the key", owner_id=bob.pk)
    todos.add(postmortem.incident_id, actor=who, text="x" * 300)
    done = todos.add(postmortem.incident_id, actor=who, text="Look")
    todos.end(postmortem.incident_id, actor=who, task_id=done.pk)
    return postmortem


def test_one_goes_along_with_its_owner_and_the_timeline_names_the_action(room, alice, bob):
    first, second = carrying.left(room.incident)

    (action,) = carrying.carry(room.pk, actor=actors.person(alice), task_ids=[first.pk])

    assert (action.title, action.owner) == ("Rotate the key", bob)
    first.refresh_from_db()
    assert first.outcome == Outcome.MOVED
    event = room.incident.timeline.order_by("-number").first()
    assert (event.kind, event.data["outcome"], event.data["action"]) == ("task_done", "moved", action.pk)
    assert carrying.left(room.incident) == [second]


def test_all_go_and_a_long_one_is_cut(room, alice):
    made = carrying.carry(room.pk, actor=actors.person(alice))

    assert [one.title for one in made] == ["Rotate the key", "x" * 199 + "…"]
    assert carrying.left(room.incident) == []
    assert carrying.carry(room.pk, actor=actors.person(alice)) == []
    assert ActionItem.objects.count() == 2


def test_two_who_click_at_once_make_one_action(room, alice, bob):
    first, second = carrying.left(room.incident)
    carrying.carry(room.pk, actor=actors.person(alice), task_ids=[first.pk])

    with pytest.raises(Missing):
        carrying.carry(room.pk, actor=actors.person(bob), task_ids=[second.pk, first.pk])

    assert ActionItem.objects.count() == 1
    assert carrying.left(room.incident) == [second]


def test_an_owner_who_left_does_not_go_along(room, alice, bob):
    bob.is_active = False
    bob.save()

    made = carrying.carry(room.pk, actor=actors.person(alice))

    assert made[0].owner is None


def test_a_viewer_may_not_and_a_stranger_does_not_know(opened, alice, bob, vera):
    private = opened(is_private=True)
    todos.add(private.incident_id, actor=actors.person(alice), text="Rotate the key")

    with pytest.raises(Missing):
        carrying.carry(private.pk, actor=actors.person(bob))
    with pytest.raises((Missing, Forbidden)):
        carrying.carry(private.pk, actor=actors.person(vera))
    assert not ActionItem.objects.exists()


def test_the_page_offers_it_and_the_room_reminds(client, room, alice):
    client.force_login(alice)
    address = f"/postmortems/{room.pk}/"
    first = carrying.left(room.incident)[0]

    assert "2 tasks are still open." in client.get(room.incident.get_absolute_url()).content.decode()
    assert "Make it an action" in client.get(address).content.decode()
    client.post(f"{address}tasks/", {"task": first.pk})
    answer = client.post(f"{address}tasks/", {"task": first.pk}, follow=True).content.decode()
    assert "not open any more" in answer
    assert ActionItem.objects.get().title == "Rotate the key"
    client.post(f"{address}tasks/", {"task": "rubbish"})
    assert ActionItem.objects.count() == 1
    client.post(f"{address}tasks/", {"task": "all"})
    assert ActionItem.objects.count() == 2
    assert "Open tasks of the room" not in client.get(address).content.decode()
    assert "still open" not in client.get(room.incident.get_absolute_url()).content.decode()


def test_the_api(client, room, alice):
    bearer = {"Authorization": f"Bearer {tokens.issue(alice, name='t', scope='write')[1]}"}
    address = f"/api/v1/postmortems/{room.pk}/tasks/"

    listed = client.get(address, headers=bearer).json()
    assert [one["text"] for one in listed] == ["Rotate the key", "x" * 300]
    body = json.dumps({"tasks": [listed[0]["id"]]})
    made = client.post(address, body, content_type="application/json", headers=bearer)
    assert [one["title"] for one in made.json()] == ["Rotate the key"]
    assert client.post(address, body, content_type="application/json", headers=bearer).status_code == 404
    assert len(client.post(address, "{}", content_type="application/json", headers=bearer).json()) == 1


def test_the_letter_to_the_authors_says_what_is_open(room):
    (letter,) = telling.about_opening(room)

    assert "2 tasks of the room are still open; each can become an action item" in letter.text
