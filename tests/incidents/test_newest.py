"""One look into the database serves everybody who watches a room, and hides what is private all the same."""

import pytest
from django.urls import reverse

from accounts.actors import person, system
from incidents import lifecycle, newest, people, updates
from incidents.models import Incident

pytestmark = pytest.mark.django_db


@pytest.fixture
def moments(monkeypatch):
    """The monotonic clock, moved by hand."""
    at = [1000.0]
    monkeypatch.setattr(newest, "AGE", 0.25)
    monkeypatch.setattr(newest.time, "monotonic", lambda: at[0])
    newest._known.clear()
    yield at
    newest._known.clear()


@pytest.fixture
def room(opened):
    return opened(title="Slow")


def test_many_watchers_cost_one_look_in_a_quarter_of_a_second(
    moments, room, alice, bob, django_assert_num_queries
):
    with django_assert_num_queries(1):
        first = newest.of(alice, room.number)
        assert newest.of(bob, room.number) == first
    updates.post_update(room.pk, actor=system(), text="Still looking.")
    with django_assert_num_queries(0):
        assert newest.of(bob, room.number).last == first.last
    moments[0] += 0.25
    with django_assert_num_queries(1):
        assert newest.of(bob, room.number).last == first.last + 1


def test_of_a_private_incident_nothing_is_kept(moments, room, alice, bob):
    people.make_private(room.pk, actor=person(alice), reason="a person's data")
    assert newest.of(alice, room.number).last
    with pytest.raises(Incident.DoesNotExist):
        newest.of(bob, room.number)
    assert room.number not in newest._known


def test_what_was_made_private_gives_nothing_out_before_the_look_is_old(moments, room, alice, bob, client):
    """The look says that nothing is private, for a moment more; no word of the room is given out by it."""
    newest.of(bob, room.number)
    people.make_private(room.pk, actor=person(alice), reason="a person's data")
    client.force_login(bob)
    address = reverse("incidents:live", args=[room.number, 0])
    assert client.get(address).status_code == 404
    client.force_login(alice)
    assert "Slow" in client.get(address).content.decode()


def test_a_room_that_is_not_there(moments, alice):
    with pytest.raises(Incident.DoesNotExist):
        newest.of(alice, 4711)
    assert not newest._known


def test_only_so_many_rooms_are_kept_in_mind(moments, room, alice, monkeypatch):
    monkeypatch.setattr(newest, "_AT_MOST", 1)
    other = lifecycle.open_incident(
        actor=system(), title="Other", service_ids=[room.service_id], severity=room.severity
    )
    newest.of(alice, room.number)
    newest.of(alice, other.number)
    assert list(newest._known) == [other.number]
