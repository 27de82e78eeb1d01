import pytest
from rest_framework.test import APIClient

from accounts.actors import person
from incidents import todos
from incidents.kinds import EventKind
from incidents.replay import check_all
from lib.refusal import Forbidden, Invalid, Refused


def test_a_task_is_given_taken_over_and_done_and_the_timeline_knows(opened, alice, bob):
    incident = opened()
    task = todos.add(incident.pk, actor=person(alice), text="Call the  bank", owner_id=bob.pk)
    todos.give(incident.pk, actor=person(alice), task_id=task.pk, owner_id=alice.pk)
    todos.give(incident.pk, actor=person(alice), task_id=task.pk, owner_id=alice.pk)
    todos.end(incident.pk, actor=person(alice), task_id=task.pk)

    events = incident.timeline.filter(kind__startswith="task").order_by("number")
    assert [(event.kind, event.get("owner_name"), event.text) for event in events] == [
        (EventKind.TASK_ADDED, "Bob", "Call the bank"),
        (EventKind.TASK_ADDED, "Alice", "Call the bank"),
        (EventKind.TASK_DONE, "Alice", "Call the bank"),
    ]
    with pytest.raises(Refused, match="ended already"):
        todos.end(incident.pk, actor=person(bob), task_id=task.pk)
    assert not list(check_all())


def test_bad_tasks_are_refused_with_a_sentence(opened, alice, bob, vera, monkeypatch):
    incident = opened(is_private=True, actor=person(alice))
    with pytest.raises(Invalid, match="what is to be done"):
        todos.add(incident.pk, actor=person(alice), text="  ")
    with pytest.raises(Invalid, match="may act here"):
        todos.add(incident.pk, actor=person(alice), text="Look", owner_id=vera.pk)
    with pytest.raises(Invalid, match="Let them in first"):
        todos.add(incident.pk, actor=person(alice), text="Look", owner_id=bob.pk)
    other = opened()
    with pytest.raises(Forbidden):
        todos.add(other.pk, actor=person(vera), text="Look")
    monkeypatch.setattr(todos, "MOST", 1)
    todos.add(other.pk, actor=person(alice), text="One")
    with pytest.raises(Refused, match="open tasks"):
        todos.add(other.pk, actor=person(alice), text="Two")


def test_the_room_lists_tasks_and_ends_them_without_a_script(client, opened, alice):
    incident = opened()
    client.force_login(alice)
    room = f"/incidents/{incident.number}/"
    client.post(f"{room}do/task/", {"text": "Call the bank", "owner": alice.pk})
    assert "Call the bank" in client.get(room).content.decode()

    task = incident.tasks.get()
    answer = client.post(f"{room}do/task-end/", {"task": task.pk, "outcome": "done"})
    assert answer.status_code == 302
    task.refresh_from_db()
    assert task.outcome == "done" and task.ended_at

    again = client.post(f"{room}do/task-end/", {"task": task.pk, "outcome": "done"})
    assert again.status_code == 422
    assert "ended already" in again.content.decode()


def test_the_api_adds_gives_and_ends(opened, alice, bob):
    incident, api = opened(), APIClient()
    api.force_authenticate(alice)
    address = f"/api/v1/incidents/{incident.number}/tasks/"
    assert api.post(address, {"text": "Call the bank"}, format="json").status_code == 200
    (task,) = api.get(address).data
    assert (task["text"], task["owner"], task["outcome"]) == ("Call the bank", None, "open")

    assert api.post(address, {"id": task["id"], "owner": bob.email}, format="json").status_code == 200
    assert api.post(address, {"id": task["id"], "outcome": "dropped"}, format="json").status_code == 200
    (task,) = api.get(address).data
    assert (task["owner"], task["outcome"]) == (bob.email, "dropped")
    assert api.post(address, {"id": task["id"]}, format="json").status_code == 400
